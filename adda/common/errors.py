"""What a user is meant to read: the one exception, and warnings."""

import sys


class AddaError(Exception):
    """Something the user can mend. The message says what is wrong, where, and what to do."""


def warn(message: str) -> None:
    """Say what the user should know, though the command goes on."""
    print(f"warning: {message}", file=sys.stderr)
