"""The one exception that a user is meant to read, and how a stage reports it."""

import sys
from collections.abc import Callable


class AddaError(Exception):
    """Something the user can mend. The message says what is wrong, where, and what to do."""


def run_stage(main: Callable[[], str]) -> None:
    """Run one pipeline stage and exit.

    `main` returns the line that sums the stage up; it is printed to stdout. An `AddaError`, and
    what the machine lacks (disk, permission, memory), is printed to stderr as one sentence and
    the process exits with code 1.
    """
    try:
        print(main())
    except AddaError as error:
        sys.exit(f"error: {error}")
    except OSError as error:
        sys.exit(f"error: {error}; free the disk or mend the permissions, and run dvc repro")
    except Exception as error:
        # TensorFlow's own class is known by its name: not every stage imports TensorFlow.
        if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
            sys.exit("error: memory ran out; lower the width, the batch size or the data")
        raise
