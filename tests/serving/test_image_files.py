"""A user's own files through the command line, with networks that have learned nothing."""

import shutil
from functools import partial

import keras
import numpy as np
import pytest
from conftest import small_recipe
from PIL import Image

from adda.common.errors import AddaError
from adda.evaluation.pictures import save_grid
from adda.inference.translation import translate, translate_back
from adda.recipes.storage import save_model
from adda.serving.image_files import find_images, read_styles, translate_files
from adda.serving.translator import Translator


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A model's folder as *train* leaves it."""
    folder = tmp_path_factory.mktemp("trained") / "model"
    keras.utils.set_random_seed(0)
    model = small_recipe("layered")
    # What little of a digit fresh weights see in noise hides the whole of it.
    last = model.mask_encoder.layers[-1]
    last.kernel.assign(50 * last.kernel)
    last.bias.assign([-2.0])
    save_model(folder, model)
    styles = np.random.default_rng(0).integers(0, 256, (5, 28, 28, 3), np.uint8)
    np.save(folder / "styles.npy", styles)
    return folder


@pytest.fixture
def digits(rng):
    return np.where(rng.random((3, 28, 28)) < 0.2, 255, 0).astype(np.uint8)


@pytest.fixture
def run(command):
    return partial(command, "translate")


def same(left, right):
    """Equal but for rounding."""
    return left.shape == right.shape and np.abs(left.astype(int) - right).max() <= 1


def test_a_translator_gives_each_digit_one_of_the_styles(trained, digits):
    translator = Translator(trained, seed=3)
    translated = translator.translate(digits)
    source = np.repeat(digits[..., None], 3, axis=-1)
    candidates = [
        translate(translator.model, source, np.repeat(style[None], 3, axis=0))
        for style in translator.styles
    ]
    for index, image in enumerate(translated):
        assert min(np.abs(each[index].astype(int) - image).max() for each in candidates) <= 1
    assert (Translator(trained, seed=3).translate(digits) == translated).all()
    assert not same(translated[0], translated[1])
    back = translator.reverse(translated)
    assert set(np.unique(back)) == {0, 255}
    assert (back == translate_back(translator.model, translated)[..., 0]).all()


def test_a_folder_of_pictures_and_stacks_is_translated_name_by_name(run, trained, digits, tmp_path):
    inputs, output = tmp_path / "in", tmp_path / "out"
    inputs.mkdir()
    Image.fromarray(digits[0]).save(inputs / "light.png")
    Image.fromarray(255 - digits[0]).save(inputs / "on paper.PNG")
    np.save(inputs / "stack.npy", np.repeat(digits, 300, axis=0))  # more than one batch
    (inputs / "notes.txt").write_text("not an image")
    arguments = ("--model", trained, "--input", inputs, "--output", output)
    first = run(*arguments)
    assert first.returncode == 0, first.stderr
    assert first.stdout.strip() == f"{output}: 902 images"
    names = ["contact_sheet.png", "light.png", "on paper.png", "stack.npy"]
    assert sorted(path.name for path in output.iterdir()) == names
    stack = np.load(output / "stack.npy")
    expected = Translator(trained)
    pictures = expected.translate(np.stack([digits[0], digits[0]]))
    parts = np.array_split(np.repeat(digits, 300, axis=0), [500])
    assert same(stack, np.concatenate([expected.translate(part) for part in parts]))
    assert same(np.asarray(Image.open(output / "light.png")), pictures[0])
    assert same(np.asarray(Image.open(output / "on paper.png")), pictures[1])
    blank = np.zeros((20, 28, 28, 3), np.uint8)  # the first twenty of all files are shown
    save_grid(tmp_path / "sheet.png", {"input": blank, "output": blank})
    sheets = output / "contact_sheet.png", tmp_path / "sheet.png"
    assert len({Image.open(path).size for path in sheets}) == 1
    before = {path.name: path.read_bytes() for path in output.iterdir()}
    assert run(*arguments).returncode == 0
    assert {path.name: path.read_bytes() for path in output.iterdir()} == before
    assert run(*arguments, "--seed", 1).returncode == 0
    assert (output / "stack.npy").read_bytes() != before["stack.npy"]


def test_bad_files_are_named_and_skipped_and_the_rest_is_done(run, trained, digits, tmp_path):
    Image.fromarray(digits[0]).save(tmp_path / "good.png")
    whole = (tmp_path / "good.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.png").write_text("no picture")
    Image.new("L", (60, 60), 255).save(tmp_path / "empty.png")
    Image.fromarray(digits[0]).save(tmp_path / "good.jpg")
    np.save(tmp_path / "floats.npy", digits.astype(np.float32))
    np.save(tmp_path / "none.npy", digits[:0])
    (tmp_path / "nothing.npy").touch()
    with (tmp_path / "archive.npy").open("wb") as file:
        np.savez(file, digits)
    Image.fromarray(digits[0]).save(tmp_path / "contact_sheet.png")
    np.save(tmp_path / "objects.npy", np.array([{}]), allow_pickle=True)
    result = run("--model", trained, "--input", tmp_path, "--output", tmp_path / "out")
    assert result.returncode == 1
    skipped = [line for line in result.stderr.splitlines() if line.startswith("skipped: ")]
    bad = [path.name for path in tmp_path.iterdir() if path.is_file() and path.name != "good.jpg"]
    bad.remove("contact_sheet.png")  # in a folder it is what this command once wrote
    assert len(skipped) == len(bad) == 9
    for name in bad:
        assert sum(f"skipped: {tmp_path}/{name}" in line for line in skipped) == 1
    assert result.stderr.splitlines()[-1] == "error: 9 files were skipped, and 1 image translated"
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert written == {"contact_sheet.png", "good.png"}


