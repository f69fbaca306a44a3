"""The classifier that the pipeline is for, as one object in one folder: data/adapted."""

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from adda.classification.calibration import scale, weigh
from adda.classification.classifier import ClassifierForm, load_classifier, save_classifier
from adda.inference.batches import apply
from adda.recipes.recipe import Recipe
from adda.recipes.storage import load_model, save_model

TRANSLATOR, SOURCE_ONLY = "translator", "source_only"  # folders of the second view


class Adapted(tf.Module):
    """Two views of an image where translations are used that the recipe translates back, else one.

    The adapted classifier sees the image; the source-only one, the image translated back. Neither
    saw a label of the target, and the two err on different images: their logits are added.
    """

    def __init__(
        self,
        classifier: keras.Model,
        model: Recipe | None = None,
        source_only: keras.Model | None = None,
    ):
        super().__init__()
        self.classifier, self.model, self.source_only = classifier, model, source_only

    @property
    def image(self) -> tuple[int, int, int]:
        """The shape of an image that it takes."""
        return self.classifier.input_shape[1:]

    def __call__(self, images: tf.Tensor) -> tf.Tensor:
        """How likely each class is: float32 [n, *image] in [0, 1] to float32 [n, classes]."""
        return tf.nn.softmax(sum(self.views(images)))

    def views(self, images: tf.Tensor) -> list[tf.Tensor]:
        """The logits of each view, float32 [n, classes]."""
        logits = [self.classifier(images, training=False)]
        if self.model is not None:
            logits.append(self.source_only(self.model.translate_back(images), training=False))
        return logits

    def calibrate(self, images: np.ndarray, labels: np.ndarray) -> list[float]:
        """Weigh the views by labelled images, for good, and return their weights.

        Args:
            images: uint8 [n, size, size, 3], that neither classifier was trained on.
            labels: uint8 [n].
        """
        weights = weigh(self.logits(images), labels)
        for classifier, weight in zip((self.classifier, self.source_only), weights, strict=False):
            scale(classifier, weight)
        return weights

    def logits(self, images: np.ndarray) -> np.ndarray:
        """The logits of each view: uint8 [n, size, size, 3] to float32 [views, n, classes]."""
        stacked = apply(lambda batch: tf.stack(self.views(batch), axis=1), images)
        return stacked.swapaxes(0, 1)

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """How likely each class is: uint8 [n, size, size, 3] to float32 [n, classes]."""
        return apply(self, images)


def save_adapted(
    directory: str | Path, adapted: Adapted, form: ClassifierForm, names: list[str]
) -> None:
    """Write everything that the classifier needs, into a folder that `atomic` is filling.

    Args:
        form: what made the classifiers of both views.
        names: of the classes.
    """
    directory = Path(directory)
    save_classifier(directory, adapted.classifier, form, names)
    if adapted.model is not None:
        save_model(directory / TRANSLATOR, adapted.model)
        save_classifier(directory / SOURCE_ONLY, adapted.source_only, form, names)


def load_adapted(directory: str | Path) -> Adapted:
    """Read what `save_adapted` wrote, or any single classifier's folder.

    Raises:
        AddaError: a file is missing or does not fit the others.
    """
    directory = Path(directory)
    classifier = load_classifier(directory)
    if not (directory / TRANSLATOR).exists():
        return Adapted(classifier)
    model = load_model(directory / TRANSLATOR)
    return Adapted(classifier, model, load_classifier(directory / SOURCE_ONLY))
