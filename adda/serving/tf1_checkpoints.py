"""The weights of the original project, read from its TensorFlow 1 checkpoints."""

import re
from pathlib import Path
from tempfile import TemporaryDirectory

import keras
import numpy as np
import tensorflow as tf

from adda.common.errors import AddaError, reading
from adda.common.outputs import atomic
from adda.nn.layers import EPSILON, Scaled
from adda.recipes.all_recipes import make_recipe
from adda.recipes.original import OriginalParams
from adda.recipes.storage import WIDEST, save_model


def _convolutions(kind: str, count: int) -> dict[str, str]:
    return {f"{kind}{n}_layer": f"{kind}{n}_layer_batchnorm" for n in range(1, count + 1)}


LAYERS = {  # of the original, by scope, in the order of ours, with the normalisation of each
    "encoder": _convolutions("conv", 4) | {"fc_layer": None},
    "decoder": {"dense": "fc_layer_batchnorm"}
    | _convolutions("deconv", 5)
    | {"dec_dense_fc_last_layer": None},
    "discriminator": _convolutions("conv", 3) | {"fc_layer": None},
}
SUFFIX = re.compile(r"\.(index|meta|data-\d+-of-\d+)$")
STATISTICS = ("gamma", "beta", "moving_mean", "moving_variance")


def import_weights(checkpoint: str | Path, out: str | Path) -> tuple[float, int]:
    """Turn a checkpoint of the original networks into the folder of a model.

    The original never moved the statistics of its batch norms from mean 0 and variance 1. Where a
    checkpoint has others, they go into scale and offset, and the outputs are the same.

    Args:
        checkpoint: its prefix, "model_weights" where there is a "model_weights.index", one of its
            files, or the folder that a TensorFlow saver wrote to.
        out: the folder to write, for `model.weights`.

    Returns:
        The width of the networks, and the size of their code.

    Raises:
        AddaError: the checkpoint cannot be read, or its variables are not those of the original;
            each that is missing, unknown or of another shape is named.
    """
    checkpoint = _prefix(Path(checkpoint))
    values = _tensors(checkpoint)
    shapes = {name: np.shape(value) for name, value in values.items()}
    first, code = shapes.get("encoder/conv1_layer/kernel"), shapes.get("encoder/fc_layer/bias")
    if not first or not code:
        raise AddaError(
            f"{checkpoint} holds no encoder/conv1_layer/kernel and encoder/fc_layer/bias; "
            "it is not a checkpoint of the original networks"
        )
    width, code_size = first[-1] / 64, code[-1]
    if not (0 < width <= WIDEST and 2 <= code_size <= WIDEST * 64):
        raise AddaError(
            f"{checkpoint} is damaged: a width of {width:g}, a code of {code_size}; copy it again"
        )
    model = make_recipe("original", width, OriginalParams(code_size=code_size))
    layers = [
        (f"{scope}/{name}", norm and f"{scope}/{norm}", layer)
        for scope, network in zip(LAYERS, model.networks.values(), strict=True)
        for (name, norm), layer in zip(
            LAYERS[scope].items(), (layer for layer in network.layers if layer.weights), strict=True
        )
    ]
    expected = {}
    for item in layers:
        expected |= _expected(*item)
    problems = [f"{name} is missing" for name in expected if name not in shapes]
    problems += [f"{name} is not of the original" for name in shapes if name not in expected]
    problems += [
        f"{name} is {list(shapes[name])} in place of {list(shape)}"
        for name, shape in expected.items()
        if name in shapes and shapes[name] != shape
    ]
    if problems:
        raise AddaError(f"{checkpoint} does not fit the original networks: {'; '.join(problems)}")
    with reading(checkpoint, "it is damaged: copy it again"):
        values = {name: values[name].astype(np.float32) for name in expected}
        for name, value in values.items():
            positive = name.endswith("moving_variance")
            if not np.isfinite(value).all() or (positive and value.min() < 0):
                raise ValueError(f"{name} has values that no network can have")
    for name, norm, layer in layers:
        inner = layer.layer if isinstance(layer, Scaled) else layer
        inner.kernel.assign(values[f"{name}/kernel"])
        inner.bias.assign(values[f"{name}/bias"])
        if norm:
            gamma, beta, mean, variance = (values[f"{norm}/{item}"] for item in STATISTICS)
            layer.gamma.assign(gamma * np.sqrt((1 + EPSILON) / (variance + EPSILON)))
            layer.beta.assign(beta - mean * gamma / np.sqrt(variance + EPSILON))
    with atomic(out) as directory:
        save_model(directory, model)
    return width, code_size


def _tensors(checkpoint: Path) -> dict[str, np.ndarray]:
    """The variables of the original's networks, by name."""
    # TensorFlow takes a path for a pattern, and finds no file where it has brackets or stars.
    with TemporaryDirectory() as folder:
        with reading(checkpoint, "give the path of a TensorFlow checkpoint, or of its folder"):
            for path in checkpoint.parent.iterdir():
                if SUFFIX.sub("", path.name) == checkpoint.name:
                    suffix = path.name[len(checkpoint.name) :]
                    Path(folder, f"model{suffix}").symlink_to(path.resolve())
            if not any(Path(folder).iterdir()):
                raise ValueError("no file begins so")
            reader = tf.train.load_checkpoint(f"{folder}/model")
        # Optimizers keep variables under the names of those that they update.
        names = [
            name
            for name in reader.get_variable_to_shape_map()
            if name.split("/")[0] in LAYERS and "Adam" not in name
        ]
        with reading(checkpoint, "it is damaged: copy it again"):
            return {name: reader.get_tensor(name) for name in names}


def _prefix(path: Path) -> Path:
    """The prefix of a checkpoint, of one of its files or of the one in a folder."""
    if path.is_dir():
        # The file `checkpoint` there names a place on the machine that trained, perhaps gone.
        present = sorted(path.glob("*.index"))
        if len(present) != 1:
            return path
        path = present[0]
    return path.with_name(SUFFIX.sub("", path.name))


def _expected(name: str, norm: str | None, layer: keras.Layer) -> dict[str, tuple[int, ...]]:
    """The original's variables of a layer and its normalisation, and their shapes."""
    inner = layer.layer if isinstance(layer, Scaled) else layer
    shapes = {f"{name}/kernel": tuple(inner.kernel.shape), f"{name}/bias": tuple(inner.bias.shape)}
    return shapes | {f"{norm}/{item}": shapes[f"{name}/bias"] for item in STATISTICS if norm}
