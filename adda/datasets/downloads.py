"""Files from a local folder or from the internet, checked before anyone reads them."""

import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import pooch
import requests
from pydantic import Field

from adda.common.errors import AddaError
from adda.common.params import Group

TIMEOUT = (5, 20)  # seconds to connect, and between two pieces of the body

FileName = Annotated[str, Field(pattern=r"^[\w-][\w.-]*$")]
Urls = Annotated[list[Annotated[str, Field(pattern="^https://")]], Field(min_length=1)]
Digest = Annotated[str, Field(pattern="^(sha256:[0-9a-f]{64}|md5:[0-9a-f]{32})$")]


class Mnist(Group):
    """MNIST's four files, on each mirror under their own names."""

    urls: Urls
    hashes: Annotated[list[Digest], Field(min_length=4, max_length=4)]


class File(Group):
    """A file on some mirrors."""

    file: FileName
    urls: Urls
    hash: Digest | None


class Usps(Group):
    """USPS's two files, on each mirror under their own names."""

    urls: Urls


class Downloads(Group):
    """What data/downloads.yaml holds."""

    mnist: Mnist
    photographs: File
    mnistm: File
    usps: Usps
    cache: Path  # a folder for downloads, kept between runs


def fetch(
    name: str, urls: Sequence[str], digest: str | None, directory: str | None, cache: Path
) -> Path:
    """Find the file `name` in `directory`, or else in `cache`, or else download it there.

    A download goes to a temporary file, is checked where there is a digest, and only then takes
    its name: an interrupted one leaves nothing behind that a later run would take for the file.

    Args:
        urls: where to download it, tried in order.
        digest: "sha256:..." or "md5:...", or None where whoever reads the file proves it.
        directory: a folder that the user filled; what lies there is used as it is.

    Raises:
        AddaError: no mirror gave the right file; the message says what each answered.
    """
    if directory is not None:
        if not Path(directory).is_dir():
            raise AddaError(f"data.directory is {directory}, which is not a folder; correct it")
        if (Path(directory) / name).is_file():
            return Path(directory) / name
    downloader = pooch.HTTPDownloader(progressbar=sys.stderr.isatty(), timeout=TIMEOUT)
    problems = []
    for url in urls:
        # Without a digest, nothing but the address tells one file of this name from another.
        prefix = "" if digest else hashlib.sha256(url.encode()).hexdigest()[:12] + "-"
        try:
            return Path(pooch.retrieve(url, digest, prefix + name, cache, downloader=downloader))
        except (OSError, ValueError) as error:  # requests' errors are OSErrors
            problems.append(f"{url}: {_reason(error)}")
    missing = "" if directory is None else f"data.directory, {directory}, holds no {name}, and "
    place = "a folder and name the folder in data.directory" if directory is None else directory
    raise AddaError(
        f"{missing}{name} could not be downloaded ({'; '.join(problems)}); check the network, or "
        f"put the file into {place}"
    )


def _reason(error: Exception) -> str:
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.HTTPError):
        return f"HTTP {error.response.status_code}"
    if isinstance(error, requests.ConnectionError | requests.exceptions.ChunkedEncodingError):
        return "no connection, or it broke"
    return " ".join(str(error).split())[:200]
