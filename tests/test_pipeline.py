"""The pipeline as a user runs it: the real dvc command in a fresh git repository, at tiny size."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from conftest import ROOT
from PIL import Image

from adda.common.params import ModelParams
from adda.recipes.baseline import make_baseline
from adda.recipes.storage import save_model

TINY = {
    "model": {"width": 0.05},
    "train": {"steps": 4, "batch_size": 8, "steps_per_call": 2},
    "judge": {"width": 0.1, "steps": 60, "batch_size": 32},
}
BIN = Path(sys.executable).parent
STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
AFTER_TRAIN = ["train", "translate", "picture", "evaluate", "adapt", "embed", "card"]


class Project:
    """A checkout with small parameters."""

    def __init__(self, path: Path):
        self.path = path
        for name in ("adda", "stages", "data", "metrics", ".dvc"):
            shutil.copytree(
                ROOT / name,
                path / name,
                ignore=lambda folder, names: [
                    name
                    for name in names
                    if name in ("cache", "tmp", "__pycache__", "config.local")
                    or (Path(folder).name in ("data", "metrics") and name != ".gitignore")
                ],
            )
        for name in ("dvc.yaml", ".dvcignore", ".gitignore"):
            shutil.copy(ROOT / name, path)
        params = yaml.safe_load((ROOT / "params.yaml").read_text())
        for group, values in TINY.items():
            params[group].update(values)
        (path / "params.yaml").write_text(yaml.safe_dump(params))
        self.git("init", "-q")
        self.git("config", "user.name", "Test")
        self.git("config", "user.email", "test@example.org")
        self.commit("start")

    def git(self, *arguments: str) -> str:
        return subprocess.run(
            ["git", *arguments], cwd=self.path, check=True, capture_output=True, text=True
        ).stdout

    def commit(self, message: str) -> None:
        self.git("add", "--all")
        self.git("commit", "-qm", message)

    def start(self, *arguments: str) -> subprocess.Popen:
        environment = os.environ | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
        return subprocess.Popen(
            [BIN / "dvc", *arguments],
            cwd=self.path,
            env=environment,
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


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A project after its first `dvc repro`, committed. Tests that change it use a copy."""
    project = Project(tmp_path_factory.mktemp("project"))
    project.output = project.dvc("repro")
    project.commit("first results")
    return project


@pytest.fixture
def project(finished, tmp_path):
    shutil.copytree(finished.path, tmp_path / "copy", symlinks=True)
    copy = object.__new__(Project)
    copy.path = tmp_path / "copy"
    return copy


def test_repro_runs_every_stage_and_sums_each_up(finished):
    assert sorted(stages_run(finished.output)) == sorted(STAGES)
    for line in (
        "data/raw: 4,000 training and 1,000 test digits",
        "metrics/baselines.json: source_only_accuracy",
        "data/model: 4 steps",
        "metrics/evaluation.json: translated_accuracy",
        "metrics/adaptation.json: adapted_accuracy",
        "device: CPU",
    ):
        assert line in finished.output


def test_results_are_whole(finished):
    translated = np.load(finished.path / "data/translated/images.npy")
    assert translated.shape == (1000, 28, 28, 3)
    assert translated.dtype == np.uint8
    labels = np.load(finished.path / "data/translated/labels.npy")
    assert (labels == np.load(finished.path / "data/processed/labels.npy")).all()
    history = finished.read("metrics/history.csv").splitlines()
    assert history[0].startswith("step,l2,adversarial,discriminator,content_adversarial,")
    assert [line.split(",")[0] for line in history[1:]] == ["2", "4"]
    confusion = finished.read("metrics/confusion.csv").splitlines()[1:]
    right = np.mean([row.split(",")[0] == row.split(",")[1] for row in confusion])
    evaluation = json.loads(finished.read("metrics/evaluation.json"))
    assert evaluation["translated_accuracy"] == pytest.approx(right)
    assert evaluation["translated_accuracy_low"] <= right <= evaluation["translated_accuracy_high"]
    assert evaluation["frechet_distance"] > evaluation["frechet_distance_reference"]
    adaptation = json.loads(finished.read("metrics/adaptation.json"))
    expected = {"adapted_accuracy", "two_way_accuracy", "gap_recovered", "gap_recovered_low"}
    assert expected <= set(adaptation)
    assert "self_trained_accuracy" not in adaptation
    for name in ("translated", "contents", "styles", "interpolation", "training", "embedding"):
        assert Image.open(finished.path / f"metrics/{name}.png").size[0] > 800
    baselines = json.loads(finished.read("metrics/baselines.json"))
    assert baselines["target_only_accuracy"] > 0.3  # 60 small steps; chance is 0.1
    card = finished.read("metrics/model_card.md")
    assert f"`translated_accuracy`: of the judge, on translated digits | {right:.3f} (" in card
    assert (finished.path / "data/embedding/projector_config.pbtxt").exists()
    assert set(json.loads(finished.read("logs/timings.json"))) == set(STAGES)
    assert finished.git("status", "--porcelain") == ""
    assert not list((finished.path / ".checkpoints").glob("*"))


