"""From raw files to two domains with train, valid and test splits of their own."""

from typing import Annotated

import numpy as np
from pydantic import Field
from sklearn.model_selection import train_test_split

from adda.common.errors import AddaError
from adda.common.params import Group, Number, Seed
from adda.datasets.raw_files import Raw

UNLABELLED = np.zeros(0, np.uint8)
SHOWN = 10  # images in a row of pictures


class SplitParams(Group):
    """How many training images of each domain are kept for validation, and which."""

    valid_fraction: Annotated[Number, Field(gt=0, lt=1)]  # in (0, 1)
    seed: Seed


def in_colour(images: np.ndarray) -> np.ndarray:
    """uint8 [n, h, w], [n, h, w, 1] or [n, h, w, 3] to the last, without a copy."""
    images = images if images.ndim == 4 else images[..., None]
    return np.broadcast_to(images, (*images.shape[:3], 3))


def as_source(digits: np.ndarray, grey: bool) -> np.ndarray:
    """Digits as images of the source domain, uint8 [n, size, size] to uint8 [n, size, size, 3].

    Args:
        grey: whether they stay as they are; else all ink becomes 255.
    """
    return in_colour(digits if grey else np.where(digits > 0, np.uint8(255), np.uint8(0)))


def split_domains(raw: Raw, params: SplitParams, grey: bool = False) -> dict[str, np.ndarray]:
    """Split source and target, each shuffled on its own.

    MNIST-M keeps MNIST's order; a model that met image i of both domains together would be shown
    pairs. So each domain's training images are permuted with random numbers of their own, and a
    validation set, stratified by class, is taken out. Test images keep MNIST's order.

    Args:
        grey: whether source images stay grey; else they are binarised.

    Returns:
        Arrays by file name without ending: images/{source,target}_{train,valid,test}, uint8
        [n, size, size, 3]; the labels of each but source_test under labels/, empty where nobody
        labelled the images; and, as `labels`, those of source_test, the held-out digits that are
        translated.

    Raises:
        AddaError: a split would be too small to hold every class, or to be shown, or all training
            images of a domain are blank.
    """
    source, target, _ = raw
    domains = {
        "source": (as_source(source["train"], grey), source["train_labels"]),
        "target": (target["train"], target.get("train_labels", UNLABELLED)),
    }
    strata = {"source": source["train_labels"], "target": _strata(domains["target"][1])}
    arrays = {
        "images/source_test": as_source(source["test"], grey),
        "images/target_test": target["test"],
        "labels/target_test": target.get("test_labels", UNLABELLED),
        "labels": source["test_labels"],
    }
    # Spawned generators are independent of each other.
    for (domain, (images, labels)), rng in zip(
        domains.items(), np.random.default_rng(params.seed).spawn(2), strict=True
    ):
        if (images == images[:, :1, :1]).all():
            raise AddaError(f"{domain} train: all {len(images)} images are blank; give others")
        try:
            train, valid = train_test_split(
                np.arange(len(images)),
                test_size=params.valid_fraction,
                stratify=strata[domain] if len(labels) else None,
                random_state=int(rng.integers(2**31)),
            )
        except ValueError as error:  # a split too small to hold every class
            raise AddaError(
                f"split.valid_fraction is {params.valid_fraction}, by which a part of the "
                f"{len(images)} training images of the {domain} is too small for every class "
                f"({error}); change it, or give more images"
            ) from None
        for name, index in (("train", train), ("valid", valid)):
            arrays[f"images/{domain}_{name}"] = images[index]
            arrays[f"labels/{domain}_{name}"] = labels[index] if len(labels) else labels
    classes = len(np.unique(source["train_labels"]))
    for name, images in arrays.items():
        least = classes if name.endswith("valid") else SHOWN
        if name.startswith("images/") and len(images) < least:
            part = name.removeprefix("images/").replace("_", " ")
            raise AddaError(f"{part}: {len(images)} images, and {least} are needed; give more")
    return arrays


def _strata(labels: np.ndarray) -> np.ndarray:
    """Labels to stratify by: a class of one image, which cannot be split, goes with the largest."""
    if not len(labels):
        return labels
    counts = np.bincount(labels)
    return np.where(counts[labels] > 1, labels, counts.argmax())
