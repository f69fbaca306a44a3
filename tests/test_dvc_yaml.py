"""dvc.yaml is held against the code: a dependency left out would leave a stale result in place."""

import ast
import re
from pathlib import Path

import pytest
import yaml
from conftest import ROOT
from dvc.repo import Repo

from adda.reporting.experiments import dotted

STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
CODE = ("adda", "stages/")
EXPENSIVE = {"baselines", "train", "adapt"}  # none may rerun for code that it does not use
LAYERS = (
    "common",
    "datasets",
    "nn",
    "engine",
    "recipes",
    "inference",
    "training",
    "classification",
    "evaluation",
    "serving",
    "reporting",
)


def test_the_lock_has_the_stages_that_there_are():
    assert yaml.safe_load((ROOT / "dvc.lock").read_text())["stages"].keys() == STAGES.keys()


def imports(path):
    """The modules of this repository that a file imports when it runs, as paths."""
    tree = ast.parse((ROOT / path).read_text())
    typing_only = [node for node in tree.body if isinstance(node, ast.If)]  # if TYPE_CHECKING
    for node in ast.walk(ast.Module([node for node in tree.body if node not in typing_only], [])):
        if isinstance(node, ast.ImportFrom) and node.module.startswith("adda"):
            names = [node.module, *(f"{node.module}.{each.name}" for each in node.names)]
            files = (name.replace(".", "/") + ".py" for name in names)
            yield from (file for file in files if (ROOT / file).exists())


def imported(path, found=()):
    """The files that a file imports, itself and the packages of each included."""
    found = {*found, path}
    for file in imports(path):
        for module in (
            *(f"{folder}/__init__.py" for folder in Path(file).parents if folder.name),
            file,
        ):
            if module not in found:
                found |= imported(module, found)
    return found


def expanded(deps):
    """Declared code, folders as the files in them."""
    for dep in (dep for dep in deps if dep.startswith(CODE)):
        inside = (ROOT / dep).rglob("*.py") if (ROOT / dep).is_dir() else [ROOT / dep]
        yield from (str(path.relative_to(ROOT)) for path in inside if path.suffix == ".py")


@pytest.mark.parametrize("name", STAGES)
def test_code_dependencies_are_what_the_stage_imports(name):
    declared, needed = set(expanded(STAGES[name]["deps"])), imported(f"stages/{name}.py")
    assert needed <= declared
    assert name not in EXPENSIVE or declared == needed
    files = {dep for dep in STAGES[name]["deps"] if dep.endswith(".py")}
    assert files <= needed  # only a folder may hold more than is imported


@pytest.mark.parametrize("name", STAGES)
def test_declared_parameters_are_what_the_stage_reads(name):
    text = (ROOT / f"stages/{name}.py").read_text()
    tree = ast.parse(text)
    read = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and getattr(node.value, "id", None) == "params"
    }
    asked = {
        keyword.arg
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", None) == "read_params"
        for keyword in node.keywords
    }
    assert asked == {param for param in STAGES[name].get("params", []) if "." not in param}
    assert read == asked or "vars(params)" in text


def test_every_group_of_params_yaml_is_read_by_a_stage():
    """And what DVC's run cache overlooks in a group, as it means files' sizes, has its own name."""
    groups = yaml.safe_load((ROOT / "params.yaml").read_text())
    declared = [set(stage.get("params", [])) for stage in STAGES.values()]
    assert set(groups) == {name for params in declared for name in params if "." not in name}
    for name, value in dotted(groups).items():
        if name.split(".")[-1] in ("size", "nfiles") or isinstance(value, dict):
            assert all(name in params for params in declared if name.split(".")[0] in params), name


def test_what_systems_and_editors_leave_behind_changes_no_folder():
    """By DVC's own reading of .dvcignore, in a folder that a stage depends on."""
    ignored = Repo(ROOT).dvcignore.is_ignored_file
    for name in (".DS_Store", "Thumbs.db", ".runner.py.swp", "runner.py~", "__pycache__/a.pyc"):
        assert ignored(str(ROOT / "adda/common" / name)), name
    assert not ignored(str(ROOT / "adda/common/runner.py"))


def test_packages_import_downwards_only():
    """But reporting reads the registries of sources and metrics, which know what names mean."""
    for height, package in enumerate(LAYERS):
        for path in (ROOT / "adda" / package).glob("*.py"):
            used = {Path(file).parts[1] for file in imports(path.relative_to(ROOT))}
            assert used <= set(LAYERS[: height + 1]), path
    assert {path.parent.name for path in (ROOT / "adda").glob("*/__init__.py")} == set(LAYERS)


@pytest.mark.parametrize("name", STAGES)
def test_every_data_path_that_a_stage_names_is_a_dependency_or_an_output(name):
    named = set()
    for path in re.findall(
        r'f?"((?:data|metrics)/[^"]*)"', (ROOT / f"stages/{name}.py").read_text()
    ):
        if ": " not in path:  # a message
            named |= {path.replace("{domain}", domain) for domain in ("source", "target")}
    stage = STAGES[name]
    outs = [
        out if isinstance(out, str) else next(iter(out))
        for kind in ("outs", "metrics", "plots")
        for out in stage.get(kind, [])
    ]
    for out in stage.get("metrics", []) + stage.get("plots", []):
        assert next(iter(out.values()))["cache"] is False  # they are in git
    declared = {dep for dep in stage["deps"] if not dep.startswith(CODE)} | set(outs)
    # Some read files of a directory.
    outer = {path for path in named if any(path.startswith(f"{other}/") for other in declared)}
    named = (named - outer) | {
        other for path in outer for other in declared if path.startswith(f"{other}/")
    }
    assert named - {"data/model"} == declared - {"data/model"}
    assert ("data/model" in named) == ("data/model" in declared)


def test_labels_of_target_images_reach_the_reference_classifier_and_scoring_alone():
    readers = {
        (name, dep.rsplit("_", 1)[1].removesuffix(".npy"))
        for name, stage in STAGES.items()
        for dep in stage["deps"]
        if "labels/target" in dep
    }
    assert readers == {("baselines", "train"), ("evaluate", "test")}


def test_test_images_reach_no_training_of_the_autoencoder():
    assert not any("test" in dep for dep in STAGES["train"]["deps"])
