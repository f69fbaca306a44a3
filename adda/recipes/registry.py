"""The recipes that model.recipe can name; a new one is its file and its place in the tuple."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, ValidationInfo, create_model

from adda.common.array_files import DIGITS
from adda.common.params import Group, Width
from adda.recipes.pixelda import PixelDA
from adda.recipes.published import Published
from adda.recipes.recipe import Recipe
from adda.recipes.split import Split

RECIPES: dict[str, type[Recipe]] = {each.name: each for each in (Split, Published, PixelDA)}


def _known(name: str) -> str:
    if name == "baseline":
        raise ValueError("it is now called published, and is what the original's code does")
    return name


def _has_weights(fine_tune: bool, info: ValidationInfo) -> bool:
    if fine_tune and info.data.get("weights") is None:
        raise ValueError("there are no weights to train further; set model.weights")
    return fine_tune


class ModelParams(Group):
    """Which recipe is trained, and how large; or whose weights are used as they are."""

    recipe: Annotated[Literal[tuple(RECIPES)], BeforeValidator(_known)]
    width: Width
    weights: str | None = None
    fine_tune: Annotated[bool, AfterValidator(_has_weights)] = False


RecipesParams = create_model(
    "RecipesParams",
    __base__=Group,
    __doc__="What one recipe alone knows, by recipe; only the chosen recipe's are used.",
    **{name: (recipe.Params, recipe.Params()) for name, recipe in RECIPES.items()},
)


def make_recipe(
    name: str,
    width: float,
    params: Group | None = None,
    classes: int = len(DIGITS),
    grey: bool = False,
) -> Recipe:
    """A recipe with fresh weights, which Keras' global seed determines.

    Args:
        name: of `RECIPES`.
        width: times the published filters.
        params: its own parameters; None: their defaults.
        classes: of the source.
        grey: whether source images have values between 0 and 1; else each is 0 or 1.
    """
    recipe = RECIPES[name]
    model = recipe(width, params or recipe.Params(), classes)
    model.grey = grey
    return model
