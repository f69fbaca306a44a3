"""Make another pair of domains: scanned digits of 8 x 8 pixels, plain and on photographs.

    python -m docs.second_pair FOLDER            # a pair that works
    python -m docs.second_pair FOLDER --mnist    # MNIST's digits as the source: one that does not

writes FOLDER/source and FOLDER/target for data.source=folders. The digits are the test part of
UCI's optical digits (Alpaydin & Kaynak 1998), 1,797 images by 13 writers, scaled up, which
scikit-learn ships; writers are in both train and test. The photographs are the packaged data's.
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from adda.datasets.mnistm import make_mnistm
from adda.datasets.packaged import packaged_digits, packaged_photographs

TEST_SIZE = 500


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--mnist", action="store_true", help="MNIST's digits as the source")
    options = parser.parse_args()
    if options.folder.exists():
        parser.error(f"{options.folder} exists; name a folder that does not")
    small, labels = load_digits(return_X_y=True)
    large = np.stack([scale(each) for each in small.reshape(-1, 8, 8)])
    parts = train_test_split(large, labels, test_size=TEST_SIZE, stratify=labels, random_state=0)
    scanned = dict(zip(("x_train", "x_test", "y_train", "y_test"), parts, strict=True))
    source = packaged_digits(seed=0) if options.mnist else scanned
    photographs, rng = packaged_photographs(), np.random.default_rng(0)
    for part in ("train", "test"):
        target = make_mnistm(scanned[f"x_{part}"], photographs, rng)
        write(options.folder / "source" / part, source[f"x_{part}"], source[f"y_{part}"])
        write(options.folder / "target" / part, target, scanned[f"y_{part}"])


def scale(small: np.ndarray) -> np.ndarray:
    """8 x 8 of 0 to 16 to 20 x 20 of 0 and 255 in the middle of 28 x 28, as MNIST's digits are."""
    grey = Image.fromarray((small * 255 / 16).astype(np.uint8))
    large = np.asarray(grey.resize((20, 20), Image.Resampling.BICUBIC))
    return np.pad(np.where(large > 127, np.uint8(255), np.uint8(0)), 4)


def write(folder: Path, images: np.ndarray, labels: np.ndarray) -> None:
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        (folder / str(label)).mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / str(label) / f"{number:05d}.png")


if __name__ == "__main__":
    main()
