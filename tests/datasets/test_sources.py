"""Reading MNIST, BSDS500 and published pickles, with small files in place of the real ones."""

import gzip
import hashlib
import io
import pickle
import struct
import tarfile
from unittest.mock import Mock

import numpy as np
import pytest
from conftest import ROOT
from PIL import Image

from adda.common.errors import AddaError
from adda.common.params import read_form, read_params
from adda.datasets import mnist as mnist_module
from adda.datasets.all_sources import load_source
from adda.datasets.bsds500 import read_photographs
from adda.datasets.downloads import Downloads
from adda.datasets.mnistm_blend import make_mnistm
from adda.datasets.mnistm_pickle import published_images
from adda.datasets.packaged import packaged_digits, packaged_photographs
from adda.datasets.raw_files import read_raw, write_raw
from adda.datasets.source import DataParams


@pytest.fixture(scope="session")
def digits():
    """The packaged digits in a random order: 4,000 and 1,000."""
    return packaged_digits(seed=0)


@pytest.fixture(scope="session")
def coloured(digits):
    rng = np.random.default_rng(1)
    photographs = packaged_photographs()
    return {part: make_mnistm(digits[part], photographs, rng) for part in ("train", "test")}


@pytest.fixture
def folder(tmp_path, digits, monkeypatch):
    """A folder that looks like the downloads, with 5,000 digits for MNIST; their md5 stands in for
    the published one."""
    files = {}
    for key, (name, _, header) in mnist_module.FILES.items():
        shape = digits[key].shape
        content = struct.pack(f">{1 + len(shape)}i", 0x800 + len(shape), *shape)
        content += digits[key].tobytes()
        (tmp_path / name).write_bytes(gzip.compress(content, 1))
        files[key] = (name, hashlib.md5(content).hexdigest(), header)
    monkeypatch.setattr(mnist_module, "FILES", files)
    with tarfile.open(tmp_path / "BSR_bsds500.tgz", "w:gz") as tar:
        for split, colour in (("train", 0), ("val", 255)):
            for number in range(3):
                buffer = io.BytesIO()
                Image.new("RGB", (40, 30), (colour, 10 * number, 0)).save(buffer, "JPEG")
                add(tar, f"BSR/BSDS500/data/images/{split}/{number}.jpg", buffer.getvalue())
            add(tar, f"BSR/BSDS500/data/images/{split}/Thumbs.db", b"no picture")
    return tmp_path


def add(tar, name, content):
    member = tarfile.TarInfo(name)
    member.size = len(content)
    tar.addfile(member, io.BytesIO(content))


def elsewhere(cache="no cache", **mnistm):
    """data/downloads.yaml with another address of MNIST-M's pickle."""
    given = read_form(ROOT / "data/downloads.yaml", Downloads, cache=cache)
    return given.model_copy(update={"mnistm": given.mnistm.model_copy(update=mnistm)})


@pytest.fixture
def load(folder):
    def load(source, downloads=None, **changes):
        data = read_params(ROOT / "params.yaml", data=DataParams).data
        changes = {"source": source, "directory": str(folder)} | changes
        return load_source(data.model_copy(update=changes), downloads or elsewhere())

    return load


def same(left, right):
    return all((left[key] == right[key]).all() for key in right)


def test_packaged_digits_are_balanced_and_split(digits):
    for part, count in (("train", 400), ("test", 100)):
        assert digits[part].shape == (10 * count, 28, 28)
        assert (np.bincount(digits[f"{part}_labels"]) == count).all()
    train, test = ({image.tobytes() for image in digits[part]} for part in ("train", "test"))
    assert len(train | test) == 5000  # no image twice, so none in both parts


def test_build_reads_the_folder_alone(load, digits):
    raw = load("build")
    assert same(raw.source, digits)
    stroke = digits["train"][0] > 0
    image = raw.target["train"][0].astype(int)
    # JPEG moves a flat colour by a few; train photographs have no red, under the stroke all of it.
    assert image[~stroke, 0].max() < 10
    assert image[stroke, 0].min() > 245


def test_files_are_mnist_or_refused(folder, load):
    path = folder / "t10k-labels-idx1-ubyte.gz"
    content = bytearray(gzip.decompress(path.read_bytes()))
    content[20] ^= 1
    path.write_bytes(gzip.compress(content))
    with pytest.raises(AddaError, match=r"t10k-labels-idx1-ubyte.gz is not MNIST's"):
        load("build")
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(AddaError, match=r"t10k-labels-idx1-ubyte.gz cannot be used"):
        load("build")


@pytest.mark.parametrize(
    ("place", "unpacked"),
    [
        ("MNIST/raw/{}-ubyte", True),
        ("MNIST/raw/{}-ubyte.gz", False),
        ("{}-ubyte", True),
        ("{}-ubyte.gz", True),  # unpacked by the server, and named as if it were not
        ("dotted", True),
    ],
)
def test_mnist_under_other_names(folder, load, digits, place, unpacked):
    for name, _, _ in mnist_module.FILES.values():
        base = name.removesuffix("-ubyte.gz")
        own = place.format(base) if place != "dotted" else base.replace("-idx", ".idx") + "-ubyte"
        content = (folder / name).read_bytes()
        (folder / name).unlink()
        (folder / own).parent.mkdir(parents=True, exist_ok=True)
        (folder / own).write_bytes(gzip.decompress(content) if unpacked else content)
    assert same(load("build").source, digits)


