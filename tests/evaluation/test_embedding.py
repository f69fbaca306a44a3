"""The layout of codes, and the files that the projector opens."""

import numpy as np
import pandas as pd
from PIL import Image

from adda.evaluation.embedding import flatten, write_projector


def test_neighbours_stay_neighbours_and_nothing_changes_from_run_to_run(rng):
    groups = np.repeat(np.eye(3), 20, axis=0) * 10 + rng.normal(size=(60, 3))
    places = flatten(groups.astype(np.float32))
    distances = np.linalg.norm(places[:, None] - places, axis=-1) + 1e9 * np.eye(60)
    assert (distances.argmin(axis=1) // 20 == np.arange(60) // 20).all()
    assert (places == flatten(groups.astype(np.float32))).all()


def test_the_projectors_files_agree(tmp_path, domains, rng):
    images = domains[2][:5]
    points = pd.DataFrame({"domain": ["source"] * 5, "digit": range(5)})
    write_projector(tmp_path / "embedding", rng.random((5, 7)), images, points)
    vectors = np.loadtxt(tmp_path / "embedding/vectors.tsv", delimiter="\t")
    assert vectors.shape == (5, 7)
    assert pd.read_csv(tmp_path / "embedding/metadata.tsv", sep="\t").equals(points)
    sprite = np.asarray(Image.open(tmp_path / "embedding/sprite.png"))
    assert sprite.shape == (84, 84, 3)  # three by three, row by row
    assert (sprite[28:56, :28] == images[3]).all()
    config = (tmp_path / "embedding/projector_config.pbtxt").read_text()
    for name in ("vectors.tsv", "metadata.tsv", "sprite.png"):
        assert f'"{name}"' in config
