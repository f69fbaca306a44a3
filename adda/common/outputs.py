"""Outputs that are either whole or absent."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from adda.common.errors import AddaError, reading


@contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """Yield a scratch path beside `path`; move it into place only if the block succeeds.

    The block may create a file or a directory there. A killed process leaves at most a
    `.partial` sibling, which the next run replaces.

    Raises:
        AddaError: a file is to be written where a folder is.
    """
    path = Path(path)
    # At most 248 bytes in UTF-8: file systems take 255.
    partial = path.with_name(path.name[-60:] + ".partial")
    remove(partial)
    partial.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield partial
    except BaseException:
        remove(partial)
        raise
    if partial.is_dir():
        remove(path)
    elif path.is_dir():
        remove(partial)
        raise AddaError(f"{path} is a folder where a file is to be written; move it away")
    partial.replace(path)  # at once: there is no moment without a file


def remove(path: Path) -> None:
    """Remove a file or a directory with all that is in it, if it exists."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def read_json(path: str | Path) -> dict[str, Any]:
    """Read what `write_json` wrote.

    Raises:
        AddaError: the file is missing or damaged.
    """
    with reading(path, "recreate it with dvc repro"):
        return dict(json.loads(Path(path).read_text("utf-8")))


def write_json(path: str | Path, values: dict[str, Any]) -> None:
    """Write values as JSON, floats rounded to the four decimals that anyone reads."""
    rounded = {
        key: round(value, 4) if isinstance(value, float) else value for key, value in values.items()
    }
    with atomic(path) as partial:
        partial.write_text(json.dumps(rounded, indent=2) + "\n")


def write_csv(path: str | Path, table: pd.DataFrame) -> None:
    """Write a table, one line a row, without its index."""
    with atomic(path) as partial:
        # A file's name need not be text in UTF-8; what is not is shown escaped.
        table.to_csv(partial, index=False, lineterminator="\n", errors="backslashreplace")