def test_an_archive_without_the_split(folder):
    with pytest.raises(AddaError, match="no photographs under images/test"):
        read_photographs(folder / "BSR_bsds500.tgz", ["train", "test"])


@pytest.mark.parametrize(
    "content",
    [b"", b"<html>", gzip.compress(b"no tar"), None],
    ids=["empty", "page", "gzip", "none"],
)
def test_an_archive_that_is_none(folder, content):
    path = folder / "BSR_bsds500.tgz"
    path.write_bytes(path.read_bytes()[:-200] if content is None else content)
    with pytest.raises(AddaError, match=r"BSR_bsds500\.tgz"):
        read_photographs(path, ["train"])


def test_an_archive_with_traps(tmp_path):
    """Links, huge pictures and pictures that are none are refused; nothing is unpacked."""
    huge, bomb = io.BytesIO(), io.BytesIO()
    Image.new("L", (8, 8)).save(bomb, "JPEG")
    bomb = bomb.getvalue().replace(b"\x00\x08\x00\x08\x01", b"\xea\x60\xea\x60\x01")
    Image.new("L", (5000, 5000)).save(huge, "JPEG")
    for name, content in (("huge", huge.getvalue()), ("fake", b"GIF89a"), ("bomb", bomb)):
        with tarfile.open(tmp_path / "trap.tgz", "w:gz") as tar:
            add(tar, f"../../images/train/{name}.jpg", content)
        with pytest.raises(AddaError, match=r"trap\.tgz"):
            read_photographs(tmp_path / "trap.tgz", ["train"])
    with tarfile.open(tmp_path / "trap.tgz", "w:gz") as tar:
        link = tarfile.TarInfo("images/train/link.jpg")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    with pytest.raises(AddaError, match="no photographs"):
        read_photographs(tmp_path / "trap.tgz", ["train"])
    assert [path.name for path in tmp_path.iterdir()] == ["trap.tgz"]


def tutorial_layout(coloured):
    """Valid is the first part of MNIST's training file."""
    train = coloured["train"]
    return {"train": train[500:], "valid": train[:500], "test": coloured["test"]}


@pytest.mark.parametrize("layout", [dict, tutorial_layout])
@pytest.mark.parametrize(
    ("name", "compress"),
    [("mnistm_data.pkl", bytes), ("mnistm_data.pkl.gz", gzip.compress)],
)
def test_published_layouts(folder, load, coloured, digits, layout, name, compress):
    (folder / name).write_bytes(compress(pickle.dumps(layout(coloured), 2)))
    raw = load("pickle")
    assert same(raw.target, coloured)
    assert same(raw.source, digits)


def test_the_pickle_may_have_a_name_of_the_users_own_and_its_hash_is_checked(
    folder, load, coloured
):
    content = pickle.dumps(coloured)
    (folder / "own.pkl").write_bytes(content)
    own = {"file": "own.pkl", "urls": ["https://127.0.0.1:9/"]}
    assert same(load("pickle", elsewhere(**own)).target, coloured)
    right = "md5:" + hashlib.md5(content).hexdigest()
    assert same(load("pickle", elsewhere(**own, hash=right)).target, coloured)
    with pytest.raises(AddaError, match=r"own\.pkl has another md5 than data/downloads\.yaml"):
        load("pickle", elsewhere(**own, hash="md5:" + "0" * 32))


def shuffled(images):
    return images[np.random.default_rng(0).permutation(len(images))]


ORDER = "not in MNIST's order"


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda c: c | {"train": shuffled(c["train"])}, ORDER),
        (lambda c: c | {"test": shuffled(c["test"])}, ORDER),
        (lambda c: c | {"train": np.roll(c["train"], 1, axis=0)}, ORDER),
        # The tutorial layout with its parts joined the other way round.
        (lambda c: c | {"train": np.roll(c["train"], 500, axis=0)}, ORDER),
        (lambda c: c | {"train": 255 - c["test"].repeat(4, axis=0)}, ORDER),
        (lambda c: {}, "train is missing"),
        (lambda c: {"train": c["train"][..., 0]}, "train is uint8"),
        (lambda c: c | {"train": c["train"][1:]}, "train has"),
        (lambda c: c | {"test": c["test"][1:]}, "test has"),
    ],
)
def test_images_out_of_order_and_other_layouts_are_refused(coloured, digits, damage, message):
    with pytest.raises(AddaError, match=f"file.pkl.*{message}"):
        published_images(damage(coloured), digits, "file.pkl")


def test_raw_comes_back_as_written(tmp_path, load):
    raw = load("build")
    write_raw(tmp_path / "raw", raw)
    back = read_raw(tmp_path / "raw")
    assert same(back.source, raw.source)
    assert same(back.target, raw.target)
    path = tmp_path / "raw/source/test.npy"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(AddaError, match=r"source/test\.npy cannot be used"):
        read_raw(tmp_path / "raw")


def test_a_file_that_the_users_folder_lacks_is_named_with_the_folder(folder, load, monkeypatch):
    monkeypatch.setattr("pooch.retrieve", Mock(side_effect=OSError("no network")))
    (folder / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(AddaError) as caught:
        load("build")
    message = str(caught.value)
    assert f"data.directory, {folder}, holds no t10k-labels-idx1-ubyte.gz" in message
    assert f"put the file into {folder}" in message


def test_an_unknown_source_is_named(load):
    with pytest.raises(AddaError, match=r"data\.source is mnist; it must be one of packaged"):
        load("mnist")
