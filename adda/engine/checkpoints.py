"""Progress that survives a killed process.

A checkpoint is one file that takes its name when it is complete: every variable of a run and its
history. (tf.train.Checkpoint writes several files, which a kill can leave in part, and knows no
history.) So a run that is killed and started again ends with the same weights, bit for bit: the
random numbers of `sample_batch` depend on the number of the step alone.
"""

import hashlib
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from filelock import FileLock, Timeout

from adda.common.errors import AddaError, warn
from adda.common.outputs import atomic, remove
from adda.common.params import CHECKED

SECONDS = float(os.environ.get("ADDA_CHECKPOINT_SECONDS", "30"))  # tests wait less
NEWEST = 2  # stay: the newest, and one before it in case that is damaged

History = list[dict[str, float]]


class Checkpoints:
    """The checkpoints of one run.

    Args:
        folder: of this run alone, named by all that determines it: see `run_key` and `alone_in`.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.saved_at = time.monotonic()

    def restore(self, variables: Sequence[keras.Variable]) -> History:
        """Load the newest sound checkpoint into the variables.

        Args:
            variables: as `save_if_due` got them, in the same order.

        Returns:
            The history up to it, its last row's `step` being the number of steps done; empty if
            there is none. A checkpoint of another form is renamed, with a warning.

        Raises:
            AddaError: the disk cannot be read.
        """
        for path in sorted(self.folder.glob("*.npz"), reverse=True):
            try:
                with np.load(path, allow_pickle=False) as file:
                    values = [file[f"v{number}"] for number in range(len(file.files) - 1)]
                    history = json.loads(str(file["history"]))
                shapes = [(value.shape, value.dtype.name) for value in values]
                if shapes != [(tuple(v.shape), v.dtype) for v in variables]:
                    raise ValueError("it belongs to other networks")
            except OSError as error:  # of the disk, which may pass: the file is left as it is
                raise AddaError(
                    f"{path} cannot be read ({error}); try again, or remove it to start from the "
                    "checkpoint before it"
                ) from None
            except Exception as error:  # numpy and zipfile raise many kinds
                warn(f"{path} is set aside, it cannot be used ({error})")
                path.rename(path.with_suffix(".damaged"))
                continue
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)
            print(f"resumed at step {history[-1]['step']} from {path}")
            return history
        return []

    def save_if_due(self, variables: Sequence[keras.Variable], history: History) -> None:
        """Save if `SECONDS` have passed since the last time; a full disk is only warned about."""
        if time.monotonic() - self.saved_at < SECONDS:
            return
        path = self.folder / f"{history[-1]['step']:09d}.npz"
        try:
            with atomic(path) as partial, partial.open("wb") as file:
                values = {f"v{i}": v.numpy() for i, v in enumerate(variables)}
                np.savez(file, history=np.array(json.dumps(history)), **values)
            for old in sorted(self.folder.glob("*.npz"))[:-NEWEST]:
                old.unlink()
        except OSError as error:
            warn(f"no checkpoint at step {history[-1]['step']} ({error}); training goes on")
        self.saved_at = time.monotonic()


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Hold the folder of a run's checkpoints, and remove it if the block succeeds.

    Queued experiments whose parameters are the same for a stage share the folder. The second waits
    until the first has put its results in their place.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder.with_name(f"{folder.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        print("waiting for another run of the same parameters to end")
        lock.acquire()
    try:
        yield
        remove(folder)
    finally:
        lock.release()


def run_key(params: Sequence[str], arrays: Sequence[np.ndarray]) -> str:
    """A digest of what determines a run: parameters, data, code, and TensorFlow.

    The code is what this process has imported of this package by now: a stage imports what it runs.
    """
    digest = hashlib.sha256()
    for text in (*params, tf.__version__, keras.__version__):
        digest.update(f"{len(text)}:{text}".encode())
    for name, module in sorted(sys.modules.items()):
        if name.startswith("adda.") and name not in CHECKED:
            digest.update(name.encode() + Path(module.__file__).read_bytes())
    for array in arrays:
        digest.update(str(array.shape).encode())
        digest.update(np.ascontiguousarray(array))
    return digest.hexdigest()[:16]
