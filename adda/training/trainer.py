"""Training a recipe's networks: every side takes a step at once, from one forward pass."""

from collections.abc import Callable
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from adda.common.errors import AddaError
from adda.common.params import LossParams, ModelParams, TrainParams
from adda.engine.checkpoints import Checkpoints, History
from adda.engine.devices import choose_precision
from adda.engine.loop import Step, run_steps
from adda.engine.sampling import SOURCE, TARGET, Batch, draw_batch, to_float
from adda.recipes.storage import Model, make_model
from adda.training.snapshots import Progress

Watch = Callable[[History, np.ndarray | None], None]
SHOWN = 10  # digits in the pictures of the progress


class Trained(NamedTuple):
    """What a training leaves."""

    model: Model
    history: History  # of `run_steps`, with the figures of the recipe's objective
    progress: Progress


def train_model(
    source: np.ndarray,
    digits: np.ndarray,
    target: np.ndarray,
    model: ModelParams,
    loss: LossParams,
    train: TrainParams,
    checkpoints: Checkpoints | None = None,
    watch: Watch | None = None,
) -> Trained:
    """Train the networks from scratch, or from where a killed run stopped.

    The devices of the strategy in scope (`with strategy.scope():`) share each batch.

    Args:
        source: uint8 [n, 28, 28, 3], binarised MNIST.
        digits: uint8 [n], what they show; only a class loss reads them.
        target: uint8 [m, 28, 28, 3], MNIST-M.
        checkpoints: those of a killed run with the same arguments, and of this one; None: no
            progress is kept.
        watch: is called after every `train.steps_per_call` steps with the history and, at the
            moments of `Progress`, with translations, uint8 [n, 28, 28, 3].

    Raises:
        AddaError: the batch cannot be shared evenly.
    """
    replicas = tf.distribute.get_strategy().num_replicas_in_sync
    if train.batch_size % replicas:
        raise AddaError(
            f"train.batch_size {train.batch_size} cannot be shared evenly by {replicas} devices; "
            "make it a multiple"
        )
    if train.xla and replicas > 1:
        raise AddaError("train.xla compiles for one device; set it to false for several")
    keras.utils.set_random_seed(train.seed)
    learners = make_learners(model, train)
    progress = Progress(learners.model, source[:SHOWN], target[:SHOWN], train.steps)

    def on_call(history: History) -> None:
        images = progress.update(history)
        if watch:
            watch(history, images)

    history = run_steps(
        make_step(learners, source, digits, target, loss, train),
        steps=train.steps,
        steps_per_call=train.steps_per_call,
        title="train",
        checkpoints=checkpoints,
        variables=learners.variables() + progress.variables,
        xla=train.xla,
        on_call=on_call,
    )
    return Trained(learners.model, history, progress)


class Learners(NamedTuple):
    """The networks, and the optimizer of each side."""

    model: Model
    optimizers: dict[str, keras.Optimizer]

    def variables(self) -> list[keras.Variable]:
        """Everything that a step changes."""
        parts = (*self.model, *self.optimizers.values())
        return [variable for part in parts for variable in part.variables]


def make_learners(model: ModelParams, train: TrainParams) -> Learners:
    """Fresh networks, in the precision asked for, and optimizers."""
    policy = keras.config.dtype_policy()
    mixed = choose_precision(train.precision) == "bfloat16"
    keras.config.set_dtype_policy("mixed_bfloat16" if mixed else "float32")
    try:
        networks = make_model(model)
    finally:
        keras.config.set_dtype_policy(policy)
    return Learners(networks, make_optimizers(networks, train))


def make_optimizers(model: Model, train: TrainParams) -> dict[str, keras.Optimizer]:
    """A fresh optimizer for each side; its rate falls to zero along a cosine."""
    optimizers = {}
    for side, weights in model.sides().items():
        adversary = side == "discriminator"
        rate = train.adversary_learning_rate if adversary else train.learning_rate
        schedule = keras.optimizers.schedules.CosineDecay(rate, train.steps)
        optimizers[side] = keras.optimizers.Adam(schedule)
        optimizers[side].build(weights)
    return optimizers


def make_step(
    learners: Learners,
    source: np.ndarray,
    digits: np.ndarray,
    target: np.ndarray,
    loss: LossParams,
    train: TrainParams,
) -> Step:
    """One update of every side; each replica sees its part of the batch."""
    model, optimizers = learners
    strategy = tf.distribute.get_strategy()
    replicas = strategy.num_replicas_in_sync
    # Whole training sets, uint8, stay on every device; a step copies nothing from the host.
    source, digits, target = (
        _on_every_device(strategy, array) for array in (source, digits.astype(np.int32), target)
    )

    def step(number: tf.Tensor) -> dict[str, tf.Tensor]:
        return strategy.run(replica_step, (number, source, digits, target))

    def replica_step(
        number: tf.Tensor, source: tf.Tensor, digits: tf.Tensor, target: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        size = train.batch_size // replicas
        first = size * tf.distribute.get_replica_context().replica_id_in_sync_group

        def draw(stream: int, count: int) -> tf.Tensor:
            whole = draw_batch(count, train.batch_size, train.seed, stream, number)
            return whole[first : first + size]

        drawn, targets = draw(SOURCE, len(source)), draw(TARGET, len(target))
        batch = Batch(
            to_float(tf.gather(source, drawn)),
            tf.gather(digits, drawn),
            to_float(tf.gather(target, targets)),
        )
        with tf.GradientTape(persistent=True) as tape:
            figures, objectives = model.objective(batch, loss)
            # Gradients are summed over replicas.
            objectives = {side: value / replicas for side, value in objectives.items()}
        for side, objective in objectives.items():
            weights = model.sides()[side]
            gradients = [
                # None where no term reaches a weight, since its terms are off.
                tf.zeros_like(weight) if gradient is None else gradient
                for gradient, weight in zip(tape.gradient(objective, weights), weights, strict=True)
            ]
            # Of several replicas, each has the gradient of its own part.
            figures[f"{side}_gradient"] = tf.linalg.global_norm(gradients) * replicas
            optimizers[side].apply(gradients, weights)
        return figures

    return step


def _on_every_device(strategy: tf.distribute.Strategy, array: np.ndarray) -> object:
    if strategy.num_replicas_in_sync == 1:
        return tf.constant(array)
    copies = iter(strategy.extended.worker_devices)

    def put(_: object) -> tf.Tensor:  # is called once for each of this machine's devices, in order
        with tf.device(next(copies)):
            return tf.constant(array)

    return strategy.experimental_distribute_values_from_function(put)
