"""The four networks of the baseline recipe (Munjal, Adversarial-Domain-Adaptive-Autoencoders).

Each takes images as float32 [n, 28, 28, 3] in [0, 1], or codes as float32 [n, code_size].
`width` multiplies the number of filters; 1 is the published size.
"""

import json
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from adda.errors import AddaError
from adda.files import whole
from adda.layers import BatchNorm
from adda.params import ModelParams

IMAGE = (28, 28, 3)


def make_encoder(width: float, code_size: int) -> keras.Sequential:
    """Image to code: four convolutions, then a dense layer with leaky ReLU."""
    return keras.Sequential(
        [
            layers.Input(IMAGE),
            *_convolution(_filters(64, width), strides=2),
            *_convolution(_filters(128, width), strides=2),
            *_convolution(_filters(256, width), strides=2),
            *_convolution(_filters(512, width), strides=1),
            layers.Flatten(),
            layers.Dense(code_size),
            layers.LeakyReLU(),
        ],
        name="encoder",
    )


def make_decoder(width: float, code_size: int) -> keras.Sequential:
    """Code to image: five transposed convolutions to 32x32, then a dense layer to 28x28."""
    top = _filters(512, width)
    return keras.Sequential(
        [
            layers.Input((code_size,)),
            layers.Dense(4 * 4 * top, use_bias=False),
            BatchNorm(),
            layers.ReLU(),
            layers.Reshape((4, 4, top)),
            *_transposed(_filters(256, width), strides=2),
            *_transposed(_filters(128, width), strides=2),
            *_transposed(_filters(64, width), strides=2),
            *_transposed(16, strides=1),
            *_transposed(3, strides=1),
            layers.Flatten(),
            layers.Dense(int(np.prod(IMAGE))),
            layers.Activation("sigmoid", dtype="float32"),
            layers.Reshape(IMAGE, dtype="float32"),
        ],
        name="decoder",
    )


def make_discriminator(width: float) -> keras.Sequential:
    """Image to one logit: positive for "a real target image"."""
    return _three_convolutions(width, outputs=1, name="discriminator")


def make_classifier(width: float) -> keras.Sequential:
    """Image to the logits of ten digits: the discriminator's shape with ten outputs."""
    return _three_convolutions(width, outputs=10, name="classifier")


def _three_convolutions(width: float, outputs: int, name: str) -> keras.Sequential:
    return keras.Sequential(
        [
            layers.Input(IMAGE),
            *_convolution(_filters(64, width), strides=2),
            *_convolution(_filters(128, width), strides=2),
            *_convolution(_filters(256, width), strides=2),
            layers.Flatten(),
            layers.Dense(outputs),
            layers.Activation("linear", dtype="float32"),  # losses are float32
        ],
        name=name,
    )


def _convolution(filters: int, strides: int) -> list[layers.Layer]:
    # Batch norm has an offset of its own, so the convolution needs no bias.
    return [
        layers.Conv2D(filters, 5, strides, padding="same", use_bias=False),
        BatchNorm(),
        layers.ReLU(),
    ]


def _transposed(filters: int, strides: int) -> list[layers.Layer]:
    return [
        layers.Conv2DTranspose(filters, 5, strides, padding="same", use_bias=False),
        BatchNorm(),
        layers.ReLU(),
    ]


def _filters(published: int, width: float) -> int:
    return max(1, round(published * width))


class Autoencoder(NamedTuple):
    """Encoder and decoder, and the adversary that they were trained against."""

    encoder: keras.Sequential
    decoder: keras.Sequential
    discriminator: keras.Sequential


def make_autoencoder(params: ModelParams) -> Autoencoder:
    """The three networks with fresh weights, drawn from Keras' global seed."""
    return Autoencoder(
        make_encoder(params.width, params.code_size),
        make_decoder(params.width, params.code_size),
        make_discriminator(params.width),
    )


def save_autoencoder(directory: str | Path, networks: Autoencoder, params: ModelParams) -> None:
    """Write the weights and, so that they can be loaded without params.yaml, the sizes."""
    with whole(directory) as partial:
        partial.mkdir()
        (partial / "model.json").write_text(params.model_dump_json(indent=2) + "\n")
        for network in networks:
            network.save_weights(partial / f"{network.name}.weights.h5")


def load_autoencoder(directory: str | Path) -> Autoencoder:
    """Read what `save_autoencoder` wrote.

    Raises:
        AddaError: a file is missing or does not fit the sizes beside it.
    """
    directory = Path(directory)
    try:
        params = ModelParams(**json.loads((directory / "model.json").read_text()))
        networks = make_autoencoder(params)
        for network in networks:
            network.load_weights(directory / f"{network.name}.weights.h5")
    except (OSError, ValueError) as error:
        raise AddaError(f"{directory} cannot be loaded ({error}); run dvc repro") from None
    return networks


def to_float(images: tf.Tensor) -> tf.Tensor:
    """uint8 images, 0 to 255, as float32 in [0, 1]."""
    return tf.cast(images, tf.float32) / 255.0
