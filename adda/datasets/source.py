"""What a data source is, and the parameters of all of them."""

from collections.abc import Callable
from typing import Annotated, Literal, NamedTuple

from pydantic import AfterValidator, Field, ValidationInfo

from adda.common.array_files import SIZE, SIZES
from adda.common.params import Folder, Group, Integer, Seed
from adda.datasets.downloads import Downloads
from adda.datasets.raw_files import Raw


def _for_folders(binarise: str, info: ValidationInfo) -> str:
    if binarise in ("otsu", "colour") and info.data.get("source") != "folders":
        raise ValueError("it is for data.source folders alone")
    return binarise


def _has_networks(size: int, info: ValidationInfo) -> int:
    if size not in SIZES:
        raise ValueError(f"it must be a multiple of 4 from {SIZES[0]} to {SIZES[-1]}")
    if size != SIZE and info.data.get("source") != "folders":
        raise ValueError(f"published images have {SIZE}; others are for data.source folders alone")
    return size


class DataParams(Group):
    """Where both domains come from."""

    source: str  # of adda.datasets.all_sources.SOURCES
    seed: Seed
    size: Annotated[Integer, AfterValidator(_has_networks)]
    directory: Folder
    binarise: Annotated[Literal["zero", "otsu", "none", "colour"], AfterValidator(_for_folders)]
    photographs: Annotated[list[Literal["train", "val", "test"]], Field(min_length=1)]


class Source(NamedTuple):
    """A source of both domains."""

    load: Callable[[DataParams, Downloads], Raw]
    names: tuple[str, str]  # of source and target, for people
    description: str  # for report and model card
    licence: str
    comparable: bool  # whether results stand beside those of papers on MNIST-M
