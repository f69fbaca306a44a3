"""Every snippet of README and docs/use.md, and the tour, run from the text of the page."""

import json
import re
import subprocess

import numpy as np
import pytest
import yaml
from conftest import ROOT
from PIL import Image, ImageDraw
from test_pipeline import finished  # noqa: F401

SNIPPETS = {
    f"{page}, {number}": code
    for page in ("README.md", "docs/use.md")
    for number, code in enumerate(
        re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(), flags=re.DOTALL), 1
    )
}
CELLS = json.loads((ROOT / "docs/tour.ipynb").read_text())["cells"]
SNIPPETS["docs/tour.ipynb"] = "\n".join(
    "".join(cell["source"]) for cell in CELLS if cell["cell_type"] == "code"
)


def test_there_are_snippets():
    assert len(SNIPPETS) == 4


@pytest.mark.parametrize("name", SNIPPETS)
def test_a_snippet_runs_as_it_stands(name, finished, monkeypatch, tmp_path, command):  # noqa: F811
    monkeypatch.chdir(tmp_path)
    for part in ("data", "dvc.yaml"):
        (tmp_path / part).symlink_to(finished.path / part)
    picture = Image.new("L", (100, 100), 230)
    ImageDraw.Draw(picture).line([(30, 20), (70, 20), (50, 80)], fill=30, width=6)
    picture.save("digit.jpg")
    if "exported/" in SNIPPETS[name]:
        assert not command("export", "exported").returncode
    variables: dict = {}
    exec(SNIPPETS[name], variables)
    if {"classes", "images"} <= variables.keys():
        assert variables["classes"].shape == (len(variables["images"]),)
        assert np.allclose(variables["probabilities"].sum(axis=1), 1, atol=1e-3)
    if {"translated", "images"} <= variables.keys():
        assert variables["translated"].shape == variables["images"].shape


def test_the_workflow_template_runs_commands_that_there_are():
    steps = yaml.safe_load((ROOT / "docs/pull-request.yml").read_text())["jobs"]["reproduce"][
        "steps"
    ]
    script = "\n".join(step.get("run", "") for step in steps)
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    assert (
        set(re.findall(r"^make (\w+)$", script, flags=re.MULTILINE))
        == {"check", "repro"}
        <= set(targets)
    )
    (names,) = re.findall(r"for picture in ([a-z ]+);", script)
    assert all((ROOT / f"metrics/{name}.png").exists() for name in names.split())
    assert subprocess.run(["bash", "-n"], input=script, text=True).returncode == 0
