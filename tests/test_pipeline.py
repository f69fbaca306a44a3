"""The pipeline as a user runs it: the real dvc command in a fresh git repository, at tiny size."""

import importlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
import yaml
from conftest import ROOT, small_recipe
from filelock import FileLock
from PIL import Image, ImageDraw

from adda.classification.classifier import load_classifier, probabilities
from adda.common.runner import run_stage
from adda.datasets.mnistm_blend import make_both, make_mnistm
from adda.datasets.packaged import packaged_digits, packaged_photographs
from adda.evaluation.metrics import METRICS
from adda.evaluation.validators import VALIDATORS
from adda.inference.translation import sample_styles, translate
from adda.recipes.all_recipes import RECIPES, make_recipe
from adda.recipes.recipe import Domains
from adda.recipes.storage import load_model, save_model
from adda.reporting.experiments import finished_runs

TRAIN, TEST = 400, 100  # images of each domain
TINY = {
    "model": {"width": 0.05},
    "train": {"steps": 4, "batch_size": 8, "steps_per_call": 2},
    "classifier": {"width": 0.1, "steps": 60, "batch_size": 32},
}
BIN = Path(sys.executable).parent
ENVIRONMENT = os.environ | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
AFTER_TRAIN = ["train", "translate", "adapt", "evaluate"]


def write_data(folder: Path) -> Path:
    """A few packaged digits, and MNIST-M made of them, as a user's own two domains."""
    digits = packaged_digits(seed=0)
    digits = {key: array[: TEST if "test" in key else TRAIN] for key, array in digits.items()}
    target = make_both(digits, packaged_photographs(), seed=0)
    for domain, arrays in (("source", digits), ("target", target)):
        for part in ("train", "test"):
            for number, label in enumerate(arrays[f"{part}_labels"]):
                place = folder / domain / part / str(label)
                place.mkdir(parents=True, exist_ok=True)
                Image.fromarray(arrays[part][number]).save(place / f"{number:03}.png")
    return folder


class Project:
    """A checkout with small parameters."""

    def __init__(self, path: Path):
        self.path = path

    def make(self) -> None:
        """Fill the folder."""
        hidden = shutil.ignore_patterns("cache", "tmp", "__pycache__", "config.local")
        for name in ("adda", "stages", ".dvc"):
            shutil.copytree(ROOT / name, self.path / name, ignore=hidden)
        for name in ("data", "metrics"):  # what else is in them the pipeline makes
            (self.path / name).mkdir()
        own = ("dvc.yaml", ".dvcignore", ".gitignore", "Makefile", "params.yaml")
        for name in (*own, "data/.gitignore", "data/downloads.yaml"):
            shutil.copy(ROOT / name, self.path / name)
        data = write_data(self.path.with_suffix(".data"))
        self.set({**TINY, "data": {"source": "folders", "directory": str(data)}})
        self.git("init", "-q")
        self.git("config", "user.name", "Test")
        self.git("config", "user.email", "test@example.org")
        self.commit("start")

    def set(self, changes: dict[str, dict]) -> None:
        """Change parameters, by group."""
        params = yaml.safe_load(self.read("params.yaml"))
        for group, values in changes.items():
            params[group].update(values)
        (self.path / "params.yaml").write_text(yaml.safe_dump(params))

    def git(self, *arguments: str) -> str:
        return subprocess.run(
            ["git", *arguments], cwd=self.path, check=True, capture_output=True, text=True
        ).stdout

    def commit(self, message: str) -> None:
        self.git("add", "--all")
        self.git("commit", "-qm", message)

    def reset(self) -> None:
        subprocess.run(["make", "reset"], cwd=self.path, env=ENVIRONMENT, check=True)

    def start(self, *arguments: str) -> subprocess.Popen:
        return subprocess.Popen(
            [BIN / "dvc", *arguments],
            cwd=self.path,
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def try_dvc(self, *arguments: str) -> subprocess.CompletedProcess:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=600)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def dvc(self, *arguments: str) -> str:
        result = self.try_dvc(*arguments)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    def dvc_json(self, *arguments: str):
        return json.loads(self.dvc(*arguments, "--json"))

    def read(self, name: str) -> str:
        return (self.path / name).read_text()


