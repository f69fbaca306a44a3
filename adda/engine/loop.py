"""Running a training step many times, watched."""

import math
import time
from collections.abc import Callable, Sequence

import keras
import tensorflow as tf
from tqdm import tqdm

from adda.common.errors import AddaError
from adda.engine.checkpoints import Checkpoints, History

Step = Callable[[tf.Tensor], dict[str, tf.Tensor]]
SHOWN = 3  # values in the progress bar
SILENCE = 30  # seconds, at most, where there is no bar


def run_steps(
    step: Step,
    *,
    steps: int,
    steps_per_call: int,
    title: str,
    checkpoints: Checkpoints | None = None,
    variables: Sequence[keras.Variable] = (),
    on_call: Callable[[History], None] = lambda history: None,
    before: History | None = None,
) -> History:
    """Run `step(0)` to `step(steps - 1)` in one compiled graph, under the strategy in scope.

    Args:
        step: does one update and returns values, each a float32 scalar, by name. It is traced
            once; its argument is the number of the step, int64.
        steps_per_call: steps that run before control comes back to Python.
        title: names the run in its progress bar and errors.
        checkpoints: where to go on from, and to save to between calls.
        variables: everything that a step changes, for the checkpoints.
        on_call: watches; it gets the history after every call, and of a resumed run at once.
        before: the history of another step's run that this one goes on from; None: `checkpoints`
            tell where to go on. Either way the run ends at `steps`.

    Returns:
        One row a call: `step`, the number of steps done, and each value's mean over it.

    Raises:
        AddaError: a value is NaN or infinite; the message names it and the step.
    """
    history = before or []
    if checkpoints and before is None:
        history = checkpoints.restore(variables)
        if history:
            on_call(history)
    done = history[-1]["step"] if history else 0
    if done >= steps:
        return history
    call, names = compile_steps(step)
    said = time.monotonic()
    # disable=None draws the bar on a terminal only.
    with tqdm(total=steps, initial=done, desc=title, unit="step", disable=None) as bar:
        while done < steps:
            # Calls end at the same steps, wherever this run begins.
            first, count = done, min(steps_per_call - done % steps_per_call, steps - done)
            rows = call(first, count).numpy()
            for offset, row in enumerate(rows):
                for name, value in zip(names, row, strict=True):
                    if not math.isfinite(value):
                        raise AddaError(
                            f"{title}: {name} is {value} at step {first + offset + 1}; "
                            "lower the learning rate or the loss weights"
                        )
            means = dict(zip(names, rows.mean(axis=0, dtype=float).tolist(), strict=True))
            done += count
            history.append({"step": done, **means})
            bar.update(count)
            bar.set_postfix(dict(list(means.items())[:SHOWN]))
            if bar.disable and time.monotonic() > said + SILENCE:
                said = time.monotonic()
                print(f"{title}: {done} of {steps} steps", flush=True)
            on_call(history)
            if checkpoints:
                checkpoints.save_if_due(variables, history)
    return history


def compile_steps(step: Step) -> tuple[Callable[[int, int], tf.Tensor], list[str]]:
    """A function of (first, count) that runs `count` steps from `first` on in one graph.

    Nothing passes between the device and Python from one step to the next.

    Returns:
        The function, which returns what the steps returned, float32 [count, number of names], each
        the mean over replicas; and the names.
    """
    strategy = tf.distribute.get_strategy()
    names = []
    # In a loop this pass of TensorFlow (2.21) drops what makes an update wait for the reads before
    # it, so that a network's second call in a step sometimes reads weights of the next.
    tf.config.optimizer.set_experimental_options({"dependency_optimization": False})

    # A loop written out: AutoGraph, which would find it, makes tracing take a quarter longer.
    @tf.function(
        input_signature=[tf.TensorSpec([], tf.int64), tf.TensorSpec([], tf.int32)], autograph=False
    )
    def call(first: tf.Tensor, count: tf.Tensor) -> tf.Tensor:
        def one(offset: tf.Tensor, rows: tf.TensorArray) -> tuple[tf.Tensor, tf.TensorArray]:
            values = step(first + tf.cast(offset, tf.int64))
            names[:] = values
            means = [
                strategy.reduce(tf.distribute.ReduceOp.MEAN, value, axis=None)
                for value in values.values()
            ]
            return offset + 1, rows.write(offset, tf.stack(means))

        rows = tf.TensorArray(tf.float32, size=count)
        _, rows = tf.while_loop(lambda offset, _: offset < count, one, (0, rows))
        return rows.stack()

    call.get_concrete_function()  # traces, which tells the names
    return call, names
