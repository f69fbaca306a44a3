"""Trained networks in the hands of a user: arrays in, arrays out."""

from pathlib import Path

import numpy as np

from adda.common.array_files import check_images, read_images
from adda.common.errors import AddaError
from adda.datasets.splits import as_source
from adda.engine.sampling import to_pixels
from adda.inference.batches import run_batches, uint8_function
from adda.inference.capabilities import TranslatesBack
from adda.nn.networks import IMAGE
from adda.recipes.storage import STYLES_FILE, load_model
from adda.serving.handwriting import luminance

NO_STYLE = np.zeros((1, 28, 28, 3), np.uint8)  # what recipes get that know one style


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
        self.styles = NO_STYLE
        if not self.model.one_style:
            self.styles = read_images(Path(directory) / STYLES_FILE)
        self.random = np.random.default_rng(seed)
        self._translate = uint8_function(
            lambda *pair: to_pixels(self.model.translate(*pair)), IMAGE, IMAGE
        )
        self._back = uint8_function(
            lambda images: to_pixels(self.model.translate_back(images)), IMAGE
        )

    def translate(self, digits: np.ndarray, styles: np.ndarray | None = None) -> np.ndarray:
        """Translate digits, each in the style of one of the images at random.

        Args:
            digits: uint8 [n, 28, 28], bright on black as MNIST's are, or [n, 28, 28, 3].
            styles: uint8 [m, 28, 28, 3]; by default target images that came with the model.

        Returns:
            uint8 [n, 28, 28, 3].

        Raises:
            AddaError: an array has another shape or dtype, or no image.
        """
        styles = self.styles if styles is None else styles
        digits = luminance(digits) if np.shape(digits)[1:] == (28, 28, 3) else digits
        check_images(digits, (28, 28), "digits")
        check_images(styles, (28, 28, 3), "styles")
        chosen = styles[self.random.integers(len(styles), size=len(digits))]
        return run_batches(self._translate, as_source(digits, self.model.domains.grey), chosen)

    def reverse(self, images: np.ndarray) -> np.ndarray:
        """The digits of target images, as the source writes them: [n, 28, 28, 3] to [n, 28, 28].

        Raises:
            AddaError: the networks have no way back, or the array has another shape or dtype, or no
                image.
        """
        self.check_reversible()
        check_images(images, (28, 28, 3), "images")
        return run_batches(self._back, images)[..., 0]

    def check_reversible(self) -> None:
        """Raise AddaError unless the networks can translate back."""
        if not isinstance(self.model, TranslatesBack):
            raise AddaError(
                f"the {self.model.name} recipe cannot translate back; train the layered recipe"
            )
