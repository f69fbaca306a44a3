"""The layout of codes in the plane."""

import numpy as np

from adda.evaluation.embedding import flatten


def test_neighbours_stay_neighbours_and_nothing_changes_from_run_to_run(rng):
    groups = np.repeat(np.eye(3), 20, axis=0) * 10 + rng.normal(size=(60, 3))
    places = flatten(groups.astype(np.float32))
    distances = np.linalg.norm(places[:, None] - places, axis=-1) + 1e9 * np.eye(60)
    assert (distances.argmin(axis=1) // 20 == np.arange(60) // 20).all()
    assert (places == flatten(groups.astype(np.float32))).all()
