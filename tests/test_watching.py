import errno
import json
import subprocess

import numpy as np
import pandas as pd
import pytest
from dvclive import Live
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from adda.common.errors import AddaError
from adda.training.monitor import collapse, make_watch
from adda.training.snapshots import load_progress

HEALTHY = {"diversity": 0.9, "target_called_real": 0.6, "translated_called_real": 0.4}


def rows(*changes):
    return [{"step": 2 * (n + 1), **HEALTHY, **change} for n, change in enumerate(changes)]


@pytest.fixture
def watch(tmp_path):
    paths = (tmp_path / name for name in ("history.csv", "train.json", "logs"))
    return make_watch(*paths, run="run")


def test_everything_is_up_to_date_after_each_row(tmp_path, watch, rng):
    history = rows({}, {"diversity": 0.8})
    images = rng.integers(0, 256, (10, 28, 28, 3)).astype("uint8")
    watch(history[:1], images)
    watch(history, None)
    assert list(pd.read_csv(tmp_path / "history.csv")["step"]) == [2, 4]
    last = json.loads((tmp_path / "train.json").read_text())
    assert last == {**history[-1], "collapsed": 0}
    live = json.loads((tmp_path / "logs/dvclive/run/metrics.json").read_text())
    assert live["step"] == 4
    assert live["diversity"] == pytest.approx(0.8)
    curve = pd.read_csv(tmp_path / "logs/dvclive/run/plots/metrics/diversity.tsv", sep="\t")
    assert curve.to_numpy().tolist() == [[2, 0.9], [4, 0.8]]
    assert not list(tmp_path.glob("**/dvc.yaml"))  # the pipeline has its own
    events = EventAccumulator(str(tmp_path / "logs/tensorboard/run"), size_guidance={"tensors": 0})
    events.Reload()
    assert {"diversity", "target_called_real", "translated"} <= set(events.Tags()["tensors"])
    assert [event.step for event in events.Tensors("diversity")] == [2, 4]
    assert [event.step for event in events.Tensors("translated")] == [2]


def test_a_resumed_run_is_shown_from_its_beginning(tmp_path, watch):
    watch(rows({}, {}, {"diversity": 0.8}), None)
    curve = pd.read_csv(tmp_path / "logs/dvclive/run/plots/metrics/diversity.tsv", sep="\t")
    assert curve.to_numpy().tolist() == [[2, 0.9], [4, 0.9], [6, 0.8]]


def test_every_row_goes_to_studio(tmp_path, monkeypatch, watch):
    sent = []
    monkeypatch.setattr(Live, "post_data_to_studio", lambda live: sent.append(live.step))
    watch(rows({}), None)
    watch(rows({}, {}), None)
    assert sent == [2, 4]


def test_a_full_disk_is_warned_about_once_and_training_goes_on(
    tmp_path, monkeypatch, watch, capsys
):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_csv", full)
    watch(rows({}), None)
    watch(rows({}, {}), None)
    warnings = [line for line in capsys.readouterr().err.splitlines() if "warning" in line]
    assert len(warnings) == 1
    assert "No space left on device); training goes on" in warnings[0]
    assert not (tmp_path / "history.csv").exists()


def test_a_repository_without_a_commit_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    subprocess.run(["git", "init", "--quiet"], check=True)
    with pytest.raises(AddaError, match=r"commit once: git add -A && git commit"):
        make_watch(*(tmp_path / name for name in ("history.csv", "train.json", "logs")), run="run")


@pytest.mark.parametrize(
    "change",
    [{"diversity": 0.05}, {"target_called_real": 1.0, "translated_called_real": 0.0}],
)
def test_a_collapse_is_warned_about_once_and_flagged(tmp_path, watch, capsys, change):
    history = rows({}, change, change, change, change)
    for end in range(1, 6):
        watch(history[:end], None)
    warnings = [line for line in capsys.readouterr().err.splitlines() if "collapsed" in line]
    assert len(warnings) == 1
    assert "at step 8" in warnings[0]
    assert json.loads((tmp_path / "train.json").read_text())["collapsed"] == 1


def test_a_bad_moment_is_no_collapse():
    assert not collapse(rows({"diversity": 0.0}, {"diversity": 0.0}, {}))
    assert not collapse(rows({"diversity": 0.0}))


def test_an_encoder_that_still_finds_no_digit_is_a_collapse():
    def after(step, cycle):
        return collapse([{"step": step - at, **HEALTHY, "cycle": cycle} for at in (40, 20, 0)])

    assert "no digit is found" in after(300, 0.3)
    assert not after(280, 0.3)  # every training begins so
    assert not after(300, 0.1)


def test_damaged_progress_is_named(tmp_path):
    with pytest.raises(AddaError, match=r"progress/steps\.npy is missing"):
        load_progress(tmp_path / "progress")
    (tmp_path / "progress").mkdir()
    (tmp_path / "progress/steps.npy").write_bytes(b"PK")
    with pytest.raises(AddaError, match=r"progress/steps\.npy cannot be read"):
        load_progress(tmp_path / "progress")
    np.save(tmp_path / "progress/steps.npy", np.zeros(8))
    np.save(tmp_path / "progress/images.npy", np.zeros((7, 28, 28, 3), np.uint8))
    with pytest.raises(AddaError, match=r"steps \(8,\) do not fit images \(7, 28, 28, 3\)"):
        load_progress(tmp_path / "progress")
