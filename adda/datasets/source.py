"""What a data source is, and the parameters of all of them."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from pydantic import BeforeValidator, Field

from adda.common.params import Group, Seed
from adda.datasets.raw_files import Raw

FileName = Annotated[str, Field(pattern=r"^[\w-][\w.-]*$")]
Urls = Annotated[list[str], Field(min_length=1)]
Digest = Annotated[str, Field(pattern="^(sha256:[0-9a-f]{64}|md5:[0-9a-f]{32})$")]


class MnistParams(Group):
    urls: Urls
    hashes: Annotated[list[Digest], Field(min_length=4, max_length=4)]


class MnistmParams(Group):
    file: FileName
    urls: Urls
    # -S data.mnistm.hash= makes it empty text.
    hash: Annotated[Digest | None, BeforeValidator(lambda text: text or None)]


class PhotographsParams(MnistmParams):
    splits: Annotated[list[Literal["train", "val", "test"]], Field(min_length=1)]


class DataParams(Group):
    """Where both domains come from."""

    source: str  # of adda.datasets.registry.SOURCES
    seed: Seed
    directory: str | None
    mnist: MnistParams
    photographs: PhotographsParams
    mnistm: MnistmParams


class Source(NamedTuple):
    """A source of both domains."""

    load: Callable[[DataParams, Path], Raw]  # takes a folder for downloads, kept between runs
    description: str  # for report and model card
    licence: str
    published: bool  # whether results stand beside those of papers
