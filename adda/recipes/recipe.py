"""What a recipe is: the contract that training and every later stage rely on.

Images are float32 [n, 28, 28, 3] in [0, 1]; source images are 0 or 1 unless `grey`, or moved. What
a recipe can do beyond the contract is a capability below: ask `isinstance(recipe, GivesMask)`,
never for its class.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Annotated, ClassVar, Literal, Protocol, runtime_checkable

import keras
import tensorflow as tf
from pydantic import Field

from adda.common.errors import AddaError
from adda.common.params import Group, Weight
from adda.engine.checkpoints import History
from adda.engine.sampling import Batch
from adda.recipes.losses import (
    called_fake,
    called_real,
    class_cross_entropy,
    share_called_real,
)

COLLAPSED_ROWS = 3  # of the history, in a row, until it counts


class LossParams(Group):
    """The weights that recipes share; what one recipe alone knows is in its own parameters."""

    l2_weight: Weight
    adversarial_weight: Weight


class RecipeParams(Group):
    """What every recipe has among its own parameters."""

    schedule: Literal["cosine", "constant"] = "cosine"  # of all sides' rates
    averaged: Annotated[float, Field(ge=0, lt=1)] = 0.0  # decay of the weights' average; 0: none

    @property
    def begins_longer(self) -> bool:
        """Whether a training is also the beginning of every longer one."""
        return self.schedule == "constant"


class Terms:
    """What one step minimises and shows, by name; every value is a float32 scalar.

    Whatever is added is checked for NaN, logged, plotted and kept in checkpoints under its name.
    """

    def __init__(self):
        self.values: dict[str, tf.Tensor] = {}  # unweighted
        self.objectives: dict[str, tf.Tensor] = {}  # what each side minimises, by side

    def add(self, name: str, weight: float, value: Callable[[], tf.Tensor], side: str) -> None:
        """Add weight * value() to what a side minimises; at a weight of zero, nothing at all."""
        if weight:
            self.values[name] = value()
            self.objectives[side] = self.objectives.get(side, 0.0) + weight * self.values[name]

    def show(self, name: str, value: tf.Tensor) -> None:
        """Log a value that no side minimises."""
        self.values[name] = value

    def add_game(
        self,
        weight: float,
        discriminator: keras.Model,
        real: tuple[str, tf.Tensor],
        fake: tuple[str, tf.Tensor],
        prefix: str = "",
    ) -> None:
        """Add both sides of the non-saturating game (Goodfellow et al. 2014, section 3).

        Args:
            weight: on the autoencoder's side; the discriminator's has 1.
            real, fake: the name of each kind, and what the discriminator sees of it.
            prefix: of the terms' names, to tell several games apart.
        """
        if not weight:
            return
        real_logits, fake_logits = (discriminator(seen, training=True) for _, seen in (real, fake))
        self.add(f"{prefix}adversarial", weight, lambda: called_real(fake_logits), "autoencoder")
        self.add(
            f"{prefix}discriminator",
            1.0,
            lambda: called_real(real_logits) + called_fake(fake_logits),
            "discriminator",
        )
        for (kind, _), logits in ((real, real_logits), (fake, fake_logits)):
            self.show(f"{kind}_called_real", share_called_real(logits))

    def add_class(
        self,
        weight: float,
        classifier: keras.Model,
        labels: tf.Tensor,
        source: tf.Tensor,
        translated: tf.Tensor,
    ) -> None:
        """Add the class loss: a translation shows what its source does.

        A classifier learns from both and teaches the autoencoder (Bousmalis et al. 2017,
        arXiv:1612.05424, section 3.1).
        """
        read, plain = (
            class_cross_entropy(labels, classifier(seen, training=True))
            for seen in (translated, source)
        )
        self.add("class", weight, lambda: read, "autoencoder")
        self.add("classifier", 1.0, lambda: read + plain, "classifier")


class Recipe(ABC):
    """Networks and what they are trained for. Weights are drawn from Keras' global seed."""

    name: ClassVar[str]  # in params.yaml: model.recipe, and recipes.NAME of its own parameters
    Params: ClassVar[type[RecipeParams]] = RecipeParams  # its own, each with a default
    uses: ClassVar[frozenset[str]] = frozenset(LossParams.model_fields)  # weights it has terms for
    one_style: ClassVar[bool] = False  # whether styles change nothing
    published_share: ClassVar[float | None] = None  # of translations: what its authors adapt with
    grey = False  # whether source images have values between 0 and 1
    about: ClassVar[str]  # for the model card: what is built in, and where it fails

    def __init__(self, width: float, params: RecipeParams, classes: int):
        """Make the networks, too.

        Args:
            width: multiplies layers' filters, 1 being as published.
            classes: how many the source has; only a class loss asks.
        """
        self.width = width
        self.classes = classes
        self.params = params  # of type Params

    @property
    def networks(self) -> dict[str, keras.Model]:
        """Every network that is an attribute, by its name, in the order in which they were made."""
        return {name: each for name, each in vars(self).items() if isinstance(each, keras.Model)}

    @abstractmethod
    def sides(self) -> dict[str, list[keras.Variable]]:
        """The weights of each side of the game; "discriminator" has the adversary's rate."""

    @abstractmethod
    def turns(self) -> list[Callable[[Batch, LossParams], Terms]]:
        """What a step minimises, turn by turn, each on a batch of its own: forward passes as in
        training. Most recipes have one turn, in which all sides step from one pass.

        Among the values of all turns must be `diversity`, by which a collapse is known.
        """

    def optimizer(self, rate: float, steps: int, **adam: float) -> keras.Optimizer:
        """A fresh optimizer for one side: Adam, at a constant rate or one that falls to zero.

        Where `averaged` is set, it keeps an exponential moving average of the weights beside them
        (Yazici et al. 2019, arXiv:1806.04498): they train on, the average is kept.

        Args:
            adam: what differs from Keras' defaults.
        """
        if self.params.schedule == "cosine":
            rate = keras.optimizers.schedules.CosineDecay(rate, steps)
        decay = self.params.averaged
        return keras.optimizers.Adam(rate, use_ema=decay > 0, ema_momentum=decay, **adam)

    @abstractmethod
    def render(self, source: tf.Tensor, style: tf.Tensor) -> tf.Tensor:
        """Translate source images, in styles that `style` has found; all of an image's shape."""

    def style(self, target: tf.Tensor) -> tf.Tensor:
        """What `render` needs of target images, as images."""
        return target

    def translate(self, source: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
        """Translate source images in the styles of target images, one each."""
        return self.render(source, self.style(target))

    def check_weights(self, loss: LossParams) -> None:
        """Raise AddaError if a weight is set that no term of this recipe has."""
        for weight, value in loss:
            if value and weight not in self.uses:
                raise AddaError(
                    f"loss.{weight} is {value:g}, but the recipe {self.name} has no such term; "
                    "set it to 0"
                )

    def symptom(self, history: History) -> str:
        """Why translations of late are of no use, and what to do; empty if they may be."""
        alike = lasts(history, lambda row: row["diversity"] < 0.1)
        beaten = lasts(
            history,
            lambda row: (
                row.get("target_called_real", 0) > 0.99
                and row.get("translated_called_real", 1) < 0.01
            ),
        )
        if alike or beaten:
            return (
                "they are all alike, or the adversary is never fooled; lower its learning rate or "
                "the loss weights"
            )
        return ""


def lasts(history: History, symptom: Callable[[dict[str, float]], bool]) -> bool:
    """Whether rows have shown a symptom for so long that it counts."""
    last = history[-COLLAPSED_ROWS:]
    return len(last) == COLLAPSED_ROWS and all(map(symptom, last))


@runtime_checkable
class GivesMask(Protocol):
    def mask(self, images: tf.Tensor) -> tf.Tensor:
        """The digit in target images: float32 [n, 28, 28, 1] in [0, 1]."""


@runtime_checkable
class TranslatesBack(Protocol):
    def translate_back(self, images: tf.Tensor) -> tf.Tensor:
        """Target images as source images, each value 0 or 1 unless the source is grey."""


@runtime_checkable
class Reconstructs(Protocol):
    def reconstruct(self, images: tf.Tensor) -> tf.Tensor:
        """Target images, reconstructed."""


@runtime_checkable
class Encodes(Protocol):
    def code(self, images: tf.Tensor) -> tf.Tensor:
        """The code of images of either domain, float32 [n, ...]."""
