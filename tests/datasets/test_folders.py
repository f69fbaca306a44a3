"""A user's own two domains, from folders of pictures."""

import os
import shutil
import subprocess
import sys
from string import ascii_uppercase

import numpy as np
import pytest
from conftest import ROOT
from PIL import Image

from adda.common.array_files import DIGITS
from adda.common.errors import AddaError
from adda.common.params import read_params
from adda.datasets.all_sources import load_source
from adda.datasets.folders import read_source, read_target
from adda.datasets.raw_files import read_raw, write_raw
from adda.datasets.source import DataParams
from adda.datasets.splits import SplitParams, split_domains


def colour(domain, part, digit, number):
    """A different grey in every picture."""
    return 120 * (domain == "target") + 12 * digit + 6 * (part == "test") + number


def digit_of(domain, greys):
    return (greys.astype(int) - 120 * (domain == "target")) // 12


@pytest.fixture
def folder(tmp_path):
    """Three pictures of each digit in each part of each domain; the target has twice as many."""
    for domain, count in (("source", 3), ("target", 6)):
        for part in ("train", "test"):
            for digit in range(10):
                place = tmp_path / "own" / domain / part / str(digit)
                place.mkdir(parents=True)
                for number in range(count):
                    image = Image.new("RGB", (28, 28), (colour(domain, part, digit, number),) * 3)
                    image.save(place / f"{number}.png")
                (place / "notes.txt").write_text("no picture")
    return tmp_path / "own"


@pytest.fixture
def load(folder):
    data = read_params(ROOT / "params.yaml", data=DataParams).data

    def load(directory=str(folder), binarise="zero"):
        changes = {"source": "folders", "directory": directory, "binarise": binarise}
        return load_source(data.model_copy(update=changes), None)

    return load


