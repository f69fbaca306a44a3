"""The adapted classifier in the hands of a user: target images, or files of them, to classes."""

import filecmp
import glob
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import tensorflow as tf

from adda.classification.adapted import load_adapted
from adda.classification.classifier import CLASSES_FILE
from adda.common.array_files import check_images, read_classes
from adda.common.errors import AddaError, warn
from adda.common.outputs import atomic, write_csv
from adda.datasets.picture_formats import count_pages
from adda.datasets.splits import in_colour
from adda.evaluation.pictures import save_grid
from adda.inference.batches import BATCH_SIZE, run_batches, uint8_function
from adda.serving.image_files import (
    SHEET,
    SHOWN,
    is_stack,
    open_stacks,
    read_batches,
    read_image,
    warn_of_small,
)

# A name may hold a line's end, at which whoever reads the table would cut its row.
CONTROL = {code: f"\\x{code:02x}" for code in (*range(32), 127)}


class Classifier:
    """Classifies images of the target domain.

    Args:
        directory: what *adapt* wrote, data/adapted; or data/source_only or data/target_only.

    Raises:
        AddaError: the folder is missing or damaged.
    """

    def __init__(self, directory: str | Path = "data/adapted"):
        network = load_adapted(directory)
        self.names = read_classes(Path(directory) / CLASSES_FILE)  # of the classes
        self.image = network.image  # the shape of one
        self._views = uint8_function(
            lambda images: tf.stack(network.views(images), axis=1), self.image
        )

    def classify(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Classify images, uint8 [n, size, size, 3].

        Returns:
            The class of each, uint8 [n], a place in `names`; and how likely each class is,
            float32 [n, classes].

        Raises:
            AddaError: the array has another shape or dtype, or no image.
        """
        return together(self.views(images))

    def views(self, images: np.ndarray) -> np.ndarray:
        """The logits of each view, float32 [n, views, classes]; `classify` adds them.

        Raises:
            AddaError: as `classify`.
        """
        check_images(images, self.image, "images")
        return run_batches(self._views, images)


def together(views: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What `Classifier.classify` returns, of what its `views` returns."""
    likely = tf.nn.softmax(views.sum(axis=1)).numpy()
    return likely.argmax(axis=1).astype(np.uint8), likely


def classify_files(
    files: list[Path], table: Path, classifier: Classifier, copy_to: Path | None = None
) -> tuple[int, list[str]]:
    """Classify every image of every file, and write a table and a contact sheet beside it.

    A picture's middle square is read. Memory is that of a batch and of the table.

    Args:
        table: a CSV, a row for each image: file, image (its place in the file), class, probability,
            runner_up, runner_up_probability, and whether both views give the image that class,
            empty where the classifier has one view.
        copy_to: a folder, in which pictures are copied into a folder for each class.

    Returns:
        How many images were classified, and a sentence for each file that was skipped.

    Raises:
        AddaError: no file can be used; nothing is written then.
    """
    skipped: list[str] = []
    rows, shown = [], []
    for names, places, images in _batches(files, classifier.image[0], skipped):
        views = classifier.views(images)
        classes, likely = together(views)
        agree = (views.argmax(axis=2) == classes[:, None]).all(axis=1)
        order = np.argsort(-likely, axis=1, kind="stable")[:, :2]
        best, second = np.take_along_axis(likely, order, axis=1).T.round(4)
        first, other = (np.array(classifier.names)[labels] for labels in (classes, order[:, 1]))
        columns = {
            "file": names,
            "image": places,
            "class": first,
            "probability": best,
            "runner_up": other,
            "runner_up_probability": second,
            "views_agree": agree if views.shape[1] > 1 else None,
        }
        rows.append(pd.DataFrame(columns))
        shown += list(images[: max(SHOWN - len(shown), 0)])
    if not rows:
        raise AddaError(f"no file can be used ({'; '.join(skipped)})")
    result = pd.concat(rows, ignore_index=True)
    shown_names = [str(name).translate(CONTROL) for name in result["file"]]
    write_csv(table, result.assign(file=shown_names))
    sheet = table.with_name(f"{table.stem}_{SHEET}")
    titles = result["class"].astype(str) + result["probability"].map("\n{:.2f}".format)
    save_grid(sheet, {"input": np.stack(shown)}, titles[: len(shown)])
    if copy_to:
        skipped += _copy(result, copy_to)
    return len(result), skipped


def _batches(
    files: list[Path], size: int, skipped: list[str]
) -> Iterator[tuple[list[Path], np.ndarray, np.ndarray]]:
    """Files, the place of each image in its file, and images, uint8 [n, size, size, 3]."""
    pictures = [file for file in files if not is_stack(file)]
    pages = [(file, page) for file in pictures for page in range(count_pages(file))]
    small: list[Path] = []
    read = partial(read_image, size=size, small=small)
    for batch, images in read_batches(pages, read, skipped):
        names, places = zip(*batch, strict=True)
        yield list(names), np.array(places), images
    warn_of_small(small, size)
    for file, stack in open_stacks([file for file in files if is_stack(file)], size, skipped):
        for start in range(0, len(stack), BATCH_SIZE):
            images = in_colour(stack[start : start + BATCH_SIZE])
            yield [file] * len(images), np.arange(start, start + len(images)), images


def _copy(result: pd.DataFrame, folder: Path) -> list[str]:
    skipped: list[str] = []
    for file, shown in result.drop_duplicates("file")[["file", "class"]].itertuples(index=False):
        if is_stack(file):
            continue
        for stale in folder.glob(f"*/{glob.escape(file.name)}"):
            if stale.parent.name != str(shown) and filecmp.cmp(file, stale, shallow=False):
                warn(f"{stale} is a copy by another class, from an earlier run; remove it")
        place = folder / str(shown) / file.name
        if place.exists():
            if not filecmp.cmp(file, place, shallow=False):
                skipped.append(f"{file} is not copied, {place} is another picture")
            continue
        with atomic(place) as partial:
            shutil.copyfile(file, partial)
    return skipped
