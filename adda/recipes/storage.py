"""The two recipes' networks: made, saved and loaded."""

import json
from pathlib import Path

from adda.common.errors import AddaError
from adda.common.params import ModelParams
from adda.recipes.baseline import Baseline, make_baseline
from adda.recipes.split import SplitCode, make_split_code

Model = Baseline | SplitCode
STYLES = "styles.npy"  # target images beside the weights, for those who bring none
RECIPES = {"split": make_split_code, "baseline": make_baseline}


def make_model(params: ModelParams) -> Model:
    """A recipe's networks with fresh weights, drawn from Keras' global seed."""
    return RECIPES[params.recipe](params)


def save_model(directory: str | Path, model: Model, params: ModelParams) -> None:
    """Write the weights and, so that they can be loaded without params.yaml, the sizes."""
    directory = Path(directory)
    directory.mkdir(parents=True)
    sizes = params.model_dump_json(indent=2, exclude={"weights"})
    (directory / "model.json").write_text(sizes + "\n")
    for name, network in model._asdict().items():
        network.save_weights(directory / f"{name}.weights.h5")


def load_model(directory: str | Path) -> Model:
    """Read what `save_model` wrote.

    Raises:
        AddaError: a file is missing or does not fit the sizes beside it.
    """
    directory = Path(directory)
    try:
        params = ModelParams(**json.loads((directory / "model.json").read_text()))
        model = make_model(params)
        for name, network in model._asdict().items():
            network.load_weights(directory / f"{name}.weights.h5")
    except (OSError, ValueError) as error:
        raise AddaError(
            f"{directory} cannot be loaded as a model ({error}); dvc repro trains one, data/model"
        ) from None
    return model
