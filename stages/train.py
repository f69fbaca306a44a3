"""Train the networks of the recipe on both domains' training images, without target labels."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd

from adda.common.array_files import read_images, read_labels, write_array
from adda.common.outputs import remove, whole, write_csv, write_json
from adda.common.params import read_params
from adda.common.runner import CHECKPOINTS, LOGS, run_stage
from adda.engine.checkpoints import Checkpoints, run_key
from adda.engine.devices import choose_precision, is_chief, make_strategy, use_device
from adda.recipes.split import FIGURES
from adda.recipes.storage import STYLES, load_model, save_model
from adda.training.monitor import make_watch, write_history
from adda.training.snapshots import Progress
from adda.training.trainer import SHOWN, train_model

HISTORY, SUMMARY = Path("metrics/history.csv"), Path("metrics/train.json")
STYLE_COUNT = 256  # target images that go with the model


def main() -> str:
    params = read_params("params.yaml")
    device = use_device(params.train.device)
    # What "auto" comes to is part of the run: its checkpoints are for the same arithmetic alone.
    precision = choose_precision(params.train.precision)
    train = params.train.model_copy(update={"precision": precision})
    print(f"device: {device}, {precision}")
    source = read_images("data/processed/images/source_train.npy")
    target = read_images("data/processed/images/target_train.npy")
    if params.model.weights:
        return use_weights(params.model.weights, source, target)
    digits = read_labels("data/processed/labels/source_train.npy", len(source))
    groups = [params.model, params.loss, train.model_copy(update={"checkpoint_seconds": 0})]
    # Another number of devices may go on where this one stopped.
    key = run_key([group.model_dump_json() for group in groups], [source, digits, target])
    kept = CHECKPOINTS / key
    checkpoints = Checkpoints(kept, train.checkpoint_seconds)
    strategy = make_strategy(train.strategy)
    chief = is_chief(strategy)
    watch = make_watch(HISTORY, SUMMARY, LOGS, run=key) if chief else None
    with strategy.scope():
        trained = train_model(
            source, digits, target, params.model, params.loss, train, checkpoints, watch
        )
    if not chief:
        return f"{train.steps} steps; the chief writes the model"
    write_history(trained.history, HISTORY, SUMMARY)
    with whole("data/model") as directory:
        save_model(directory, trained.model, params.model)
        write_examples(directory, trained.progress, target)
    remove(kept)  # only now is everything where it belongs
    return f"data/model: {train.steps} steps"


def use_weights(folder: str, source: np.ndarray, target: np.ndarray) -> str:
    """Take a trained model as it is; metrics and curves of the training stay empty."""
    progress = Progress(load_model(folder), source[:SHOWN], target[:SHOWN], steps=0)
    progress.update([{"step": 0}])
    with whole("data/model") as directory:
        shutil.copytree(folder, directory)
        write_examples(directory, progress, target)
    write_csv(HISTORY, pd.DataFrame(columns=["step", *FIGURES]))
    write_json(SUMMARY, {"step": 0})
    return f"data/model: as it was in {folder}, not trained"


def write_examples(directory: Path, progress: Progress, target: np.ndarray) -> None:
    progress.save(directory / "progress")
    write_array(directory / STYLES, target[:STYLE_COUNT])


if __name__ == "__main__":
    run_stage(main)
