"""How a stage runs: its last line, its errors, its time."""

import errno
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from adda.common.errors import AddaError
from adda.common.outputs import read_json, write_json

# Seconds that each stage took when it last ran in this folder. No two runs take the same, so it is
# no output: neither git nor DVC tracks it.
TIMINGS = Path("logs/timings.json")
# What neither tracks, too, but outlives the copies that DVC runs queued experiments in.
ROOT = Path(os.environ.get("DVC_ROOT", "."))
CHECKPOINTS = ROOT / ".checkpoints"
LOGS = ROOT / "logs"
REMEDIES = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), "free some disk space and try again"),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), "fix the permissions and try again"),
    errno.ENOENT: "run dvc repro, which makes what is missing",
}


def run_stage(main: Callable[[], str]) -> None:
    """Run one pipeline stage, or another command, and exit.

    `main` returns the line that sums it up; it is printed to stdout. A stage's time goes to
    `TIMINGS`. An `AddaError`, and what the machine lacks (disk, permission, memory), is printed to
    stderr as one sentence and the process exits with code 1.
    """
    started = time.monotonic()
    try:
        print(main())
        _note_time(time.monotonic() - started)
    except AddaError as error:
        sys.exit(f"error: {error}")
    except OSError as error:
        remedy = REMEDIES.get(error.errno, "see what the operating system says, and try again")
        sys.exit(f"error: {error}; {remedy}")
    except Exception as error:
        # TensorFlow's own class is known by its name: not every stage imports TensorFlow.
        if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
            sys.exit("error: memory ran out; lower the width, the batch size or the data")
        raise


def _note_time(seconds: float) -> None:
    package, _, stage = getattr(sys.modules["__main__"].__spec__, "name", "").partition(".")
    if package == "stages":
        # Whatever is wrong with this file, the stage has done its work.
        with suppress(OSError, AddaError):
            before = read_json(TIMINGS) if TIMINGS.exists() else {}
            write_json(TIMINGS, before | {stage: seconds})
