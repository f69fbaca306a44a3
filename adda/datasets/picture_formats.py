"""Any picture that Pillow opens, upright and of 8 bits; one bad file costs that file alone."""

import warnings
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from adda.common.array_files import SIZE
from adda.common.errors import reading

Image.init()
# All but those that Pillow hands to another program: Ghostscript would run what an EPS file says.
FORMATS = sorted(Image.OPEN.keys() - {"BUFR", "EPS", "GRIB", "HDF5", "MPEG", "WMF"})
SUFFIXES = frozenset(  # ".png", ".jpg", ".tif", ...
    suffix for suffix, kind in Image.registered_extensions().items() if kind in FORMATS
)
# Pictures that Pillow does not open: each is an error of its own, not left out as no picture.
NOT_READ = {".arw", ".cr2", ".cr3", ".dng", ".heic", ".heif", ".jxl", ".nef", ".svg"}
WHITE = (1, 255, 1023, 4095, 16383, 65535)  # cameras have 10, 12 or 14 bits in files of 16
NAMED = 5  # items, at most, in a warning
DEEP = ("I", "F")  # how Pillow's names begin of pixels that have more than 8 bits

_opened = partial(Image.open, formats=FORMATS)


def find_pictures(folder: Path) -> list[Path]:
    """The pictures right in a folder, by name; hidden files are none."""
    return [path for path in sorted(folder.glob("*")) if is_picture(path)]


def is_picture(path: Path) -> bool:
    """Whether a file that is not hidden is a picture, by its name or else by its content."""
    if path.name.startswith(".") or not path.is_file():
        return False
    if path.suffix.lower() in SUFFIXES | NOT_READ:
        return True
    with suppress(Exception), warnings.catch_warnings(action="ignore"), _opened(path):
        return True
    return False


def find_labelled(folder: Path, classes: Sequence[str]) -> list[tuple[Path, int]]:
    """The pictures in classes' folders, each with the place of its class; by class, by name."""
    places = enumerate(classes)
    return [(path, place) for place, name in places for path in find_pictures(folder / name)]


def count_pages(path: Path) -> int:
    """How many pictures a file holds, as TIFF, GIF and WebP may; 1 where it cannot be read."""
    with suppress(Exception), warnings.catch_warnings(action="ignore"), _opened(path) as image:
        # A camera's JPEG may hold its own preview, which makes it a picture of kind MPO. A PSD file
        # without layers has 0 frames, and a picture.
        return 1 if image.format == "MPO" else max(getattr(image, "n_frames", 1), 1)
    return 1


def open_picture(path: str | Path, page: int = 0) -> Image.Image:
    """Read a picture, of whatever format and kind of pixels, to its end.

    Args:
        page: which, of a file that holds several.

    Returns:
        Mode 1, L, P, RGB, RGBA and such, of 8 bits or fewer. It is turned as its EXIF says; EXIF
        that is broken counts as none.

    Raises:
        AddaError: it cannot be read.
    """
    # Pillow warns of what it can read all the same.
    with reading(path), warnings.catch_warnings(action="ignore"), _opened(path) as image:
        if page:
            image.seek(page)
        image.load()
        upright = image
        with suppress(Exception):  # a viewer would show the picture, as it was stored
            upright = ImageOps.exif_transpose(image)
        return eight_bits(upright) if upright.mode.startswith(DEEP) else upright.copy()


def read_square(
    path: str | Path, size: int = SIZE, mode: str = "RGB", pad: bool = False, page: int = 0
) -> tuple[np.ndarray, int]:
    """Read a picture as an image of this project.

    Args:
        size: pixels along each of its sides.
        mode: Pillow's name of the pixels' kind, "RGB" or "L" (grey).
        pad: whether it is padded with black to a square; else its middle square is taken.
        page: see `open_picture`.

    Returns:
        uint8 [size, size, 3], or [size, size] for "L"; and how many pixels of the picture became
        each of its sides.

    Raises:
        AddaError: it cannot be read, some of it is transparent, or it is a strip.
    """
    with reading(path):
        image = opaque(open_picture(path, page)).convert(mode)
        if max(image.size) > size * min(image.size):  # padded and scaled, nothing would be left
            raise ValueError("{} x {} pixels are a strip".format(*image.size))
        side = max(image.size) if pad else min(image.size)
        if image.size != (size, size):
            square = ImageOps.pad if pad else ImageOps.fit
            image = square(image, (size, size), Image.Resampling.BOX)
        return np.asarray(image), side


def name_some(items: Sequence[object], separator: str) -> str:
    """The first few of many items, for a warning."""
    return separator.join(map(str, items[:NAMED])) + (f"{separator}..." if items[NAMED:] else "")


def opaque(image: Image.Image) -> Image.Image:
    """The picture without its alpha channel.

    Raises:
        ValueError: some of it is transparent.
    """
    if not image.has_transparency_data:
        return image
    clear = image.convert("RGBA")
    if clear.getchannel("A").getextrema() != (255, 255):
        raise ValueError("some of it is transparent; put it on a background")
    return clear.convert("RGB")


def eight_bits(image: Image.Image) -> Image.Image:
    """A grey picture of 16 or 32 bits, or of floats, as one of 8.

    White is what the values suggest: the smallest of `WHITE` that none exceeds.

    Raises:
        ValueError: a value is negative, above 65,535 or no number.
    """
    values = np.asarray(image).astype(np.float64)
    if not np.isfinite(values).all() or values.min() < 0 or values.max() > 65535:
        raise ValueError("its values are not within 0 to 1, 0 to 255 or 0 to 65,535")
    white = next(white for white in WHITE if values.max() <= white)
    if white == 1 and image.mode != "F":
        white = 255
    # 16 bits are cut, not rounded, as Pillow cuts those of colours.
    return Image.fromarray((values * (255 / white) + 1e-6).astype(np.uint8))
