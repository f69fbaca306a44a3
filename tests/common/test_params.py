import copy
import re
import sys
from pkgutil import resolve_name

import pytest
import yaml
from conftest import ROOT
from dvc.utils.serialize import load_yaml as load_dvc_yaml
from dvc.utils.serialize import modify_yaml

from adda.common.errors import AddaError
from adda.common.params import GROUPS as CLASSES
from adda.common.params import load_yaml, read_form, read_params
from adda.datasets.downloads import Downloads
from adda.engine.devices import Device
from adda.recipes.all_recipes import RECIPES, RecipesParams, resolve

GROUPS = {name: resolve_name(place) for name, place in CLASSES.items()}
DEFAULTS = yaml.safe_load((ROOT / "params.yaml").read_text())


@pytest.fixture
def read(tmp_path):
    """Read params.yaml with one value changed."""

    def read(group, key, value):
        values = copy.deepcopy(DEFAULTS)
        values[group][key] = value
        path = tmp_path / "params.yaml"
        path.write_text(yaml.safe_dump(values))
        return read_params(path, **GROUPS)

    return read


def test_the_defaults_are_valid():
    params = read_params(ROOT / "params.yaml", **GROUPS)
    assert params.loss.l2_weight == "auto"
    # And params.yaml says what the code would take where a recipe's own are left out.
    assert params.recipes == RecipesParams()


def test_values_are_those_that_dvc_records(tmp_path):
    text = "{a: 5e-05, b: 010, c: 0o10, d: yes, e: 1_000, f: 12:30, g: 1e}"
    path = tmp_path / "params.yaml"
    path.write_text(text)
    assert load_yaml(text) == load_dvc_yaml(path)
    assert load_yaml(text)["b"] == 10


@pytest.mark.parametrize(
    ("group", "key", "value"),
    [
        ("loss", "l2_weight", -1),
        ("loss", "adversarial_weight", float("nan")),
        ("loss", "l2_weight", float("inf")),
        ("loss", "l2_wieght", 1),
        ("train", "steps", 0),
        ("train", "steps", "many"),
        ("train", "steps", 1.5),
        ("train", "seed", "10"),  # text, which DVC records as text
        ("loss", "l2_weight", True),
        ("split", "valid_fraction", 1),
        ("classifier", "seed", None),
        ("classifier", "width", 1e308),
        ("train", "batch_size", 10**12),
        ("model", "recipe", "none"),
        ("model", "fine_tune", True),  # of no weights
        ("model", "fine_tune", "no"),  # text
        ("data", "binarise", "otsu"),  # of no folders
        ("data", "size", 30),
        ("data", "size", 100),
        ("data", "size", 32),  # of no folders
        ("recipes", "original", {"code_size": 1}),
    ],
)
def test_a_bad_value_is_named_in_one_line(read, group, key, value):
    name = re.escape(f"{group}.{key}")
    with pytest.raises(AddaError, match=f"params.yaml: {name}[a-z_.]* is ") as caught:
        read(group, key, value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("recipe", RECIPES)
def test_auto_is_the_recipes_own_value_and_a_number_is_for_any(read, recipe):
    params = read("loss", "adversarial_weight", 0.3)
    loss, train = resolve(recipe, params.loss, params.train)
    assert loss.adversarial_weight == 0.3
    assert loss.l2_weight == RECIPES[recipe].loss.get("l2_weight", 0)
    assert train.batch_size == RECIPES[recipe].train["batch_size"]
    assert train.steps == params.train.steps
    with pytest.raises(AddaError, match=r"l2_weight is 'autom': input .* number, or auto$"):
        read("loss", "l2_weight", "autom")


def test_an_empty_folder_is_none(read):
    assert read("data", "directory", "").data.directory is None
    assert read("model", "weights", "").model.weights is None


def test_what_a_recipe_lacks_is_said_with_its_name(read, monkeypatch, tmp_path):
    params = read("loss", "l2_weight", 1)
    message = r"loss\.l2_weight is 1, but the recipe pixelda has no such term; set it to auto"
    with pytest.raises(AddaError, match=message):
        resolve("pixelda", params.loss, params.train)
    values = copy.deepcopy(DEFAULTS)
    values["loss"]["l2_weight"], values["model"]["recipe"] = 1, "pixelda"
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(values))
    with pytest.raises(AddaError, match=message):
        read_params(path, **GROUPS)
    folders = {"source": "folders", "size": 32, "binarise": "colour"}
    values["loss"]["l2_weight"] = "auto"
    values["data"] |= folders
    for recipe, wrong in (("original", "images of 28 pixels alone"), ("layered", "in colour")):
        values["model"]["recipe"] = recipe
        path.write_text(yaml.safe_dump(values))
        with pytest.raises(AddaError, match=f"the recipe {recipe} .*{wrong}"):
            read_params(path, **GROUPS)
    values["model"]["weights"] = "given"  # as they are: the recipe is theirs
    path.write_text(yaml.safe_dump(values))
    read_params(path, **GROUPS)


