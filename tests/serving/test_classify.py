"""A user's own images through the adapted classifier."""

import os
import shutil
from functools import partial
from unittest.mock import Mock

import keras
import numpy as np
import pandas as pd
import pytest
from conftest import small_recipe
from PIL import Image

from adda.classification.adapted import Adapted, save_adapted
from adda.classification.classifier import ClassifierForm, probabilities, save_classifier
from adda.common.array_files import DIGITS
from adda.common.errors import AddaError
from adda.inference.translation import translate_back
from adda.nn.networks import make_classifier
from adda.serving.classify import Classifier


@pytest.fixture(scope="module")
def adapted(tmp_path_factory):
    """A classifier's folder as *adapt* leaves it, and its network."""
    folder = tmp_path_factory.mktemp("adapted") / "adapted"
    keras.utils.set_random_seed(0)
    network = make_classifier(0.1, 10)
    save_classifier(folder, network, ClassifierForm(shape="original", width=0.1), DIGITS)
    return folder, network


@pytest.fixture
def images(rng):
    return rng.integers(0, 256, (12, 28, 28, 3), np.uint8)


@pytest.fixture
def run(command):
    return partial(command, "classify")


def test_pictures_and_stacks_become_a_table_a_sheet_and_sorted_copies(
    run, adapted, images, tmp_path
):
    folder, network = adapted
    inputs, out = tmp_path / "in", tmp_path / "out/found.csv"
    inputs.mkdir()
    for number, image in enumerate(images[:5]):
        Image.fromarray(image).save(inputs / f"{number}.png")
    np.save(inputs / "stack.npy", images[5:])
    (inputs / "broken.png").write_bytes(b"no picture")
    Image.new("RGBA", (28, 28)).save(inputs / "clear.png")
    (inputs / "notes.txt").write_text("no picture")
    copies = tmp_path / "copies"
    arguments = "--model", folder, "--input", inputs, "--output", out, "--copy-to", copies
    result = run(*arguments)
    assert result.returncode == 1
    assert f"skipped: {inputs}/broken.png cannot be used" in result.stderr
    assert f"skipped: {inputs}/clear.png cannot be used (some of it is transparent" in result.stderr
    assert f"1 item left out, no images: {inputs}/notes.txt\n" in result.stderr
    assert "error: 2 files were skipped, and 12 images classified" in result.stderr
    table = pd.read_csv(out)
    expected = probabilities(network, images)
    order = np.argsort(-expected, axis=1)
    assert (table["class"] == order[:, 0]).all()
    assert (table["runner_up"] == order[:, 1]).all()
    assert np.abs(table["probability"] - expected.max(axis=1)).max() < 1e-3
    assert list(table["image"]) == [0] * 5 + list(range(7))
    assert list(table["file"][:5]) == [f"{inputs}/{number}.png" for number in range(5)]
    assert Image.open(out.with_name("found_contact_sheet.png")).size[0] > 800
    for number, shown in enumerate(table["class"][:5]):
        copy = copies / str(shown) / f"{number}.png"
        assert copy.read_bytes() == (inputs / f"{number}.png").read_bytes()
    assert len([path for path in copies.rglob("*") if path.is_file()]) == 5
    for name in ("broken.png", "clear.png"):
        (inputs / name).unlink()
    again = run(*arguments)
    assert again.returncode == 0, again.stderr  # equal copies are there already
    first = copies / str(table["class"][0]) / "0.png"
    first.write_bytes(b"another")
    (copies / "other").mkdir()
    shutil.copy(inputs / "1.png", copies / "other")
    (copies / "other/2.png").touch()  # another picture of this name
    third = run(*arguments)
    assert f"{inputs}/0.png is not copied, {first} is another picture" in third.stderr
    assert f"{copies}/other/1.png is a copy by another class" in third.stderr
    assert "other/2.png" not in third.stderr
    assert first.read_bytes() == b"another"  # nothing is overwritten
    assert run(*arguments[:-2]).returncode == 0


def test_every_page_of_a_file_has_a_row_and_any_name_will_do(
    run, adapted, images, tmp_path, monkeypatch
):
    sheet = Mock()
    monkeypatch.setattr("adda.serving.classify.save_grid", sheet)
    first, *others = (Image.fromarray(image) for image in images[:3])
    name = os.fsdecode(b"caf\xe9.tif")  # no UTF-8
    first.save(tmp_path / name, save_all=True, append_images=others)
    table = tmp_path / "out.csv"
    result = run("--model", adapted[0], "--input", tmp_path, "--output", table)
    assert result.returncode == 0, result.stderr
    rows = pd.read_csv(table)
    assert list(rows["image"]) == [0, 1, 2]
    assert list(rows["class"]) == list(probabilities(adapted[1], images[:3]).argmax(axis=1))
    assert set(rows["file"]) == {f"{tmp_path}/caf\\udce9.tif"}
    shown = zip(rows["class"], rows["probability"], strict=True)
    assert list(sheet.call_args.args[2]) == [f"{name}\n{sure:.2f}" for name, sure in shown]


def test_pictures_smaller_than_the_models_are_said_once_to_be_scaled_up(run, adapted, tmp_path):
    for name, side in (("a.png", 20), ("b.png", 27), ("c.png", 28), ("d.png", 64)):
        Image.new("RGB", (side, 2 * side)).save(tmp_path / name)
    result = run("--model", adapted[0], "--input", tmp_path, "--output", tmp_path / "out.csv")
    assert result.returncode == 0, result.stderr
    assert "2 pictures scaled up to the model's 28 x 28 pixels" in result.stderr
    assert f"not: {tmp_path}/a.png, {tmp_path}/b.png\n" in result.stderr


def test_the_table_says_whether_both_views_agree(run, adapted, images, tmp_path):
    folder, network = adapted
    keras.utils.set_random_seed(1)
    source_only, model = make_classifier(0.1, 10), small_recipe("layered")
    both = Adapted(network, model, source_only)
    save_adapted(tmp_path / "both", both, ClassifierForm(shape="original", width=0.1), DIGITS)
    np.save(tmp_path / "stack.npy", images)
    first, second = (
        probabilities(classifier, seen).argmax(axis=1)
        for classifier, seen in ((network, images), (source_only, translate_back(model, images)))
    )
    assert 0 < (first == second).sum() < 12
    for one, expected in ((tmp_path / "both", first == second), (folder, [np.nan] * 12)):
        arguments = "--model", one, "--input", tmp_path / "stack.npy"
        assert not run(*arguments, "--output", tmp_path / "found.csv").returncode
        agree = pd.read_csv(tmp_path / "found.csv")["views_agree"]
        assert agree.equals(pd.Series(expected, name="views_agree"))
    classes, likely = Classifier(tmp_path / "both").classify(images)
    assert np.abs(likely - both.probabilities(images)).max() < 1e-6
    assert (classes == likely.argmax(axis=1)).all()
    with pytest.raises(AddaError, match=r"images is .*; it must be uint8 \[n, 28, 28, 3\]"):
        Classifier(folder).classify(images[..., 0])


def test_what_makes_no_sense_is_refused(run, adapted, tmp_path):
    (tmp_path / "broken.png").write_bytes(b"no picture")
    given = "--model", adapted[0], "--input", tmp_path / "broken.png"
    for output, sentence in (
        ("found.txt", "is not a .csv file"),
        ("found.csv", "no file can be used"),
    ):
        result = run(*given, "--output", tmp_path / output)
        assert result.returncode == 1
        assert sentence in result.stderr
        assert not (tmp_path / output).exists()
