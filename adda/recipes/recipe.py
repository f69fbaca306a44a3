"""What a recipe is: the contract that training and every later stage rely on.

Images are float32 [n, 28, 28, 3] in [0, 1]; source images are 0 or 1 unless `grey`, or moved. What
a recipe can do beyond this contract: adda/inference/capabilities.py.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Annotated, ClassVar, Literal

import keras
import tensorflow as tf
from pydantic import Field

from adda.common.params import Group, Number, OrAuto, Weight
from adda.engine.checkpoints import History
from adda.engine.sampling import Batch
from adda.recipes.collapse import collapse
from adda.recipes.terms import Terms


class LossParams(Group):
    """The weights that recipes share; what one recipe alone knows is in its own parameters."""

    l2_weight: Annotated[Weight, OrAuto]
    adversarial_weight: Annotated[Weight, OrAuto]


class RecipeParams(Group):
    """What every recipe has among its own parameters."""

    schedule: Literal["cosine", "constant"] = "cosine"  # of all sides' rates
    averaged: Annotated[Number, Field(ge=0, lt=1)] = 0.0  # decay of the weights' average; 0: none


class Recipe(ABC):
    """Networks and what they are trained for. Keras' global seed determines fresh weights."""

    name: ClassVar[str]  # in params.yaml: model.recipe, and recipes.NAME of its own parameters
    Params: ClassVar[type[RecipeParams]] = RecipeParams  # its own, each with a default
    # What `auto` comes to in the groups loss (a weight for every term that it has) and train.
    loss: ClassVar[Mapping[str, float]]
    train: ClassVar[Mapping[str, float]]
    adam: ClassVar[Mapping[str, float]] = {}  # where it differs from Keras' defaults
    one_style: ClassVar[bool] = False  # whether styles change nothing
    authors_share: ClassVar[float | None] = None  # of translations: what its authors adapt with
    about: ClassVar[str]  # for the model card: what is built in, and where it fails

    def __init__(self, width: float, params: RecipeParams, classes: int, grey: bool):
        """Make the networks, too.

        Args:
            width: multiplies layers' filters, 1 being the authors'.
            classes: how many the source has; only a class loss asks.
            grey: whether source images have values between 0 and 1.
        """
        self.width, self.params, self.classes, self.grey = width, params, classes, grey

    @property
    @abstractmethod
    def networks(self) -> dict[str, keras.Model]:
        """What is saved and kept in checkpoints, by the name of its file."""

    @abstractmethod
    def sides(self) -> dict[str, list[keras.Variable]]:
        """The weights that each of `terms.SIDES` trains; the adversary has a rate of its own."""

    @abstractmethod
    def turns(self) -> list[Callable[[Batch, LossParams], Terms]]:
        """What a step minimises, turn by turn, each on a batch of its own: forward passes as in
        training. Most recipes have one turn, in which all sides step from one pass.

        A value called `diversity` is what a collapse is known by.
        """

    @abstractmethod
    def render(self, source: tf.Tensor, style: tf.Tensor) -> tf.Tensor:
        """Translate source images, in styles that `style` has found; all of an image's shape."""

    def style(self, target: tf.Tensor) -> tf.Tensor:
        """What `render` needs of target images, as images."""
        return target

    def translate(self, source: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
        """Translate source images in the styles of target images, one each."""
        return self.render(source, self.style(target))

    def symptom(self, history: History) -> str:
        """Why translations of late are of no use, and what to do; empty if they may be."""
        return collapse(history)


def trainable(*networks: keras.Model) -> list[keras.Variable]:
    """The weights of several networks that are trained."""
    return [variable for network in networks for variable in network.trainable_variables]
