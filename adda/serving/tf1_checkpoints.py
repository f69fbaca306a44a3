"""The weights of the original project, read from its TensorFlow 1 checkpoints."""

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from adda.common.errors import AddaError
from adda.common.outputs import whole
from adda.nn.layers import BatchNorm
from adda.recipes.baseline import Baseline, BaselineParams
from adda.recipes.storage import save_model


def _with_batch_norm(*layers: str) -> list[str]:
    return [name for layer in layers for name in (layer, f"{layer}_batchnorm")]


LAYERS = {  # of the original, by scope, in the order of ours
    "encoder": [*_with_batch_norm(*(f"conv{n}_layer" for n in range(1, 5))), "fc_layer"],
    "decoder": [
        "dense",
        "fc_layer_batchnorm",
        *_with_batch_norm(*(f"deconv{n}_layer" for n in range(1, 6))),
        "dec_dense_fc_last_layer",
    ],
    "discriminator": [*_with_batch_norm(*(f"conv{n}_layer" for n in range(1, 4))), "fc_layer"],
}
STATISTICS = ("gamma", "beta", "moving_mean", "moving_variance")


def import_weights(checkpoint: str | Path, out: str | Path) -> tuple[float, int]:
    """Turn a checkpoint of the original networks into the folder of a baseline model.

    The original's convolutions have biases before their batch norms; ours have none. A bias shifts
    what is normalised, so it is taken from the moving mean, and the outputs are the same.

    Args:
        checkpoint: its prefix, "model_weights" where there is a "model_weights.index", or the
            folder that a TensorFlow saver wrote to.
        out: the folder to write, for `model.weights`.

    Returns:
        The width of the networks, and the size of their code.

    Raises:
        AddaError: the checkpoint cannot be read, or its variables are not those of the original;
            each that is missing, unknown or of another shape is named.
    """
    try:
        reader = tf.train.load_checkpoint(str(checkpoint))
    except (ValueError, tf.errors.OpError) as error:
        raise AddaError(
            f"{checkpoint} is no TensorFlow checkpoint that can be read "
            f"({' '.join(str(error).split())}); give its path without .index or .data"
        ) from None
    shapes = {
        name: tuple(shape)
        for name, shape in reader.get_variable_to_shape_map().items()
        # Optimizers keep variables under the names of those that they update.
        if name.split("/")[0] in LAYERS and "Adam" not in name
    }
    first, code = shapes.get("encoder/conv1_layer/kernel"), shapes.get("encoder/fc_layer/bias")
    if not first or not code:
        raise AddaError(
            f"{checkpoint} holds no encoder/conv1_layer/kernel and encoder/fc_layer/bias; "
            "it is no checkpoint of the original networks"
        )
    width, code_size = first[-1] / 64, code[-1]
    model = Baseline(width, BaselineParams(code_size=code_size))
    pairs = [
        (f"{scope}/{name}", layer)
        for scope, network in model.networks.items()
        for name, layer in zip(
            LAYERS[scope], (each for each in network.layers if each.weights), strict=True
        )
    ]
    expected = {}
    for name, layer in pairs:
        expected |= _expected(name, layer)
    _compare(str(checkpoint), expected, shapes)
    try:
        values = {name: reader.get_tensor(name) for name in expected}
    except tf.errors.OpError as error:
        raise AddaError(
            f"{checkpoint} is damaged ({' '.join(error.message.split())}); copy it again"
        ) from None
    bias = np.float32(0)
    for name, layer in pairs:
        if isinstance(layer, BatchNorm):
            for statistic in STATISTICS:
                getattr(layer, statistic).assign(values[f"{name}/{statistic}"])
            layer.moving_mean.assign_sub(tf.zeros_like(layer.moving_mean) + bias)
        else:
            layer.kernel.assign(values[f"{name}/kernel"])
            bias = values[f"{name}/bias"]
            if layer.use_bias:
                layer.bias.assign(bias)
    with whole(out) as directory:
        save_model(directory, model, width)
    return width, code_size


def _expected(name: str, layer: keras.Layer) -> dict[str, tuple[int, ...]]:
    """The original's variables of a layer, and their shapes."""
    if isinstance(layer, BatchNorm):
        return {f"{name}/{each}": tuple(layer.gamma.shape) for each in STATISTICS}
    kernel = tuple(layer.kernel.shape)
    outputs = kernel[-2] if isinstance(layer, keras.layers.Conv2DTranspose) else kernel[-1]
    return {f"{name}/kernel": kernel, f"{name}/bias": (outputs,)}


def _compare(where: str, expected: dict[str, tuple], found: dict[str, tuple]) -> None:
    problems = [f"{name} is missing" for name in expected if name not in found]
    problems += [f"{name} is not of the original" for name in found if name not in expected]
    problems += [
        f"{name} is {list(found[name])} in place of {list(shape)}"
        for name, shape in expected.items()
        if name in found and found[name] != shape
    ]
    if problems:
        raise AddaError(f"{where} does not fit the original networks: {'; '.join(problems)}")
