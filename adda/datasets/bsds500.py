"""The photographs of BSDS500, whose patches are MNIST-M's backgrounds."""

import tarfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from adda.common.errors import AddaError, reading

MAX_FILE_BYTES = 2**24
MAX_PHOTOGRAPHS = 500  # a split
MAX_PIXELS = 2**20  # BSDS500's photographs have 481 x 321


def read_photographs(archive: Path, splits: Sequence[str]) -> list[np.ndarray]:
    """Read the JPEGs of some splits from BSR_bsds500.tgz, without unpacking it to disk.

    Args:
        splits: of "train", "val" and "test"; the published MNIST-M used train.

    Returns:
        uint8 [height, width, 3] each, in the order of their names.

    Raises:
        AddaError: the archive is unreadable, or a split has no photographs in it.
    """
    by_split: dict[str, dict[str, np.ndarray]] = {split: {} for split in splits}
    with reading(archive, "download it again"), tarfile.open(archive) as tar:
        for member in tar:
            place = PurePosixPath(member.name)
            split = place.parent.name
            if member.isfile() and split in by_split and place.match("images/*/*.jpg"):
                by_split[split][place.name] = _decode(tar, member)
                if len(by_split[split]) > MAX_PHOTOGRAPHS:
                    raise AddaError(
                        f"{archive} holds more photographs than BSDS500; use the published archive"
                    )
    for split, photographs in by_split.items():
        if not photographs:
            raise AddaError(
                f"{archive} holds no photographs under images/{split}; correct "
                "data.photographs or use the published archive"
            )
    return [photographs[name] for photographs in by_split.values() for name in sorted(photographs)]


def _decode(tar: tarfile.TarFile, member: tarfile.TarInfo) -> np.ndarray:
    if member.size > MAX_FILE_BYTES:
        raise AddaError(
            f"{tar.name}: {member.name} has {member.size:,} bytes and is not a photograph; use the "
            "published archive"
        )
    with Image.open(tar.extractfile(member), formats=["JPEG"]) as image:
        if image.width * image.height > MAX_PIXELS:
            raise AddaError(
                f"{tar.name}: {member.name} is {image.size} and not a BSDS500 picture; use the "
                "published archive"
            )
        return np.asarray(image.convert("RGB"))
