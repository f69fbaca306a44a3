"""Take a model, translate the held-out source digits into the target's style, and show how."""

import shutil
from pathlib import Path

import numpy as np

from adda.classification.classifier import load_classifier
from adda.common.array_files import read_array, read_classes, read_images, read_labels, write_array
from adda.common.outputs import atomic, read_json, write_csv, write_json
from adda.common.params import read_params
from adda.common.runner import run_stage
from adda.engine.devices import Device, use_device
from adda.evaluation.choice import best, compare_models
from adda.evaluation.gallery import interpolated, parts, translations
from adda.evaluation.pictures import save_grid
from adda.inference.translation import sample_styles, translate
from adda.recipes.storage import STYLES_FILE, load_model

TRAINED = Path("data/trained")
DIGITS, STYLES = 100, 10  # of the set that shows how much style changes


def main() -> str:
    params = read_params("params.yaml", device=Device)
    print("device:", use_device(params.device))
    step = take_model()
    model = load_model("data/model")
    names = read_classes("data/processed/classes.json")
    source = read_images("data/processed/images/source_test.npy")
    labels = read_labels("data/processed/labels.npy", len(source))
    target = read_images("data/processed/images/target_train.npy")
    chosen = sample_styles(target, len(source))
    translated = translate(model, source, chosen)
    styles = sample_styles(target, STYLES)
    few = source[:DIGITS]
    styled = translate(model, few.repeat(STYLES, axis=0), np.tile(styles, (len(few), 1, 1, 1)))
    styled = styled.reshape(len(few), STYLES, *source.shape[1:])
    with atomic("data/translated") as directory:
        write_array(directory / "images.npy", translated)
        write_array(directory / "labels.npy", labels)
        write_array(directory / "styled.npy", styled)

    held_out = read_images("data/processed/images/target_test.npy")[-STYLES:]
    rows = translations(model, source[:STYLES], chosen[:STYLES], translated[:STYLES])
    save_grid(
        "metrics/translated.png",
        {**rows, "target (others)": held_out},
        titles=[names[label] for label in labels[:STYLES]],
    )
    save_grid("metrics/masks.png", parts(model, held_out))
    _, different = np.unique(labels[:DIGITS], return_index=True)  # the first of every class
    titles = [names[labels[place]] for place in different]
    save_grid(
        "metrics/styles.png",
        {"style of": styles, **dict(zip(titles, styled[different], strict=True))},
    )
    rows = interpolated(model, source[different], styles, titles)
    save_grid("metrics/interpolation.png", rows)
    snapshots = {
        name: read_array(f"data/model/snapshots/{name}.npy")
        for name in ("source", "steps", "images")
    }
    steps = (f"step {step}" for step in snapshots["steps"])
    rows = {"source": snapshots["source"], **dict(zip(steps, snapshots["images"], strict=True))}
    save_grid("metrics/training.png", rows)
    return f"data/model: step {step}; data/translated: {len(translated):,} images"


def take_model() -> int:
    """Leave the best model in data/model, and return its step."""
    folders = sorted((TRAINED / "models").glob("[0-9]*"))
    source = read_images("data/processed/images/source_valid.npy")
    table = compare_models(
        folders,
        load_classifier("data/source_only"),
        source,
        read_labels("data/processed/labels/source_valid.npy", len(source)),
        read_images(TRAINED / "examples" / STYLES_FILE),
    )
    place = best(table)
    step = int(table["step"][place])
    with atomic("data/model") as directory:
        shutil.copytree(folders[place], directory)
        shutil.copytree(TRAINED / "examples", directory, dirs_exist_ok=True)
    write_csv("metrics/choice.csv", table)
    training = read_json(TRAINED / "training.json")
    metrics = {"resolved": training["resolved"]} if training["resolved"] else {}
    if training["collapsed"]:
        metrics |= {"step": step, "collapsed": training["collapsed"][str(step)]}
    write_json("metrics/train.json", metrics)
    return step


if __name__ == "__main__":
    run_stage(main)
