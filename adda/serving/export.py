"""A trained translator in the forms that other programs load: SavedModel and ONNX."""

from pathlib import Path

import numpy as np
import onnxruntime
import tensorflow as tf
import tf2onnx

from adda.common.errors import AddaError
from adda.common.outputs import whole
from adda.nn.networks import IMAGE
from adda.recipes.recipe import Recipe

OPSET = 17  # of ONNX, 2022: old enough for every runtime in use
CHECKED = 20  # images
CLOSE = 1e-4  # of images in [0, 1]
SAVED_MODEL, ONNX = "saved_model", "translator.onnx"


class Exported(tf.Module):
    """The translator as one function of two arrays, both float32 [n, 28, 28, 3].

    Digits are 0 or 1, as the networks were trained on; styles are in [0, 1].
    """

    def __init__(self, model: Recipe):
        super().__init__()
        self.networks = model.networks  # so that their weights are saved
        self.model_translate = model.translate

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, *IMAGE], tf.float32, "digit"),
            tf.TensorSpec([None, *IMAGE], tf.float32, "style"),
        ]
    )
    def translate(self, digit: tf.Tensor, style: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"translated": self.model_translate(digit, style)}


def export(model: Recipe, out: str | Path) -> float:
    """Write both forms into a folder, and hold them against the model on random images.

    Returns:
        The largest difference of a pixel from what the model makes, of images in [0, 1].

    Raises:
        AddaError: a form differs from the model by more than 1e-4; nothing is written then.
    """
    exported = Exported(model)
    rng = np.random.default_rng(0)
    digits = np.float32(rng.random((CHECKED, *IMAGE)) < 0.2)
    styles = rng.random((CHECKED, *IMAGE), np.float32)
    expected = model.translate(tf.constant(digits), tf.constant(styles)).numpy()
    with whole(out) as directory:
        tf.saved_model.save(exported, str(directory / SAVED_MODEL), signatures=exported.translate)
        tf2onnx.convert.from_function(
            exported.translate,
            input_signature=exported.translate.input_signature,
            opset=OPSET,
            output_path=str(directory / ONNX),
        )
        differences = {
            form: float(np.abs(run(directory / form, digits, styles) - expected).max())
            for form, run in ((SAVED_MODEL, run_saved_model), (ONNX, run_onnx))
        }
        for form, difference in differences.items():
            if not difference <= CLOSE:
                raise AddaError(
                    f"{form} differs from the model by {difference:g}, more than {CLOSE:g}; use "
                    "the model itself, and report this with the versions of tensorflow and tf2onnx"
                )
    return max(differences.values())


def run_saved_model(path: Path, digits: np.ndarray, styles: np.ndarray) -> np.ndarray:
    """Translate with a SavedModel alone; arrays as in `Exported`."""
    served = tf.saved_model.load(str(path)).signatures["serving_default"]
    return served(digit=tf.constant(digits), style=tf.constant(styles))["translated"].numpy()


def run_onnx(path: Path, digits: np.ndarray, styles: np.ndarray) -> np.ndarray:
    """Translate with ONNX Runtime alone; arrays as in `Exported`."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(["translated"], {"digit": digits, "style": styles})[0]
