"""A translator that cannot be bettered: MNIST-M's own law, on MNIST-M's own patches."""

from pathlib import Path

import numpy as np
import tensorflow as tf

from adda.datasets.mnistm import blend
from adda.datasets.raw_files import read_raw


class Oracle:
    """Its styles are patches, which `undo_blend` finds; no network is in it."""

    def style(self, patches: tf.Tensor) -> tf.Tensor:
        return patches

    def render(self, source: tf.Tensor, style: tf.Tensor) -> tf.Tensor:
        """|patch - digit| of float32 [n, 28, 28, 3] in [0, 1] (Ganin et al. 2016, 5.2.4)."""
        return tf.abs(style - source)


def undo_blend(raw: Path) -> np.ndarray:
    """The patches of MNIST-M's training images, uint8 [n, 28, 28, 3].

    Image i was blended with MNIST's digit i; to blend once more undoes it.

    Args:
        raw: what *download* left, data/raw.
    """
    domains = read_raw(raw)
    return blend(domains.mnist["x_train"], domains.mnistm["train"])
