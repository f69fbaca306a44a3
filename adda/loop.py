"""Running a training step many times, watched."""

import math
from collections.abc import Callable, Sequence

import tensorflow as tf
from tqdm import tqdm

from adda.checkpoints import Checkpoints, History
from adda.errors import AddaError

Step = Callable[[tf.Tensor], dict[str, tf.Tensor]]


def run_steps(
    step: Step,
    losses: Sequence[str],
    figures: Sequence[str] = (),
    *,
    steps: int,
    steps_per_call: int,
    title: str,
    checkpoints: Checkpoints | None = None,
    xla: bool = False,
) -> History:
    """Run `step(0)` to `step(steps - 1)` in one compiled graph.

    Args:
        step: does one update and returns losses and figures, each a float32 scalar, by name. It
            is traced once; its argument is the number of the step, int64.
        losses: the names of the losses, which the progress bar shows.
        figures: the names of what else goes into the history.
        steps_per_call: steps that run before control comes back to Python.
        checkpoints: where to go on from, and to save to between calls.
        xla: compile the steps with XLA.

    Returns:
        One row a call: `step`, the number of steps done, and each loss's and figure's mean over it.

    Raises:
        AddaError: a loss or a figure is NaN or infinite; the message names it and the step.
    """

    names = (*losses, *figures)
    call = compile_steps(step, names, xla)
    history = checkpoints.restore() if checkpoints else []
    done = history[-1]["step"] if history else 0
    # disable=None draws the bar on a terminal only.
    with tqdm(total=steps, initial=done, desc=title, unit="step", disable=None) as bar:
        for first in range(done, steps, steps_per_call):
            count = min(steps_per_call, steps - first)
            rows = call(first, count).numpy()
            for offset, row in enumerate(rows):
                for name, value in zip(names, row, strict=True):
                    if not math.isfinite(value):
                        raise AddaError(
                            f"{title}: {name} is {value} at step {first + offset + 1}; "
                            "lower the learning rate or the loss weights"
                        )
            means = dict(zip(names, rows.mean(axis=0, dtype=float).tolist(), strict=True))
            history.append({"step": first + count, **means})
            bar.update(count)
            bar.set_postfix({name: means[name] for name in losses})
            if checkpoints:
                checkpoints.save_if_due(history)
    return history


def compile_steps(
    step: Step, names: Sequence[str], xla: bool = False
) -> Callable[[int, int], tf.Tensor]:
    """A function of (first, count) that runs `count` steps from `first` on in one graph.

    It returns what the steps returned, float32 [count, number of names]. Nothing passes between the
    device and Python from one step to the next.
    """

    @tf.function(
        input_signature=[tf.TensorSpec([], tf.int64), tf.TensorSpec([], tf.int32)],
        jit_compile=xla,
    )
    def call(first: tf.Tensor, count: tf.Tensor) -> tf.Tensor:
        rows = tf.TensorArray(tf.float32, size=count)
        for offset in tf.range(count):
            values = step(first + tf.cast(offset, tf.int64))
            rows = rows.write(offset, tf.stack([values[name] for name in names]))
        return rows.stack()

    return call


def draw_batch(count: int, batch_size: int, seed: int, stream: int, step: tf.Tensor) -> tf.Tensor:
    """Indices of a random batch, int32 [batch_size] in [0, count), with replacement.

    Stateless: seed, stream (one a data set) and step determine it, so a run can be resumed.
    """
    # Left to itself, TensorFlow takes another generator under XLA.
    philox = {"alg": "philox"}
    key = tf.random.fold_in(tf.constant([seed, stream], tf.int64), step, **philox)
    return tf.random.stateless_uniform([batch_size], key, 0, count, tf.int32, **philox)
