"""Training a recipe's networks: batch, objective, gradients, update, and what is kept on the way.

The sides of the game step at once from one forward pass, or turn by turn: see `Phase.turns`.
`adda.engine.loop` repeats `Trainer.update` in one compiled graph.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from adda.common.errors import AddaError
from adda.common.outputs import atomic
from adda.common.params import Count, Group, OrAuto, Rate, Seed
from adda.engine.checkpoints import Checkpoints, History
from adda.engine.devices import Precision, in_precision
from adda.engine.loop import run_steps
from adda.engine.sampling import SOURCE, STREAMS, TARGET, Batch, pack, pick, sample_batch
from adda.recipes.recipe import LossParams, Phase, Recipe, RecipeParams
from adda.recipes.storage import save_model
from adda.training.snapshots import Snapshots

MakeRecipe = Callable[[], Recipe]
Watch = Callable[[History, np.ndarray | None], None]
SNAPSHOT_DIGITS = 10


class TrainParams(Group):
    """How a recipe is trained."""

    seed: Seed
    steps: Count
    batch_size: Annotated[Count, OrAuto]
    learning_rate: Rate
    adversary_learning_rate: Annotated[Rate, OrAuto]
    steps_per_call: Count
    keep: Count
    precision: Precision


class Trained(NamedTuple):
    """What a training leaves."""

    model: Recipe  # with averaged weights, where there are any
    history: History  # of `run_steps`, with the values of the recipe's objective
    snapshots: Snapshots


class Trainer:
    """Networks, the optimizer of each side, and both training sets.

    The devices of the strategy in scope share each batch.

    Args:
        source: uint8 [n, size, size, 3].
        labels: uint8 [n], what they show; only a class loss reads them.
        target: uint8 [m, size, size, 3].
        loss, train: without `auto`, see `resolve`.
    """

    def __init__(
        self,
        model: Recipe,
        source: np.ndarray,
        labels: np.ndarray,
        target: np.ndarray,
        loss: LossParams,
        train: TrainParams,
    ):
        self.model, self.loss, self.train = model, loss, train
        self.strategy = tf.distribute.get_strategy()
        self.replicas = self.strategy.num_replicas_in_sync
        self.shape = source.shape[1:]
        # Whole training sets stay on every GPU; a step copies nothing from the host.
        arrays = pack(source), tf.constant(labels.astype(np.int32)), pack(target)
        self.arrays = [_on_every_device(self.strategy, array) for array in arrays]
        self.phases = model.phases()
        self.ends = [round(train.steps * end) for end in np.cumsum([p.share for p in self.phases])]
        self.optimizers = {
            (phase.name, side): make_optimizer(phase, side, steps, model.params, train)
            for phase, steps in zip(self.phases, np.diff([0, *self.ends]), strict=True)
            for side in phase.sides
        }

    def step(self, phase: Phase, number: tf.Tensor) -> dict[str, tf.Tensor]:
        """One update on every device; see `run_steps`."""
        return self.strategy.run(partial(self.update, phase), (number, *self.arrays))

    def update(
        self,
        phase: Phase,
        number: tf.Tensor,
        source: tf.Tensor,
        labels: tf.Tensor,
        target: tf.Tensor,
    ) -> dict[str, tf.Tensor]:
        """One update of the phase's sides on one device, by its part of a batch."""
        values = {}
        for turn, objective in enumerate(phase.turns):
            sources = self.sample(number, SOURCE + STREAMS * turn, len(source))
            targets = self.sample(number, TARGET + STREAMS * turn, len(target))
            batch = Batch(
                pick(source, sources, self.shape),
                tf.gather(labels, sources),
                pick(target, targets, self.shape),
            )
            with tf.GradientTape(persistent=True) as tape:
                terms = objective(batch, self.loss)
                # Gradients are summed over replicas.
                shares = {side: value / self.replicas for side, value in terms.objectives.items()}
            for side, share in shares.items():
                weights = phase.sides[side]
                gradients = [
                    # None where no term reaches a weight, since its terms are off.
                    tf.zeros_like(weight) if gradient is None else gradient
                    for gradient, weight in zip(tape.gradient(share, weights), weights, strict=True)
                ]
                # Of several replicas, each has the gradient of its own part.
                norm = tf.linalg.global_norm(gradients) * self.replicas
                terms.show(f"{side}_gradient", norm)
                self.optimizers[phase.name, side].apply(gradients, weights)
            values |= terms.values
        return values

    def sample(self, number: tf.Tensor, stream: int, count: int) -> tf.Tensor:
        """This device's part of a random batch: indices, int32."""
        size = self.train.batch_size // self.replicas
        first = size * tf.distribute.get_replica_context().replica_id_in_sync_group
        batch = sample_batch(count, self.train.batch_size, self.train.seed, stream, number)
        return batch[first : first + size]

    def variables(self) -> list[keras.Variable]:
        """Everything that a step changes."""
        parts = (*self.model.networks.values(), *self.optimizers.values())
        return [variable for part in parts for variable in part.variables]

    def average(self) -> None:
        """Replace the weights by their averages, where optimizers keep them."""
        if self.model.params.averaged:
            for phase in self.phases:  # the average of a later phase counts
                for side, weights in phase.sides.items():
                    optimizer = self.optimizers[phase.name, side]
                    if optimizer.iterations.numpy():  # of a side that never stepped it is zero
                        optimizer.finalize_variable_values(weights)

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Replace them for as long as the block lasts."""
        sides = [side for phase in self.phases for side in phase.sides.values()]
        weights = [weight for side in sides for weight in side]
        before = [weight.numpy() for weight in weights] if self.model.params.averaged else []
        self.average()
        try:
            yield
        finally:
            for weight, value in zip(weights, before, strict=False):
                weight.assign(value)


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

    Args:
        source, labels, target, loss, train: as `Trainer` takes them.
        make: makes the recipe; `train.seed` determines fresh weights.
        checkpoints: those of a killed run with the same arguments, and of this one; None: no
            progress is kept.
        watch: makes, of the recipe, what is called after every `train.steps_per_call` steps and
            each phase with the history and, when a snapshot is taken, with translations, uint8
            [n, size, size, 3].
        models: where the networks of `saved_steps` are left, each in `folder_of` its step; None:
            nowhere. A killed run's stay, and are not written again.

    Raises:
        AddaError: the batch cannot be shared evenly, or a loss is no longer a number.
    """
    replicas = tf.distribute.get_strategy().num_replicas_in_sync
    if train.batch_size % replicas:
        raise AddaError(
            f"train.batch_size {train.batch_size} cannot be shared evenly by {replicas} devices; "
            "make it a multiple"
        )
    keras.utils.set_random_seed(train.seed)
    with in_precision(train.precision):
        model = make()
    trainer = Trainer(model, source, labels, target, loss, train)
    snapshots = Snapshots(model, source[:SNAPSHOT_DIGITS], target[:SNAPSHOT_DIGITS], train.steps)
    watch_model = watch(model) if watch else None
    due = saved_steps(train) if models else []

    def on_call(history: History) -> None:
        step = history[-1]["step"]
        saves = step in due and not (models / folder_of(step)).exists()
        images = None
        if saves or snapshots.due(step):
            with trainer.averaged():
                if saves:
                    with atomic(models / folder_of(step)) as folder:
                        save_model(folder, model)
                if snapshots.due(step):
                    images = snapshots.take(step)
        if watch_model:
            watch_model(history, images)

    history = None
    for start, phase, end in zip([0, *trainer.ends], trainer.phases, trainer.ends, strict=False):
        if history and history[-1]["step"] == start:
            trainer.average()  # what a phase has learned is what the next one works with
        history = run_steps(
            partial(trainer.step, phase),
            steps=end,
            steps_per_call=train.steps_per_call,
            title=phase.name,
            checkpoints=checkpoints,
            variables=trainer.variables() + snapshots.variables,
            on_call=on_call,
            before=history,
        )
    trainer.average()
    return Trained(model, history, snapshots)


