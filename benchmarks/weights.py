"""What each loss weight does: docs/weights.csv, and a plot with pictures for each weight.

    python -m benchmarks.weights --jobs 2

Queues DVC experiments, each value of each weight below with each seed, and the rest as it stands in
params.yaml but for what its recipe's study sets; runs them; and reads what `dvc exp show` lists.
What was run since the last commit is not run again. The pictures are of the first seed. Rows of
recipes that are not asked for stay in the table as they are.
"""

import argparse
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import matplotlib
import numpy as np
import pandas as pd

from adda.__main__ import shown_experiments
from adda.common.errors import warn
from adda.common.params import load_yaml
from adda.reporting.experiments import dotted, finished_runs
from benchmarks.revisions import read_array_of

matplotlib.use("agg")
from matplotlib import pyplot as plt

TABLE = Path("docs/weights.csv")
METRICS = ("translated_accuracy", "adapted_accuracy", "frechet_distance")
SEED = "train.seed"
SHOWN = 12  # translations in a row
LAST = "evaluate"  # pictures and codes are not looked at

Params = dict[str, object]


class Study(NamedTuple):
    """Which weights of a recipe are varied, over which values, and what else is set."""

    settings: Params
    weights: dict[str, tuple[float, ...]]
    seeds: tuple[int, ...]


STUDIES = {
    "split": Study(
        {"train.steps": 100, "classifier.steps": 500},
        {
            "loss.l2_weight": (0, 1, 5),
            "loss.adversarial_weight": (0, 0.02, 0.1),
            "recipes.split.cycle_weight": (0, 0.1, 0.5),
            "recipes.split.mask_adversarial_weight": (0, 0.02, 0.1),
        },
        seeds=(1, 2),
    ),
    "published": Study(
        {
            "model.recipe": "published",
            "loss.adversarial_weight": 0.0005,
            "train.adversary_learning_rate": 0.0005,
            "train.batch_size": 32,
            "train.steps": 1200,
            "classifier.steps": 500,
        },
        {
            "loss.l2_weight": (0, 0.2, 1, 5, 25),
            "loss.adversarial_weight": (0, 0.0001, 0.0005, 0.0025, 0.0125),
        },
        seeds=(1, 2),
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recipes", nargs="+", choices=STUDIES, default=list(STUDIES))
    parser.add_argument("--jobs", type=int, default=1, help="experiments at a time")
    options = parser.parse_args()
    wanted = {
        (recipe, weight): experiments(STUDIES[recipe], weight)
        for recipe in options.recipes
        for weight in STUDIES[recipe].weights
    }
    run([each for some in wanted.values() for each in some], options.jobs)
    runs = finished()
    tables = []
    if TABLE.exists():
        known = pd.read_csv(TABLE)
        tables.append(known[~known["recipe"].isin(options.recipes)])
    for (recipe, weight), some in wanted.items():
        found = [(params, *runs[key]) for params in some if (key := fingerprint(params)) in runs]
        if not found:
            warn(f"{weight}: all its experiments failed; see dvc queue logs")
            continue
        table = pd.DataFrame(
            {"recipe": recipe, "weight": weight, "value": params[weight], "seed": params[SEED]}
            | {metric: metrics.get(metric) for metric in METRICS}
            | {"run": name}
            for params, name, metrics in found
        )
        plot(table, Path(f"docs/weights-{recipe}-{weight.split('.')[-1]}.png"))
        tables.append(table.drop(columns="run"))
    pd.concat(tables).to_csv(TABLE, index=False)


def experiments(study: Study, weight: str) -> list[Params]:
    """All parameters of each experiment in which one weight is varied."""
    base = usual_params() | study.settings
    return [
        base | {weight: value, SEED: seed}
        for value in study.weights[weight]
        for seed in study.seeds
    ]


def usual_params() -> Params:
    """Those of params.yaml, by dotted name."""
    return dotted(load_yaml(Path("params.yaml").read_text()))


def run(wanted: list[Params], jobs: int) -> None:
    """Run those experiments that were not run yet."""
    usual = usual_params()
    missing = {fingerprint(params): params for params in wanted}
    for key in finished():
        missing.pop(key, None)
    for params in missing.values():
        changed = {name: value for name, value in params.items() if value != usual[name]}
        settings = [part for name in changed for part in ("-S", f"{name}={changed[name]}")]
        _dvc("exp", "run", "--queue", *settings, LAST)
    if missing:
        _dvc("exp", "run", "--run-all", "--jobs", str(jobs))


def finished() -> dict[str, tuple[str, dict]]:
    """Name and metrics of each finished experiment, by the fingerprint of its parameters."""
    return {
        fingerprint(params): (name, metrics)
        for name, params, metrics in finished_runs(shown_experiments())
        if METRICS[0] in metrics
    }


def fingerprint(params: Params) -> str:
    """What is equal for equal parameters: 1 and 1.0 are, and so are lists in either form."""
    known = {
        name: float(value) if isinstance(value, int | float) else str(value)
        for name, value in params.items()
    }
    return repr(sorted(known.items()))


def translations(revision: str) -> np.ndarray:
    """The first translations of a run in a row, uint8 [28, 28 * SHOWN, 3]."""
    translated = read_array_of(revision, "data/translated/images.npy")
    return np.concatenate(list(translated[:SHOWN]), axis=1)


def plot(table: pd.DataFrame, path: Path) -> None:
    """Plot the metrics against a weight, a line a seed, above a row of pictures a value."""
    values = sorted(table["value"].unique())
    firsts = table.drop_duplicates("value").set_index("value")["run"]
    figure = plt.figure(figsize=(12, 3 + 0.75 * len(values)))
    top, bottom = figure.subfigures(2, 1, height_ratios=[3, 0.75 * len(values)])
    for place, metric in zip(top.subplots(1, len(METRICS)), METRICS, strict=True):
        for seed, line in table.groupby("seed"):
            at = [values.index(value) for value in line["value"]]
            place.plot(at, line[metric], marker="o", label=f"seed {seed}")
        place.set_xticks(range(len(values)), [f"{value:g}" for value in values])
        place.set_xlabel(table["weight"][0])
        place.set_title(metric, fontsize="medium")
        place.set_ylim(0, 1 if metric.endswith("accuracy") else None)
    place.legend()
    for place, value in zip(np.atleast_1d(bottom.subplots(len(values), 1)), values, strict=True):
        place.imshow(translations(firsts[value]))
        place.set_ylabel(f"{value:g}", rotation=0, ha="right", va="center")
        place.set_xticks([])
        place.set_yticks([])
    figure.savefig(path, dpi=100, bbox_inches="tight")
    plt.close(figure)


def _dvc(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "dvc", *arguments], check=True)


if __name__ == "__main__":
    main()
