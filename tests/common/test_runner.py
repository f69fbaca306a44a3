import errno
import subprocess
import sys

import pytest
import tensorflow as tf
from conftest import ROOT

from adda.common.errors import AddaError
from adda.common.runner import run_stage


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (AddaError("params.yaml is missing"), "error: params.yaml is missing"),
        (OSError(errno.ENOSPC, "No space left", "out"), "left: 'out'; free some disk space"),
        (OSError(errno.EACCES, "Permission denied", "out"), "denied: 'out'; fix the permissions"),
        (OSError(errno.ENOENT, "No such file", "out"), "No such file: 'out'; run dvc repro"),
        (OSError(errno.ENOENT, "No such file", "git"), "No such file: 'git'; install git"),
        (OSError("28 requested and 0 written"), "0 written; free some disk space"),  # NumPy's
        (OSError(errno.ENOLCK, "No locks available"), "available; the drive takes no locks"),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), "Broken pipe; see what"),  # of main
        (OSError("what else there is"), "error: what else there is; see what"),
        (MemoryError(), "error: memory ran out"),
        (KeyboardInterrupt(), "interrupted; the same command goes on from the last checkpoint"),
        (tf.errors.ResourceExhaustedError(None, None, "OOM"), "error: memory ran out"),
    ],
)
def test_what_the_user_can_mend_is_one_sentence(error, message):
    def main():
        raise error

    with pytest.raises(SystemExit, match=message) as caught:
        run_stage(main)
    assert "\n" not in caught.value.code


def test_a_bug_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError):
        run_stage(lambda: 1 / 0)


def test_the_last_line_is_the_summary_and_how_long_it_took(capsys):
    run_stage(lambda: "data/model: 3 steps")
    assert capsys.readouterr().out == "data/model: 3 steps (0 s)\n"


def test_a_reader_that_has_enough_is_no_error():
    code = "from adda.common.runner import run_command; run_command(lambda: 'row\\n' * 100000)"
    command = f'set -o pipefail; "{sys.executable}" -c "{code}" | head -1'
    piped = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True)
    assert (piped.returncode, piped.stdout, piped.stderr) == (0, "row\n", "")
