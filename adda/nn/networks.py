"""The original networks (Munjal, Adversarial-Domain-Adaptive-Autoencoders), and the classifier.

Each takes images as float32 [n, size, size, 3] in [0, 1], or codes as float32 [n, code_size].
`width` multiplies the number of filters; 1 is the original's size.
"""

import keras
import numpy as np
from keras import layers

from adda.common.array_files import SIZE
from adda.nn.layers import BatchNorm, Conv2D, MaxPool, Scaled

IMAGE = (SIZE, SIZE, 3)  # of the original; its decoder makes no other


def make_encoder(width: float, code_size: int) -> keras.Sequential:
    """Image to code: four convolutions, then a dense layer with leaky ReLU."""
    return keras.Sequential(
        [
            layers.Input(IMAGE),
            *_scaled(_convolution(filters(64, width), strides=2)),
            *_scaled(_convolution(filters(128, width), strides=2)),
            *_scaled(_convolution(filters(256, width), strides=2)),
            *_scaled(_convolution(filters(512, width), strides=1)),
            layers.Flatten(),
            layers.Dense(code_size),
            layers.LeakyReLU(0.2),
        ],
        name="encoder",
    )


def make_decoder(width: float, code_size: int) -> keras.Sequential:
    """Code to image: five transposed convolutions to 32x32, then a dense layer to 28x28."""
    top = filters(512, width)
    return keras.Sequential(
        [
            layers.Input((code_size,)),
            *_scaled(layers.Dense(4 * 4 * top)),
            layers.Reshape((4, 4, top)),
            *_scaled(_transposed(filters(256, width), strides=2)),
            *_scaled(_transposed(filters(128, width), strides=2)),
            *_scaled(_transposed(filters(64, width), strides=2)),
            *_scaled(_transposed(16, strides=1)),
            *_scaled(_transposed(3, strides=1)),
            layers.Flatten(),
            layers.Dense(int(np.prod(IMAGE))),
            layers.Activation("sigmoid", dtype="float32"),
            layers.Reshape(IMAGE, dtype="float32"),
        ],
        name="decoder",
    )


def make_adversary(width: float) -> keras.Sequential:
    """Image to one logit: positive for "a real target image"."""
    hidden = [_scaled(_convolution(filters(count, width), 2)) for count in (64, 128, 256)]
    return _stacked([*hidden, [layers.Flatten()]], outputs=1, size=SIZE, name="adversary")


def make_classifier(width: float, classes: int, size: int = SIZE) -> keras.Sequential:
    """Image to the logits of classes: the adversary's shape, with batch statistics."""
    hidden = [_normalised(filters(count, width)) for count in (64, 128, 256)]
    return _stacked([*hidden, [layers.Flatten()]], outputs=classes, size=size)


def make_deep_classifier(width: float, classes: int, size: int = SIZE) -> keras.Sequential:
    """Image to the logits of classes: pairs of 3x3 convolutions, pooled.

    The first three blocks of VGG (Simonyan & Zisserman 2015, arXiv:1409.1556, table 1, B), and the
    mean over place in place of dense layers (Lin et al. 2014, arXiv:1312.4400, section 3.2).
    """
    blocks = []
    for count, pool in ((64, MaxPool), (128, MaxPool), (256, layers.GlobalAveragePooling2D)):
        pair = [_normalised(filters(count, width), strides=1, size=3) for _ in range(2)]
        blocks += [*pair, [pool()]]
    return _stacked(blocks, outputs=classes, size=size)


def average(members: list[keras.Sequential]) -> keras.Model:
    """The mean of classifiers' logits, as one classifier; of one, that one."""
    if len(members) == 1:
        return members[0]
    image = layers.Input(members[0].input_shape[1:])
    mean = layers.Average(dtype="float32")  # losses are float32
    return keras.Model(image, mean([member(image) for member in members]))


def members_of(classifier: keras.Model) -> list[keras.Sequential]:
    """Those that it is the mean of."""
    return [net for net in classifier.layers if isinstance(net, keras.Sequential)] or [classifier]


def _stacked(
    blocks: list[list[layers.Layer]], outputs: int, size: int, name: str | None = None
) -> keras.Sequential:
    return keras.Sequential(
        [
            layers.Input((size, size, 3)),
            *(layer for block in blocks for layer in block),
            layers.Dense(outputs),
            layers.Activation("linear", dtype="float32"),  # losses are float32
        ],
        name=name,
    )


def _scaled(layer: layers.Layer) -> list[layers.Layer]:
    return [Scaled(layer), layers.ReLU()]


def _normalised(filters: int, strides: int = 2, size: int = 5) -> list[layers.Layer]:
    # Batch norm has an offset of its own, so the convolution needs no bias.
    return [_convolution(filters, strides, use_bias=False, size=size), BatchNorm(), layers.ReLU()]


def _convolution(filters: int, strides: int, use_bias: bool = True, size: int = 5) -> layers.Layer:
    return Conv2D(filters, size, strides, padding="same", use_bias=use_bias)


def _transposed(filters: int, strides: int) -> layers.Layer:
    return layers.Conv2DTranspose(filters, 5, strides, padding="same")


def filters(count: int, width: float) -> int:
    """How many filters a layer has that at width 1 has `count`: at least one."""
    return max(1, round(count * width))
