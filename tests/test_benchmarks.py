"""What benchmarks compare with must be what they say; their timings are not tested."""

import numpy as np
import pandas as pd
import pytest

from adda.datasets.mnistm import make_mnistm
from adda.datasets.raw_files import Raw, write_raw
from adda.datasets.splits import binarise
from adda.engine.loop import compile_steps
from adda.engine.sampling import to_float
from adda.evaluation.validators import VALIDATORS
from benchmarks import domain_probe, weights
from benchmarks.oracle import Oracle, undo_blend
from benchmarks.training import make_our_step
from benchmarks.validators import scored
from benchmarks.weights import STUDIES, experiments


def test_the_oracle_makes_mnistm_itself(rng, tmp_path):
    digits = rng.integers(0, 2, (12, 28, 28), np.uint8) * 200
    photograph = rng.integers(0, 256, (60, 60, 3), np.uint8)
    images = make_mnistm(digits, [photograph], rng)
    labels = rng.integers(0, 10, 12, np.uint8)
    mnist = {"x_train": digits, "y_train": labels, "x_test": digits, "y_test": labels}
    mnistm = {part: images for part in ("train", "test")}
    mnistm |= {f"{part}_labels": labels for part in ("train", "test")}
    write_raw(tmp_path / "raw", Raw(mnist, mnistm, labels))
    patches = undo_blend(tmp_path / "raw")
    assert (patches != images).any()
    oracle = Oracle()
    made = oracle.render(to_float(binarise(digits)), oracle.style(to_float(patches)))
    np.testing.assert_allclose(made, to_float(images), atol=1e-6)


def test_a_validator_is_scored_by_its_ranks_and_its_pick():
    table = pd.DataFrame({name: [0.1, 0.2, 0.3, 0.4] for name in VALIDATORS})
    table["accuracy"] = [0.5, 0.6, 0.9, 0.8]
    table["certainty"] = [0.4, 0.3, 0.1, 0.2]
    table["views_agreement"] = [0.3, 0.4, float("nan"), float("nan")]
    found = scored(table).set_index("validator")
    assert found.loc["information", ["spearman", "pick"]].tolist() == [pytest.approx(0.8), 0.8]
    assert found.loc["information", "regret"] == pytest.approx(0.1)
    assert found.loc["certainty", "spearman"] == pytest.approx(-1)
    assert found.loc["views_agreement", "regret"] == pytest.approx(0.3)  # none is the worst
    assert found["n"].tolist() == [4] * len(VALIDATORS)


@pytest.mark.process
@pytest.mark.parametrize("recipe", ["published", "split"])
def test_the_step_that_is_timed_is_that_of_a_training(recipe):
    call, names = compile_steps(make_our_step(recipe, width=0.05, batch_size=4, steps=1))
    values = dict(zip(names, call(0, 1).numpy()[0], strict=True))
    assert {"l2", "adversarial", "autoencoder_gradient"} <= set(values)
    assert np.isfinite(list(values.values())).all()


def test_a_study_varies_one_weight_and_the_seed_alone():
    study = STUDIES["published"]
    found = [
        params
        for params in experiments(study, "loss.l2_weight")
        if params["train.seed"] == study.seeds[0]
    ]
    assert [params.pop("loss.l2_weight") for params in found] == [0, 0.2, 1, 5, 25]
    assert all(params == found[0] for params in found)
    assert found[0]["model.recipe"] == "published"
    assert found[0]["split.valid_fraction"] == 0.1  # as in params.yaml


def test_what_was_run_is_not_run_again(monkeypatch):
    done, new = ({"train.seed": seed, "data.photographs": ["train"]} for seed in (1, 2))
    shown = {"train.seed": 1.0, "data.photographs": "['train']"}  # as DVC may show it
    runs = [("name", shown, {"translated_accuracy": 0.5})]
    monkeypatch.setattr(weights, "finished_runs", lambda _: runs)
    monkeypatch.setattr(weights, "shown_experiments", list)
    called = []
    monkeypatch.setattr(weights, "_dvc", lambda *arguments: called.append(arguments))
    weights.run([done, new, new], jobs=2)
    queued, started = called
    assert "train.seed=2" in queued
    assert started[-1] == "2"
    called.clear()
    weights.run([done], jobs=2)
    assert not called


def test_a_domain_probe_tells_what_differs_and_guesses_at_what_does_not(monkeypatch, rng):
    short = domain_probe.PROBE.model_copy(update={"width": 0.1, "steps": 40})
    monkeypatch.setattr(domain_probe, "PROBE", short)
    dark, again = rng.integers(0, 100, (2, 60, 28, 28, 3), np.uint8)
    bright = rng.integers(150, 256, (50, 28, 28, 3), np.uint8)
    assert domain_probe.told_apart(dark, bright) > 0.9
    assert abs(domain_probe.told_apart(dark, again) - 0.5) < 0.25
