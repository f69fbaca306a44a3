"""Lay out the codes of both domains and of translations in the plane, and for the projector."""

import numpy as np
import pandas as pd

from adda.common.array_files import (
    OTHER,
    read_classes,
    read_images,
    read_labels,
    read_optional_labels,
)
from adda.common.outputs import whole
from adda.common.params import read_params
from adda.common.runner import run_stage
from adda.engine.devices import Device, use_device
from adda.evaluation.embedding import flatten, save_scatter, write_projector
from adda.inference.translation import codes
from adda.recipes.recipe import Encodes
from adda.recipes.storage import load_model

UNLABELLED = "unlabelled"
SHOWN = 500  # images of each kind, at most


def main() -> str:
    params = read_params("params.yaml", device=Device)
    print("device:", use_device(params.device))
    model = load_model("data/model")
    source = read_images("data/processed/images/source_test.npy")
    target = read_images("data/processed/images/target_test.npy")
    translated = read_images("data/translated/images.npy")
    labels = read_labels("data/processed/labels.npy", len(source))
    target_labels = read_optional_labels("data/processed/labels/target_test.npy", len(target))
    names = np.array([*read_classes("data/processed/classes.json"), OTHER])
    unknown = np.full(len(target), UNLABELLED)
    kinds = {
        "source": (source, names[labels]),
        "target": (target, unknown if target_labels is None else names[target_labels]),
        "translated": (translated, names[labels]),
    }
    # Other handwriting of each kind: source, target and translation of one place may show the same.
    places = {kind: np.s_[at : 3 * SHOWN : 3] for at, kind in enumerate(kinds)}
    images = np.concatenate([kinds[kind][0][place] for kind, place in places.items()])
    points = pd.concat(
        pd.DataFrame({"domain": kind, "class": kinds[kind][1][place]})
        for kind, place in places.items()
    )
    encodes = isinstance(model, Encodes)
    shown = codes(model, images) if encodes else images.reshape(len(images), -1) / np.float32(255)
    with whole("data/embedding") as directory:
        write_projector(directory, shown, images, points)
    save_scatter("metrics/embedding.png", flatten(shown), points)
    return f"metrics/embedding.png: {'codes' if encodes else 'pixels: the recipe has no code'}"


if __name__ == "__main__":
    run_stage(main)
