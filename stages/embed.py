"""Lay out the codes of both domains and of translations, and probe what can be read in them."""

import numpy as np
import pandas as pd

from adda.common.array_files import read_images, read_labels
from adda.common.outputs import whole, write_json
from adda.common.params import read_params
from adda.common.runner import run_stage
from adda.engine.devices import use_device
from adda.evaluation.embedding import codes, flatten, read_digits, tell_domains, write_projector
from adda.evaluation.pictures import save_scatter
from adda.evaluation.scores import accuracy
from adda.recipes.storage import load_model

SHOWN = 500  # images of each kind, at most
PROBED = 5000  # at most, of each kind


def main() -> str:
    print("device:", use_device(read_params("params.yaml").train.device))
    model = load_model("data/model")
    source = read_images("data/processed/images/source_test.npy")
    target = read_images("data/processed/images/target_test.npy")
    translated = read_images("data/translated/images.npy")
    source_digits = read_labels("data/processed/labels.npy", len(source))
    target_digits = read_labels("data/processed/labels/target_test.npy", len(target))
    kinds = {
        "source": (source, source_digits),
        "target": (target, target_digits),
        "translated": (translated, source_digits),
    }
    found = {kind: codes(model, images[:PROBED]) for kind, (images, _) in kinds.items()}

    # Other handwriting of each kind: source, target and translation of one place may show the same.
    places = {kind: np.s_[at : 3 * SHOWN : 3] for at, kind in enumerate(kinds)}
    shown = np.concatenate([found[kind][place] for kind, place in places.items()])
    pictures = np.concatenate([kinds[kind][0][place] for kind, place in places.items()])
    points = pd.concat(
        pd.DataFrame({"domain": kind, "digit": kinds[kind][1][:PROBED][place]})
        for kind, place in places.items()
    )
    with whole("data/embedding") as directory:
        write_projector(directory, shown, pictures, points)
    save_scatter("metrics/embedding.png", flatten(shown), points)

    pair = found["source"], source_digits[:PROBED], found["target"], target_digits[:PROBED]
    figures = {
        **accuracy("domain_probe_accuracy", tell_domains(found["source"], found["target"])),
        **accuracy("digit_probe_accuracy", read_digits(*pair)),
    }
    write_json("metrics/embedding.json", figures)
    return "metrics/embedding.json: " + ", ".join(
        f"{name} {figures[name]:.3f}" for name in ("domain_probe_accuracy", "digit_probe_accuracy")
    )


if __name__ == "__main__":
    run_stage(main)
