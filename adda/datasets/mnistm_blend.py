"""MNIST-M from MNIST digits and photographs (Ganin et al. 2016, JMLR 17:59, section 5.2.4)."""

from collections.abc import Sequence

import numpy as np

from adda.common.errors import AddaError


def blend(digits: np.ndarray, patches: np.ndarray) -> np.ndarray:
    """Difference-blend binarised digits with patches: |patch - 255 * (digit > 0)|.

    Args:
        digits: uint8 [n, size, size], 0 to 255; every pixel above zero is stroke.
        patches: uint8 [n, size, size, 3], 0 to 255.

    Returns:
        uint8 [n, size, size, 3]: the patch, inverted under the stroke.
    """
    stroke = (digits > 0).view(np.uint8) * np.uint8(255)
    # 255 - p is p with every bit flipped. NumPy is fast along long inner axes only, so the three
    # channels are laid out first.
    return patches ^ np.repeat(stroke, 3, axis=-1).reshape(patches.shape)


def make_mnistm(
    digits: np.ndarray, photographs: Sequence[np.ndarray], rng: np.random.Generator
) -> np.ndarray:
    """Blend each digit with a patch of its own, from a photograph and a place sampled uniformly.

    Args:
        digits: uint8 [n, size, size], 0 to 255.
        photographs: uint8 arrays [height, width, 3], each at least `size` pixels high and wide.

    Returns:
        uint8 [n, size, size, 3], in the order of the digits.

    Raises:
        AddaError: a photograph is too small.
    """
    size = digits.shape[1]
    for number, photo in enumerate(photographs):
        if min(photo.shape[:2]) < size:
            raise AddaError(
                f"photograph {number} is {photo.shape[:2]}; it must be {size}x{size} or more"
            )
    heights, widths = np.array([photo.shape[:2] for photo in photographs]).T
    chosen = rng.integers(len(photographs), size=len(digits))
    tops = rng.integers(heights[chosen] - size + 1)
    lefts = rng.integers(widths[chosen] - size + 1)
    images = np.empty((len(digits), size, size, 3), np.uint8)
    # A photograph at a time: its patches stay in the processor's cache from cut to blend.
    for number, photo in enumerate(photographs):
        (here,) = np.nonzero(chosen == number)
        windows = np.lib.stride_tricks.sliding_window_view(photo, (size, size, 3))[:, :, 0]
        images[here] = blend(digits[here], windows[tops[here], lefts[here]])
    return images


def make_both(
    mnist: dict[str, np.ndarray], photographs: Sequence[np.ndarray], seed: int
) -> dict[str, np.ndarray]:
    """MNIST-M's train and test, with the labels of MNIST's in the same order."""
    rng = np.random.default_rng(seed)
    images = {part: make_mnistm(mnist[part], photographs, rng) for part in ("train", "test")}
    return mnist | images
