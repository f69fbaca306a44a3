"""What a user is meant to read: the one exception, and warnings."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import shorten

MOST_SAID = 400  # characters of somebody else's reason


class AddaError(Exception):
    """Something the user can fix. The message says what is wrong, where, and what to do."""


def warn(message: str) -> None:
    """Say what the user should know, though the command goes on."""
    print(f"warning: {message}", file=sys.stderr)


def counted(count: int, noun: str) -> str:
    """A number of things: "1 image", "1,200 images"."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


@contextmanager
def reading(path: str | Path, remedy: str = "fix or remove it") -> Iterator[None]:
    """Turn whatever a damaged file raises into one sentence that names it.

    Raises:
        AddaError: reading failed.
    """
    try:
        yield
    except (AddaError, MemoryError):  # too little memory is no damage: `run_stage` says so
        raise
    # Decoders raise what they like: struct.error, TypeError, ZeroDivisionError, SyntaxError.
    except Exception as error:
        # Keras prints all weights of a layer that does not fit.
        reason = shorten(str(error), MOST_SAID, placeholder=" ...") or type(error).__name__
        raise AddaError(f"{path} cannot be used ({reason}); {remedy}") from None