def test_the_judge_is_the_classifier_whose_accuracy_is_reported(finished, run_python):
    code = """
import numpy as np
from adda.classification.classifier import load_classifier, predict_digits
images = np.load("data/processed/images/target_test.npy")
labels = np.load("data/processed/labels/target_test.npy")
print((predict_digits(load_classifier("data/judge"), images) == labels).mean())
"""
    accuracy = float(run_python(code, finished.path).stdout)
    reported = json.loads(finished.read("metrics/baselines.json"))["target_only_accuracy"]
    assert accuracy == pytest.approx(reported, abs=1e-4)


def test_a_second_repro_does_nothing(project):
    lock = project.read("dvc.lock")
    assert stages_run(project.dvc("repro")) == []
    assert project.read("dvc.lock") == lock


def test_forced_runs_give_the_same_lock(project):
    lock = project.read("dvc.lock")
    of_another_run = project.path / ".checkpoints/another/000000002.npz"
    of_another_run.parent.mkdir(parents=True)
    of_another_run.touch()
    assert len(stages_run(project.dvc("repro", "--force"))) == len(STAGES)
    assert project.read("dvc.lock") == lock
    assert of_another_run.exists()  # a run removes its own checkpoints alone


def test_a_loss_weight_reruns_training_alone_and_can_be_compared(project):
    output = project.dvc("exp", "run", "-S", "loss.l2_weight=5")
    assert sorted(stages_run(output)) == sorted(AFTER_TRAIN)
    changed = project.dvc_json("params", "diff")["params.yaml"]
    assert changed == {"loss.l2_weight": {"old": 1.0, "new": 5, "diff": 4.0}}
    metrics = project.dvc_json("metrics", "diff", "--all")
    assert set(metrics) >= {"metrics/evaluation.json", "metrics/train.json"}
    assert metrics["metrics/baselines.json"]["target_only_accuracy"]["diff"] == 0
    # Not its l2: four steps of Adam, which knows no scale, move it by a millionth.
    assert metrics["metrics/train.json"]["autoencoder_gradient"]["diff"] != 0
    project.dvc("plots", "diff", "HEAD", "--out", "compared")
    page = (project.path / "compared/index.html").read_text()
    for name in ("Training losses", "Confusion", "translated.png"):
        assert name in page
    # Going back restores from the run cache: nothing is computed again.
    back = project.dvc("exp", "run", "-S", "loss.l2_weight=1.0")
    assert stages_run(back) == ["card"]  # its text is in git and not in the cache
    assert project.git("diff", "HEAD", "--", "metrics") == ""


def test_the_baseline_recipe_and_self_training_are_one_parameter_away(project):
    changes = ("-S", "model.recipe=baseline", "-S", "adapt.self_training=true")
    output = project.dvc("exp", "run", *changes, "-S", "adapt.confidence=0")
    assert sorted(stages_run(output)) == sorted(AFTER_TRAIN)
    history = project.read("metrics/history.csv").splitlines()[0]
    gradients = [f"{side}_gradient" for side in ("autoencoder", "discriminator")]
    assert history.split(",")[-4:] == ["reconstructed_called_real", "diversity", *gradients]
    adaptation = json.loads(project.read("metrics/adaptation.json"))
    assert {"self_trained_accuracy", "self_training_share"} <= set(adaptation)
    assert "reverse_accuracy" not in json.loads(project.read("metrics/evaluation.json"))
    project.dvc("plots", "show", "--out", "shown")


def test_two_queued_experiments_run_side_by_side_in_their_copies(project):
    shown = set(project.path.glob("logs/tensorboard/*"))
    changes = ("-S", "loss.adversarial_weight=1e-05,2e-05", "-S", "train.checkpoint_seconds=0")
    project.dvc("exp", "run", "--queue", *changes)
    project.dvc("queue", "start", "--jobs", "2")
    for _ in range(600):
        status = project.dvc("queue", "status")
        if status.count("Success") + status.count("Failed") == 2:
            break
        time.sleep(1)
    assert status.count("Success") == 2, status
    # --json leaves the name out of its keys, so ask for the parameter's values in the table.
    table = project.dvc("exp", "show", "--csv")
    assert "1e-05" in table
    assert "2e-05" in table
    # What is not an output outlives the copies.
    assert len(set(project.path.glob("logs/tensorboard/*")) - shown) == 2
    assert (project.path / ".checkpoints").exists()  # empty: both have succeeded


def test_bad_parameter_is_one_sentence_and_exit_1(project):
    params = yaml.safe_load(project.read("params.yaml"))
    params["loss"]["l2_weight"] = -1
    (project.path / "params.yaml").write_text(yaml.safe_dump(params))
    result = subprocess.run(
        [sys.executable, "-m", "stages.train"], cwd=project.path, capture_output=True, text=True
    )
    assert result.returncode == 1
    errors = [line for line in result.stderr.splitlines() if line.startswith("error")]
    assert errors == [
        "error: params.yaml: loss.l2_weight is -1: input should be greater than or equal to 0"
    ]
    assert "Traceback" not in result.stderr
    assert (project.path / "data/model/decoder.weights.h5").exists()


