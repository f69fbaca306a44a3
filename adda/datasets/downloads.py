"""Files from a local folder or from the internet, checked before anyone reads them."""

import hashlib
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pooch
import requests
from pydantic import Field
from requests.adapters import BaseAdapter
from tqdm import tqdm

from adda.common.errors import AddaError
from adda.common.params import Group

TIMEOUT = (5, 20)  # seconds to connect, and between two pieces of the body
ROUNDS = 2  # over all mirrors
WEB_PAGE = (b"<!doctype", b"<html")  # how it begins; no file of ours does
PAUSE = 1.0  # seconds before the second round
CHUNK = 2**20  # bytes


FileName = Annotated[str, Field(pattern=r"^[\w-][\w.-]*$")]
Urls = Annotated[list[str], Field(min_length=1)]
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

    A download goes to a temporary file, is checked, and only then takes its name, so an
    interrupted or wrong one leaves nothing behind that a later run would take for the file.

    Args:
        urls: where to download it, tried in order; https and file only, redirects included.
        digest: "sha256:..." or "md5:...", or None to accept what comes.
        directory: a folder that the user filled; what lies there is used as it is.

    Raises:
        AddaError: no mirror gave the right file; the message says what each answered.
    """
    if directory is not None:
        if not Path(directory).is_dir():
            raise AddaError(f"data.directory is {directory}, which is not a folder; correct it")
        if (Path(directory) / name).is_file():
            return Path(directory) / name
    for url in urls:
        if not url.startswith(("https://", "file://")):
            raise AddaError(
                f"{url} is neither an https nor a file address; correct data/downloads.yaml"
            )
    problems: dict[str, str] = {}
    for round_number in range(ROUNDS):
        if round_number > 0:
            time.sleep(PAUSE)
        for url in urls:
            # Without a digest, nothing but the address tells one file of this name from another.
            kept = name if digest else f"{hashlib.sha256(url.encode()).hexdigest()[:12]}-{name}"
            try:
                found = pooch.retrieve(url, digest, fname=kept, path=cache, downloader=_download)
            except (OSError, ValueError) as error:  # requests' errors are OSErrors
                problems[url] = _reason(error)
            else:
                return Path(found)
    reasons = "; ".join(f"{url}: {reason}" for url, reason in problems.items())
    raise AddaError(
        f"{name} could not be downloaded ({reasons}); check the network, or put the file in a "
        "folder and name the folder in data.directory"
    )


def _download(url: str, output_file: str, _: pooch.Pooch) -> None:
    """Copy what the URL holds into `output_file`; a web page, such as a login's, is refused."""
    _copy(url, output_file)
    with open(output_file, "rb") as file:
        if file.read(200).lstrip().lower().startswith(WEB_PAGE):
            raise ValueError("a web page in place of the file")


def _copy(url: str, output_file: str) -> None:
    parts = urlsplit(url)
    if parts.scheme == "file":
        shutil.copyfile(url2pathname(parts.path), output_file)
        return
    with requests.Session() as session:
        session.mount("http://", _Refuse())  # where an https address redirects to
        with session.get(url, stream=True, timeout=TIMEOUT) as response:
            response.raise_for_status()
            size = int(response.headers.get("Content-Length", 0)) or None
            name = Path(parts.path).name
            with (
                open(output_file, "wb") as file,
                tqdm(total=size, desc=name, unit="B", unit_scale=True, disable=None) as bar,
            ):
                for chunk in response.iter_content(CHUNK):
                    file.write(chunk)
                    bar.update(len(chunk))


class _Refuse(BaseAdapter):
    """Answers every request with an error."""

    def send(self, request: requests.PreparedRequest, *_: object, **__: object) -> None:
        raise requests.exceptions.InvalidSchema(f"redirected to {request.url}, which is not https")

    def close(self) -> None:
        pass


def _reason(error: Exception) -> str:
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.HTTPError):
        return f"HTTP {error.response.status_code}"
    if isinstance(error, requests.exceptions.InvalidSchema):
        return str(error)
    if isinstance(error, requests.ConnectionError | requests.exceptions.ChunkedEncodingError):
        return "no connection, or it broke"
    return " ".join(str(error).split())[:200]
