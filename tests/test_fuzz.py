"""The short form of benchmarks/fuzz.py."""

from unittest.mock import Mock

import pytest

from benchmarks.fuzz import SHARES, attack, make_files


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return make_files(tmp_path_factory.mktemp("files"))


@pytest.mark.parametrize("kind", SHARES)
def test_damaged_files_are_read_or_refused(files, kind):
    path, read = files[kind]
    if kind not in ("idx", "name"):  # not MNIST's; no name
        read(path)
    count = {"npz": 8, "h5": 8, "name": 40}.get(kind, 100)
    assert list(attack(kind, path, read, count)) == []


def test_what_goes_wrong_is_seen(files):
    path, _ = files["png"]
    for fault in (KeyError("header"), MemoryError()):
        assert len(list(attack("png", path, Mock(side_effect=fault), count=2))) == 2
