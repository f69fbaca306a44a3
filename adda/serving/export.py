"""Trained networks in the forms that other programs load: SavedModel and ONNX."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import onnxruntime
import tensorflow as tf
import tf2onnx

from adda.classification.adapted import Adapted
from adda.common.errors import AddaError
from adda.common.outputs import atomic
from adda.recipes.recipe import Recipe

OPSET = 17  # of ONNX, 2022: old enough for every runtime in use
CHECKED = 20  # images
CLOSE = 1e-4  # of images in [0, 1], and of probabilities
SIGNATURE = "serving_default"
SAVED_MODEL, ONNX = "{}_saved_model", "{}.onnx"
RANGE = "float32 [n, {0}, {0}, 3] in [0, 1], not 0 to 255; values outside are cut off"


@dataclass
class Exported:
    """A function of arrays that are named and in [0, 1], float32 [n, size, size, 3] each."""

    name: str  # of the files
    networks: Iterable[keras.Model]  # those whose weights the function uses
    function: Callable[..., tf.Tensor]
    inputs: Sequence[str]  # their names
    output: str  # its name
    image: tuple[int, int, int]  # the shape of one

    def __post_init__(self):
        shape = [None, *self.image]
        self.signature = [tf.TensorSpec(shape, tf.float32, name) for name in self.inputs]

        def call(*images: tf.Tensor) -> dict[str, tf.Tensor]:
            clipped = (tf.clip_by_value(array, 0.0, 1.0) for array in images)
            return {self.output: self.function(*clipped)}

        self.call = tf.function(call, input_signature=self.signature)


def translator(model: Recipe) -> Exported:
    """`digit`, 0 or 1 unless the source is grey, and `style` to `translated`, an image."""
    inputs, networks = ("digit", "style"), model.networks.values()
    return Exported("translator", networks, model.translate, inputs, "translated", model.image)


def classifier(adapted: Adapted) -> Exported:
    """`image` to `probabilities`, float32 [n, classes]."""
    networks = [adapted.classifier]
    if adapted.model is not None:
        networks += [*adapted.model.networks.values(), adapted.source_only]
    return Exported("classifier", networks, adapted, ("image",), "probabilities", adapted.image)


def export(modules: Sequence[Exported], out: str | Path) -> float:
    """Write both forms of each into a folder, and hold them against it on random images.

    Returns:
        The largest difference of a value.

    Raises:
        AddaError: a form differs by more than 1e-4; nothing is written then.
    """
    with atomic(out) as directory:
        directory.mkdir()
        return max([_export(module, directory) for module in modules])


def _export(module: Exported, directory: Path) -> float:
    rng = np.random.default_rng(0)
    # The first is a digit where there are two; a classifier takes any image.
    # Coarse, as photographs are: of pixels that are noise each, a mask is all doubt.
    coarse = {name: rng.random((CHECKED, 4, 4, 3), np.float32) for name in module.inputs}
    times = module.image[0] // 4
    images = {name: array.repeat(times, 1).repeat(times, 2) for name, array in coarse.items()}
    if "digit" in images:
        images["digit"] = np.float32(images["digit"] < 0.2)
    expected = module.call(*map(tf.constant, images.values()))[module.output].numpy()
    saved, onnx = (directory / form.format(module.name) for form in (SAVED_MODEL, ONNX))
    # Keras' archive, whose variables other loaders find, too: of Keras networks inside a tf.Module
    # only Python's object loader restores them (keras-team/keras 19274).
    archive = keras.export.ExportArchive()
    for network in module.networks:
        archive.track(network)
    archive.add_endpoint(SIGNATURE, module.call.python_function, input_signature=module.signature)
    archive.write_out(str(saved), verbose=False)
    graph, _ = tf2onnx.convert.from_function(
        module.call, input_signature=module.signature, opset=OPSET
    )
    for name in module.inputs:
        graph.metadata_props.add(key=name, value=RANGE.format(module.image[0]))
    graph.graph.doc_string = f"{', '.join(module.inputs)} to {module.output}"
    for array in (*graph.graph.input, *graph.graph.output):
        array.type.tensor_type.shape.dim[0].dim_param = "n"
    onnx.write_bytes(graph.SerializeToString())
    largest = 0.0
    for path, run in ((saved, run_saved_model), (saved, run_graph), (onnx, run_onnx)):
        difference = float(np.abs(run(path, **images) - expected).max())
        if not difference <= CLOSE:
            raise AddaError(
                f"{path.name} differs from the model by {difference:g}, more than {CLOSE:g}; use "
                "the model itself, and report this with the versions of tensorflow and tf2onnx"
            )
        largest = max(largest, difference)
    return largest


def run_saved_model(path: Path, **images: np.ndarray) -> np.ndarray:
    """Run a SavedModel alone, on arrays by name."""
    served = tf.saved_model.load(str(path)).signatures[SIGNATURE]
    (result,) = served(**{name: tf.constant(array) for name, array in images.items()}).values()
    return result.numpy()


def run_graph(path: Path, **images: np.ndarray) -> np.ndarray:
    """The same as C++ and Java load it: a graph, and variables by name."""
    tf.get_logger().setLevel("ERROR")  # this loader is deprecated, which is why it is tried
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        loaded = tf.compat.v1.saved_model.load(session, ["serve"], str(path))
        signature = loaded.signature_def[SIGNATURE]
        (output,) = signature.outputs.values()
        inputs = {signature.inputs[name].name: array for name, array in images.items()}
        return session.run(output.name, inputs)


def run_onnx(path: Path, **images: np.ndarray) -> np.ndarray:
    """Run an ONNX file with ONNX Runtime alone, on arrays by name."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(None, images)[0]
