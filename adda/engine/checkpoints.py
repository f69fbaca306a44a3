"""Progress that survives a killed process.

A checkpoint is one file that takes its name when it is whole: every variable of a run and its
history. (tf.train.Checkpoint writes several files, which a kill can leave in part, and knows no
history.) So a run that is killed and started again ends with the same weights, bit for bit: the
random numbers of `sample_batch` depend on the number of the step alone.
"""

import fcntl
import hashlib
import json
import math
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

import keras
import numpy as np
import tensorflow as tf

from adda.common.errors import warn
from adda.common.outputs import remove, whole
from adda.engine.devices import is_chief

SECONDS = float(os.environ.get("ADDA_CHECKPOINT_SECONDS", "30"))  # tests wait less
KEPT = 2  # the newest, and one before it in case that is damaged
ENDS = "ends"  # the folder of those that a longer training can start from

History = list[dict[str, float]]


class Checkpoints:
    """The checkpoints of one run.

    Of several workers (the strategy in scope tells) the chief alone reads and writes; the others
    get its state when they start.

    Args:
        folder: the run's own, named by all that determines the run: see `run_key` and `alone_in`.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.saved_at = time.monotonic()

    def restore(self, variables: Sequence[keras.Variable], until: float = math.inf) -> History:
        """Load the newest sound checkpoint into the variables, on every worker.

        Args:
            variables: as `save_if_due` got them, in the same order.
            until: no checkpoint of more steps is loaded.

        Returns:
            The history up to it, its last row's `step` being the number of steps done; empty if
            there is none. Workers other than the chief get that row's `step` alone. A checkpoint
            that cannot be used is renamed, with a warning.
        """
        strategy = tf.distribute.get_strategy()
        chief = is_chief(strategy)
        history = self._load(variables, until) if chief else []
        if strategy.cluster_resolver is None:
            return history
        step = int(_from_chief(np.int64(history[-1]["step"] if history else 0)))
        if step:
            for variable in variables:
                variable.assign(_from_chief(variable.numpy()))
        return history if chief or not step else [{"step": step}]

    def _load(self, variables: Sequence[keras.Variable], until: float) -> History:
        kept = [*self.folder.glob("*.npz"), *self.folder.glob(f"{ENDS}/*.npz")]
        for path in sorted(kept, key=lambda path: path.name, reverse=True):
            try:
                if int(path.stem) > until:
                    continue
                with np.load(path, allow_pickle=False) as file:
                    values = [file[f"v{number}"] for number in range(len(file.files) - 1)]
                    history = json.loads(str(file["history"]))
                shapes = [(value.shape, value.dtype.name) for value in values]
                if shapes != [(tuple(v.shape), v.dtype) for v in variables]:
                    raise ValueError("it belongs to other networks")
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
        if not is_chief(tf.distribute.get_strategy()) or time.monotonic() - self.saved_at < SECONDS:
            return
        self._save(self.folder, variables, history, KEPT)
        self.saved_at = time.monotonic()

    def save_end(self, variables: Sequence[keras.Variable], history: History) -> None:
        """Save for good, in place of the checkpoints on the way: a longer training starts here."""
        if is_chief(tf.distribute.get_strategy()):
            self._save(self.folder / ENDS, variables, history, 0)

    def _save(
        self, folder: Path, variables: Sequence[keras.Variable], history: History, kept: int
    ) -> None:
        """Save, and of the checkpoints on the way here remove all but the newest."""
        path = folder / f"{history[-1]['step']:09d}.npz"
        try:
            with whole(path) as partial, partial.open("wb") as file:
                values = {f"v{i}": v.numpy() for i, v in enumerate(variables)}
                np.savez(file, history=np.array(json.dumps(history)), **values)
            # Those of more steps are a longer training's, which was killed.
            way = sorted(old for old in self.folder.glob("*.npz") if old.name <= path.name)
            for old in way[: len(way) - kept]:
                old.unlink()
        except OSError as error:
            warn(f"no checkpoint at step {history[-1]['step']} ({error}); training goes on")


@contextmanager
def alone_in(folder: Path, lasting: bool = False) -> Iterator[None]:
    """Hold the folder of a run's checkpoints, and remove it if the block succeeds, unless lasting.

    Queued experiments whose parameters are the same for a stage share the folder. The second waits
    until the first has put its results in their place.
    """
    path = folder.with_name(f"{folder.name}.lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    with _locked(path):  # a killed process's lock is gone with it
        yield
        if not lasting:
            remove(folder)
        path.unlink()


def _locked(path: Path) -> TextIO:
    """Open and lock a file that whoever holds it removes in the end."""
    while True:
        file = path.open("w")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("waiting for another run of the same parameters to end")
            fcntl.flock(file, fcntl.LOCK_EX)
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                return file
        file.close()  # it was removed meanwhile


def run_key(params: Sequence[str], arrays: Sequence[np.ndarray]) -> str:
    """A digest of what determines a run: parameters, data, this package's code, and TensorFlow."""
    digest = hashlib.sha256()
    for text in (*params, tf.__version__, keras.__version__):
        digest.update(f"{len(text)}:{text}".encode())
    package = Path(__file__).parents[1]
    for module in sorted(package.rglob("*.py")):
        digest.update(str(module.relative_to(package)).encode() + module.read_bytes())
    for array in arrays:
        digest.update(str(array.shape).encode())
        digest.update(np.ascontiguousarray(array))
    return digest.hexdigest()[:16]


def _from_chief(value: np.ndarray) -> np.ndarray:
    """What the chief calls this with, on every worker: a sum to which the others give zero."""
    strategy = tf.distribute.get_strategy()
    values = strategy.experimental_distribute_values_from_function(
        lambda context: tf.constant(
            value if context.replica_id_in_sync_group == 0 else np.zeros_like(value)
        )
    )
    return strategy.reduce(tf.distribute.ReduceOp.SUM, values, axis=None).numpy()