def saved_steps(train: TrainParams) -> list[int]:
    """The steps whose networks are kept: `train.keep` equal parts of the training end there."""
    ends = (train.steps * (part + 1) / train.keep for part in range(train.keep))
    calls = (math.ceil(end / train.steps_per_call) * train.steps_per_call for end in ends)
    return sorted({min(call, train.steps) for call in calls})


def folder_of(step: int) -> str:
    """The name of a saved model's folder; the order of names is that of steps."""
    return f"{step:09d}"


def make_optimizer(
    phase: Phase, side: str, steps: int, params: RecipeParams, train: TrainParams
) -> keras.Optimizer:
    """A fresh optimizer of one side in a phase: Adam, at a constant rate or one falling to zero.

    Where the recipe's `averaged` is set, it keeps an exponential moving average of the weights
    beside them (Yazici et al. 2019, arXiv:1806.04498): they train on, the average is the model.
    """
    rate = train.adversary_learning_rate if side == "adversary" else train.learning_rate
    if params.schedule == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(rate, max(int(steps), 1))
    decay = params.averaged
    optimizer = keras.optimizers.Adam(rate, use_ema=decay > 0, ema_momentum=decay, **phase.adam)
    optimizer.build(phase.sides[side])
    return optimizer


def _on_every_device(strategy: tf.distribute.Strategy, array: tf.Tensor) -> object:
    if strategy.num_replicas_in_sync == 1:
        return array
    copies = iter(strategy.extended.worker_devices)

    def put(_: object) -> tf.Tensor:  # is called once for each of this machine's devices, in order
        with tf.device(next(copies)):
            return tf.identity(array)

    return strategy.experimental_distribute_values_from_function(put)
