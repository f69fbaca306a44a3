"""Importing this imports TensorFlow and Keras, without the notes of their start.

TensorFlow 2.21 writes a dozen lines whatever TF_CPP_MIN_LOG_LEVEL says ("GPU will not be used").
Packages that use it import this module first.
"""

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

# Information and warnings of absl's log in C++, and two lines that belong to them.
NOTE = re.compile(
    r"[IW]\d{4} |\d{4}-\d\d-\d\d .*: [IW] |WARNING: All log messages before absl|"
    r"To enable the following instructions"
)


@contextmanager
def quiet() -> Iterator[None]:
    """Hold back what is written to the file descriptor of stderr; then show all but notes."""
    sys.stderr.flush()
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
            held.seek(0)
            for line in held.read().decode(errors="replace").splitlines(keepends=True):
                if not NOTE.match(line):
                    sys.stderr.write(line)


with quiet():
    import keras  # noqa: F401  # TensorFlow, too
