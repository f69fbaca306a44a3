"""Several devices give what one gives."""

import json
import subprocess
import sys

import pytest
from conftest import ROOT

# The batch's spread is a value of each replica's part; shares move by whole images.
LOSSES = {"l2", "adversarial", "adversary", "hand_adversarial", "cycle"}


@pytest.mark.process
def test_two_devices_equal_one(tmp_path):
    """In processes of their own, since TensorFlow sets up its devices once."""
    histories = []
    for count in ("1", "2"):
        command = [sys.executable, ROOT / "tests/worker.py", count, f"{count}.json"]
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
        histories.append(json.loads((tmp_path / f"{count}.json").read_text()))
    for one, two in zip(*histories, strict=True):
        assert one["step"] == two["step"]
        for name in LOSSES & set(one):
            assert one[name] == pytest.approx(two[name], rel=1e-4), (name, one["step"])
