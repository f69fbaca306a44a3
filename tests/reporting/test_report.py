"""The page and the model card, from made-up results; the page in a real browser."""

import json
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from conftest import ROOT, git
from PIL import Image

from adda.common.errors import AddaError
from adda.reporting.card import ends, render_card
from adda.reporting.report import PICTURES, read_run, render_report

METRICS = {
    "train": {"collapsed": 0, "resolved": {"loss.l2_weight": 1.0, "train.batch_size": 64}},
    "evaluation": {
        "source_only_accuracy": 0.5,
        "target_only_accuracy": 0.93,
        "translated_accuracy": 0.951,
        "adapted_accuracy": 0.956,
        "domain_probe_accuracy": 0.52,
    },
    "validation": {"certainty": 0.97},
}

INTERVALS = pd.DataFrame({"metric": ["translated_accuracy"], "low": [0.935], "high": [0.964]})


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with the results of a run, in no repository yet."""
    monkeypatch.chdir(tmp_path)
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    metrics = tmp_path / "metrics"
    metrics.mkdir()
    for name, values in METRICS.items():
        (metrics / f"{name}.json").write_text(json.dumps(values))
    rows = [(20, "l2", 0.02), (40, "l2", 0.01), (20, "a_new_term", 0.6), (40, "a_new_term", 0.7)]
    history = pd.DataFrame(rows, columns=["step", "name", "value"])
    history.to_csv(metrics / "history.csv", index=False)
    read = pd.DataFrame({"actual": [3, 3, 5], "predicted": [3, 5, 5]})
    INTERVALS.to_csv(metrics / "intervals.csv", index=False)
    for name in ("confusion", "adapted"):
        read.to_csv(metrics / f"{name}.csv", index=False)
    for name in PICTURES:
        Image.fromarray(np.zeros((300, 1200, 3), np.uint8)).save(metrics / f"{name}.png")
    write_lock(params)
    return tmp_path


def write_lock(params):
    """As if the whole pipeline had just run with these parameters."""
    results = [f"metrics/{path.name}" for path in Path("metrics").iterdir()]
    recorded = {"params.yaml": {"loss": params["loss"]}}
    outs = {"download": ["data/raw"], "train": results}
    stages = {
        stage: {
            "cmd": "true",
            "params": recorded,
            "outs": [{"path": path, "md5": "abc.dir", "size": 12} for path in paths],
        }
        for stage, paths in outs.items()
    }
    Path("dvc.lock").write_text(yaml.safe_dump({"schema": "2.0", "stages": stages}))
    Path("dvc.yaml").write_text(
        yaml.safe_dump({"stages": {name: {"cmd": "true"} for name in stages}})
    )


def commit(name):
    git("add", "--all", "--force", ".")
    git("commit", "-qm", name)
    git("tag", name)


def test_the_page_holds_everything_and_asks_for_nothing(project):
    page = render_report([read_run(None)])
    for text in (
        "is right about 50.0 % of the target",
        "the adapted one about <strong>95.6 %",
        "0.951 (0.935 to 0.964)",
        "not the MNIST-M of the papers",
        "Confusion matrix: 2 of 3 are classified right",
        "a new term",
        '<th scope="row">adapted_accuracy ↑<small>',
        "loss.l2_weight",
        "data/raw",
        "abc.dir",
    ):
        assert text in page
    assert page.count('<img src="data:image/png;base64,') == len(PICTURES)
    for elsewhere in ('src="http', 'href="http', "url(http", "@import", "<script"):
        assert elsewhere not in page


def test_a_project_in_a_folder_of_another_repository(project, monkeypatch):
    inner = project / "projects/inner"
    inner.mkdir(parents=True)
    for name in ("params.yaml", "metrics", "dvc.lock", "dvc.yaml"):
        (project / name).rename(inner / name)
    git("init", "-q")
    commit("first")
    monkeypatch.chdir(inner)
    assert read_run("first").metrics["adapted_accuracy"] == 0.956
    assert read_run("HEAD").lock.stages["download"].outs[0].md5 == "abc.dir"


def test_revisions_are_compared(project):
    git("init", "-q")
    commit("before")
    params = yaml.safe_load(Path("params.yaml").read_text())
    params["loss"]["l2_weight"] = 5
    Path("params.yaml").write_text(yaml.safe_dump(params))
    evaluation = METRICS["evaluation"]
    write_lock(params)
    path = Path("metrics/evaluation.json")
    path.write_text(json.dumps(evaluation | {"adapted_accuracy": 0.777}))
    commit("after")
    path.write_text(json.dumps(evaluation | {"adapted_accuracy": 0.111}))
    page = render_report([read_run("before"), read_run("after")])
    assert "<td>0.956</td><td>0.777</td><td>-0.179</td>" in page
    assert '<th scope="col">after<small>loss.l2_weight 5</small></th>' in page
    assert "0.111" not in page
    assert "Parameters that differ" in page
    assert '<th scope="row">loss.l2_weight</th><td>auto: 1</td><td>5</td>' in page
    steps = params["train"]["steps"]
    assert f'<th scope="row">train.steps</th><td>{steps}</td>' not in page
    with pytest.raises(AddaError, match="nowhere cannot be read"):
        read_run("nowhere")


def test_results_of_other_parameters_are_left_out(project, capsys):
    params = yaml.safe_load(Path("params.yaml").read_text())
    params["loss"]["l2_weight"] = 5
    Path("params.yaml").write_text(yaml.safe_dump(params))
    with pytest.raises(AddaError, match="no results yet"):
        read_run(None)
    assert "metrics/evaluation.json" in capsys.readouterr().err


def test_values_are_escaped(project):
    params = yaml.safe_load(Path("params.yaml").read_text())
    params["data"]["directory"] = "<script>alert(1)</script>"
    Path("params.yaml").write_text(yaml.safe_dump(params))
    assert "<script" not in render_report([read_run(None)])


def test_a_run_without_curves_or_pictures_still_has_a_page(project):
    Path("metrics/history.csv").write_text("step,name,value\n")  # of given weights
    for path in Path("metrics").glob("*.png"):
        path.unlink()
    Path("metrics/train.json").write_text("{}")
    page = render_report([read_run(None)])
    assert "The training" not in page
    assert "0.951" in page


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("metrics/evaluation.json", '{"a": ['),
        ("metrics/train.json", '{"collapsed": "no"}'),
        ("metrics/evaluation.json", '{"translated_accuracy": null}'),
        ("metrics/history.csv", "a,b\n1,2\n1,2,3\n"),
        ("metrics/history.csv", "a,b\n1,2\n"),
        ("metrics/confusion.csv", "actual,guessed\nthree,3\n"),
        ("params.yaml", "data: {source: build}"),
        ("params.yaml", "{data: {source: nowhere, seed: 0}, split: {seed: 0}}"),
        ("params.yaml", "{"),
        ("dvc.lock", "stages: {download: }"),
    ],
)
def test_a_damaged_file_is_one_clear_sentence(project, name, content):
    (project / name).write_text(content)
    with pytest.raises(AddaError, match="this folder cannot be read"):
        read_run(None)


def test_classes_that_look_like_numbers_or_nothing_are_names(project):
    (project / "metrics/adapted.csv").write_text("actual,predicted\n007,NA\nnull,7\n")
    assert read_run(None).tables["adapted"].to_numpy().tolist() == [["007", "NA"], ["null", "7"]]


def test_the_command_writes_a_page_or_leaves_what_is_there(project, command):
    report = partial(command, "report")
    assert report("--output", "page.html").returncode == 0
    assert "0.951" in Path("page.html").read_text()
    refused = report("--output", "metrics")
    assert refused.returncode == 1
    assert "error: metrics is a folder" in refused.stderr
    assert Path("metrics/train.json").exists()
    git("init", "-q")
    commit("before")
    assert report("before", "HEAD:params.yaml", "--output", "two.html").returncode == 1
    assert not Path("two.html").exists()
    Path("metrics/train.json").unlink()
    assert report("before", "before", "--output", "two.html").returncode == 0
    assert "A comparison of before, before" in Path("two.html").read_text()
    Path("metrics/evaluation.json").unlink()
    without = report()
    assert without.returncode == 1
    assert "error: this folder holds no results yet; run dvc repro" in without.stderr
    assert not Path("report.html").exists()


def test_a_collapse_and_negative_transfer_are_said_on_top(project):
    assert "not to be trusted" not in render_report([read_run(None)])
    (project / "metrics/train.json").write_text('{"collapsed": 1}')
    (project / "metrics/validation.json").write_text('{"information": 0.103}')
    page = render_report([read_run(None)])
    assert "the translations collapsed" in page
    assert "the adapted classifier is not to be trusted" in page
    assert "information is 0.10: it is unsure" in page.lower()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_in_a_browser(project, browser, scheme):
    """Three widths: nothing overflows, axe has no finding, and all pictures are drawn."""
    from axe_playwright_python.sync_playwright import Axe

    Path("report.html").write_text(render_report([read_run(None)]), encoding="utf-8")
    for width in (360, 800, 1400):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True
        )
        page = context.new_page()
        problems = []
        page.on("pageerror", lambda error, seen=problems: seen.append(error))
        page.on("console", lambda message, seen=problems: seen.append(message.text))
        page.goto((project / "report.html").as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate("[...document.images].every(i => i.naturalWidth > 0)")
        assert not problems
        findings = Axe().run(page).response["violations"]
        assert [finding["id"] for finding in findings] == []
        context.close()


def test_the_card_says_what_was_trained_and_how_good_it_is():
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    metrics = METRICS["evaluation"] | METRICS["validation"] | ends(INTERVALS)
    training = METRICS["train"]
    params["model"] |= {"params": {"hand_weight": 0.125}, "about": "Three are built in."}
    params["train"]["steps"] = 800
    pairs = {"actual": ["4", "4", "4", "7"], "predicted": ["9", "9", "4", "1"]}
    found = [str(digit) for digit in range(10)], pd.DataFrame(pairs), 1
    card = render_card(params, training, metrics, *found)
    front = yaml.safe_load(card.split("---")[1])
    assert front["license"] == "mit"
    assert "800 steps of 64 images" in card
    assert "0.951 (0.935 to 0.964)" in card
    assert "ensemble_accuracy" not in card
    assert "collapsed" not in card
    assert "metrics do not\ncompare with published ones" in card
    assert "`hand_weight` 0.125" in card
    assert "`loss.l2_weight` 1.0" in card
    assert "adversarial_weight" not in card  # this recipe has no such term
    assert "Three are built in." in card
    assert "translated into the target's style, with the source's labels; it has" in card
    assert "100 % translated and 0 % plain source images |" in card
    assert "models" not in card
    card = render_card(params, training | {"step": 640}, metrics, *found[:2], models=25)
    assert "of 25 models the one of step 640 was chosen, without target labels |" in card
    params["model"] |= {"weights": "imported", "recipe": "original", "params": {}}
    params["data"]["source"] = "build"
    card = render_card(params, {"collapsed": 1, "resolved": {}}, metrics, *found)
    for text in ("nothing was trained", "The translations collapsed", "parameters | none |"):
        assert text in card
    params["model"]["fine_tune"] = True
    assert "from given weights, 800 steps" in render_card(params, training, metrics, *found)
    params["model"]["fine_tune"] = False
    assert "compare with published" not in card
    assert "cycle" not in card.split("How good")[0]
    assert "4 taken for 9 (2), 7 taken for 1 (1)." in card
    assert "Do not trust this classifier" not in card
    poor = render_card(params, training, metrics | {"information": 0.3}, *found)
    assert "Do not trust this classifier**: information is 0.30: it is unsure" in poor
    params["data"]["source"] = "folders"
    params["model"]["weights"] = None
    card = render_card(params, training, metrics, *found)
    assert "MNIST" not in card.split("## How good")[0]
    assert "from `data.directory`" in card
