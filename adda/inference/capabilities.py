"""What a recipe can do beyond its contract: ask `isinstance(recipe, GivesMask)`, never its class.

Images are float32 [n, size, size, 3] in [0, 1].
"""

from typing import Protocol, runtime_checkable

import tensorflow as tf


@runtime_checkable
class GivesMask(Protocol):
    def mask(self, images: tf.Tensor) -> tf.Tensor:
        """The digit in target images: float32 [n, size, size, 1] in [0, 1]."""


@runtime_checkable
class Writes(Protocol):
    def written(self, source: tf.Tensor, style: tf.Tensor) -> tf.Tensor:
        """The masks of translations by the style of their target images: as `GivesMask.mask`."""


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
