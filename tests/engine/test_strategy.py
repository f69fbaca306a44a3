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
    """In a process of its own, since TensorFlow sets up its devices once."""
    out = tmp_path / "histories.json"
    command = [sys.executable, ROOT / "tests/worker.py", out]
    subprocess.run(command, check=True, capture_output=True)
    histories = json.loads(out.read_text())
    for one, two in zip(*histories, strict=True):
        assert one["step"] == two["step"]
        for name in LOSSES & set(one):
            assert one[name] == pytest.approx(two[name], rel=1e-4), (name, one["step"])
