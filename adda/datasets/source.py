"""What a data source is, and the parameters of all of them."""

from collections.abc import Callable
from typing import Annotated, Literal, NamedTuple

from pydantic import AfterValidator, Field, ValidationInfo

from adda.common.params import Group, Seed
from adda.datasets.downloads import Downloads
from adda.datasets.raw_files import Raw


def _for_folders(binarise: str, info: ValidationInfo) -> str:
    if binarise == "otsu" and info.data.get("source") != "folders":
        raise ValueError("thresholds of each picture's own are for data.source folders alone")
    return binarise


class DataParams(Group):
    """Where both domains come from."""

    source: str  # of adda.datasets.all_sources.SOURCES
    seed: Seed
    directory: Annotated[str, Field(min_length=1)] | None
    binarise: Annotated[Literal["zero", "otsu", "none"], AfterValidator(_for_folders)]
    photographs: Annotated[list[Literal["train", "val", "test"]], Field(min_length=1)]


class Source(NamedTuple):
    """A source of both domains."""

    load: Callable[[DataParams, Downloads], Raw]
    names: tuple[str, str]  # of source and target, for people
    description: str  # for report and model card
    licence: str
    comparable: bool  # whether results stand beside those of papers on MNIST-M
