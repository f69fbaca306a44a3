"""A digit classifier. Trained on labelled target images it is the judge of translations."""

import json
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from adda.errors import AddaError
from adda.files import whole
from adda.inference import apply
from adda.loop import draw_batch, run_steps
from adda.losses import digit_cross_entropy
from adda.networks import make_classifier, to_float
from adda.params import JudgeParams

STEPS_PER_CALL = 20


def fit_classifier(
    images: np.ndarray, labels: np.ndarray, params: JudgeParams, title: str
) -> keras.Sequential:
    """Train a classifier from scratch.

    Args:
        images: uint8 [n, 28, 28, 3].
        labels: uint8 [n], 0 to 9.
        title: names the fit in its progress bar and errors.
    """
    keras.utils.set_random_seed(params.seed)
    classifier = make_classifier(params.width)
    optimizer = keras.optimizers.Adam(
        keras.optimizers.schedules.CosineDecay(params.learning_rate, params.steps)
    )
    weights = classifier.trainable_variables
    optimizer.build(weights)
    images, labels = tf.constant(images), tf.constant(labels.astype(np.int32))

    def step(number: tf.Tensor) -> dict[str, tf.Tensor]:
        batch = draw_batch(len(images), params.batch_size, params.seed, 0, number)
        with tf.GradientTape() as tape:
            logits = classifier(to_float(tf.gather(images, batch)), training=True)
            loss = digit_cross_entropy(tf.gather(labels, batch), logits)
        optimizer.apply(tape.gradient(loss, weights), weights)
        return {"digit": loss}

    run_steps(step, ["digit"], steps=params.steps, steps_per_call=STEPS_PER_CALL, title=title)
    return classifier


def predict_digits(classifier: keras.Sequential, images: np.ndarray) -> np.ndarray:
    """The most likely digit of each image: uint8 [n, 28, 28, 3] to uint8 [n]."""
    logits = apply(lambda batch: classifier(batch, training=False), images)
    return logits.argmax(axis=1).astype(np.uint8)


def features(classifier: keras.Sequential, images: np.ndarray) -> np.ndarray:
    """The last convolution's activations, averaged over place: float32 [n, 256 * width]."""
    convolutions = keras.Sequential(
        classifier.layers[:-3]
    )  # without flatten, logits and their cast
    return apply(
        lambda batch: tf.reduce_mean(convolutions(batch, training=False), axis=(1, 2)), images
    )


def save_classifier(directory: str | Path, classifier: keras.Sequential, width: float) -> None:
    """Write the weights and, so that they can be loaded without params.yaml, the width."""
    with whole(directory) as partial:
        partial.mkdir()
        (partial / "classifier.json").write_text(json.dumps({"width": width}) + "\n")
        classifier.save_weights(partial / "classifier.weights.h5")


def load_classifier(directory: str | Path) -> keras.Sequential:
    """Read what `save_classifier` wrote.

    Raises:
        AddaError: a file is missing or does not fit the width beside it.
    """
    directory = Path(directory)
    try:
        classifier = make_classifier(**json.loads((directory / "classifier.json").read_text()))
        classifier.load_weights(directory / "classifier.weights.h5")
    except (OSError, ValueError) as error:
        raise AddaError(
            f"{directory} cannot be loaded ({error}); run dvc repro baselines"
        ) from None
    return classifier