def test_styles_of_ones_own_and_the_way_back(run, trained, rng, digits, tmp_path):
    image = rng.integers(0, 256, (28, 28, 3), np.uint8)
    Image.fromarray(image).save(tmp_path / "style.png")
    Image.fromarray(digits[0]).save(tmp_path / "digit.png")
    Image.new("RGB", (9, 9)).save(tmp_path / "small.png")
    common = ("--model", trained, "--output", tmp_path / "out")
    styled = run(*common, "--input", tmp_path / "digit.png", "--style", tmp_path / "style.png")
    assert styled.returncode == 0, styled.stderr
    translator = Translator(trained)
    expected = translator.translate(digits[:1], image[None])[0]
    translated = np.asarray(Image.open(tmp_path / "out/digit.png"))
    assert same(translated, expected)
    back = tmp_path / "back"  # from a folder with a contact sheet
    result = run("--model", trained, "--input", tmp_path / "out", "--output", back, "--reverse")
    assert result.returncode == 0, result.stderr
    read = np.asarray(Image.open(back / "digit.png"))
    assert set(np.unique(read)) <= {0, 255}
    assert np.mean(read == translator.reverse(translated[None])[0]) > 0.99
    small = ("--model", trained, "--output", back, "--input", tmp_path / "small.png")
    styled = ("--model", trained, "--output", back, "--input", tmp_path / "digit.png")
    for arguments in ((*small, "--reverse"), (*styled, "--style", tmp_path / "small.png")):
        assert "1 picture scaled up to the model's 28 x 28" in run(*arguments).stderr


def test_stacks_may_be_on_paper_in_coloured_ink_and_the_ink_forced(run, trained, digits, tmp_path):
    paper = 255 - digits[..., None].repeat(3, axis=-1)
    paper[..., 0] = 255  # red ink
    np.save(tmp_path / "red.npy", paper)
    expected = Translator(trained).translate(digits)
    for ink in ("auto", "dark"):
        output = tmp_path / ink
        arguments = ("--model", trained, "--input", tmp_path / "red.npy", "--output", output)
        result = run(*arguments, "--ink", ink)
        assert result.returncode == 0, result.stderr
        assert same(np.load(output / "red.npy"), expected)


@pytest.mark.parametrize(("whole", "edge"), [("pad", 0), ("crop", 250)])
def test_pictures_of_a_source_in_colour_are_padded_and_target_images_cut(tmp_path, whole, edge):
    Image.new("RGB", (56, 28), (250, 250, 250)).save(tmp_path / "wide.png")
    translate_files([tmp_path / "wide.png"], tmp_path / "out", lambda x: x, whole=whole)
    image = np.asarray(Image.open(tmp_path / "out/wide.png"))
    assert image[0, 14, 0] == edge
    assert image[14, 14, 0] == 250


def test_inputs_are_never_overwritten(run, trained, digits, tmp_path):
    Image.fromarray(digits[0]).save(tmp_path / "digit.png")
    before = (tmp_path / "digit.png").read_bytes()
    result = run("--model", trained, "--input", tmp_path / "digit.png", "--output", tmp_path)
    assert result.returncode == 1
    assert "holds the inputs" in result.stderr
    assert (tmp_path / "digit.png").read_bytes() == before
    links = tmp_path / "links"
    links.mkdir()
    for name in ("a.png", "b.png"):
        (links / name).symlink_to(tmp_path / "digit.png")
    assert len(find_images([links])) == 2
    result = run("--model", trained, "--input", links, "--output", links)
    assert "holds the inputs" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--seed", -1], "it must not be negative"),
        (["--reverse", "--style", "digit.png"], "knows no styles"),
        (["--reverse", "--ink", "dark"], "--ink is about digits"),
    ],
)
def test_what_makes_no_sense_is_refused(run, trained, digits, tmp_path, arguments, sentence):
    Image.fromarray(digits[0]).save(tmp_path / "digit.png")
    out = tmp_path / "out"
    result = run("--model", trained, "--input", tmp_path / "digit.png", "--output", out, *arguments)
    assert result.returncode == 1
    assert sentence in result.stderr
    assert not out.exists()


def test_what_is_not_there_is_named(run, tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a/one.png").touch()
    assert find_images([tmp_path / "a", tmp_path / "a/../a"]) == [tmp_path / "a/one.png"]
    for name in ("contact_sheet.png", "out_contact_sheet.png", "wedding_contact_sheet.png"):
        (tmp_path / "a" / name).touch()
    (tmp_path / "a/out.csv").touch()
    found = [path.name for path in find_images([tmp_path / "a"])]
    assert found == ["one.png", "wedding_contact_sheet.png"]  # the user's own picture
    shutil.rmtree(tmp_path / "a")
    (tmp_path / "a").mkdir()
    with pytest.raises(AddaError, match=r"nowhere.png does not exist"):
        find_images([tmp_path / "nowhere.png"])
    with pytest.raises(AddaError, match=r"no picture or \.npy file"):
        find_images([tmp_path])
    (tmp_path / "bad.png").write_text("no picture")
    with pytest.raises(AddaError, match=r"bad.png cannot be used"):
        read_styles(find_images([tmp_path]))
    result = run("--model", tmp_path, "--input", tmp_path, "--output", tmp_path / "out")
    assert result.returncode == 1
    assert "cannot be used" in result.stderr
    assert not (tmp_path / "out").exists()
