"""Make another pair of domains, plain and on photographs: scanned digits, or printed letters.

    python -m docs.make_pair digits FOLDER    # a pair that works
    python -m docs.make_pair letters FOLDER   # another; nobody labelled its target's training part
    python -m docs.make_pair thin FOLDER      # MNIST's digits as the source: one that does not

writes FOLDER/source and FOLDER/target for data.source=folders. The digits are the test part of
UCI's optical digits (Alpaydin & Kaynak 1998), 1,797 images by 13 writers, scaled up, which
scikit-learn ships; writers are in both train and test. The letters are A to J in the fonts that
matplotlib ships, turned and scaled at random. The photographs are the packaged data's.
"""

import argparse
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from adda.datasets.mnistm_blend import make_mnistm
from adda.datasets.packaged import packaged_digits, packaged_photographs

TEST_SIZE = 500
LETTERS = "ABCDEFGHIJ"
FONTS = sorted(  # Display lacks letters
    path
    for path in Path(matplotlib.get_data_path(), "fonts/ttf").glob("DejaVuS*.ttf")
    if "Display" not in path.name
)
COUNTS = {"train": 2000, "test": TEST_SIZE}

Parts = dict[str, np.ndarray]  # train, train_labels, test and test_labels


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", choices=("digits", "letters", "thin"))
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    if options.folder.exists():
        parser.error(f"{options.folder} exists; name a folder that does not")
    rng = np.random.default_rng(0)
    if options.kind == "letters":
        source, plain = printed_letters(rng), printed_letters(rng)
    else:
        plain = scanned_digits()
        source = packaged_digits(seed=0) if options.kind == "thin" else plain
    photographs = packaged_photographs()
    for part in ("train", "test"):
        target = make_mnistm(plain[part], photographs, rng)
        labels = None if (options.kind, part) == ("letters", "train") else plain[f"{part}_labels"]
        write(options.folder / "source" / part, source[part], source[f"{part}_labels"])
        write(options.folder / "target" / part, target, labels)


def scanned_digits() -> Parts:
    small, labels = load_digits(return_X_y=True)
    large = np.stack([scale(each) for each in small.reshape(-1, 8, 8)])
    parts = train_test_split(large, labels, test_size=TEST_SIZE, stratify=labels, random_state=0)
    return dict(zip(("train", "test", "train_labels", "test_labels"), parts, strict=True))


def printed_letters(rng: np.random.Generator) -> Parts:
    """Letters A to J, as many of each: uint8 [n, 28, 28] of 0 and 255."""
    parts = {}
    for part, count in COUNTS.items():
        labels = np.resize(list(LETTERS), count)
        parts |= {part: np.stack([print_letter(each, rng) for each in labels])}
        parts |= {f"{part}_labels": labels}
    return parts


def print_letter(letter: str, rng: np.random.Generator) -> np.ndarray:
    """In a font at random, 18 to 24 pixels high, turned by up to 15 degrees."""
    font = ImageFont.truetype(FONTS[rng.integers(len(FONTS))], int(rng.integers(18, 25)))
    picture = Image.new("L", (28, 28))
    ImageDraw.Draw(picture).text((14, 14), letter, fill=255, font=font, anchor="mm")
    turned = picture.rotate(rng.uniform(-15, 15), Image.Resampling.BICUBIC)
    return np.where(np.asarray(turned) > 127, np.uint8(255), np.uint8(0))


def scale(small: np.ndarray) -> np.ndarray:
    """8 x 8 of 0 to 16 to 20 x 20 of 0 and 255 in the middle of 28 x 28, as MNIST's digits are."""
    grey = Image.fromarray((small * 255 / 16).astype(np.uint8))
    large = np.asarray(grey.resize((20, 20), Image.Resampling.BICUBIC))
    return np.pad(np.where(large > 127, np.uint8(255), np.uint8(0)), 4)


def write(folder: Path, images: np.ndarray, labels: np.ndarray | None) -> None:
    """As PNG files: in a folder for each label, or all in one."""
    for number, image in enumerate(images):
        place = folder if labels is None else folder / str(labels[number])
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(place / f"{number:05d}.png")


if __name__ == "__main__":
    main()
