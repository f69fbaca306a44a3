"""params.yaml, group by group: each stage reads its own.

What a value means is written in params.yaml, beside it. The class of a group stands beside what
consumes the group, so that a new parameter reruns that stage and what follows alone.
"""

import sys
from pathlib import Path
from pkgutil import resolve_name
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    create_model,
)
from ruamel.yaml import YAML

from adda.common.errors import AddaError, reading

# Strict: text that looks like a number is none, or another value than DVC records would be used.
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Integer = Annotated[int, Field(strict=True)]
Switch = Annotated[bool, Field(strict=True)]
Weight = Annotated[Number, Field(ge=0)]
Folder = Annotated[str | None, AfterValidator(lambda name: name or None)]
Rate = Annotated[Number, Field(gt=0)]
Count = Annotated[Integer, Field(ge=1, le=10**9)]
WIDEST = 16  # times the original filters
Width = Annotated[Number, Field(gt=0, le=WIDEST)]
Seed = Annotated[Integer, Field(ge=0, lt=2**31)]
AUTO = "auto"


def _or_auto(value: Any, check: ValidatorFunctionWrapHandler) -> Any:
    try:
        return value if value == AUTO else check(value)
    except ValidationError as error:
        raise ValueError(f"{error.errors()[0]['msg']}, or auto") from None


OrAuto = WrapValidator(_or_auto)  # or the value that the recipe has of its own: `resolve`
Form = TypeVar("Form", bound=BaseModel)


# Where the class of each group is: a stage that trains checks them all first. By name, since what
# it makes depends on its own groups alone.
GROUPS = {
    "data": "adda.datasets.source:DataParams",
    "split": "adda.datasets.splits:SplitParams",
    "device": "adda.engine.devices:Device",
    "model": "adda.recipes.all_recipes:ModelParams",
    "loss": "adda.recipes.recipe:LossParams",
    "recipes": "adda.recipes.all_recipes:RecipesParams",
    "train": "adda.training.trainer:TrainParams",
    "classifier": "adda.classification.classifier:ClassifierParams",
    "adaptation": "adda.classification.adaptation:AdaptationParams",
}
TOGETHER = "adda.recipes.all_recipes:check_together"  # and how they fit each other


CHECKED: set[str] = set()  # modules that were imported for such a check alone


class Group(BaseModel):
    """A group of parameters. Unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def read_params(path: str | Path, **groups: Any) -> Any:
    """Read and validate groups of a params file.

    Args:
        groups: the type of each group that is read, by its name. Other groups must be declared by
            a stage of the dvc.yaml beside the file. Where TensorFlow runs, and so something may be
            trained, those of `GROUPS` are checked as well, and how they fit each other: not after
            hours, by a later stage.

    Returns:
        An object with an attribute for each group.

    Raises:
        AddaError: the file is missing, is not YAML, or holds an unknown group or key or a bad
            value; the message names each key.
    """
    path = Path(path)
    values = _read_groups(path)
    known = groups.keys() | _declared(path.with_name("dvc.yaml"))
    if unknown := [_unknown(str(name)) for name in values if name not in known]:
        raise AddaError(f"{path}: {'; '.join(unknown)}")
    if "tensorflow" in sys.modules:
        before = set(sys.modules)
        every = {name: resolve_name(place) for name, place in GROUPS.items() if name in values}
        params = _check_groups(path, every, values)
        if every.keys() == GROUPS.keys():
            resolve_name(TOGETHER)(params)
        CHECKED.update(set(sys.modules) - before)
    return _check_groups(path, groups, values)


def read_form(path: str | Path, form: type[Form], **more: Any) -> Form:
    """Read and validate another YAML file, whole.

    Args:
        more: fields that the file does not have.

    Raises:
        AddaError: as `read_params`.
    """
    return _check(Path(path), form, _read_groups(Path(path)) | more)


def _check_groups(path: Path, groups: dict[str, Any], values: dict[str, Any]) -> Any:
    form = create_model("Params", **{name: (kind, ...) for name, kind in groups.items()})
    return _check(path, form, {name: values[name] for name in groups if name in values})


def _check(path: Path, form: type[Form], values: Any) -> Form:
    try:
        return form.model_validate(values)
    except ValidationError as error:
        raise AddaError(f"{path}: {'; '.join(map(_explain, error.errors()))}") from None


def _read_groups(path: Path) -> dict[str, Any]:
    values = _read_yaml(path)
    if not isinstance(values, dict):
        raise AddaError(f"{path} holds no groups of parameters; restore it")
    return values


def load_yaml(text: str | bytes) -> Any:
    """What YAML holds, as DVC reads and records it: YAML 1.2, where 010 is ten, 1e-05 a number.

    Raises:
        YAMLError: it is none.
    """
    return YAML(typ="safe").load(text)


def _read_yaml(path: Path) -> Any:
    if not path.exists():
        raise AddaError(f"{path} is missing; run this from the root of the repository")
    with reading(path, "correct or restore it"):
        return load_yaml(path.read_text("utf-8"))


def _declared(pipeline: Path) -> set[str]:
    """The groups of params.yaml that stages of a dvc.yaml depend on."""
    stages = (_read_yaml(pipeline) or {}).get("stages", {}) if pipeline.exists() else {}
    names = set()
    for stage in stages.values():
        stage = stage.get("do", stage)  # of a `foreach` or a `matrix`
        for param in stage.get("params") or []:
            files = {"params.yaml": [param]} if isinstance(param, str) else param
            names |= {name.split(".")[0] for name in files.get("params.yaml") or []}
    return names


def _unknown(key: str) -> str:
    return f"{key} is not a parameter; remove it or correct its spelling"


def _explain(error: dict) -> str:
    key = ".".join(map(str, error["loc"]))
    if error["type"] == "extra_forbidden":
        return _unknown(key)
    if error["type"] == "missing":
        return f"{key} is missing; give it a value"
    reason = error["msg"].removeprefix("Value error, ")
    return f"{key} is {error['input']!r}: {reason[0].lower()}{reason[1:]}"
