"""What a data source is, and the parameters of all of them."""

from collections.abc import Callable
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from adda.common.params import Group, Seed
from adda.datasets.downloads import Downloads
from adda.datasets.raw_files import Raw


class DataParams(Group):
    """Where both domains come from."""

    source: str  # of adda.datasets.registry.SOURCES
    seed: Seed
    directory: str | None
    binarise: Literal["zero", "otsu", "none"]
    photographs: Annotated[list[Literal["train", "val", "test"]], Field(min_length=1)]


class Source(NamedTuple):
    """A source of both domains."""

    load: Callable[[DataParams, Downloads], Raw]
    names: tuple[str, str]  # of source and target, for people
    description: str  # for report and model card
    licence: str
    published: bool  # whether results stand beside those of papers on MNIST-M
