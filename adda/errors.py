"""The one exception that a user is meant to read, and how a stage reports it."""

import sys
from collections.abc import Callable


class AddaError(Exception):
    """Something the user can mend. The message says what is wrong, where, and what to do."""


def run_stage(main: Callable[[], str]) -> None:
    """Run one pipeline stage and exit.

    `main` returns the line that sums the stage up; it is printed to stdout. An `AddaError` is
    printed to stderr as one sentence and the process exits with code 1.
    """
    try:
        print(main())
    except AddaError as error:
        sys.exit(f"error: {error}")
