import os
import signal

import pytest

from adda.common.outputs import whole, write_json


def test_a_failed_block_leaves_what_was_there(tmp_path):
    (tmp_path / "out").write_text("before")

    def fail():
        with whole(tmp_path / "out") as partial:
            partial.write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert (tmp_path / "out").read_text() == "before"
    assert os.listdir(tmp_path) == ["out"]


def test_a_directory_replaces_the_one_before(tmp_path):
    for name in ("first", "second"):
        with whole(tmp_path / "out") as partial:
            partial.mkdir()
            (partial / name).touch()
    assert os.listdir(tmp_path / "out") == ["second"]


def test_kill_9_leaves_no_half_written_file(tmp_path, run_python):
    code = """
import os, signal
from adda.common.outputs import whole
with whole("out") as partial:
    partial.mkdir()
    (partial / "half").write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    assert run_python(code, tmp_path).returncode == -signal.SIGKILL
    assert not (tmp_path / "out").exists()
    with whole(tmp_path / "out") as partial:  # and the next run starts clean
        partial.mkdir()
    assert os.listdir(tmp_path / "out") == []
    assert os.listdir(tmp_path) == ["out"]


def test_json_has_four_decimals(tmp_path):
    write_json(tmp_path / "values.json", {"accuracy": 0.123456, "step": 3})
    assert (tmp_path / "values.json").read_text() == '{\n  "accuracy": 0.1235,\n  "step": 3\n}\n'
