"""What can be seen of a training while it runs."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import tensorflow as tf
from dvclive import Live

from adda.checkpoints import History
from adda.files import write_csv, write_json
from adda.training import Watch

COLLAPSED_ROWS = 3  # of the history, in a row, until it counts


def make_watch(history_csv: Path, train_json: Path, logs: Path) -> Watch:
    """A function that keeps everything that can be watched up to date.

    Its arguments are the history and, now and then, translated images, uint8 [n, 28, 28, 3].

    Args:
        history_csv: the history as a table, for dvc plots.
        train_json: its last row and whether the translations have collapsed, for dvc exp show.
        logs: a folder for TensorBoard (`tensorboard`) and for dvclive (`dvclive`), which DVC
            Studio reads.
    """
    writer = tf.summary.create_file_writer(str(logs / "tensorboard"))
    live = Live(
        str(logs / "dvclive"), dvcyaml=None, report=None, save_dvc_exp=False, monitor_system=False
    )
    warned = False

    def watch(history: History, images: np.ndarray | None) -> None:
        nonlocal warned
        row = history[-1]
        with writer.as_default(step=row["step"]):
            for name, value in row.items():
                if name != "step":
                    tf.summary.scalar(name, value)
                    live.log_metric(name, value)
            if images is not None:
                tf.summary.image("translated", np.concatenate(list(images), axis=1)[None])
        live.step = row["step"]
        live.make_summary()
        if collapsed(history) and not warned:
            warned = True
            print(
                f"warning: at step {row['step']} the translations have collapsed: they are all "
                "alike, or the adversary is never fooled; lower its learning rate or the loss "
                "weights",
                file=sys.stderr,
            )
        write_csv(history_csv, pd.DataFrame(history))
        write_json(train_json, {**row, "collapsed": int(collapsed(history))})

    return watch


def collapsed(history: History) -> bool:
    """Whether translations hardly differ, or the adversary tells every image, of late."""
    last = history[-COLLAPSED_ROWS:]
    alike = all(row["diversity"] < 0.1 for row in last)
    beaten = all(
        row["target_called_real"] > 0.99 and row["translated_called_real"] < 0.01 for row in last
    )
    return len(last) == COLLAPSED_ROWS and (alike or beaten)
