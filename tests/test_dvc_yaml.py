"""dvc.yaml is held against the code: a dependency left out would leave a stale result in place."""

import ast
import re

import pytest
import yaml
from conftest import ROOT

STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]


def imported(path):
    """The files of this repository that a file imports, itself and its package included."""
    found = {path}
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.ImportFrom) and node.module.startswith("adda."):
            found |= {"adda/__init__.py", *imported(node.module.replace(".", "/") + ".py")}
    return found


@pytest.mark.parametrize("name", STAGES)
def test_code_dependencies_are_what_the_stage_imports(name):
    declared = {dep for dep in STAGES[name]["deps"] if dep.endswith(".py")}
    assert declared == imported(f"stages/{name}.py")


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
    declared = {dep for dep in stage["deps"] if not dep.startswith(("adda/", "stages/"))} | set(
        outs
    )
    # Some read files of a directory.
    named = {path if path in declared else path.rsplit("/", 1)[0] for path in named}
    assert named == declared


def test_labels_of_target_images_reach_the_judge_and_scoring_alone():
    readers = {
        (name, dep.rsplit("_", 1)[1].removesuffix(".npy"))
        for name, stage in STAGES.items()
        for dep in stage["deps"]
        if "labels/target" in dep
    }
    scoring = {("evaluate", "test"), ("adapt", "test"), ("embed", "test")}
    assert readers == {("baselines", "train"), ("baselines", "test"), *scoring}


def test_test_images_reach_no_training_of_the_autoencoder():
    assert not any("test" in dep for dep in STAGES["train"]["deps"])


@pytest.mark.parametrize("name", STAGES)
def test_every_stage_says_what_it_does_and_keeps_the_run_cache(name):
    stage = STAGES[name]
    assert len(stage["desc"].split()) > 5
    if name != "card":  # takes no time, and its text is to be in git
        assert all(isinstance(out, str) for out in stage.get("outs", []))  # cached, not persisted
    for kept in stage.get("metrics", []) + stage.get("plots", []):
        assert next(iter(kept.values())) == {"cache": False}
