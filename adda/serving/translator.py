"""Trained networks in the hands of a user: arrays in, arrays out."""

from pathlib import Path

import numpy as np

from adda.common.array_files import check_images, read_images
from adda.common.errors import AddaError
from adda.datasets.splits import as_source
from adda.engine.sampling import to_pixels
from adda.inference.batches import run_batches, uint8_function
from adda.inference.capabilities import TranslatesBack
from adda.recipes.storage import STYLES_FILE, load_model
from adda.serving.handwriting import luminance


class Translator:
    """Translates digits into the target's style, and back.

    Args:
        directory: what *translate* wrote, data/model.
        seed: of the choice of styles.

    Raises:
        AddaError: the folder is missing or damaged.
    """

    def __init__(self, directory: str | Path = "data/model", seed: int = 0):
        self.model = load_model(directory)
        self.image = self.model.image  # the shape of one
        self.styles = np.zeros((1, *self.image), np.uint8)  # for recipes that know one style
        if not self.model.one_style:
            self.styles = read_images(Path(directory) / STYLES_FILE)
        self.random = np.random.default_rng(seed)
        self._translate = uint8_function(
            lambda *pair: to_pixels(self.model.translate(*pair)), self.image, self.image
        )
        self._back = uint8_function(
            lambda images: to_pixels(self.model.translate_back(images)), self.image
        )

    def translate(self, digits: np.ndarray, styles: np.ndarray | None = None) -> np.ndarray:
        """Translate digits, each in the style of one of the images at random.

        Args:
            digits: uint8 [n, size, size], bright on black as MNIST's are, or [n, size, size, 3];
                the latter alone where the model's source is in colour.
            styles: uint8 [m, size, size, 3]; by default target images that came with the model.

        Returns:
            uint8 [n, size, size, 3].

        Raises:
            AddaError: an array has another shape or dtype, or no image.
        """
        styles = self.styles if styles is None else styles
        colour = self.model.domains.colour
        if np.shape(digits)[1:] == self.image and not colour:
            digits = luminance(digits)
        check_images(digits, self.image[: 2 + colour], "digits")
        check_images(styles, self.image, "styles")
        chosen = styles[self.random.integers(len(styles), size=len(digits))]
        return run_batches(self._translate, as_source(digits, self.model.domains.grey), chosen)

    def reverse(self, images: np.ndarray) -> np.ndarray:
        """The digits of target images, as the source writes them.

        Args:
            images: uint8 [n, size, size, 3].

        Returns:
            uint8 [n, size, size].

        Raises:
            AddaError: the networks have no way back, or the array has another shape or dtype, or no
                image.
        """
        self.check_reversible()
        check_images(images, self.image, "images")
        return run_batches(self._back, images)[..., 0]

    def check_reversible(self) -> None:
        """Raise AddaError unless the networks can translate back."""
        if not isinstance(self.model, TranslatesBack):
            raise AddaError(
                f"the {self.model.name} recipe cannot translate back; train the layered recipe"
            )
