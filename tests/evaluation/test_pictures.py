import numpy as np
import pytest
from PIL import Image

from adda.evaluation.pictures import save_grid


@pytest.mark.parametrize(
    "name", ["a", r"$\a$", "translated back, and a name that is longer than most"]
)
def test_no_name_of_a_row_is_cut(tmp_path, rng, name):
    images = rng.integers(0, 200, (3, 28, 28, 3), np.uint8)
    save_grid(tmp_path / "grid.png", {"target": images, name: images}, titles=["7", "a class", ""])
    grid = np.asarray(Image.open(tmp_path / "grid.png").convert("L"))
    for edge in (grid[0], grid[-1], grid[:, 0], grid[:, -1]):
        assert (edge == 255).all()
