"""Training a recipe's networks: sides step at once from one forward pass, or turn by turn."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from adda.common.errors import AddaError
from adda.common.outputs import whole
from adda.common.params import Count, Group, Rate, Seed
from adda.engine.checkpoints import Checkpoints, History
from adda.engine.devices import choose_precision
from adda.engine.loop import Step, run_steps
from adda.engine.sampling import SOURCE, STREAMS, TARGET, Batch, pack, pick, sample_batch
from adda.recipes.recipe import LossParams, Recipe
from adda.recipes.storage import save_model
from adda.training.snapshots import Snapshots

MakeRecipe = Callable[[], Recipe]
Watch = Callable[[History, np.ndarray | None], None]
SNAPSHOT_DIGITS = 10


class TrainParams(Group):
    """How a recipe is trained."""

    strategy: Literal["auto", "multi_worker"]
    seed: Seed
    steps: Count
    batch_size: Count
    learning_rate: Rate
    adversary_learning_rate: Rate
    steps_per_call: Count
    keep: Count
    precision: Literal["auto", "float32", "bfloat16"]


class Trained(NamedTuple):
    """What a training leaves."""

    model: Recipe  # with averaged weights, where they are kept
    history: History  # of `run_steps`, with the values of the recipe's objective
    snapshots: Snapshots


def train_model(
    source: np.ndarray,
    labels: np.ndarray,
    target: np.ndarray,
    make: MakeRecipe,
    loss: LossParams,
    train: TrainParams,
    checkpoints: Checkpoints | None = None,
    watch: Callable[[Recipe], Watch] | None = None,
    models: Path | None = None,
) -> Trained:
    """Train fresh or given networks, or go on from where a killed run stopped.

    The devices of the strategy in scope (`with strategy.scope():`) share each batch.

    Args:
        source: uint8 [n, 28, 28, 3].
        labels: uint8 [n], what they show; only a class loss reads them.
        target: uint8 [m, 28, 28, 3].
        make: makes the recipe; `train.seed` determines fresh weights.
        checkpoints: those of a killed run with the same arguments, and of this one; at constant
            rates also of shorter and longer ones; None: no progress is kept.
        watch: makes, of the recipe, what is called after every `train.steps_per_call` steps with
            the history and, when a snapshot is taken, with translations, uint8 [n, 28, 28, 3].
        models: where the networks of `kept_steps` are left, each in `folder_of` its step; None:
            nowhere. A killed run's stay, and are not written again.

    Raises:
        AddaError: the batch cannot be shared evenly, a weight is set that the recipe ignores, or a
            loss is no longer a number.
    """
    replicas = tf.distribute.get_strategy().num_replicas_in_sync
    if train.batch_size % replicas:
        raise AddaError(
            f"train.batch_size {train.batch_size} cannot be shared evenly by {replicas} devices; "
            "make it a multiple"
        )
    keras.utils.set_random_seed(train.seed)
    learners = make_learners(make, train)
    model = learners.model
    model.check_weights(loss)
    examples = source[:SNAPSHOT_DIGITS], target[:SNAPSHOT_DIGITS]
    snapshots = Snapshots(model, *examples, train.steps)
    watch_model = watch(model) if watch else None

    def missing() -> list[int]:
        steps = kept_steps(train) if models else []
        return [step for step in steps if not (models / folder_of(step)).exists()]

    def on_call(history: History) -> None:
        step = history[-1]["step"]
        keeps = step in missing()
        shows = snapshots.due(step)
        images = None
        if keeps or shows:
            with averaged(learners):
                if keeps:
                    with whole(models / folder_of(step)) as folder:
                        save_model(folder, model)
                if shows:
                    images = snapshots.take(step)
        if watch_model:
            watch_model(history, images)

    variables = learners.variables() + snapshots.variables
    history = run_steps(
        make_step(learners, source, labels, target, loss, train),
        steps=train.steps,
        steps_per_call=train.steps_per_call,
        title="train",
        checkpoints=checkpoints,
        # A shorter training has not kept every model that is due by its end.
        until=min(missing(), default=None),
        variables=variables,
        on_call=on_call,
    )
    # A longer training's calls end at multiples.
    if checkpoints and model.params.begins_longer and train.steps % train.steps_per_call == 0:
        checkpoints.save_end(variables, history)
    average(learners)
    return Trained(model, history, snapshots)


def kept_steps(train: TrainParams) -> list[int]:
    """The steps whose networks are kept: `train.keep` equal parts of the training end there."""
    ends = (train.steps * (part + 1) / train.keep for part in range(train.keep))
    calls = (math.ceil(end / train.steps_per_call) * train.steps_per_call for end in ends)
    return sorted({min(call, train.steps) for call in calls})


def folder_of(step: int) -> str:
    """The name of a kept model's folder; the order of names is that of steps."""
    return f"{step:09d}"


