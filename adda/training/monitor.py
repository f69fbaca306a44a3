"""What can be seen of a training while it runs."""

from pathlib import Path

import numpy as np
import pandas as pd
import tensorflow as tf

from adda.common.errors import warn
from adda.common.outputs import write_csv
from adda.engine.checkpoints import History
from adda.recipes.recipe import Recipe
from adda.training.trainer import Watch


def make_watch(history_csv: Path, logs: Path, run: str, model: Recipe) -> Watch:
    """A function that keeps everything that can be watched up to date.

    Its arguments are the history and, now and then, translated images, uint8 [n, size, size, 3]. It
    warns where something cannot be written: no disk that is full ends a training.

    Args:
        history_csv: see `write_history`.
        logs: for TensorBoard, a folder for each run.
        run: the run's name there.
        model: knows the symptoms of a collapse.
    """
    writer = None
    logged = 0
    warned = set()

    def warn_once(kind: str, message: str) -> None:
        if kind not in warned:
            warned.add(kind)
            warn(message)

    def watch(history: History, images: np.ndarray | None) -> None:
        step = history[-1]["step"]
        if reason := model.symptom(history):
            warn_once(reason, f"at step {step} the translations have collapsed: {reason}")
        for show in (lambda: write_history(history, history_csv), lambda: log(history, images)):
            try:
                show()
            except (OSError, tf.errors.OpError) as error:  # the latter from TensorBoard's writer
                reason = " ".join(str(error).split())[:200]
                warn_once("disk", f"step {step} cannot be shown ({reason}); training goes on")

    def log(history: History, images: np.ndarray | None) -> None:
        nonlocal logged, writer
        writer = writer or tf.summary.create_file_writer(str(logs / run))
        rows = history[logged:]  # all of them, where a run is resumed
        logged = len(history)
        for row in rows:
            with writer.as_default(step=row["step"]):
                for name, value in row.items():
                    if name != "step":
                        tf.summary.scalar(name, value)
        if images is not None:
            with writer.as_default(step=history[-1]["step"]):
                tf.summary.image("translated", np.concatenate(list(images), axis=1)[None])

    return watch


def write_history(history: History, history_csv: Path) -> None:
    """Write the history.

    The table is long, a row for each step and value: whatever a recipe's values are called, one
    template plots them all.
    """
    write_csv(history_csv, pd.DataFrame(history).melt("step", var_name="name").dropna())
