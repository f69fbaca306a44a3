"""Files that may be gzipped: what the first bytes say counts, not the name."""

import gzip
from pathlib import Path

from adda.common.errors import reading

MAGIC = b"\x1f\x8b"  # RFC 1952, section 2.3.1


def read_gzipped(path: Path, max_bytes: int) -> bytes:
    """The contents of a file, unzipped where it is gzipped, and of these the first `max_bytes`.

    Raises:
        AddaError: the file cannot be read.
    """
    with reading(path, "delete it and download it again"), path.open("rb") as file:
        zipped = file.read(len(MAGIC)) == MAGIC
        file.seek(0)
        return (gzip.GzipFile(fileobj=file) if zipped else file).read(max_bytes)
