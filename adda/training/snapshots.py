"""Snapshots of a training: the same few digits, translated at moments that double in length."""

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from adda.common.array_files import write_array
from adda.engine.checkpoints import History
from adda.engine.sampling import to_float, to_pixels
from adda.recipes.recipe import Recipe

MOMENTS = 8


class Snapshots:
    """Translations at moments of a training; in `variables`, so that a resumed run has them all."""

    def __init__(self, model: Recipe, source: np.ndarray, styles: np.ndarray, steps: int):
        """
        Args:
            source, styles: uint8 [n, 28, 28, 3], a style for each digit.
            steps: the length of the training; the last moment is its end.
        """
        pair = to_float(tf.constant(source)), to_float(tf.constant(styles))
        self.translate = tf.function(lambda: to_pixels(model.translate(*pair)), autograph=False)
        self.moments = [steps / 2**halved for halved in reversed(range(MOMENTS))]
        self.images = _kept((MOMENTS, *source.shape))
        self.steps = _kept((MOMENTS,))
        self.variables = [self.images, self.steps]

    def update(self, history: History) -> np.ndarray | None:
        """Translate if a moment has come; the translations, uint8 [n, 28, 28, 3], if so."""
        step = history[-1]["step"]
        steps = self.steps.numpy()
        due = [k for k, moment in enumerate(self.moments) if moment <= step and not steps[k]]
        if not due:
            return None
        translated = self.translate().numpy()
        images = self.images.numpy()
        images[due], steps[due] = translated, step
        self.images.assign(images)
        self.steps.assign(steps)
        return translated

    def save(self, directory: Path) -> None:
        """Write what `adda.evaluation.snapshots` reads."""
        write_array(directory / "steps.npy", self.steps.numpy())
        write_array(directory / "images.npy", self.images.numpy().astype(np.uint8))


def _kept(shape: tuple[int, ...]) -> keras.Variable:
    return keras.Variable(np.zeros(shape, np.int32), trainable=False)