class Learners(NamedTuple):
    """The networks, and the optimizer of each side."""

    model: Recipe
    optimizers: dict[str, keras.Optimizer]

    def variables(self) -> list[keras.Variable]:
        """Everything that a step changes."""
        parts = (*self.model.networks.values(), *self.optimizers.values())
        return [variable for part in parts for variable in part.variables]


@contextmanager
def averaged(learners: Learners) -> Iterator[None]:
    """Give the networks, for as long, the averages of their weights, where optimizers keep them."""
    if not learners.model.params.averaged:
        yield
        return
    sides = learners.model.sides()
    own = {side: [weight.numpy() for weight in weights] for side, weights in sides.items()}
    average(learners)
    try:
        yield
    finally:
        for side, weights in sides.items():
            for weight, value in zip(weights, own[side], strict=True):
                weight.assign(value)


def average(learners: Learners) -> None:
    """Replace the weights by their averages, where optimizers keep them."""
    if learners.model.params.averaged:
        for side, weights in learners.model.sides().items():
            learners.optimizers[side].finalize_variable_values(weights)


def make_learners(make: MakeRecipe, train: TrainParams) -> Learners:
    """Fresh networks, in the precision asked for, and optimizers."""
    policy = keras.config.dtype_policy()
    mixed = choose_precision(train.precision) == "bfloat16"
    keras.config.set_dtype_policy("mixed_bfloat16" if mixed else "float32")
    try:
        model = make()
    finally:
        keras.config.set_dtype_policy(policy)
    return Learners(model, make_optimizers(model, train))


def make_optimizers(model: Recipe, train: TrainParams) -> dict[str, keras.Optimizer]:
    """A fresh optimizer for each side."""
    optimizers = {}
    for side, weights in model.sides().items():
        adversary = side == "discriminator"
        rate = train.adversary_learning_rate if adversary else train.learning_rate
        optimizers[side] = model.optimizer(rate, train.steps)
        optimizers[side].build(weights)
    return optimizers


def make_step(
    learners: Learners,
    source: np.ndarray,
    labels: np.ndarray,
    target: np.ndarray,
    loss: LossParams,
    train: TrainParams,
) -> Step:
    """One update of every side; each replica sees its part of a batch."""
    model, optimizers = learners
    strategy = tf.distribute.get_strategy()
    replicas = strategy.num_replicas_in_sync
    shape = source.shape[1:]
    # Whole training sets stay on every device; a step copies nothing from the host.
    arrays = pack(source), labels.astype(np.int32), pack(target)
    source, labels, target = (_on_every_device(strategy, array) for array in arrays)

    def step(number: tf.Tensor) -> dict[str, tf.Tensor]:
        return strategy.run(replica_step, (number, source, labels, target))

    def replica_step(
        number: tf.Tensor, source: tf.Tensor, labels: tf.Tensor, target: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        size = train.batch_size // replicas
        first = size * tf.distribute.get_replica_context().replica_id_in_sync_group

        def sample(stream: int, count: int) -> tf.Tensor:
            whole = sample_batch(count, train.batch_size, train.seed, stream, number)
            return whole[first : first + size]

        values = {}
        for turn, objective in enumerate(model.turns()):
            sources = sample(SOURCE + STREAMS * turn, len(source))
            targets = sample(TARGET + STREAMS * turn, len(target))
            batch = Batch(
                pick(source, sources, shape),
                tf.gather(labels, sources),
                pick(target, targets, shape),
            )
            with tf.GradientTape(persistent=True) as tape:
                terms = objective(batch, loss)
                # Gradients are summed over replicas.
                shares = {side: value / replicas for side, value in terms.objectives.items()}
            for side, share in shares.items():
                weights = model.sides()[side]
                gradients = [
                    # None where no term reaches a weight, since its terms are off.
                    tf.zeros_like(weight) if gradient is None else gradient
                    for gradient, weight in zip(tape.gradient(share, weights), weights, strict=True)
                ]
                # Of several replicas, each has the gradient of its own part.
                terms.show(f"{side}_gradient", tf.linalg.global_norm(gradients) * replicas)
                optimizers[side].apply(gradients, weights)
            values |= terms.values
        return values

    return step


def _on_every_device(strategy: tf.distribute.Strategy, array: np.ndarray) -> object:
    if strategy.num_replicas_in_sync == 1:
        return tf.constant(array)
    copies = iter(strategy.extended.worker_devices)

    def put(_: object) -> tf.Tensor:  # is called once for each of this machine's devices, in order
        with tf.device(next(copies)):
            return tf.constant(array)

    return strategy.experimental_distribute_values_from_function(put)