def test_a_missing_key_is_named(tmp_path):
    values = copy.deepcopy(DEFAULTS)
    del values["loss"]["l2_weight"]
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(values))
    with pytest.raises(AddaError, match=r"loss\.l2_weight is missing"):
        read_params(tmp_path / "params.yaml", **GROUPS)


@pytest.mark.parametrize("text", [b"", b"- 1", b"a: [", b"\0", b"a: \xff", b"a: 2024-13-45"])
def test_a_file_that_is_no_params_file(tmp_path, text):
    (tmp_path / "params.yaml").write_bytes(text)
    with pytest.raises(AddaError, match=r"params\.yaml"):
        read_params(tmp_path / "params.yaml")
    with pytest.raises(AddaError, match="cannot be used"):
        read_params(tmp_path)


@pytest.mark.parametrize("name", ["../file", "/file", "", "..", "a/b"])
def test_file_names_stay_in_their_folder(tmp_path, name):
    values = yaml.safe_load((ROOT / "data/downloads.yaml").read_text())
    path = tmp_path / "downloads.yaml"
    path.write_text(yaml.safe_dump(values))
    assert read_form(path, Downloads, cache=tmp_path).mnistm.file == "keras_mnistm.pkl.gz"
    values["mnistm"]["file"] = name
    path.write_text(yaml.safe_dump(values))
    with pytest.raises(AddaError, match=r"downloads\.yaml: mnistm\.file"):
        read_form(path, Downloads, cache=tmp_path)
    path.write_text("[1]")
    with pytest.raises(AddaError, match=r"downloads\.yaml holds no groups"):
        read_form(path, Downloads, cache=tmp_path)


def test_dvc_changes_one_line_to_change_one_value(tmp_path):
    """The file is written the way DVC writes it, so an experiment leaves a diff of one line."""
    before = (ROOT / "params.yaml").read_text()
    (tmp_path / "params.yaml").write_text(before)
    with modify_yaml(str(tmp_path / "params.yaml")) as values:
        values["loss"]["l2_weight"] = 5
    after = (tmp_path / "params.yaml").read_text()
    changed = [
        new for old, new in zip(before.splitlines(), after.splitlines(), strict=True) if old != new
    ]
    assert [line.split("#")[0].strip() for line in changed] == ["l2_weight: 5"]


def test_every_parameter_has_a_comment():
    for line in (ROOT / "params.yaml").read_text().splitlines():
        key = line.split(":")[0].strip()
        groups = ("layered", "original", "pixelda")  # of a recipe's own
        if line.startswith(" ") and key not in groups and not key.startswith("-"):
            assert "  # " in line, line


def test_a_stage_that_may_train_checks_all_groups_and_every_stage_their_names(
    tmp_path, monkeypatch
):
    (tmp_path / "dvc.yaml").write_text("stages: {train: {params: [adaptation, loss, train.seed]}}")
    path = tmp_path / "params.yaml"
    bad = {"adaptation": DEFAULTS["adaptation"] | {"move": -1}, "device": "cpu"}
    path.write_text(yaml.safe_dump(bad))
    with pytest.raises(AddaError, match=r"adaptation\.move is -1"):
        read_params(path, device=Device)
    monkeypatch.delitem(sys.modules, "tensorflow")  # as in download, which nothing long depends on
    assert read_params(path, device=Device).device == "cpu"
    (tmp_path / "dvc.yaml").write_text(
        "stages: {train: {params: [loss, own.yaml: [a, b], params.yaml: [train.seed]]},"
        " each: {foreach: [1, 2], do: {cmd: echo, params: [mine]}}, plain: {cmd: echo}}"
    )
    path.write_text("device: cpu\nloss: {}\nmine: {}\n")
    assert read_params(path, device=Device).device == "cpu"  # stages of a user's own
    path.write_text("device: cpu\nlos: {}\n")
    with pytest.raises(AddaError, match="los is not a parameter; remove it or correct"):
        read_params(path, device=Device)
