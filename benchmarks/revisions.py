"""Arrays of experiments and commits, out of DVC's cache."""

import io

import numpy as np
from dvc.api import DVCFileSystem


def read_array_of(revision: str | None, path: str) -> np.ndarray:
    """An array that a revision has at a path; None: the workspace."""
    content = DVCFileSystem(rev=revision).read_bytes(path)
    return np.load(io.BytesIO(content), allow_pickle=False)
