"""The same few digits, translated at moments of a training that double in length."""

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from adda.common.array_files import read_array, write_array
from adda.common.errors import AddaError
from adda.engine.checkpoints import History
from adda.engine.sampling import to_float, to_pixels
from adda.recipes.storage import Model

MOMENTS = 8


class Progress:
    """Pictures of a training. They are in `variables`, so that a resumed run has them all."""

    def __init__(self, model: Model, source: np.ndarray, styles: np.ndarray, steps: int):
        """
        Args:
            source, styles: uint8 [n, 28, 28, 3], a style for each digit.
            steps: the length of the training; the last moment is its end.
        """
        pair = to_float(tf.constant(source)), to_float(tf.constant(styles))
        self.translate = tf.function(lambda: to_pixels(model.translate(*pair)))
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
        """Write what `load_progress` reads."""
        write_array(directory / "steps.npy", self.steps.numpy())
        write_array(directory / "images.npy", self.images.numpy().astype(np.uint8))


def load_progress(directory: Path) -> dict[int, np.ndarray]:
    """The translations, uint8 [n, 28, 28, 3], by the number of steps that led to them.

    Raises:
        AddaError: a file is missing or damaged, or one does not fit the other.
    """
    steps, images = (read_array(directory / f"{name}.npy") for name in ("steps", "images"))
    if steps.shape != images.shape[:1]:
        raise AddaError(
            f"{directory}: steps {steps.shape} do not fit images {images.shape}; "
            "delete it and run dvc repro"
        )
    return dict(zip(steps.tolist(), images, strict=True))


def _kept(shape: tuple[int, ...]) -> keras.Variable:
    return keras.Variable(np.zeros(shape, np.int32), trainable=False)
