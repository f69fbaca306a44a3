import numpy as np
import pytest

from adda.common.errors import AddaError
from adda.evaluation.snapshots import read_snapshots


def test_damaged_snapshots_are_named(tmp_path):
    folder = tmp_path / "snapshots"
    with pytest.raises(AddaError, match=r"snapshots/steps\.npy is missing"):
        read_snapshots(folder)
    folder.mkdir()
    (folder / "steps.npy").write_bytes(b"PK")
    with pytest.raises(AddaError, match=r"snapshots/steps\.npy cannot be used"):
        read_snapshots(folder)
    np.save(folder / "steps.npy", np.zeros(8))
    np.save(folder / "images.npy", np.zeros((7, 28, 28, 3), np.uint8))
    with pytest.raises(AddaError, match=r"steps \(8,\) do not fit images \(7, 28, 28, 3\)"):
        read_snapshots(folder)
