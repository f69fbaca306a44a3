import pytest
from conftest import git

from adda.__main__ import main
from adda.common.errors import AddaError
from adda.reporting.experiments import leave_out_unfinished, over_seeds, ranked


def run(seed, weight, accuracy):
    params = {"train": {"seed": seed}, "loss": {"l2_weight": weight}}
    metrics = {"metrics/evaluation.json": {"data": {"accuracy": accuracy}}}
    return {"data": {"params": {"params.yaml": {"data": params}}, "metrics": metrics}}


def shown(*runs, workspace=None):
    """As `dvc exp show --json` nests them; an unfinished run may have others' data."""
    first = (workspace or runs[0]) | {"rev": "workspace", "experiments": None}
    experiments = [{"revs": [each], "executor": {"state": "success"}} for each in runs]
    experiments += [{"revs": [{"data": None}], "executor": None}]
    experiments += [
        {"revs": [run(9, 1.0, 0.1)], "executor": {"state": state}}
        for state in ("failed", "running", "queued")
    ]
    entries = [first, runs[0] | {"rev": "main", "experiments": experiments}]
    assert leave_out_unfinished(entries) == 3
    return entries


def test_means_and_deviations_by_hand():
    """What `auto` came to is a parameter."""
    runs = [run(0, "auto", 0.5), run(1, 1.0, 0.6), run(2, 1.0, 0.7), run(0, 5.0, 0.9)]
    resolved = {"resolved": {"loss.l2_weight": 1.0}}
    runs[0]["data"]["metrics"]["metrics/train.json"] = {"data": resolved}
    assert over_seeds(shown(*runs), "train.seed").to_dict("records") == [
        {"loss.l2_weight": "1.0", "n": 3, "accuracy": "0.6000 ± 0.1000"},
        {"loss.l2_weight": "5.0", "n": 1, "accuracy": "0.9000"},
    ]


def test_the_workspace_does_not_count():
    """Nor a commit twice; the workspace may have a new seed beside the metrics of an old one."""
    runs = shown(run(0, 1.0, 0.5), run(1, 1.0, 0.6), workspace=run(7, 1.0, 0.1))
    table = over_seeds(runs, "train.seed")
    assert table.to_dict("records") == [{"n": 2, "accuracy": "0.5500 ± 0.0707"}]


def test_a_metric_that_one_run_lacks_has_its_own_n():
    runs = [run(0, 1.0, 0.5), run(1, 1.0, 0.6)]
    runs[1]["data"]["metrics"]["metrics/embedding.json"] = {"data": {"probe": 0.7}}
    assert over_seeds(shown(*runs), "train.seed").to_dict("records") == [
        {"n": 2, "accuracy": "0.5500 ± 0.0707", "probe": "0.7000 (n 1)"}
    ]


def scored(seed, score, **metrics):
    each = run(seed, 1.0, 0.5)
    each["name"] = f"run-{seed}"
    values = {"information": score} | metrics
    each["data"]["metrics"]["metrics/validation.json"] = {"data": values}
    return each


def test_runs_are_ranked_the_best_first():
    """One run was validated before there were labels, another never; the commit repeats one."""
    runs = [scored(0, 0.5, adapted_accuracy=0.6), scored(1, 0.9), run(2, 1.0, 0.9)]
    table = ranked(shown(*runs), "information")
    assert table["run"].tolist() == ["run-1", "run-0"]
    assert table["information"].tolist() == [0.9, 0.5]
    assert table["adapted_accuracy"].isna().tolist() == [True, False]
    assert "train.seed" in table
    assert "loss.l2_weight" not in table  # nothing differs there
    with pytest.raises(AddaError, match="no finished run of this commit has the metric certainty"):
        ranked(shown(*runs), "certainty")


@pytest.mark.parametrize(("second", "warned"), [(0.895, True), (0.8, False)])
def test_rank_warns_where_the_best_cannot_be_told_apart(second, warned, monkeypatch, capsys):
    monkeypatch.setattr(
        "adda.__main__.shown_experiments", lambda: shown(scored(0, second), scored(1, 0.9))
    )
    monkeypatch.setattr("sys.argv", ["adda", "rank", "--by", "information"])
    first, *rows = main().splitlines()
    assert "information" in first
    assert [row.split()[0] for row in rows] == ["run-1", "run-0"]
    assert ("the first 2 cannot be told apart" in capsys.readouterr().err) == warned


def test_the_command_writes_the_table(tmp_path, monkeypatch):
    monkeypatch.setattr("adda.__main__.shown_experiments", lambda: shown(run(0, 1.0, 0.5)))
    path = tmp_path / "table.csv"
    monkeypatch.setattr("sys.argv", ["adda", "seeds", "--csv", str(path)])
    assert main() == f"{path}: 1 rows"
    assert path.read_text() == "n,accuracy\n1,0.5000\n"
    monkeypatch.setattr("sys.argv", ["adda", "seeds", "--csv", str(tmp_path)])
    with pytest.raises(AddaError, match="is a folder"):
        main()
    assert path.exists()


def test_a_shallow_clone_is_warned_about(tmp_path, monkeypatch, capsys):
    git("init", "-q", tmp_path / "whole")
    for message in ("first", "second"):
        git("-C", tmp_path / "whole", "commit", "-q", "--allow-empty", "-m", message)
    git("clone", "-q", "--depth", "1", f"file://{tmp_path}/whole", tmp_path / "shallow")
    monkeypatch.setattr("sys.argv", ["adda", "seeds"])
    for folder, warned in (("whole", False), ("shallow", True)):
        monkeypatch.chdir(tmp_path / folder)
        with pytest.raises(AddaError, match="dvc exp show failed"):  # no DVC project
            main()
        assert ("this clone is shallow" in capsys.readouterr().err) == warned


def test_a_parameter_that_nobody_has():
    with pytest.raises(AddaError, match=r"of this commit has the parameter train\.sed"):
        over_seeds(shown(run(0, 1.0, 0.5)), "train.sed")
