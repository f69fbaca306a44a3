import numpy as np
import pytest

from adda.common.errors import AddaError
from adda.datasets.mnistm_blend import blend, make_mnistm


def test_blend_is_the_absolute_difference_by_hand():
    digits = np.zeros((1, 28, 28), np.uint8)
    digits[0, 0, :3] = [1, 128, 255]  # every pixel above zero is stroke
    patches = np.full((1, 28, 28, 3), [10, 200, 255], np.uint8)
    blended = blend(digits, patches)
    assert blended.dtype == np.uint8
    assert blended[0, 0, :3].tolist() == [[245, 55, 0]] * 3
    assert blended[0, 0, 3].tolist() == [10, 200, 255]
    assert (blended[0, 1:] == [10, 200, 255]).all()


def test_patches_are_windows_of_the_photographs_from_everywhere(rng):
    # Each pixel encodes its own photograph, row and column.
    photographs = []
    for number, (height, width) in enumerate([(30, 40), (28, 28)]):
        rows, columns = np.mgrid[:height, :width].astype(np.uint8)
        photographs.append(np.stack([np.full_like(rows, number), rows, columns], -1))
    digits = rng.integers(0, 2, (500, 28, 28), np.uint8)
    images = make_mnistm(digits, photographs, np.random.default_rng(1))
    patches = blend(digits, images)  # twice is not at all: every digit keeps its place
    for patch in patches:
        number, top, left = patch[0, 0]
        assert (patch == photographs[number][top : top + 28, left : left + 28]).all()
    corners = {tuple(corner) for corner in patches[:, 0, 0]}
    assert {(0, 0, 0), (0, 2, 12), (1, 0, 0)} <= corners
    assert len(corners) == 3 * 13 + 1


def test_a_photograph_that_is_too_small_is_refused(rng):
    with pytest.raises(AddaError, match="photograph 0"):
        make_mnistm(np.zeros((1, 28, 28), np.uint8), [np.zeros((27, 100, 3), np.uint8)], rng)
