"""What benchmarks compare with must be what they say; their timings are not tested."""

import numpy as np

from adda.datasets.mnistm import make_mnistm
from adda.datasets.raw_files import Raw, write_raw
from adda.datasets.splits import binarise
from adda.engine.sampling import to_float
from benchmarks.oracle import Oracle, undo_blend


def test_the_oracle_makes_mnistm_itself(rng, tmp_path):
    digits = rng.integers(0, 2, (12, 28, 28), np.uint8) * 200
    photograph = rng.integers(0, 256, (60, 60, 3), np.uint8)
    images = make_mnistm(digits, [photograph], rng)
    labels = rng.integers(0, 10, 12, np.uint8)
    mnist = {"x_train": digits, "y_train": labels, "x_test": digits, "y_test": labels}
    mnistm = {part: images for part in ("train", "test")}
    mnistm |= {f"{part}_labels": labels for part in ("train", "test")}
    write_raw(tmp_path / "raw", Raw(mnist, mnistm, labels))
    patches = undo_blend(tmp_path / "raw")
    assert (patches != images).any()
    oracle = Oracle()
    made = oracle.render(to_float(binarise(digits)), oracle.style(to_float(patches)))
    np.testing.assert_allclose(made, to_float(images), atol=1e-6)