def stages_run(output: str) -> list[str]:
    return [line.split("'")[1] for line in output.splitlines() if line.startswith("Running stage")]


@pytest.fixture(scope="session")
def finished(tmp_path_factory, worker_id):
    """A project after its first `dvc repro`, committed: one for all of pytest's workers. Tests
    that change it use a copy."""
    base = tmp_path_factory.getbasetemp()
    path = (base if worker_id == "master" else base.parent) / "finished"
    project, output = Project(path), path.with_suffix(".output")
    with FileLock(path.with_suffix(".lock")):  # one worker fills the folder, others wait
        if not path.exists():
            project.make()
            output.write_text(project.dvc("repro"))
            project.commit("first results")
    project.output = output.read_text()
    return project


@pytest.fixture
def project(finished, tmp_path):
    shutil.copytree(finished.path, tmp_path / "copy", symlinks=True)
    return Project(tmp_path / "copy")


@pytest.fixture
def run_here(project, monkeypatch):
    """Run stages in this process, one after the other, as DVC would in one each."""
    monkeypatch.chdir(project.path)

    def run(*names):
        for name in names:
            run_stage(importlib.import_module(f"stages.{name}").main)

    return run


def test_repro_runs_every_stage_and_sums_each_up(finished):
    assert sorted(stages_run(finished.output)) == sorted(STAGES)
    for line in (
        "data/raw: 400 training and 100 test images of the target",
        "data/source_only, data/target_only: 60 steps each",
        "data/trained: 4 steps",
        "loss.l2_weight 1, loss.adversarial_weight 0.02, train.batch_size 8",
        "data/adapted: 60 steps",
        "metrics/evaluation.json: adapted_accuracy",
        "device: CPU",
    ):
        assert line in finished.output


