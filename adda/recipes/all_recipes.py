"""The recipes that model.recipe can name; a new one is its file and its place in the tuple."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ValidationInfo, create_model

from adda.common.errors import AddaError
from adda.common.params import AUTO, Folder, Group, Switch, Width
from adda.recipes.layered import Layered
from adda.recipes.original import Original
from adda.recipes.pixelda import PixelDA
from adda.recipes.recipe import Domains, LossParams, Recipe

RECIPES: dict[str, type[Recipe]] = {kind.name: kind for kind in (Layered, Original, PixelDA)}


OWN_IN_TRAIN = ("batch_size", "adversary_learning_rate")  # of the group train: may be auto


def _has_weights(fine_tune: bool, info: ValidationInfo) -> bool:
    if fine_tune and info.data.get("weights") is None:
        raise ValueError("there are no weights to train further; set model.weights")
    return fine_tune


class ModelParams(Group):
    """Which recipe is trained, and how large; or whose weights are used as they are."""

    recipe: Literal[tuple(RECIPES)]
    width: Width
    weights: Folder = None
    fine_tune: Annotated[Switch, AfterValidator(_has_weights)] = False


RecipesParams = create_model(
    "RecipesParams",
    __base__=Group,
    __doc__="What one recipe alone knows, by recipe; only the chosen recipe's are used.",
    **{name: (recipe.Params, recipe.Params()) for name, recipe in RECIPES.items()},
)


def make_recipe(
    name: str, width: float, params: Group | None = None, domains: Domains | None = None
) -> Recipe:
    """A recipe with fresh weights, which Keras' global seed determines.

    Args:
        name: of `RECIPES`.
        width: times the authors' filters.
        params: its own parameters; None: their defaults.
        domains: None: those of MNIST and MNIST-M.
    """
    recipe = RECIPES[name]
    return recipe(width, params or recipe.Params(), domains or Domains())


def resolve(name: str, loss: LossParams, train: Group) -> tuple[LossParams, Group]:
    """Both groups with the recipe's own values for `auto`, and 0 for weights of terms it lacks.

    Raises:
        AddaError: a weight is set that no term of the recipe has.
    """
    recipe = RECIPES[name]
    weights = {
        term: recipe.loss.get(term, 0.0) if weight == AUTO else weight for term, weight in loss
    }
    if unknown := [term for term, weight in weights.items() if weight and term not in recipe.loss]:
        raise AddaError(
            f"loss.{unknown[0]} is {weights[unknown[0]]:g}, but the recipe {name} has no such "
            "term; set it to auto"
        )
    values = {key: recipe.train[key] for key in OWN_IN_TRAIN if getattr(train, key) == AUTO}
    return loss.model_copy(update=weights), train.model_copy(update=values)


def check_together(params: Any) -> None:
    """What no group can know alone, of the groups data, model, loss and train.

    Raises:
        AddaError: the recipe has no networks for the data, or as `resolve`.
    """
    model, data = params.model, params.data
    if model.weights and not model.fine_tune:
        return  # whatever params.yaml would train
    RECIPES[model.recipe].check(data.size, data.binarise == "colour")
    resolve(model.recipe, params.loss, params.train)


def resolved_values(name: str, loss: LossParams, train: Group) -> dict[str, float]:
    """What `resolve` returned, by dotted name: weights of terms that the recipe has, and rates."""
    weights = {f"loss.{term}": weight for term, weight in loss if term in RECIPES[name].loss}
    return weights | {f"train.{key}": getattr(train, key) for key in OWN_IN_TRAIN}
