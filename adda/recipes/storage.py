"""A recipe's networks on disk: data/model."""

import json
from pathlib import Path

from adda.common.array_files import MOST_CLASSES, SIZES
from adda.common.errors import AddaError, reading
from adda.common.params import WIDEST, Group
from adda.recipes.all_recipes import RECIPES, make_recipe
from adda.recipes.recipe import Domains, Recipe

STYLES_FILE = "styles.npy"  # target images beside the weights, for those who bring none


def save_model(directory: str | Path, model: Recipe) -> None:
    """Write the weights and, so that they can be loaded without params.yaml, what shapes them."""
    directory = Path(directory)
    directory.mkdir(parents=True)
    described = {
        "recipe": model.name,
        "width": model.width,
        "params": model.params.model_dump(),
        "domains": model.domains._asdict(),
        "about": model.about,  # for the model card
    }
    (directory / "model.json").write_text(json.dumps(described, indent=2) + "\n")
    for name, network in model.networks.items():
        network.save_weights(directory / f"{name}.weights.h5")


def load_model(directory: str | Path, params: Group | None = None) -> Recipe:
    """Read what `save_model` wrote.

    Args:
        params: the recipe's own, with which it is to be trained further; None: as saved.

    Raises:
        AddaError: a file is missing or does not fit the sizes beside it or given, or the parameters
            are another recipe's.
    """
    directory = Path(directory)
    with reading(directory, "a model is a folder like data/model, which dvc repro writes"):
        described = json.loads((directory / "model.json").read_text("utf-8"))
        name, width = described["recipe"], described["width"]
        known = Domains(**described["domains"])
        saved = RECIPES[name].Params(**described["params"])
        if params is not None and type(params) is not type(saved):
            raise AddaError(f"{directory} is of the recipe {name}; set model.recipe to it")
        if not (0 < width <= WIDEST and 0 < known.classes <= MOST_CLASSES and known.size in SIZES):
            raise ValueError(f"a width of {width:g}, {known.classes} classes, {known.size} pixels")
        model = make_recipe(name, width, params or saved, known)
        load_weights(directory, model)
        return model


def load_weights(directory: Path, model: Recipe) -> None:
    """Give a model the weights of a saved one of the same recipe and sizes.

    Raises:
        AddaError: the file of a network is missing.
    """
    for name, network in model.networks.items():
        if not (path := directory / f"{name}.weights.h5").exists():
            raise AddaError(f"{directory} has no {path.name}; train it again with dvc repro")
        network.load_weights(path)
