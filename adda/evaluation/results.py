"""What a run left, as metrics ask for it; whatever takes networks is computed once, when asked."""

from dataclasses import dataclass
from functools import cached_property

import keras
import numpy as np
import scipy.special

from adda.classification.adapted import Adapted
from adda.classification.classifier import features, probabilities
from adda.evaluation.validators import Validation
from adda.inference.capabilities import Encodes, TranslatesBack
from adda.inference.translation import codes, translate_at_random, translate_back
from adda.recipes.recipe import Recipe

PROBED = 5000  # images of each domain, at most, for linear probes


@dataclass
class Results:
    """Test images, what was made of them, and the networks.

    Images are uint8 [n, size, size, 3], labels uint8 [n].
    """

    source: np.ndarray
    labels: np.ndarray  # of source and translated
    translated: np.ndarray  # of source, one each
    styled: np.ndarray  # uint8 [digits, styles, size, size, 3]: some source digits in some styles
    target: np.ndarray
    target_labels: np.ndarray | None  # None: nobody labelled them
    probabilities: dict[str, np.ndarray]  # of target, by classifier, float32 [n, classes]
    model: Recipe
    source_only: keras.Model
    reference: keras.Model | None  # None: nobody labelled target images to train it

    def predicted(self, classifier: str) -> np.ndarray:
        """The labels that a classifier gives target images."""
        return self.probabilities[classifier].argmax(axis=1).astype(np.uint8)

    def right(self, classifier: str) -> np.ndarray | None:
        """Which target images a classifier gets right; None where it or labels are missing."""
        if classifier not in self.probabilities or self.target_labels is None:
            return None
        return self.predicted(classifier) == self.target_labels

    @cached_property
    def translated_predicted(self) -> np.ndarray | None:
        """The labels that the reference classifier gives translations."""
        if self.reference is None:
            return None
        return probabilities(self.reference, self.translated).argmax(axis=1).astype(np.uint8)

    def features(self, images: np.ndarray) -> np.ndarray:
        """The reference classifier's features of images, float32 [n, d]."""
        return features(self.reference, images)

    def back(self, images: np.ndarray) -> np.ndarray | None:
        """Images translated back; None where the recipe cannot."""
        if not isinstance(self.model, TranslatesBack):
            return None
        return translate_back(self.model, images)

    def classify_source(self, images: np.ndarray) -> np.ndarray:
        """The labels that the source-only classifier gives images."""
        return probabilities(self.source_only, images).argmax(axis=1).astype(np.uint8)

    def codes_or_pixels(self, images: np.ndarray) -> np.ndarray:
        """What the recipe makes of images, float32 [n, d]: pixels where it has no code."""
        if isinstance(self.model, Encodes):
            return codes(self.model, images)
        return images.reshape(len(images), -1) / np.float32(255)

    @cached_property
    def codes(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Codes of the first source and target images; None where the recipe has no code."""
        if not isinstance(self.model, Encodes):
            return None
        return codes(self.model, self.source[:PROBED]), codes(self.model, self.target[:PROBED])

    def show_validation(
        self, adapted: Adapted, target: np.ndarray, source: np.ndarray, labels: np.ndarray
    ) -> Validation:
        """What validators see: images of the validation split, shown to all networks.

        Args:
            target, source: uint8 [., size, size, 3].
            labels: uint8 [m], of the source images.
        """
        translated = translate_at_random(self.model, source, target)
        views = adapted.logits(target)
        return Validation(
            probabilities=scipy.special.softmax(views.sum(axis=0), axis=1),
            views=list(views),
            translated=adapted.probabilities(translated),
            labels=labels,
        )
