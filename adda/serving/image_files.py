"""A user's own image files through a translator, a few hundred at a time."""

import warnings
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from adda.common.array_files import SIZE
from adda.common.errors import AddaError, counted, reading, warn
from adda.common.outputs import atomic
from adda.datasets.picture_formats import (
    count_pages,
    is_picture,
    name_some,
    open_picture,
    read_square,
)
from adda.datasets.splits import in_colour
from adda.evaluation.pictures import save_grid
from adda.inference.batches import BATCH_SIZE
from adda.serving.handwriting import bright_ink, luminance, to_digit

SHEET = "contact_sheet.png"  # or with the name of a table before it
SHOWN = 20  # pairs on the contact sheet

Translate = Callable[[np.ndarray], np.ndarray]


def find_images(inputs: Iterable[str | Path]) -> list[Path]:
    """The pictures and .npy files among files and in folders, in order of name within each, once.

    Whatever else lies in a folder is named in a warning.

    Raises:
        AddaError: a path does not exist, or there is no image.
    """
    images, left_out = [], []
    for path in map(Path, inputs):
        if path.is_dir():
            # An output's contact sheet is left out, so that it can be another command's input.
            for inner in sorted(path.iterdir()):
                if inner.name.startswith(".") or _is_sheet(inner):
                    continue
                usable = is_picture(inner) or (is_stack(inner) and inner.is_file())
                (images if usable else left_out).append(inner)
        elif path.exists():
            images.append(path)
        else:
            raise AddaError(f"{path} does not exist; name image files or folders of them")
    if left_out:
        some = name_some(left_out, ", ")
        inner = next(filter(Path.is_dir, left_out), None)
        folders = f"; name folders as inputs of their own: {inner.parent}/*" if inner else ""
        warn(f"{counted(len(left_out), 'item')} left out, no images: {some}{folders}")
    if not images:
        raise AddaError("no picture or .npy file is among the inputs; name files or folders")
    unique: dict[Path, Path] = {}
    for image in images:
        # A folder may be named by two spellings; two links to one file are two images.
        unique.setdefault(image.parent.resolve() / image.name, image)
    return list(unique.values())


def _is_sheet(path: Path) -> bool:
    """Whether a picture is what `translate` or, beside its table, `classify` leaves."""
    table = path.with_name(path.name.removesuffix(f"_{SHEET}") + ".csv")
    return path.name == SHEET or (path.name.endswith(f"_{SHEET}") and table.exists())


def read_styles(files: list[Path], size: int = SIZE) -> np.ndarray:
    """Target images, uint8 [n, size, size, 3].

    Raises:
        AddaError: one cannot be read.
    """
    images, small = [], []
    for file in files:
        if is_stack(file):
            images.append(open_stack(file, size))
        else:
            images.append(read_image(file, size=size, small=small)[None])
    warn_of_small(small, size)
    return np.concatenate([in_colour(stack) for stack in images])


def read_image(
    path: Path,
    page: int = 0,
    size: int = SIZE,
    small: list[Path] | None = None,
    pad: bool = False,
) -> np.ndarray:
    """A picture as `read_square` returns it, uint8 [size, size, 3]; raises AddaError as it does.

    `small` gets the path of a picture that is smaller, and so was scaled up.
    """
    image, side = read_square(path, size, pad=pad, page=page)
    if small is not None and side < size:
        small.append(path)
    return image


def warn_of_small(small: list[Path], size: int) -> None:
    """Say once which pictures `read_image` scaled up."""
    if small:
        warn(
            f"{counted(len(small), 'picture')} scaled up to the model's {size} x {size} pixels, "
            f"and so blurred, which its training images were not: {name_some(small, ', ')}"
        )


def read_digit_image(path: str | Path, ink: str = "auto", size: int = SIZE) -> np.ndarray:
    """A picture's digit, uint8 [size, size]: see `to_digit`.

    Raises:
        AddaError: it cannot be read, or has no ink.
    """
    with reading(path), warnings.catch_warnings(record=True, action="always") as noticed:
        digit = to_digit(open_picture(path), ink, size)
    for notice in noticed:
        warn(f"{path}: {notice.message}")
    return digit


