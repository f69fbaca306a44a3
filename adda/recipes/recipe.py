"""What a recipe is: the contract that training and every later stage rely on.

Images are float32 [n, size, size, 3] in [0, 1]; source images are 0 or 1 unless `grey`, or moved.
What a recipe can do beyond this contract: adda/inference/capabilities.py.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, ClassVar, Literal, NamedTuple

import keras
import numpy as np
import tensorflow as tf
from pydantic import Field

from adda.common.array_files import SIZE, SIZES
from adda.common.errors import AddaError
from adda.common.params import Group, Number, OrAuto, Weight
from adda.engine.checkpoints import History
from adda.engine.sampling import Batch
from adda.recipes.terms import Terms

LASTING = 60  # steps, until a symptom of a collapse counts


class LossParams(Group):
    """The weights that recipes share; what one recipe alone knows is in its own parameters."""

    l2_weight: Annotated[Weight, OrAuto]
    adversarial_weight: Annotated[Weight, OrAuto]


class RecipeParams(Group):
    """What every recipe has among its own parameters."""

    schedule: Literal["cosine", "constant"] = "cosine"  # of all rates, in each phase
    averaged: Annotated[Number, Field(ge=0, lt=1)] = 0.0  # decay of the weights' average; 0: none


class Domains(NamedTuple):
    """What is known of both domains before a training, without a label of the target."""

    classes: int = 10  # of the source; only a class loss asks
    grey: bool = False  # whether source images have values between 0 and 1; else each is 0 or 1
    paper: bool = False  # whether target images are ink on plain paper
    size: int = SIZE  # pixels along each side of an image
    colour: bool = False  # whether source images are in colour; they are grey, too, then


PLAIN_SHARE = 0.95  # of images; USPS 0.998, MNIST 1, digits and letters on photographs 0.51
PAPER_SHADES = 16  # of 256: how even paper is


def look_at(source: np.ndarray, labels: np.ndarray, target: np.ndarray) -> Domains:
    """What can be known of both domains: uint8 [n, size, size, 3], [n], and [m, size, size, 3].

    Target images are on plain paper where at least half of an image's edge has its median colour.
    """
    parts = [source[at : at + 1000] for at in range(0, len(source), 1000)]  # memory is theirs
    sides = target[:, 0], target[:, -1], target[:, :, 0], target[:, :, -1]
    edge = np.concatenate(sides, axis=1).astype(np.float32)
    apart = np.abs(edge - np.median(edge, axis=1, keepdims=True)).max(axis=-1)
    plain = (apart < PAPER_SHADES).mean(axis=1) >= 0.5
    return Domains(
        classes=int(labels.max()) + 1,
        grey=any(((part > 0) & (part < 255)).any() for part in parts),
        paper=bool(plain.mean() >= PLAIN_SHARE),
        size=source.shape[1],
        colour=any((part != part[..., :1]).any() for part in parts),
    )


class Phase(NamedTuple):
    """A part of a training, and what its steps do."""

    name: str
    share: float  # of the steps
    # The weights of each side of the game, which has an optimizer; the adversary's rate is its own.
    sides: dict[str, list[keras.Variable]]
    # What a step minimises, turn by turn, each on a batch of its own: forward passes as in
    # training. Most phases have one turn, in which all sides step from one pass. A value called
    # `diversity` is what a collapse is known by.
    turns: list[Callable[[Batch, LossParams], Terms]]
    adam: Mapping[str, float] = {}  # where it differs from Keras' defaults


class Recipe(ABC):
    """Networks and what they are trained for. Keras' global seed determines fresh weights."""

    name: ClassVar[str]  # in params.yaml: model.recipe, and recipes.NAME of its own parameters
    Params: ClassVar[type[RecipeParams]] = RecipeParams  # its own, each with a default
    # What `auto` comes to in the groups loss (a weight for every term that it has) and train.
    loss: ClassVar[Mapping[str, float]]
    train: ClassVar[Mapping[str, float]]
    sizes: ClassVar[Sequence[int]] = SIZES  # of images that it has networks for
    takes_colour: ClassVar[bool] = True  # whether source images may be in colour
    one_style: ClassVar[bool] = False  # whether styles change nothing
    authors_share: ClassVar[float | None] = None  # of translations: what its authors adapt with
    about: ClassVar[str]  # for the model card: what is built in, and where it fails

    def __init__(self, width: float, params: RecipeParams, domains: Domains):
        """Make the networks, too; `width` multiplies layers' filters, 1 being the authors'.

        Raises:
            AddaError: there are none for such images: `check`.
        """
        self.check(domains.size, domains.colour)
        self.width, self.params, self.domains = width, params, domains
        self.image = (domains.size, domains.size, 3)

    @classmethod
    def check(cls, size: int, colour: bool) -> None:
        """Raise AddaError where there are no networks for such images."""
        if size not in cls.sizes:
            raise AddaError(
                f"the recipe {cls.name} has networks for images of {cls.sizes[0]} pixels alone, "
                f"and these have {size}; set data.size to {cls.sizes[0]}, or model.recipe to "
                "another"
            )
        if colour and not cls.takes_colour:
            raise AddaError(
                f"the recipe {cls.name} takes ink on black, and the source is in colour; set "
                "data.binarise to another value than colour, or model.recipe to pixelda"
            )

    @property
    @abstractmethod
    def networks(self) -> dict[str, keras.Model]:
        """What is saved and kept in checkpoints, by the name of its file."""

    @abstractmethod
    def phases(self) -> list[Phase]:
        """The parts of a training, in order; their shares sum to 1."""

    @abstractmethod
    def render(self, source: tf.Tensor, style: tf.Tensor) -> tf.Tensor:
        """Translate source images, in styles that `style` has found."""

    def style(self, target: tf.Tensor) -> tf.Tensor:
        """What `render` needs of target images, as images, of as many channels as it takes."""
        return target

    def translate(self, source: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
        """Translate source images in the styles of target images, one each."""
        return self.render(source, self.style(target))

    def symptom(self, history: History) -> str:
        """Why translations of late are of no use, and what to do; empty if they may be."""
        alike = lasts(history, lambda row: row.get("diversity", 1) < 0.1)
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


def trainable(*networks: keras.Model) -> list[keras.Variable]:
    """The weights of several networks that are trained."""
    return [variable for network in networks for variable in network.trainable_variables]


def lasts(history: History, symptom: Callable[[dict[str, float]], bool]) -> bool:
    """Whether every row of the last `LASTING` steps shows a symptom."""
    end = history[-1]["step"] if history else 0
    recent = [row for row in history if row["step"] > end - LASTING]
    return end >= LASTING and all(map(symptom, recent))
