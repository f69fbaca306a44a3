"""Snapshots of a training: the same few digits, translated at moments that double in length."""

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from adda.common.array_files import write_array
from adda.engine.sampling import to_float, to_pixels
from adda.recipes.recipe import Recipe

MOMENTS = [20 * 2**doubled for doubled in range(16)]  # steps


class Snapshots:
    """Translations at moments of a training, the last of them its end.

    They are in `variables`, so that a resumed run has them.
    """

    def __init__(self, model: Recipe, source: np.ndarray, styles: np.ndarray, steps: int):
        """
        Args:
            source, styles: uint8 [n, size, size, 3], a style for each digit.
            steps: the length of the training.
        """
        self.source = source
        pair = to_float(tf.constant(source)), to_float(tf.constant(styles))
        self.translate = tf.function(lambda: to_pixels(model.translate(*pair)), autograph=False)
        self.moments = [*(moment for moment in MOMENTS if moment < steps), steps]
        shape = (len(self.moments), *source.shape)
        self.images = keras.Variable(np.zeros(shape, np.int32), trainable=False)
        self.steps = keras.Variable(np.full(len(self.moments), -1, np.int32), trainable=False)
        self.variables = [self.images, self.steps]

    def due(self, step: int) -> list[int]:
        """The places of the moments that have come and have no translations yet."""
        missing = self.steps.numpy() < 0
        return [
            place for place, moment in enumerate(self.moments) if moment <= step and missing[place]
        ]

    def take(self, step: int) -> np.ndarray:
        """Translate, for every moment that has come: uint8 [n, size, size, 3]."""
        translated = self.translate().numpy()
        images, steps = self.images.numpy(), self.steps.numpy()
        places = self.due(step)
        images[places], steps[places] = translated, step
        self.images.assign(images)
        self.steps.assign(steps)
        return translated

    def save(self, directory: Path) -> None:
        """Write source.npy; steps.npy, int [k]; and images.npy, uint8 [k, n, size, size, 3]."""
        write_array(directory / "source.npy", self.source)
        write_array(directory / "steps.npy", self.steps.numpy())
        write_array(directory / "images.npy", self.images.numpy().astype(np.uint8))
