"""Snapshots of a training: the same few digits, translated at moments that double in length."""

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from adda.common.array_files import write_array
from adda.engine.sampling import to_float, to_pixels
from adda.recipes.recipe import Recipe

# Steps. They do not depend on the training's length, so that a longer one has them, too.
MOMENTS = [20 * 2**doubled for doubled in range(16)]


class Snapshots:
    """Translations at moments of a training, and at its end.

    All but the end's are in `variables`, so that a resumed run has them.
    """

    def __init__(self, model: Recipe, source: np.ndarray, styles: np.ndarray, steps: int):
        """
        Args:
            source, styles: uint8 [n, 28, 28, 3], a style for each digit.
            steps: the length of the training.
        """
        pair = to_float(tf.constant(source)), to_float(tf.constant(styles))
        self.translate = tf.function(lambda: to_pixels(model.translate(*pair)), autograph=False)
        self.images = _kept((len(MOMENTS), *source.shape))
        self.steps = _kept((len(MOMENTS),))
        self.variables = [self.images, self.steps]
        self.length = steps
        self.end = np.zeros(source.shape, np.uint8)

    def due(self, step: int) -> bool:
        """Whether a moment has come, or the end."""
        return bool(self._come(step)) or step >= self.length

    def take(self, step: int) -> np.ndarray:
        """Translate, for every moment that has come: uint8 [n, 28, 28, 3]."""
        translated = self.translate().numpy()
        if come := self._come(step):
            images, steps = self.images.numpy(), self.steps.numpy()
            images[come], steps[come] = translated, step
            self.images.assign(images)
            self.steps.assign(steps)
        if step >= self.length:
            self.end = translated
        return translated

    def _come(self, step: int) -> list[int]:
        """The moments that have come and have no translations yet."""
        steps = self.steps.numpy()
        return [k for k, moment in enumerate(MOMENTS) if moment <= step and not steps[k]]

    def save(self, directory: Path) -> None:
        """Write what `adda.evaluation.snapshots` reads."""
        steps = self.steps.numpy()
        past = (steps > 0) & (steps < self.length)
        write_array(directory / "steps.npy", np.append(steps[past], self.length))
        images = self.images.numpy()[past].astype(np.uint8)
        write_array(directory / "images.npy", np.append(images, self.end[None], axis=0))


def _kept(shape: tuple[int, ...]) -> keras.Variable:
    return keras.Variable(np.zeros(shape, np.int32), trainable=False)
