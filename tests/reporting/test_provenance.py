"""Metrics count for the run whose parameters produced them."""

import pytest
import yaml

from adda.reporting.provenance import leave_out_others, produced

PARAMS = {"split": {"seed": 0}, "train": {"steps": 800, "rates": {"one": 5e-5}}, "classifier": 3}

PIPELINE = {"stages": {"preprocess": {}, "train": {"foreach": [1]}, "evaluate": {}}}


def stage(params, deps, outs):
    return {
        "params": {"params.yaml": {name: PARAMS[name] for name in params}},
        "deps": [{"path": path, "md5": md5} for path, md5 in deps.items()],
        "outs": [{"path": path, "md5": md5} for path, md5 in outs.items()],
    }


@pytest.fixture
def lock():
    code = {"adda/common": "5.dir"}
    stages = {
        "preprocess": stage(["split"], code, {"data/processed": "1.dir"}),
        "train@1": stage(
            ["train"], {"data/processed/a.npy": "a"}, {"data/model": "2.dir", "train.json": "3"}
        ),
        "evaluate": stage(["classifier"], {"data/model": "2.dir"}, {"evaluation.json": "4"}),
        # A stage that dvc.yaml has no longer, and whose out another makes now.
        "judge": stage(["train"], {"data/model": "0.dir"}, {"evaluation.json": "0"}),
    }
    return {"stages": stages}


def listing(md5):
    return {"1.dir": {"a.npy": "a"}}.get(md5, {})


ALL = {"data/processed", "data/model", "train.json", "evaluation.json"}


def test_a_whole_run(lock):
    assert produced(lock, PIPELINE, PARAMS, listing) == ALL
    assert produced(lock, PIPELINE, PARAMS, lambda md5: {}) == ALL  # a cache that was cleared
    assert produced({}, PIPELINE, PARAMS, listing) == set()


@pytest.mark.parametrize(
    ("group", "left"),
    [
        ("classifier", ALL - {"evaluation.json"}),
        ("train", {"data/processed"}),
        ("split", set()),
    ],
)
def test_parameters_edited_without_a_run(lock, group, left):
    assert produced(lock, PIPELINE, PARAMS | {group: {"rates": 7}}, listing) == left
    assert (
        produced(lock, PIPELINE, {key: PARAMS[key] for key in PARAMS.keys() - {group}}, listing)
        == left
    )


def test_a_single_stage_that_ran(lock):
    """Its outs are new, and later stages' results are of what lay there before."""
    lock["stages"]["train@1"]["outs"][0]["md5"] = "9.dir"
    assert produced(lock, PIPELINE, PARAMS, listing) == ALL - {"evaluation.json"}


def test_experiments_lose_the_metrics_of_others(lock, monkeypatch):
    read = []
    # As DVC writes it, without a dot.
    written = yaml.dump(lock).replace("5.0e-05", "5e-05")
    assert "5e-05" in written
    files = {"dvc.lock": written, "dvc.yaml": yaml.dump(PIPELINE)}
    monkeypatch.setattr(
        "adda.reporting.provenance._git_show",
        lambda file: read.append(file) or files[file.split("/")[-1]],
    )
    monkeypatch.setattr("adda.reporting.provenance.cached_listing", lambda: listing)

    def run(rev, params):
        data = {"params": {"params.yaml": {"data": params}}}
        return {"rev": rev, "data": data | {"metrics": {"train.json": {}, "evaluation.json": {}}}}

    edited = run("2" * 40, PARAMS | {"classifier": 4}) | {"name": "tidy-cat"}
    experiments = [{"revs": [edited, {"rev": "3", "data": None}]}]
    commit = run("1" * 40, PARAMS) | {"experiments": experiments}
    workspace = run("workspace", {}) | {"experiments": []}
    assert leave_out_others([workspace, commit]) == ["tidy-cat: evaluation.json"]
    assert list(commit["data"]["metrics"]) == ["train.json", "evaluation.json"]
    assert list(edited["data"]["metrics"]) == ["train.json"]
    assert read == [f"{rev * 40}:./{name}" for rev in "12" for name in files]
