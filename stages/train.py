"""Train the networks of the recipe on both domains' training images, without target labels.

Leaves one model, or several, of moments of the training: the stage *translate* takes one of them.
"""

import os
import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from adda.common.array_files import read_images, read_labels, write_array
from adda.common.errors import AddaError, warn
from adda.common.outputs import atomic, write_csv, write_json
from adda.common.params import Group, read_params
from adda.common.runner import CHECKPOINTS, LOGS, run_stage
from adda.engine.checkpoints import Checkpoints, alone_in, run_key
from adda.engine.devices import Device, choose_precision, make_strategy, use_device
from adda.recipes.all_recipes import (
    ModelParams,
    RecipesParams,
    make_recipe,
    resolve,
    resolved_values,
)
from adda.recipes.recipe import Domains, LossParams, Recipe, look_at
from adda.recipes.storage import STYLES_FILE, load_model, save_model
from adda.training.monitor import make_watch, write_history
from adda.training.snapshots import Snapshots
from adda.training.trainer import (
    SNAPSHOT_DIGITS,
    Trained,
    TrainParams,
    folder_of,
    saved_steps,
    train_model,
)

HISTORY = Path("metrics/history.csv")
TRAINED = Path("data/trained")
RUN = os.environ.get("DVC_EXP_NAME", "workspace")  # the experiment's name, for TensorBoard
STYLE_COUNT = 256  # target images that go with the model


def main() -> str:
    params = read_params(
        "params.yaml",
        device=Device,
        loss=LossParams,
        model=ModelParams,
        recipes=RecipesParams,
        train=TrainParams,
    )
    device = use_device(params.device)
    # What "auto" comes to is part of the run: its checkpoints are for the same arithmetic alone.
    precision = choose_precision(params.train.precision)
    print(f"device: {device}, {precision}")
    model = params.model
    source = read_images("data/processed/images/source_train.npy")
    target = read_images("data/processed/images/target_train.npy")
    if model.weights and not model.fine_tune:
        return use_weights(model.weights, source, target)
    loss, train = resolve(model.recipe, params.loss, params.train)
    train = train.model_copy(update={"precision": precision})
    labels = read_labels("data/processed/labels/source_train.npy", len(source))
    recipe_params = getattr(params.recipes, model.recipe)
    groups = [group.model_dump_json() for group in (model, recipe_params, loss, train)]
    domains = look_at(source, labels, target)
    make = partial(make_recipe, model.recipe, model.width, recipe_params, domains)
    arrays = [source, labels, target]
    if model.weights:
        make = partial(load_further, model.weights, recipe_params, domains)
        files = sorted(Path(model.weights).glob("*.h5"))
        arrays += [np.frombuffer(file.read_bytes(), np.uint8) for file in files]
    resolved = resolved_values(model.recipe, loss, train)
    print(", ".join(f"{name} {value:g}" for name, value in resolved.items()))
    key = run_key(groups, arrays)
    progress = CHECKPOINTS / key
    with alone_in(progress):
        with make_strategy().scope():
            trained = train_model(
                source,
                labels,
                target,
                make,
                loss,
                train,
                Checkpoints(progress),
                partial(make_watch, HISTORY, LOGS, f"{RUN}-{key[:8]}"),
                progress / "models",
            )
        write_history(trained.history, HISTORY)
        with atomic(TRAINED) as directory:
            for step in map(folder_of, saved_steps(train)):
                shutil.copytree(progress / "models" / step, directory / "models" / step)
            write_examples(directory / "examples", trained.snapshots, target)
            collapsed = collapses(trained, saved_steps(train))
            write_json(directory / "training.json", {"collapsed": collapsed, "resolved": resolved})
    return f"{TRAINED}: {train.steps} steps"


def load_further(folder: str, params: Group, domains: Domains) -> Recipe:
    """A trained model, to be trained further."""
    model = load_model(folder, params)
    check_size(folder, model, domains.size)
    known, classes = model.domains.classes, domains.classes
    if getattr(params, "class_weight", 0) and known != classes:
        raise AddaError(
            f"{folder} tells {known} classes apart, and the source has {classes}; set "
            f"recipes.{model.name}.class_weight to 0"
        )
    model.domains = domains._replace(classes=known)  # which shape networks
    return model


def use_weights(folder: str, source: np.ndarray, target: np.ndarray) -> str:
    """Take a trained model as it is; metrics and curves of the training stay empty."""
    model = load_model(folder)
    check_size(folder, model, source.shape[1])
    given = look_at(source, np.zeros(1, np.uint8), target)._replace(classes=model.domains.classes)
    if given != model.domains:
        warn(f"{folder} was trained on {model.domains}, and these are {given}: masks may be wrong")
    snapshots = Snapshots(model, source[:SNAPSHOT_DIGITS], target[:SNAPSHOT_DIGITS], steps=0)
    snapshots.take(0)
    with atomic(TRAINED) as directory:
        save_model(directory / "models" / folder_of(0), model)
        write_examples(directory / "examples", snapshots, target)
        write_json(directory / "training.json", {"collapsed": {}, "resolved": {}})
    write_csv(HISTORY, pd.DataFrame(columns=["step", "name", "value"]))
    return f"{TRAINED}: as it was in {folder}, not trained"


def check_size(folder: str, model: Recipe, size: int) -> None:
    """Raise AddaError unless a given model is for images of this size."""
    if (known := model.domains.size) != size:
        raise AddaError(
            f"{folder} is for images of {known} pixels, and these have {size}; "
            f"set data.size to {known}"
        )


def collapses(trained: Trained, steps: list[int]) -> dict[str, int]:
    """Whether translations had collapsed by each of these steps: 1 or 0."""
    return {
        str(step): int(
            bool(trained.model.symptom([row for row in trained.history if row["step"] <= step]))
        )
        for step in steps
    }


def write_examples(directory: Path, snapshots: Snapshots, target: np.ndarray) -> None:
    snapshots.save(directory / "snapshots")
    write_array(directory / STYLES_FILE, target[:STYLE_COUNT])


if __name__ == "__main__":
    run_stage(main)
