import errno
from unittest.mock import Mock

import pandas as pd
import pytest
from conftest import small_recipe
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from adda.training.monitor import make_watch
from adda.training.trainer import Trained
from stages.train import collapses

RECIPE = small_recipe("original")
HEALTHY = {"diversity": 0.9, "target_called_real": 0.6, "translated_called_real": 0.4}


def rows(*changes):
    return [{"step": 20 * (n + 1), **HEALTHY, **change} for n, change in enumerate(changes)]


@pytest.fixture
def watch(tmp_path):
    paths = (tmp_path / name for name in ("history.csv", "logs"))
    return make_watch(*paths, "run", RECIPE)


def logged_steps(folder):
    """The steps of each value that TensorBoard was given."""
    events = EventAccumulator(str(folder / "logs/run"), size_guidance={"tensors": 0})
    events.Reload()
    return {name: [e.step for e in events.Tensors(name)] for name in events.Tags()["tensors"]}


def test_what_a_phase_does_not_have_gets_no_row(tmp_path, watch):
    watch([{"step": 2, "cycle": 0.5}, {"step": 4, "ink": 1.0}], None)
    table = pd.read_csv(tmp_path / "history.csv")
    assert list(table.itertuples(index=False, name=None)) == [(2, "cycle", 0.5), (4, "ink", 1.0)]


def test_everything_is_up_to_date_after_each_row(tmp_path, watch, rng):
    """A resumed run from its beginning: it has several rows at the first call."""
    history = rows({}, {}, {"diversity": 0.8})
    images = rng.integers(0, 256, (10, 28, 28, 3)).astype("uint8")
    watch(history[:2], images)
    watch(history, None)
    table = pd.read_csv(tmp_path / "history.csv").pivot(index="step", columns="name")["value"]
    assert table.to_dict("index") == {row["step"]: {n: row[n] for n in HEALTHY} for row in history}
    logged = logged_steps(tmp_path)
    assert {"diversity", "target_called_real", "translated"} <= set(logged)
    assert logged["diversity"] == [20, 40, 60]
    assert logged["translated"] == [40]


def test_a_full_disk_is_warned_about_once_and_training_goes_on(
    tmp_path, monkeypatch, watch, capsys
):
    full = OSError(errno.ENOSPC, "No space left on device")
    monkeypatch.setattr(pd.DataFrame, "to_csv", Mock(side_effect=full))
    watch(rows({}), None)
    watch(rows({}, {}), None)
    warnings = [line for line in capsys.readouterr().err.splitlines() if "warning" in line]
    assert len(warnings) == 1
    assert "No space left on device); training goes on" in warnings[0]
    assert not (tmp_path / "history.csv").exists()


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
    assert "at step 80" in warnings[0]
    # Each model that is kept has its own flag: a collapse is none of those before it.
    assert collapses(Trained(RECIPE, history, None), [20, 60, 100]) == {"20": 0, "60": 0, "100": 1}


def test_a_bad_moment_is_no_collapse():
    assert not RECIPE.symptom(rows({"diversity": 0.0}, {"diversity": 0.0}, {}))
    assert not RECIPE.symptom(rows({"diversity": 0.0}))
    # It lasts as many steps whatever a row is, and shows nothing where there is no diversity.
    assert RECIPE.symptom([{"step": 200, "diversity": 0.05}])
    assert not RECIPE.symptom([{"step": step, "diversity": 0.05} for step in (5, 10, 15)])
    assert not RECIPE.symptom([{"step": 200, "l2": 0.1}])
