"""How a stage runs: its last line, its errors, its time."""

import errno
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from adda.common.errors import AddaError

# What neither git nor DVC tracks, and outlives the copies that DVC runs queued experiments in.
ROOT = Path(os.environ.get("DVC_ROOT", "."))
CHECKPOINTS = ROOT / ".checkpoints"
LOGS = ROOT / "logs"
REMEDIES = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), "free some disk space and try again"),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), "fix the permissions and try again"),
    errno.ENOENT: "run dvc repro, which makes what is missing",
    **dict.fromkeys(
        (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP),
        "the drive takes no locks, as network drives may not; copy the project to a local one",
    ),
}


def run_stage(main: Callable[[], str]) -> None:
    """Run one pipeline stage and exit: `run_command`, and its last line says how long it took."""
    started = time.monotonic()
    run_command(lambda: f"{main()} ({time.monotonic() - started:.0f} s)")


def run_command(main: Callable[[], str]) -> None:
    """Run a command and exit.

    `main` returns the line that sums it up; it is printed to stdout. An `AddaError`, and what the
    machine lacks (disk, permission, memory), is printed to stderr as one sentence and the process
    exits with code 1.
    """
    sys.stdout.reconfigure(errors="backslashreplace")  # names of files need not be text
    try:
        _show(main())
    except AddaError as error:
        sys.exit(f"error: {error}")
    except OSError as error:
        sys.exit(f"error: {error}; {remedy(error)}")
    except KeyboardInterrupt:
        sys.exit("interrupted; the same command goes on from the last checkpoint, if there is one")
    except Exception as error:
        # TensorFlow's own class is known by its name: not every stage imports TensorFlow.
        if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
            sys.exit("error: memory ran out; lower the width, the batch size or the data")
        raise


def _show(summary: str) -> None:
    try:
        print(summary, flush=True)
    except BrokenPipeError:  # whoever reads, `head` for one, has enough; Python flushes once more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def remedy(error: OSError) -> str:
    """What to do about it."""
    if error.filename == "git":
        return "install git"
    # NumPy does not say why the file took less than the array: a disk is full.
    number = errno.ENOSPC if "requested and" in str(error) else error.errno
    return REMEDIES.get(number, "see what the operating system says, and try again")
