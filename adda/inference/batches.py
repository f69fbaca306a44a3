"""Running trained networks over many images, a batch at a time."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from adda.common.array_files import SIZE
from adda.engine.sampling import to_float

BATCH_SIZE = 500  # images of 28 x 28; bounds the memory of a pass


def apply(function: Callable[..., tf.Tensor], *images: np.ndarray) -> np.ndarray:
    """Apply a function of float32 images in [0, 1] to uint8 images [n, height, width, channels].

    Args:
        images: as many arrays, of one length, as the function takes.

    Returns:
        The results, stacked along the first axis.
    """
    # A concrete function: TensorFlow warns of a function that is traced anew for every call, as
    # it must be here, since each call brings another one.
    shapes = [array.shape[1:] for array in images]
    traced = uint8_function(function, *shapes).get_concrete_function()
    return run_batches(traced, *images)


def uint8_function(
    function: Callable[..., tf.Tensor], *shapes: tuple[int, ...]
) -> Callable[..., tf.Tensor]:
    """A function of float32 images in [0, 1] as one of uint8 images, traced once.

    Args:
        shapes: of one image of each array that it takes; the arrays are of one length.
    """

    signature = [tf.TensorSpec([None, *shape], tf.uint8) for shape in shapes]

    @tf.function(input_signature=signature, autograph=False)
    def of_uint8(*images: tf.Tensor) -> tf.Tensor:
        return function(*map(to_float, images))

    return of_uint8


def run_batches(of_uint8: Callable[..., tf.Tensor], *images: np.ndarray) -> np.ndarray:
    """Call what `uint8_function` made on many images, and stack the results."""
    count, height, width, _ = images[0].shape
    size = max(BATCH_SIZE * SIZE**2 // (height * width), 1)
    results = None
    for at in range(0, count, size):
        result = of_uint8(*(tf.constant(array[at : at + size]) for array in images)).numpy()
        if results is None:
            results = np.empty((count, *result.shape[1:]), result.dtype)
        results[at : at + size] = result
    return results
