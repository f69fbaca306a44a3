"""What can be seen of a training while it runs."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import tensorflow as tf
from dvclive import Live
from scmrepo.exceptions import SCMError

from adda.common.errors import AddaError
from adda.common.outputs import write_csv, write_json
from adda.engine.checkpoints import History
from adda.training.trainer import Watch

COLLAPSED_ROWS = 3  # of the history, in a row, until it counts
BLIND_STEPS, BLIND_CYCLE = 300, 0.15  # by then every sound run so far was below 0.1


def make_watch(history_csv: Path, train_json: Path, logs: Path, run: str) -> Watch:
    """A function that keeps everything that can be watched up to date.

    Its arguments are the history and, now and then, translated images, uint8 [n, 28, 28, 3]. It
    warns where something cannot be written: no disk that is full ends a training.

    Args:
        history_csv, train_json: see `write_history`.
        logs: has a folder `tensorboard`, and `dvclive`, which dvclive sends on to DVC Studio; each
            holds a folder for each run.
        run: the run's name there.

    Raises:
        AddaError: the git repository has no commit.
    """
    writer = tf.summary.create_file_writer(str(logs / "tensorboard" / run))
    try:
        live = Live(
            str(logs / "dvclive" / run),
            dvcyaml=None,
            report=None,
            save_dvc_exp=False,
            monitor_system=False,
        )
    except SCMError as error:
        raise AddaError(
            f"dvclive cannot tell which commit this run belongs to ({error}); commit once: "
            "git add -A && git commit"
        ) from error
    logged = 0
    warned = set()

    def warn_once(kind: str, message: str) -> None:
        if kind not in warned:
            warned.add(kind)
            print(f"warning: {message}", file=sys.stderr)

    def watch(history: History, images: np.ndarray | None) -> None:
        step = history[-1]["step"]
        if reason := collapse(history):
            warn_once(reason, f"at step {step} the translations have collapsed: {reason}")
        try:
            log(history, images)
            write_history(history, history_csv, train_json)
        except OSError as error:
            warn_once("disk", f"step {step} cannot be shown ({error}); training goes on")

    def log(history: History, images: np.ndarray | None) -> None:
        nonlocal logged
        rows = history[logged:]  # all of them, where a run is resumed
        logged = len(history)
        for row in rows:
            live.step = row["step"]
            with writer.as_default(step=row["step"]):
                for name, value in row.items():
                    if name != "step":
                        tf.summary.scalar(name, value)
                        live.log_metric(name, value)
        live.sync()
        if images is not None:
            with writer.as_default(step=history[-1]["step"]):
                tf.summary.image("translated", np.concatenate(list(images), axis=1)[None])

    return watch


def write_history(history: History, history_csv: Path, train_json: Path) -> None:
    """Write the history as a table, for dvc plots, and what dvc exp show is to show.

    That is its last row, and whether the translations have collapsed.
    """
    write_csv(history_csv, pd.DataFrame(history))
    write_json(train_json, {**history[-1], "collapsed": int(bool(collapse(history)))})


def collapse(history: History) -> str:
    """Why translations of late are of no use, and what to do; empty if they may be."""
    last = history[-COLLAPSED_ROWS:]
    if len(last) < COLLAPSED_ROWS:
        return ""
    alike = all(row["diversity"] < 0.1 for row in last)
    beaten = all(
        row["target_called_real"] > 0.99 and row["translated_called_real"] < 0.01 for row in last
    )
    if alike or beaten:
        return (
            "they are all alike, or the adversary is never fooled; lower its learning rate or the "
            "loss weights"
        )
    # The baseline recipe has no such term.
    blind = last[-1]["step"] >= BLIND_STEPS and all(
        row.get("cycle", 0) > BLIND_CYCLE for row in last
    )
    if blind:
        return (
            "no digit is found in target images, and theirs show through (cycle stays above "
            f"{BLIND_CYCLE}); raise loss.cycle_weight or lower loss.content_adversarial_weight"
        )
    return ""
