import errno
import json

import pytest
import tensorflow as tf

from adda.common.errors import AddaError
from adda.common.runner import run_stage


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (AddaError("params.yaml is missing"), "error: params.yaml is missing"),
        (
            OSError(errno.ENOSPC, "No space left", "out"),
            "No space left: 'out'; free some disk space",
        ),
        (OSError(errno.EACCES, "Permission denied", "out"), "denied: 'out'; fix the permissions"),
        (OSError(errno.ENOENT, "No such file", "out"), "No such file: 'out'; run dvc repro"),
        (OSError("what else there is"), "error: what else there is; see what"),
        (MemoryError(), "error: memory ran out"),
        (tf.errors.ResourceExhaustedError(None, None, "OOM"), "error: memory ran out"),
    ],
)
def test_what_the_user_can_mend_is_one_sentence(error, message):
    def main():
        raise error

    with pytest.raises(SystemExit, match=message) as caught:
        run_stage(main)
    assert "\n" not in caught.value.code


@pytest.mark.parametrize("before", [None, "{", "[]", '{"train": 3}'])
def test_a_stage_notes_its_time_whatever_was_noted_before(tmp_path, run_python, before):
    if before:
        (tmp_path / "logs").mkdir()
        (tmp_path / "logs/timings.json").write_text(before)
    code = """
from types import SimpleNamespace
import __main__
from adda.common.runner import run_stage
__main__.__spec__ = SimpleNamespace(name="stages.embed")
run_stage(lambda: "done")
"""
    result = run_python(code, tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stdout == "done\n"
    if before in (None, '{"train": 3}'):
        noted = json.loads((tmp_path / "logs/timings.json").read_text())
        assert set(noted) == {"embed"} | ({"train"} if before else set())


def test_a_bug_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError):
        run_stage(lambda: 1 / 0)


def test_the_last_line_is_the_summary(capsys):
    run_stage(lambda: "data/model: 3 steps")
    assert capsys.readouterr().out == "data/model: 3 steps\n"
