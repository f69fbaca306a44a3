"""A folder as people have it: twenty formats, and half of the files broken."""

import keras
import numpy as np
import pytest
from conftest import small_recipe
from PIL import Image, ImageDraw

from adda.classification.classifier import ClassifierForm, save_classifier
from adda.common.array_files import DIGITS
from adda.nn.networks import make_classifier
from adda.recipes.storage import save_model

FORMATS = {  # of Pillow, and the kind of pixels that each can hold
    "png": "RGBA", "jpg": "RGB", "bmp": "RGB", "gif": "P", "tif": "RGB", "webp": "RGB",
    "ppm": "RGB", "pgm": "L", "tga": "RGB", "ico": "RGBA", "pcx": "RGB", "sgi": "RGB",
    "jp2": "RGB", "dds": "RGB", "im": "RGB", "xbm": "1", "msp": "1", "icns": "RGBA", "avif": "RGB",
    "npy": None,
}  # fmt: skip
EACH = 10


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """200 files; the names of those that are whole, and of those that are broken."""
    folder = tmp_path_factory.mktemp("mixed")
    good, bad = set(), set()
    for suffix, mode in FORMATS.items():
        for number in range(EACH):
            path = folder / f"{suffix}{number}.{suffix}"
            if mode is None:
                np.save(path, np.eye(28, dtype=np.uint8)[None] * 255)
            else:
                picture = Image.new("RGB", (64, 64), "white")
                draw = ImageDraw.Draw(picture)
                draw.line([(20, 10), (40 + number, 10), (30, 50)], fill="black", width=5)
                picture.convert(mode).save(path)
            content = path.read_bytes()
            if number % 2 == 0:
                good.add(path.name)
                continue
            bad.add(path.name)
            broken = (b"", b"no picture at all", content[:12], b"\xff" * 300, content[::-1])
            path.write_bytes(broken[number // 2])
    return folder, good, bad


def named(stderr):
    return {line.split(": ")[1].split()[0].rsplit("/", 1)[-1] for line in stderr.splitlines() if
            line.startswith("skipped: ")}  # fmt: skip


def test_translate_writes_every_good_file_and_names_every_bad_one(mixed, command, tmp_path):
    folder, good, bad = mixed
    keras.utils.set_random_seed(0)
    save_model(tmp_path / "model", small_recipe("split"))
    np.save(tmp_path / "model/styles.npy", np.zeros((2, 28, 28, 3), np.uint8))
    result = command(
        "translate", "--model", tmp_path / "model", "--input", folder, "--output", tmp_path / "out"
    )
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert named(result.stderr) == bad
    written = {path.name for path in (tmp_path / "out").iterdir()} - {"contact_sheet.png"}
    expected = {name if name.endswith("npy") else f"{name.split('.')[0]}.png" for name in good}
    assert written == expected


def test_classify_counts_every_good_file_and_names_every_bad_one(mixed, command, tmp_path):
    folder, good, bad = mixed
    save_classifier(
        tmp_path / "adapted",
        make_classifier(0.1, 10),
        ClassifierForm(shape="published", width=0.1),
        DIGITS,
    )
    for path in folder.glob("*.npy"):  # the classifier reads colour
        if path.name in good:
            np.save(path, np.zeros((1, 28, 28, 3), np.uint8))
    out = tmp_path / "classes.csv"
    result = command(
        "classify", "--model", tmp_path / "adapted", "--input", folder, "--output", out
    )
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert named(result.stderr) == bad
    listed = {line.split(",")[0].rsplit("/", 1)[-1] for line in out.read_text().splitlines()[1:]}
    assert {name.split("[")[0] for name in listed} == good