def test_pictures_become_two_domains_with_labels_of_their_own(load, tmp_path):
    write_raw(tmp_path / "raw", load())
    raw = read_raw(tmp_path / "raw")
    assert raw.source["train"].shape == (30, 28, 28)
    assert raw.target["train"].shape == (60, 28, 28, 3)
    for domain, images, labels in (
        ("source", raw.source["test"], raw.source["test_labels"]),
        ("target", raw.target["test"][..., 0], raw.target["test_labels"]),
    ):
        assert (np.bincount(labels) == len(labels) // 10).all()
        assert len(set(labels[:10])) > 3  # not one digit after the other
        assert (digit_of(domain, images[:, 0, 0]) == labels).all()


def test_pictures_of_other_sizes_are_scaled_and_said_to_be(folder, load, capsys):
    wide = Image.new("L", (112, 56))
    wide.paste(200, (28, 0, 84, 56))
    wide.save(folder / "source/train/3/wide.png")
    bars = Image.new("RGB", (112, 56), "red")
    bars.paste((0, 90, 0), (28, 0, 84, 56))
    bars.save(folder / "target/test/3/wide.png")
    pages = [Image.new("L", (28, 28), grey) for grey in (9, 200)]
    pages[0].save(folder / "source/test/3/pages.tif", save_all=True, append_images=pages[1:])
    raw = load()
    warned = capsys.readouterr().err
    assert "source/train: 1 of 31 pictures are scaled to 28 x 28 pixels" in warned
    assert "target/test: 1 of 61 pictures are scaled" in warned
    assert "source/test: of 1 file with several pictures the first is read: " in warned
    assert "source/test/3/pages.tif" in warned
    padded = [each for each in raw.source["train"] if each.max() == 200]
    assert len(padded) == 1
    assert (padded[0][7:21, 7:21] == 200).all()  # a source is padded to a square
    assert (padded[0] > 0).sum() == 14 * 14
    assert [each for each in raw.target["test"] if (each == (0, 90, 0)).all()]  # a target, cut


def test_a_source_may_stay_in_colour(folder, load):
    Image.new("RGB", (28, 28), (10, 200, 30)).save(folder / "source/train/3/green.png")
    assert load().source["train"].shape == (31, 28, 28)
    kept = load(binarise="colour").source["train"]
    assert [each for each in kept if (each == (10, 200, 30)).all()]


def test_grey_pictures_are_cut_where_their_ink_begins(folder, load):
    grey = Image.new("L", (28, 28), 40)
    grey.paste(180, (10, 10, 20, 20))
    grey.save(folder / "source/train/3/grey.jpg")
    kept = load().source["train"]
    assert (kept[np.argmax(kept.max(axis=(1, 2)))] > 0).all()
    cut = load(binarise="otsu").source["train"]
    square = cut[np.argmax(cut.max(axis=(1, 2)))] > 0
    assert square[10:20, 10:20].all()
    assert square.sum() == 100


def test_what_is_missing_or_wrong_is_named(folder, load):
    with pytest.raises(AddaError, match=r"data\.directory is not set"):
        load(None)
    for path in (folder / "source/test/7").glob("*.png"):
        path.unlink()
    with pytest.raises(AddaError, match="source/test shows no 7"):
        load()
    for path in (folder / "source/test").rglob("*.png"):
        path.unlink()
    with pytest.raises(AddaError, match="source/test holds no picture"):
        load()
    (folder / "source").rename(folder / "sources")
    with pytest.raises(AddaError, match="own/source is not a folder; make one"):
        load()


def test_a_bad_picture_costs_itself_alone_and_is_named(folder, load, capsys):
    whole = load()
    place = folder / "target/train/3"
    for mode, name in (("RGBA", "0.png"), ("LA", "1.png")):
        Image.new(mode, (28, 28)).save(place / name)
    (place / "2.png").write_bytes(b"no picture")
    Image.new("RGB", (1, 5000)).save(place / "5.png")  # a strip
    Image.open(place / "3.png").convert("RGBA").save(place / "3.png")  # opaque
    Image.open(place / "4.png").save(place / "4.jpg")
    (place / "4.png").unlink()
    few = load()
    warned = capsys.readouterr().err
    assert "target/train: 4 of 60 pictures are left out: " in warned
    assert "3/5.png cannot be used (1 x 5000 pixels are a strip)" in warned
    for name in ("0.png cannot be used (some of it is transparent", "2.png cannot be used ("):
        assert f"target/train/3/{name}" in warned
    assert len(few.target["train"]) == len(whole.target["train"]) - 4
    greys = few.target["train"][:, 0, 0, 0]
    assert (digit_of("target", greys) == few.target["train_labels"]).all()
    for path in (folder / "source/test").rglob("*.png"):
        path.write_bytes(b"no picture")
    with pytest.raises(
        AddaError, match=r"source/test: no picture can be read; of the first: .*0/0"
    ):
        load()


def test_hidden_files_and_what_pillow_cannot_read_are_no_pictures(folder, load, capsys):
    whole = load()
    place = folder / "target/train"
    for name in ("3/._1.png", "3/numbers.h5", "3/film.mpg"):
        (place / name).write_bytes(b"no picture")
    (place / "3/folder.png").mkdir()
    for domain in ("source", "target"):
        hidden = folder / domain / "train/.ipynb_checkpoints"
        hidden.mkdir()
        Image.new("RGB", (28, 28)).save(hidden / "1-checkpoint.png")
    again = load()
    assert capsys.readouterr().err == ""
    assert (again.target["train"] == whole.target["train"]).all()


def test_a_target_may_show_one_class_alone(folder, load, capsys):
    """As people have it: what is to be classified is not sorted yet, or rare."""
    for path in (folder / "target/test").glob("[0-24-9]/*.png"):
        path.unlink()
    raw = load()
    assert set(raw.target["test_labels"]) == {3}
    assert len(raw.target["test"]) == 6
    shown = "target/test shows no 0, 1, 2, 4, 5, 6, 7, 8, 9: nothing is known of these"
    assert shown in capsys.readouterr().err


@pytest.mark.process
@pytest.mark.parametrize(
    ("kind", "names", "labelled"), [("digits", DIGITS, 2), ("letters", ascii_uppercase, 1)]
)
def test_the_documented_pairs_can_be_read(tmp_path, kind, names, labelled):
    command = [sys.executable, "-m", "docs.make_pair", kind, str(tmp_path / "pair")]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    size = 64 if kind == "letters" else 28
    source, classes = read_source(tmp_path / "pair/source", size)
    target = read_target(tmp_path / "pair/target", classes, size)
    assert classes == list(names)
    assert len(source["train"]) == len(target["train"]) > 1000
    assert set(np.unique(source["test"])) == {0, 255}
    assert source["train"].any(axis=(1, 2)).all()  # none is blank
    varied = 20 if kind == "letters" else 30  # whose photographs are darkened
    assert target["test"].std(axis=0).min() > varied  # photographs, everywhere
    assert sum(name.endswith("_labels") for name in target) == labelled


@pytest.fixture
def letters(tmp_path):
    """Three letters, eight pictures of each in each part, and a target that nobody labelled."""
    for part in ("train", "test"):
        (tmp_path / "letters/target" / part).mkdir(parents=True)
        for number, letter in enumerate("xyb"):
            (tmp_path / "letters/source" / part / letter).mkdir(parents=True)
            for copy in range(8):
                picture = Image.new("L", (28, 28), 40 * number + 4 * copy + 1)
                picture.putpixel((27, 27), 0)  # or they would be blank, binarised
                picture.save(tmp_path / f"letters/source/{part}/{letter}/{copy}.png")
                picture.save(tmp_path / f"letters/target/{part}/{letter}{copy}.png")
    return tmp_path / "letters"


def test_classes_are_the_folders_and_the_target_needs_no_labels(letters, load, tmp_path):
    write_raw(tmp_path / "raw", load(str(letters)))
    raw = read_raw(tmp_path / "raw")
    assert raw.classes == ["b", "x", "y"]
    assert (raw.source["test"][:, 0, 0] // 40 == (raw.source["test_labels"] + 2) % 3).all()
    assert raw.target.keys() == {"train", "test"}
    arrays = split_domains(raw, SplitParams(valid_fraction=0.5, seed=0))
    assert arrays["images/target_train"].shape == (12, 28, 28, 3)
    assert not len(arrays["labels/target_train"])
    assert not len(arrays["labels/target_test"])


def test_noise_that_would_be_ink_is_named(folder, load, capsys):
    load()
    assert "JPEG" not in capsys.readouterr().err
    for path in (folder / "source/train").rglob("*.png"):
        picture = np.array(Image.open(path))
        picture[:14] = 7
        Image.fromarray(picture).save(path)
    load()
    assert "as JPEG's noise, and all above zero counts as ink; set data" in capsys.readouterr().err
    load(binarise="otsu")
    assert "JPEG" not in capsys.readouterr().err


def test_what_the_source_lacks_is_named_and_labelled_as_other(letters, load, tmp_path, capsys):
    for path in sorted((letters / "target/test").glob("*.png")):
        name = {"x": "q", "y": "r"}.get(path.name[0], path.name[0])
        (letters / "target/test" / name).mkdir(exist_ok=True)
        path.rename(letters / "target/test" / name / path.name)
    write_raw(tmp_path / "raw", load(str(letters)))
    shown = "test shows q, r, which the source lacks: each of these images is an error"
    assert shown in capsys.readouterr().err
    raw = read_raw(tmp_path / "raw")
    assert raw.classes == ["b", "x", "y"]
    assert sorted(raw.target["test_labels"]) == [0] * 8 + [3] * 16
    shutil.rmtree(letters / "target/test/b")
    with pytest.raises(AddaError, match="test shows q, r, and none of the source's classes, b, x"):
        load(str(letters))
    for place in ("source/train/y", "source/test/y"):
        (letters / place).rename((letters / place).with_name("other"))
    (letters / "target/test/q").rename(letters / "target/test/b")
    with pytest.raises(AddaError, match=r"shows r, .* count as other, and the source has a class"):
        load(str(letters))
    (letters / "source/test/q").mkdir()
    with pytest.raises(AddaError, match=r"source/test/q is not a class of .*source/train; rename"):
        load(str(letters))


@pytest.mark.parametrize("name", ["X", "x ", "ä", "a\u0308", os.fsdecode(b"\xe4")])
def test_names_alike_to_the_eye_or_unreadable_are_refused(letters, load, name):
    """Of a target sorted into folders, beside a source that has the other form."""
    (letters / "source/train/b").rename(letters / "source/train/ä")
    (letters / "source/test/b").rename(letters / "source/test/ä")
    for letter in ("x", "y", name):
        (letters / "target/test" / letter).mkdir(exist_ok=True)
    for path in sorted((letters / "target/test").glob("*.png")):
        path.rename(
            letters / "target/test" / {"b": name}.get(path.name[0], path.name[0]) / path.name
        )
    if name == "ä":
        assert set(load(str(letters)).target["test_labels"]) == {0, 1, 2}
        return
    with pytest.raises(AddaError, match=r"differ by case, space or the coding of|is not of UTF-8"):
        load(str(letters))


def test_one_part_alone_may_have_labels(letters, load):
    for path in sorted((letters / "target/test").glob("*.png")):
        (letters / "target/test" / path.name[0]).mkdir(exist_ok=True)
        path.rename(letters / "target/test" / path.name[0] / path.name)
    raw = load(str(letters))
    assert raw.target.keys() == {"train", "test", "test_labels"}
    Image.new("L", (28, 28)).save(letters / "target/test/loose.png")
    with pytest.raises(AddaError, match=r"loose\.png for one, beside folders of classes"):
        load(str(letters))


def test_a_source_of_one_class_or_none_is_refused(letters, load):
    for letter in "xy":
        (letters / "source/train" / letter).rename(letters / letter)
    with pytest.raises(AddaError, match="has 1 folders with pictures; it needs one for each of 2"):
        load(str(letters))