def translate_files(
    files: list[Path],
    output: Path,
    translate: Translate,
    ink: str = "auto",
    whole: Literal["", "crop", "pad"] = "",
    size: int = SIZE,
) -> tuple[int, list[str]]:
    """Translate every image of every file into a file of the same name, pictures as PNG.

    Memory is that of a batch, however many images there are.

    Args:
        translate: takes digits, uint8 [n, size, size], to images, uint8 [n, size, size, 3].
        whole: it takes images, of which a picture's middle square is one, or the picture is, padded
            with black to a square.
        ink: of the digits, see `to_digit`.
        size: of what `translate` takes.

    Returns:
        How many images were translated, and a sentence for each file that was skipped.
    """
    skipped: list[str] = []
    small: list[Path] = []
    places: dict[str, Path] = {}
    for file in files:
        taken = places.setdefault(file.name if is_stack(file) else f"{file.stem}.png", file)
        if taken is not file:
            skipped.append(f"{file} would be written to the same file as {taken}")
    if SHEET in places:
        skipped.append(f"{places.pop(SHEET)} would be overwritten by the contact sheet; rename it")
    output.mkdir(parents=True, exist_ok=True)
    pictures = {file: output / name for name, file in places.items() if not is_stack(file)}
    stacks = {file: output / name for name, file in places.items() if is_stack(file)}
    if whole:
        read = partial(read_image, size=size, small=small, pad=whole == "pad")
        prepare = in_colour
    else:
        read = partial(read_digit_image, ink=ink, size=size)
        prepare = partial(_as_digits, ink=ink)
    count, shown = 0, {"input": [], "output": []}
    for before, after in chain(
        _translate_pictures(pictures, read, translate, skipped),
        _translate_stacks(stacks, size, prepare, translate, skipped),
    ):
        left = max(SHOWN - count, 0)
        count += len(before)
        for row, images in zip(shown.values(), (before, after), strict=True):
            row.extend(in_colour(images[:left]))
    warn_of_small(small, size)
    if count:
        save_grid(output / SHEET, {name: np.stack(images) for name, images in shown.items()})
    return count, skipped


Pairs = Iterator[tuple[np.ndarray, np.ndarray]]


def read_batches(
    pictures: list[tuple], read: Callable[..., np.ndarray], skipped: list[str]
) -> Iterator[tuple[list[tuple], np.ndarray]]:
    """Read pictures, each named by the arguments of `read`, a batch at a time.

    `skipped` gets a sentence for each that cannot be read.
    """
    for start in range(0, len(pictures), BATCH_SIZE):
        batch = {}
        for picture in pictures[start : start + BATCH_SIZE]:
            try:
                batch[picture] = read(*picture)
            except AddaError as error:
                skipped.append(str(error))
        if batch:
            yield list(batch), np.stack(list(batch.values()))


def _translate_pictures(
    places: dict[Path, Path],
    read: Callable[[Path], np.ndarray],
    translate: Translate,
    skipped: list[str],
) -> Pairs:
    for pictures, before in read_batches([(file,) for file in places], read, skipped):
        after = translate(before)
        for (file,), image in zip(pictures, after, strict=True):
            if (pages := count_pages(file)) > 1:
                warn(f"{file} holds {pages} pictures; the first is translated")
            encoded = BytesIO()  # a file opened for reading, too, as save does, is slower
            Image.fromarray(image).save(encoded, format="png")
            with atomic(places[file]) as unfinished:
                unfinished.write_bytes(encoded.getbuffer())
        yield before, after


def open_stacks(
    files: list[Path], size: int, skipped: list[str]
) -> Iterator[tuple[Path, np.ndarray]]:
    """Open stacks, each with its file, one at a time; `skipped` gets what cannot be read."""
    for file in files:
        try:
            stack = open_stack(file, size)
        except AddaError as error:
            skipped.append(str(error))
        else:
            yield file, stack


def _translate_stacks(
    places: dict[Path, Path],
    size: int,
    prepare: Callable[[np.ndarray], np.ndarray],
    translate: Translate,
    skipped: list[str],
) -> Pairs:
    for file, stack in open_stacks(list(places), size, skipped):
        with atomic(places[file]) as unfinished, unfinished.open("wb") as out:
            for start in range(0, len(stack), BATCH_SIZE):
                before = prepare(stack[start : start + BATCH_SIZE])
                after = translate(before)
                if not start:
                    shape = (len(stack), *after.shape[1:])
                    header = {"descr": "|u1", "fortran_order": False, "shape": shape}
                    np.lib.format.write_array_header_1_0(out, header)
                out.write(after.tobytes())
                yield before, after


def is_stack(file: Path) -> bool:
    """Whether a file's name is that of a NumPy array."""
    return file.suffix.lower() == ".npy"


def open_stack(file: Path, size: int = SIZE) -> np.ndarray:
    """A .npy file's images, uint8 [n, size, size], [n, size, size, 1] or [n, size, size, 3].

    They are left on the disk until they are needed.

    Raises:
        AddaError: the file cannot be read, or holds something else.
    """
    with reading(file):
        stack = np.load(file, mmap_mode="r", allow_pickle=False)
        if not isinstance(stack, np.ndarray):
            raise ValueError("it is an archive of arrays")
        usable = [(size, size, *channels) for channels in ((), (1,), (3,))]
        if stack.dtype != np.uint8 or stack.shape[1:] not in usable:
            raise ValueError(
                f"{stack.dtype} {stack.shape} in place of uint8 [n, {size}, {size}] or [..., 3]"
            )
        if not len(stack):
            raise ValueError("it holds no image")
        return stack


def _as_digits(images: np.ndarray, ink: str) -> np.ndarray:
    """What `open_stack` takes, as digits with bright ink, [n, size, size]."""
    return bright_ink(luminance(in_colour(images)), ink)
