"""A classifier of images: trained, applied, saved. Target-only, it is the reference classifier."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, Self

import keras
import numpy as np
import tensorflow as tf

from adda.common.array_files import SIZE, read_classes, write_classes
from adda.common.errors import reading
from adda.common.params import Count, Group, Rate, Seed, Width
from adda.engine.checkpoints import Checkpoints
from adda.engine.devices import Precision, choose_precision, in_precision
from adda.engine.loop import run_steps
from adda.engine.sampling import SOURCE, pack, pick, sample_batch
from adda.inference.batches import apply
from adda.nn.networks import average, make_classifier, make_deep_classifier, members_of

STEPS_PER_CALL = 20
LABEL_SMOOTHING = 0.1
CLASSES_FILE = "classes.json"  # beside the weights: the names of the classes

Sample = Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]
Term = Callable[[keras.Model, keras.Model, tf.Tensor], tf.Tensor]


class ClassifierForm(Group):
    """Which network every classifier is, and how large."""

    shape: Literal["original", "deep"]
    width: Width
    members: Count = 1

    def make(self, classes: int, size: int = SIZE) -> keras.Model:
        """A classifier with fresh weights, which Keras' global seed determines."""
        make = make_deep_classifier if self.shape == "deep" else make_classifier
        return average([make(self.width, classes, size) for _ in range(self.members)])


class ClassifierParams(ClassifierForm):
    """A classifier's form, and how it is trained."""

    steps: Count
    batch_size: Count
    learning_rate: Rate
    precision: Precision = "float32"
    seed: Seed

    def resolved(self) -> Self:
        """Without `auto`: checkpoints are for the same arithmetic alone."""
        return self.model_copy(update={"precision": choose_precision(self.precision)})


def fit_classifier(
    sample: Sample,
    classes: int,
    params: ClassifierParams,
    title: str,
    checkpoints: Checkpoints | None = None,
    smoothing: float = LABEL_SMOOTHING,
    unlabelled: Term | None = None,
    averaged: float = 0.0,
    size: int = SIZE,
) -> keras.Model:
    """Train a classifier from scratch, or from where a killed run stopped.

    Its members learn apart from each other, but from the same batches.

    Args:
        sample: takes the number of a step, int64, and returns its batch: float32 images
            [n, size, size, 3] in [0, 1] and int32 labels [n], below `classes`.
        title: names the fit in its progress bar and errors.
        checkpoints: those of a killed run with the same arguments, and of this one; None: no
            progress is kept.
        smoothing: of labels, as in `cross_entropy`.
        unlabelled: takes the classifier, another one whose weights are the average of its own so
            far, and the number of a step; returns a float32 scalar that is minimised, too.
        averaged: decay of this average; 0: there is none, and it gets itself twice.
        size: of the images.

    Returns:
        A classifier that computes in float32, whatever the precision of the training, with the
        last weights, or with `averaged` their average along the way.
    """
    keras.utils.set_random_seed(params.seed)
    result = params.make(classes, size)
    with in_precision(params.precision):
        classifier = params.make(classes, size)
    classifier.set_weights(result.get_weights())
    optimizer = keras.optimizers.Adam(
        keras.optimizers.schedules.CosineDecay(params.learning_rate, params.steps)
    )
    weights = classifier.trainable_variables
    optimizer.build(weights)

    def step(number: tf.Tensor) -> dict[str, tf.Tensor]:
        images, labels = sample(number)
        with tf.GradientTape() as tape:
            terms = {
                "cross_entropy": sum(
                    cross_entropy(labels, member(images, training=True), smoothing)
                    for member in members_of(classifier)
                )
            }
            if unlabelled:
                teacher = result if averaged else classifier
                terms["unlabelled"] = unlabelled(classifier, teacher, number)
            loss = sum(terms.values())
        optimizer.apply(tape.gradient(loss, weights), weights)
        if averaged:
            # As tf.train.ExponentialMovingAverage has it: what is first averaged is soon forgotten.
            before = tf.cast(number, tf.float32)
            decay = tf.minimum(averaged, (1 + before) / (10 + before))
            for slow, fast in zip(result.variables, classifier.variables, strict=True):
                slow.assign(decay * slow + (1 - decay) * fast)
        return terms

    run_steps(
        step,
        steps=params.steps,
        steps_per_call=STEPS_PER_CALL,
        title=title,
        checkpoints=checkpoints,
        variables=result.variables + classifier.variables + optimizer.variables,
    )
    if not averaged:
        result.set_weights(classifier.get_weights())
    return result


def cross_entropy(labels: tf.Tensor, logits: tf.Tensor, smoothing: float) -> tf.Tensor:
    """Mean cross-entropy of logits [n, classes]; of ten, smoothed by 0.1: 0.91 for the label.

    Label smoothing (Szegedy et al. 2016, arXiv:1512.00567, section 7) takes `smoothing` from the
    label and shares it out over all classes: a classifier must not be surer of a translation than
    a translation is like the target. `labels` are integers [n].
    """
    losses = keras.losses.categorical_crossentropy(
        tf.one_hot(labels, logits.shape[-1]), logits, from_logits=True, label_smoothing=smoothing
    )
    return tf.reduce_mean(losses)


def sample_labelled(images: np.ndarray, labels: np.ndarray, size: int, seed: int) -> Sample:
    """Random batches of `size` labelled images.

    Args:
        images: uint8 [n, size, size, 3].
        labels: uint8 [n].
    """
    packed, labels = pack(images), tf.constant(labels.astype(np.int32))

    def sample(number: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        batch = sample_batch(len(images), size, seed, SOURCE, number)
        return pick(packed, batch, images.shape[1:]), tf.gather(labels, batch)

    return sample


def probabilities(classifier: keras.Model, images: np.ndarray) -> np.ndarray:
    """How likely each class is, float32 [n, classes], rows summing to 1.

    Args:
        images: uint8 [n, size, size, 3].
    """
    return apply(lambda batch: tf.nn.softmax(classifier(batch, training=False)), images)


def features(classifier: keras.Model, images: np.ndarray) -> np.ndarray:
    """The first member's last convolution, averaged over place: float32 [n, 256 * width]."""
    # All but the last three layers: flatten or pool, logits, and their cast.
    convolutions = keras.Sequential(members_of(classifier)[0].layers[:-3])
    return apply(
        lambda batch: tf.reduce_mean(convolutions(batch, training=False), axis=(1, 2)), images
    )


def save_classifier(
    directory: str | Path, classifier: keras.Model, form: ClassifierForm, names: Sequence[str]
) -> None:
    """Write the weights and, so that they can be loaded without params.yaml, form and classes.

    Args:
        directory: new, or a folder that `atomic` is filling.
        form: what made it.
        names: of the classes.
    """
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    write_classes(directory / CLASSES_FILE, names)
    known = form.model_dump(include=set(ClassifierForm.model_fields))
    known["size"] = classifier.input_shape[1]
    (directory / "classifier.json").write_text(json.dumps(known) + "\n")
    classifier.save_weights(directory / "classifier.weights.h5")


def load_classifier(directory: str | Path) -> keras.Model:
    """Read what `save_classifier` wrote.

    Raises:
        AddaError: a file is missing or does not fit the form beside it.
    """
    directory = Path(directory)
    with reading(directory, "a classifier is a folder like data/adapted, which dvc repro writes"):
        described = json.loads((directory / "classifier.json").read_text("utf-8"))
        size = described.pop("size")
        form, names = ClassifierForm(**described), read_classes(directory / CLASSES_FILE)
        classifier = form.make(len(names), size)
        classifier.load_weights(directory / "classifier.weights.h5")
        return classifier
