"""The recipes that model.recipe can name; a new one is its file and its place in the tuple."""

from typing import Literal

from pydantic import create_model

from adda.common.params import Group, Width
from adda.recipes.baseline import Baseline
from adda.recipes.pixelda import PixelDA
from adda.recipes.recipe import Recipe
from adda.recipes.split import Split

RECIPES: dict[str, type[Recipe]] = {each.name: each for each in (Split, Baseline, PixelDA)}


class ModelParams(Group):
    """Which recipe is trained, and how large; or whose weights are used as they are."""

    recipe: Literal[tuple(RECIPES)]
    width: Width
    weights: str | None = None


RecipesParams = create_model(
    "RecipesParams",
    __base__=Group,
    __doc__="What one recipe alone knows, by recipe; only the chosen recipe's are used.",
    **{name: (recipe.Params, recipe.Params()) for name, recipe in RECIPES.items()},
)


def make_recipe(name: str, width: float, params: Group | None = None) -> Recipe:
    """A recipe with fresh weights, which Keras' global seed determines.

    Args:
        params: its own parameters; None: their defaults.
    """
    recipe = RECIPES[name]
    return recipe(width, params or recipe.Params())
