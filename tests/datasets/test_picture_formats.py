"""Pictures of many formats, some of them broken."""

import struct

import numpy as np
import pytest
from PIL import EpsImagePlugin, Image

from adda.common.errors import AddaError
from adda.datasets.picture_formats import SUFFIXES, count_pages, find_pictures, open_picture


@pytest.fixture
def grey(rng):
    return rng.integers(0, 256, (28, 28), np.uint8)


@pytest.mark.parametrize("ending", ["png", "bmp", "gif", "tif", "webp", "pgm", "tga", "pcx"])
def test_what_pillow_opens_is_read(grey, tmp_path, ending):
    path = tmp_path / f"picture.{ending}"
    options = {"lossless": True} if ending == "webp" else {}
    Image.fromarray(grey).save(path, **options)
    assert path.suffix in SUFFIXES
    assert (np.asarray(open_picture(path).convert("L")) == grey).all()


def test_sixteen_bits_and_floats_keep_their_greys(grey, tmp_path):
    path = tmp_path / "deep.tif"
    for deep in (
        grey.astype(np.uint16) * 257,
        grey.astype(np.int32) * 257,
        grey.astype(np.uint16),  # values of 8 bits in 16
        grey.astype(np.uint16) * 16 + 15,  # of 12, as a camera's
        grey.astype(np.float32),
        grey / np.float32(255),
    ):
        Image.fromarray(deep).save(path)
        assert (np.asarray(open_picture(path)) == grey).all(), deep.dtype
    for bad in (-1.0, np.nan, 1e9):
        Image.fromarray(np.full((28, 28), bad, np.float32)).save(path)
        with pytest.raises(AddaError, match=r"deep\.tif cannot be used \(its values"):
            open_picture(path)


def test_a_picture_is_known_by_its_content_and_one_that_cannot_be_read_by_its_name(grey, tmp_path):
    Image.fromarray(grey).save(tmp_path / "a.png")
    (tmp_path / "a.png").rename(tmp_path / "no_suffix")
    (tmp_path / "photo.HEIC").write_bytes(b"\0\0\0\x18ftypheic")
    (tmp_path / "notes.txt").write_text("no picture")
    assert [path.name for path in find_pictures(tmp_path)] == ["no_suffix", "photo.HEIC"]
    with pytest.raises(AddaError, match=r"photo\.HEIC cannot be used"):
        open_picture(tmp_path / "photo.HEIC")


def test_no_other_program_is_run(grey, tmp_path, monkeypatch):
    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", None)
    Image.fromarray(grey).save(tmp_path / "a.eps")
    (tmp_path / "a.eps").rename(tmp_path / "a.png")
    with pytest.raises(AddaError, match=r"a\.png cannot be used \(cannot identify"):
        open_picture(tmp_path / "a.png")


def test_a_psd_file_without_layers_is_a_picture(grey, tmp_path):
    path = tmp_path / "flat.psd"
    path.write_bytes(
        struct.pack(">4sH6xHIIHHIIIH", b"8BPS", 1, 1, 28, 28, 8, 1, *[0] * 4) + grey.tobytes()
    )
    assert count_pages(path) == 1
    assert (np.asarray(open_picture(path)) == grey).all()


def test_broken_exif_counts_as_none(grey, tmp_path):
    path = tmp_path / "photo.jpg"
    orientation = (
        b"Exif\0\0II*\0\x08\0\0\0\x01\0" + struct.pack("<HHII", 0x112, 3, 1, 6) + b"\0" * 4
    )
    Image.fromarray(grey[:14]).save(path, exif=orientation)
    assert open_picture(path).size == (14, 28)  # turned
    for exif in (orientation[:15], orientation[:20], b"Exif\0\0II*\0\xff\xff\xff\xff"):
        Image.fromarray(grey[:14]).save(path, exif=exif)
        assert open_picture(path).size == (28, 14)
