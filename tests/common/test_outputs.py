import os

import pytest

from adda.common.errors import AddaError
from adda.common.outputs import atomic, write_json


def test_a_failed_block_leaves_what_was_there(tmp_path):
    (tmp_path / "out").write_text("before")

    def fail():
        with atomic(tmp_path / "out") as partial:
            partial.write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert (tmp_path / "out").read_text() == "before"
    assert os.listdir(tmp_path) == ["out"]


def test_a_directory_replaces_the_one_before(tmp_path):
    for name in ("first", "second"):
        with atomic(tmp_path / "out") as partial:
            partial.mkdir()
            (partial / name).touch()
    assert os.listdir(tmp_path / "out") == ["second"]


def test_a_folder_is_not_replaced_by_a_file(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/own.txt").touch()
    with pytest.raises(AddaError, match="out is a folder where a file is to be written"):
        write_json(tmp_path / "out", {})
    assert os.listdir(tmp_path) == ["out"]
    assert os.listdir(tmp_path / "out") == ["own.txt"]


def test_a_name_may_be_as_long_as_the_file_system_allows(tmp_path):
    for name in ("a" * 250 + ".json", "数" * 83 + ".json"):
        write_json(tmp_path / name, {"a": 1})
        assert (tmp_path / name).exists()


def test_what_a_killed_process_left_is_replaced(tmp_path):
    (tmp_path / "out.partial").mkdir()
    (tmp_path / "out.partial/half").write_text("half")
    with atomic(tmp_path / "out") as partial:
        partial.mkdir()
    assert os.listdir(tmp_path / "out") == []
    assert os.listdir(tmp_path) == ["out"]


def test_json_has_four_decimals(tmp_path):
    write_json(tmp_path / "values.json", {"accuracy": 0.123456, "step": 3})
    assert (tmp_path / "values.json").read_text() == '{\n  "accuracy": 0.1235,\n  "step": 3\n}\n'