@pytest.mark.parametrize(
    ("stage", "damage", "message"),
    [
        ("preprocess", "data/raw/mnistm_data.pkl", "mnistm_data.pkl is missing"),
        ("train", "data/processed/images/target_train.npy", "target_train.npy is missing"),
        ("translate", "data/model/decoder.weights.h5", "data/model cannot be loaded as a model"),
        ("evaluate", "data/judge/classifier.json", "data/judge cannot be loaded"),
    ],
)
def test_a_missing_file_is_named(project, stage, damage, message):
    (project.path / damage).unlink()
    result = subprocess.run(
        [sys.executable, "-m", f"stages.{stage}"], cwd=project.path, capture_output=True, text=True
    )
    assert result.returncode == 1
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_exploding_training_stops_and_the_results_before_come_back(project):
    before = project.read("metrics/train.json")
    result = project.try_dvc("exp", "run", "-S", "train.learning_rate=1e+38")
    assert result.returncode != 0
    assert re.search(r"error: train: \w+ is (nan|inf) at step", result.stderr)
    assert not list(project.path.glob("**/*.partial"))
    project.git("restore", "params.yaml", "metrics", "dvc.lock")
    project.dvc("checkout")
    assert project.read("metrics/train.json") == before
    assert stages_run(project.dvc("repro")) == []


def test_a_killed_stage_simply_runs_again(project):
    params = yaml.safe_load(project.read("params.yaml"))
    params["train"]["seed"] = 7  # something that the run cache has never seen
    (project.path / "params.yaml").write_text(yaml.safe_dump(params))
    process = project.start("repro")
    while (project.path / "data/model").exists():  # dvc removes it just before the stage starts
        time.sleep(0.05)
    time.sleep(2)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (project.path / "data/model").exists()
    assert sorted(stages_run(project.dvc("repro"))) == sorted(AFTER_TRAIN)
    lock = project.read("dvc.lock")
    project.dvc("repro", "--force", "--single-item", "train")
    assert project.read("dvc.lock") == lock  # the killed run left no trace


def test_given_weights_are_used_as_they_are(project, tmp_path):
    params = ModelParams(recipe="baseline", width=0.05, code_size=8)
    weights = tmp_path / "weights"
    save_model(weights, make_baseline(params), params)
    output = project.dvc("exp", "run", "-S", f"model.weights={weights}")
    assert "not trained" in output
    for file in weights.iterdir():
        assert (project.path / "data/model" / file.name).read_bytes() == file.read_bytes()
    assert json.loads(project.read("metrics/train.json")) == {"step": 0}
    evaluation = json.loads(project.read("metrics/evaluation.json"))
    assert "translated_accuracy" in evaluation
    assert "reverse_accuracy" not in evaluation
    assert "two_way_accuracy" not in json.loads(project.read("metrics/adaptation.json"))
    card = project.read("metrics/model_card.md")
    assert "recipe | `baseline`, width 0.05 |" in card  # not what params.yaml would train
    assert "Nothing in this recipe keeps a digit's identity" in card
    project.dvc("plots", "show")


def test_the_quality_benchmark_takes_what_the_pipeline_left(finished, tmp_path):
    out = tmp_path / "quality.csv"
    command = "-m benchmarks.quality --methods PixelDA-like data/model oracle --steps 2"
    subprocess.run(
        [sys.executable, *command.split(), "--classifier-steps", "2", "60", "--out", out],
        cwd=finished.path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=True,
    )
    rows = pd.read_csv(out)
    assert list(rows["method"]) == ["PixelDA-like"] * 2 + ["data/model"] * 2 + ["oracle"] * 2
    assert list(rows["images_seen"]) == [16, 16, 0, 0, 0, 0]
    last = rows.iloc[-1]
    assert last["classifier_steps"] == 60
    assert last["adapted_accuracy"] > 0.3  # as the judge's; chance is 0.1
    assert Image.open(out.with_suffix(".png")).size[0] > 800


@pytest.mark.slow
def test_twenty_kills_at_random_moments_change_no_bit(tmp_path):
    """Of whatever stage is running; dvc.lock holds the hash of every output."""

    def fresh(name):
        project = Project(tmp_path / name)
        params = yaml.safe_load(project.read("params.yaml"))
        params["train"] |= {"steps": 300, "checkpoint_seconds": 0}
        params["judge"]["steps"] = 300
        (project.path / "params.yaml").write_text(yaml.safe_dump(params))
        return project

    straight = fresh("straight")
    began = time.monotonic()
    straight.dvc("repro")
    duration = time.monotonic() - began
    killed = fresh("killed")
    rng = np.random.default_rng(0)
    kills = 0
    while kills < 20:
        process = killed.start("repro")
        try:
            process.communicate(timeout=rng.uniform(2, duration / 2))
            assert killed.read("dvc.lock") == straight.read("dvc.lock")
            shutil.rmtree(killed.path)  # it got to the end: begin again
            killed = fresh("killed")
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            kills += 1
    killed.dvc("repro")
    assert killed.read("dvc.lock") == straight.read("dvc.lock")
