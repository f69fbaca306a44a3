"""Make another pair of domains, plain and on photographs: scanned digits, or printed letters.

    python -m docs.make_pair digits FOLDER    # a pair that works
    python -m docs.make_pair thin FOLDER      # MNIST's digits as the source: other shapes
    python -m docs.make_pair letters FOLDER   # pictures of 64 x 64, for data.size

writes FOLDER/source and FOLDER/target for data.source=folders. The digits are the test part of
UCI's optical digits (Alpaydin & Kaynak 1998), 1,797 images by 13 writers, scaled up, which
scikit-learn ships; writers are in both train and test. The letters are A to Z in ten fonts that
matplotlib ships, turned and scaled at random, the target's smaller than the source's and on
photographs that darken to one side; nobody labelled the target's training part. The photographs
are the packaged data's.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from adda.datasets.mnistm_blend import blend, make_mnistm
from adda.datasets.packaged import packaged_digits, packaged_photographs

TEST_SIZE = 500
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
FONTS = [
    Path(matplotlib.get_data_path(), f"fonts/ttf/{name}.ttf")
    for name in (
        *("DejaVuSans", "DejaVuSans-Bold", "DejaVuSansMono", "DejaVuSerif", "DejaVuSerif-Bold"),
        *("STIXGeneral", "STIXGeneralBol", "cmr10", "cmss10", "cmtt10"),
    )
]
COUNTS = {"train": 26 * 120, "test": 26 * 30}  # letters
SIZE = 64  # pixels along each side of a letter's picture

Parts = dict[str, np.ndarray]  # train, train_labels, test and test_labels


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", choices=("digits", "letters", "thin"))
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    if options.folder.exists():
        parser.error(f"{options.folder} exists; name a folder that does not")
    rng = np.random.default_rng(0)
    letters = options.kind == "letters"
    if letters:
        source, plain = printed_letters(rng, (34, 44)), printed_letters(rng, (20, 28))
    else:
        plain = scanned_digits()
        source = packaged_digits(seed=0) if options.kind == "thin" else plain
    photographs = packaged_photographs()
    for part in ("train", "test"):
        target = (shaded if letters else make_mnistm)(plain[part], photographs, rng)
        labels = None if letters and part == "train" else plain[f"{part}_labels"]
        write(options.folder / "source" / part, source[part], source[f"{part}_labels"])
        write(options.folder / "target" / part, target, labels)
    print(f"dvc exp run -S data.source=folders -S data.directory={options.folder.resolve()}")


def scanned_digits() -> Parts:
    small, labels = load_digits(return_X_y=True)
    large = np.stack([scale(each) for each in small.reshape(-1, 8, 8)])
    parts = train_test_split(large, labels, test_size=TEST_SIZE, stratify=labels, random_state=0)
    return dict(zip(("train", "test", "train_labels", "test_labels"), parts, strict=True))


def printed_letters(rng: np.random.Generator, heights: tuple[int, int]) -> Parts:
    """As many of each, of heights in this range: uint8 [n, 64, 64] of 0 and 255."""
    parts = {}
    for part, count in COUNTS.items():
        labels = np.resize(list(LETTERS), count)
        parts[part] = np.stack([print_letter(each, heights, rng) for each in labels])
        parts[f"{part}_labels"] = labels
    return parts


def shaded(
    letters: np.ndarray, photographs: Sequence[np.ndarray], rng: np.random.Generator
) -> np.ndarray:
    """Letters on photographs that darken to one side, by up to two thirds.

    Of three places the one where the letter is told best from what it lies on.
    """
    places = np.stack(np.indices(letters.shape[1:]), -1) / letters.shape[1] - 0.5
    candidates = []
    for _ in range(3):
        patches = blend(letters, make_mnistm(letters, photographs, rng))  # twice is not at all
        ways = rng.normal(size=(len(letters), 2))
        ways /= np.linalg.norm(ways, axis=1, keepdims=True)
        light = (0.65 + 0.5 * np.einsum("nk,hwk->nhw", ways, places)).clip(0, 1)
        candidates.append(blend(letters, (patches * light[..., None]).astype(np.uint8)))
    stacked = np.stack(candidates)  # [3, n, 64, 64, 3]
    contrast = (np.abs(stacked - 127.5) * (letters > 0)[..., None]).sum(axis=(2, 3, 4))
    return stacked[contrast.argmax(axis=0), np.arange(len(letters))]


def print_letter(letter: str, heights: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """In a font at random, turned by up to 15 degrees."""
    font = ImageFont.truetype(FONTS[rng.integers(len(FONTS))], int(rng.integers(*heights)))
    picture = Image.new("L", (SIZE, SIZE))
    ImageDraw.Draw(picture).text((SIZE // 2,) * 2, letter, fill=255, font=font, anchor="mm")
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