def test_the_default_data_come_without_a_download(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    for name in ("params.yaml", "dvc.yaml", "data/downloads.yaml"):
        shutil.copy(ROOT / name, tmp_path / name)
    for name in ("download", "preprocess"):
        run_stage(importlib.import_module(f"stages.{name}").main)
    printed = capsys.readouterr().out
    assert "data/raw: 4,000 training and 1,000 test images of the target" in printed
    assert "train 3,600, valid 400, test 1,000" in printed


def test_results_are_complete(finished):
    translated = np.load(finished.path / "data/translated/images.npy")
    assert translated.shape == (TEST, 28, 28, 3)
    assert translated.dtype == np.uint8
    labels = np.load(finished.path / "data/translated/labels.npy")
    assert (labels == np.load(finished.path / "data/processed/labels.npy")).all()
    history = pd.read_csv(finished.path / "metrics/history.csv")
    assert {"l2", "adversarial", "adversary", "hand_adversarial"} <= set(history["name"])
    assert set(history["step"]) == {2, 4}
    confusion = finished.read("metrics/confusion.csv").splitlines()[1:]
    right = np.mean([row.split(",")[0] == row.split(",")[1] for row in confusion])
    evaluation = json.loads(finished.read("metrics/evaluation.json"))
    assert evaluation["translated_accuracy"] == pytest.approx(right)
    intervals = pd.read_csv(finished.path / "metrics/intervals.csv", index_col="metric")
    assert intervals.loc["translated_accuracy", "low"] <= right
    assert intervals.loc["translated_accuracy", "high"] >= right
    absent = {"authors_protocol_accuracy"}  # of other recipes
    if evaluation["source_only_accuracy"] >= evaluation["target_only_accuracy"]:
        absent.add("gap_recovered")
    assert METRICS.keys() - evaluation.keys() == absent
    shown = finished.dvc_json("metrics", "show")[""]["data"]
    assert next(iter(shown["metrics/evaluation.json"]["data"])) == "adapted_accuracy"
    assert sum(len(file["data"]) for file in shown.values()) <= 27  # lines that people compare
    assert VALIDATORS.keys() == json.loads(finished.read("metrics/validation.json")).keys()
    for name in ("translated", "masks", "styles", "interpolation", "training", "embedding"):
        assert Image.open(finished.path / f"metrics/{name}.png").size[0] > 800
    assert evaluation["target_only_accuracy"] > 0.3  # 60 small steps; chance is 0.1
    card = finished.read("metrics/model_card.md")
    assert f"| `translated_accuracy` | {right:.3f} (" in card
    assert finished.git("status", "--porcelain") == ""
    left = (finished.path / ".checkpoints").glob("*")
    assert {path.suffix for path in left} == {".lock"}


def test_classify_gives_the_accuracy_that_is_reported(finished, command, tmp_path):
    for number, image in enumerate(
        np.load(finished.path / "data/processed/images/target_test.npy")
    ):
        Image.fromarray(image).save(tmp_path / f"{number:03}.png")
    out = tmp_path / "out/found.csv"
    model = finished.path / "data/adapted"
    result = command("classify", "--model", model, "--input", tmp_path, "--output", out)
    assert result.returncode == 0, result.stderr
    labels = np.load(finished.path / "data/processed/labels/target_test.npy")
    reported = json.loads(finished.read("metrics/evaluation.json"))["ensemble_accuracy"]
    assert (pd.read_csv(out)["class"] == labels).mean() == pytest.approx(reported, abs=1e-4)


def test_a_loss_weight_reruns_training_and_what_follows_and_can_be_compared(project):
    output = project.dvc("exp", "run", "-S", "loss.l2_weight=5")
    assert sorted(stages_run(output)) == sorted(AFTER_TRAIN)
    changed = project.dvc_json("params", "diff")["params.yaml"]
    assert changed == {"loss.l2_weight": {"old": "auto", "new": 5}}
    metrics = project.dvc_json("metrics", "diff", "--all")
    stages = ("evaluation", "train", "validation")
    assert set(metrics) == {f"metrics/{stage}.json" for stage in stages}
    assert metrics["metrics/evaluation.json"]["target_only_accuracy"]["diff"] == 0
    resolved = metrics["metrics/train.json"]["resolved.loss.l2_weight"]
    assert (resolved["old"], resolved["new"]) == (1, 5)
    # Not its l2: four steps of Adam, which knows no scale, move it by a millionth.
    assert "autoencoder_gradient" in project.git("diff", "-U0", "metrics/history.csv")
    project.dvc("plots", "diff", "HEAD", "--out", "compared")
    page = (project.path / "compared/index.html").read_text()
    for name in ("Training", "hand_adversary", "Confusion", "translated.png"):
        assert name in page
    # Going back restores from the run cache: nothing is computed again.
    back = project.dvc("exp", "run", "-S", "loss.l2_weight=auto")
    assert stages_run(back) == ["evaluate"]  # the text of its card is in git, not in the cache
    assert project.git("diff", "HEAD", "--", "metrics") == ""


def test_another_size_is_never_served_from_the_run_cache(project):
    for size in (32, 36):
        project.dvc("exp", "run", "-S", f"data.size={size}", "download")
        assert np.load(project.path / "data/raw/target/test.npy").shape[1:] == (size, size, 3)


def write_letters(folder: Path) -> Path:
    """Three letters, and photographs of them that nobody labelled."""
    rng = np.random.default_rng(0)
    photographs = packaged_photographs()
    for part, count in (("train", 30), ("test", 10)):
        (folder / "target" / part).mkdir(parents=True)
        for letter in "aTz":
            (folder / "source" / part / letter).mkdir(parents=True)
            for number in range(count):
                picture = Image.new("L", (28, 28))
                place = tuple(rng.integers(6, 12, 2).tolist())
                ImageDraw.Draw(picture).text(place, letter, fill=255)
                picture.save(folder / f"source/{part}/{letter}/{number}.png")
                image = make_mnistm(np.asarray(picture)[None], photographs, rng)[0]
                Image.fromarray(image).save(folder / f"target/{part}/{letter}{number}.png")
    return folder


def test_letters_whose_targets_nobody_labelled(project, run_here, capsys):
    """The whole pipeline, card and report included: what needs labels is absent, not zero."""
    data = write_letters(project.path.parent / "letters")
    learning = {"translated_share": 0.5, "move": 0.1, "self_training_weight": 1.0}
    folders = {"source": "folders", "directory": str(data), "binarise": "none", "size": 32}
    project.set({"data": folders, "adaptation": learning})
    project.set({"classifier": {"shape": "deep", "members": 2}})
    run_here("download", "preprocess", "baselines", *AFTER_TRAIN)
    source = np.load(project.path / "data/processed/images/source_train.npy")
    assert ((source > 0) & (source < 255)).any()  # edges of letters stay grey
    assert json.loads(project.read("data/model/model.json"))["domains"]["grey"]
    printed, warned = capsys.readouterr()
    assert "pictures are scaled to 32 x 32 pixels; 90 of them are smaller, see data.size" in warned
    assert "nobody labelled the target's train images: there is no target-only" in printed
    assert "data/source_only: 60 steps each" in printed
    evaluation = json.loads(project.read("metrics/evaluation.json"))
    assert {"style_diversity", "mask_consistency"} <= evaluation.keys()
    assert VALIDATORS.keys() == json.loads(project.read("metrics/validation.json")).keys()
    assert not any("accuracy" in name for name in evaluation.keys() - {"domain_probe_accuracy"})
    assert project.read("metrics/adapted.csv") == "actual,predicted\n"
    card = project.read("metrics/model_card.md")
    assert "uint8 [n, 32, 32, 3]" in card
    assert "a, T and z" in card or "T, a and z" in card
    assert "Nobody labelled the target" in card
    assert "50 % translated and 50 % plain source images, moved by 0.1; target images" in card
    assert "shape deep, width 0.1, 2 members, seed 0" in card
    asked = ["classify", "--input", data / "target/test", "--output", "found.csv"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-m", "adda", *asked], env=environment, check=True)
    assert set(pd.read_csv("found.csv")["class"]) <= set("aTz")

    for part in ("train", "test"):  # sorted now, into a class that the source lacks, too
        for path in sorted((data / "target" / part).glob("*.png")):
            folder = path.parent / {"z": "q"}.get(path.name[0], path.name[0])
            folder.mkdir(exist_ok=True)
            path.rename(folder / path.name)
    run_here("download", "preprocess", "baselines", "evaluate")
    assert "test shows q, which the source lacks" in capsys.readouterr().err
    evaluation = json.loads(project.read("metrics/evaluation.json"))
    assert evaluation["target_only_accuracy"] <= 2 / 3  # of the other third all are errors
    assert list(pd.read_csv("metrics/adapted.csv")["actual"]).count("other") == 10


@pytest.mark.parametrize(
    ("recipe", "terms", "absent"),
    [
        ("original", {"l2", "source_called_real"}, {"reverse_accuracy"}),
        ("pixelda", {"class", "classifier"}, {"domain_probe_accuracy"}),
    ],
)
def test_every_recipe_runs_to_its_end_by_its_name_alone(
    project, run_here, command, capsys, recipe, terms, absent
):
    """Card and report included; what it cannot do is left out, and no list of names is kept."""
    project.set({"model": {"recipe": recipe}, "train": {"batch_size": "auto"}})
    run_here(*AFTER_TRAIN)
    values = RECIPES[recipe].loss | RECIPES[recipe].train
    assert f"train.batch_size {values['batch_size']}" in capsys.readouterr().out
    resolved = json.loads(project.read("metrics/train.json"))["resolved"]
    assert {name.split(".")[1]: value for name, value in resolved.items()} == values
    history = pd.read_csv("metrics/history.csv")
    gradients = {f"{side}_gradient" for side in small_recipe(recipe).phases()[-1].sides}
    both = {"adversarial", "adversary", "target_called_real", "diversity", *gradients}
    assert set(history["name"]) >= terms | both
    evaluation = json.loads(project.read("metrics/evaluation.json"))
    assert not evaluation.keys() & {*absent, "ensemble_accuracy", "mask_consistency"}
    assert evaluation.keys() >= {"adapted_accuracy", "translated_accuracy", "frechet_distance"}
    assert "authors_protocol_accuracy" in evaluation
    card = project.read("metrics/model_card.md")
    assert RECIPES[recipe].about in card
    assert f"`train.batch_size` {values['batch_size']}" in card
    assert "reverse_accuracy" not in card
    project.dvc("plots", "show", "--out", "shown")
    assert next(iter(terms)) in (project.path / "shown/index.html").read_text()
    project.dvc("commit", "--force")  # as if DVC had run the stages
    assert not command("report").returncode
    page = project.read("report.html")
    assert next(iter(terms)).replace("_", " ") in page
    assert f"auto: {values['batch_size']}" in page
    project.commit("another recipe")
    _, shown, _ = next(iter(finished_runs(project.dvc_json("exp", "show"))))
    assert shown["train.batch_size"] == values["batch_size"]


def test_two_queued_experiments_run_side_by_side_in_their_copies(project):
    shown = set(project.path.glob("logs/*/"))
    weights = "loss.adversarial_weight=1e-05,2e-05"
    project.dvc("exp", "run", "--queue", "-S", weights, "train")  # as far as this stage
    project.dvc("queue", "start", "--jobs", "2")
    for _ in range(600):
        status = project.dvc("queue", "status")
        if status.count("Success") + status.count("Failed") == 2:
            break
        time.sleep(1)
    assert status.count("Success") == 2, status
    # --json leaves the name out of its keys, so ask for the parameter's values in the table.
    page = (ROOT / "docs/running.md").read_text()
    drop = re.search(r"dvc exp show .*--drop '(.*)'", page)[1]
    table = project.dvc("exp", "show", "--csv", "--only-changed", "--drop", drop)
    assert "1e-05" in table
    assert "2e-05" in table
    assert not {"/", "Created"} & set(re.findall(r"/|Created", table.splitlines()[0]))
    # What is not an output outlives the copies.
    assert len(set(project.path.glob("logs/*/")) - shown) == 2
    assert (project.path / ".checkpoints").exists()  # empty: both have succeeded


@pytest.mark.parametrize(
    ("stage", "damage", "message"),
    [
        ("preprocess", "data/raw/target/test.npy", "target/test.npy is missing"),
        ("adapt", "data/model/decoder.weights.h5", "data/model has no decoder.weights.h5"),
        ("evaluate", "data/target_only/classifier.json", "data/target_only cannot be used"),
    ],
)
def test_a_missing_file_is_named(project, run_here, stage, damage, message):
    (project.path / damage).unlink()
    with pytest.raises(SystemExit, match=message):
        run_here(stage)


def test_exploding_training_stops_and_the_results_before_come_back(project):
    before = project.read("metrics/train.json")
    result = project.try_dvc("exp", "run", "-S", "train.learning_rate=1e+38")
    assert result.returncode != 0
    assert re.search(r"error: masks: \w+ is (nan|inf) at step", result.stderr)
    assert not list(project.path.glob("**/*.partial"))
    project.git("add", "params.yaml")  # as a killed `dvc exp run` leaves it
    project.reset()
    assert "params.yaml" not in project.git("status", "--porcelain")
    assert project.read("metrics/train.json") == before
    assert stages_run(project.dvc("repro")) == []
    assert "dvc.lock" not in project.git("status", "--porcelain")


def test_reset_undoes_a_change_that_git_does_not_see(project):
    """DVC pads a comment, so the size stays; in the same second, git compares nothing else."""
    project.git("config", "core.checkStat", "minimal")
    path = project.path / "params.yaml"
    before, stat = path.read_text(), path.stat()
    changed = before.replace("l2_weight: auto", "l2_weight: 5   ")
    assert len(changed) == len(before)
    assert changed != before
    path.write_text(changed)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    project.git("restore", "params.yaml")
    assert path.read_text() == changed  # git saw nothing
    project.reset()
    assert path.read_text() == before
    assert project.git("status", "--porcelain") == ""


def test_a_killed_stage_simply_runs_again(project):
    project.set({"train": {"seed": 7}})  # something that the run cache has never seen
    process = project.start("repro", "train")
    while (project.path / "data/trained").exists():  # dvc removes it just before the stage starts
        time.sleep(0.05)
    time.sleep(2)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (project.path / "data/trained").exists()
    assert stages_run(project.dvc("repro", "train")) == ["train"]
    lock = project.read("dvc.lock")
    of_another_run = project.path / ".checkpoints/another/000000002.npz"
    of_another_run.parent.mkdir(parents=True)
    of_another_run.touch()
    project.dvc("repro", "--force", "--single-item", "train")
    assert project.read("dvc.lock") == lock  # the killed run left no trace
    assert of_another_run.exists()  # a run removes its own checkpoints alone


def test_the_model_whose_translations_are_read_best_is_chosen(project, run_here):
    """Wherever it stands: of two models, with either before the other."""
    project.set({"train": {"keep": 2}})
    run_here("train")
    first, last = sorted((project.path / "data/trained/models").iterdir())
    assert [first.name, last.name] == ["000000002", "000000004"]
    source = np.load("data/processed/images/source_valid.npy")
    labels = np.load("data/processed/labels/source_valid.npy")
    source_only = load_classifier("data/source_only")

    def accuracy(folder):
        styles = sample_styles(np.load("data/trained/examples/styles.npy"), len(source))
        translated = translate(load_model(folder), source, styles)
        return (probabilities(source_only, translated).argmax(axis=1) == labels).mean()

    for seed in range(20):  # until an untrained one is read otherwise
        shutil.rmtree(first)
        keras.utils.set_random_seed(seed)
        save_model(first, small_recipe("layered"))
        found = [accuracy(first), accuracy(last)]
        if found[0] != found[1]:
            break
    training = {"collapsed": {"2": 0, "4": 1}, "resolved": {}}
    (project.path / "data/trained/training.json").write_text(json.dumps(training))
    for expected in (found, found[::-1]):
        run_here("translate")
        table = pd.read_csv("metrics/choice.csv")
        np.testing.assert_allclose(table["source_only_accuracy"], expected)
        best = int(np.argmax(expected))
        summary = {"step": [2, 4][best], "collapsed": best}  # as it is with the chosen one
        assert json.loads(project.read("metrics/train.json")) == summary
        weights = "decoder.weights.h5"
        taken = (project.path / "data/model" / weights).read_bytes()
        assert taken == ([first, last][best] / weights).read_bytes()
        first.rename(project.path / "aside")
        last.rename(first)
        (project.path / "aside").rename(last)


def test_given_weights_are_used_as_they_are(project, run_here, tmp_path, capsys):
    weights = tmp_path / "weights"
    save_model(weights, small_recipe("original"))
    (weights / "notes.txt").write_text("somebody else's")
    for path in (*weights.iterdir(), weights):
        path.chmod(path.stat().st_mode & ~0o222)  # such as another user's
    project.set({"model": {"weights": str(weights)}})
    run_here(*AFTER_TRAIN)
    assert "not trained" in capsys.readouterr().out
    given, taken = (load_model(each).networks for each in (weights, project.path / "data/model"))
    for name, network in given.items():
        for left, right in zip(network.get_weights(), taken[name].get_weights(), strict=True):
            assert (left == right).all()
    assert (project.path / "data/model").stat().st_mode & 0o200  # DVC can remove it
    assert json.loads(project.read("metrics/train.json")) == {}
    evaluation = json.loads(project.read("metrics/evaluation.json"))
    assert "translated_accuracy" in evaluation
    assert not evaluation.keys() & {"reverse_accuracy", "ensemble_accuracy"}
    card = project.read("metrics/model_card.md")
    # Not what params.yaml would train.
    assert "recipe of the translator | `original`, width 0.05 |" in card
    assert "nothing in this recipe keeps a digit's identity" in card
    project.dvc("plots", "show")


@pytest.mark.parametrize("fine_tune", [False, True])
def test_given_weights_for_another_size_are_refused(project, run_here, tmp_path, capsys, fine_tune):
    weights = tmp_path / "weights"
    save_model(weights, make_recipe("layered", 0.05, domains=Domains(size=32)))
    project.set({"model": {"weights": str(weights), "fine_tune": fine_tune}})
    with pytest.raises(SystemExit, match="is for images of 32 pixels, and these have 28; set data"):
        run_here("train")
    assert not list((project.path / ".checkpoints").glob("*/"))


def test_given_weights_can_be_trained_further(project, run_here, tmp_path, capsys):
    weights = tmp_path / "weights"
    save_model(weights, small_recipe("original"))
    given = {"weights": str(weights), "fine_tune": True, "recipe": "original"}
    project.set({"model": given, "recipes": {"original": {"code_size": 8, "averaged": 0.5}}})
    run_here("train")
    assert "data/trained: 4 steps" in capsys.readouterr().out
    start, trained = load_model(weights), load_model("data/trained/models/000000004")
    assert trained.params.averaged == 0.5
    for name, network in start.networks.items():
        moved = [
            np.abs(np.subtract(*pair)).max()
            for pair in zip(network.weights, trained.networks[name].weights, strict=True)
        ]
        assert 0 < max(moved) < 0.01  # four steps from where they were
