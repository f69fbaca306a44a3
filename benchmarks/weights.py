"""What each loss weight does: docs/weights.csv, a plot and a row of pictures for each weight.

    python -m benchmarks.weights

It reads the experiments that `dvc exp show` lists: for each weight below, those that differ from
most runs of its recipe in this weight and in the seed alone. docs/weights.md has the commands that
queue them. Pictures are of the first seed, from DVC's cache.
"""

import io
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from dvc.api import DVCFileSystem
from PIL import Image

from adda.__main__ import shown_experiments
from adda.reporting.experiments import finished_runs

matplotlib.use("agg")
from matplotlib import pyplot as plt

WEIGHTS = (
    ("published", "loss.l2_weight"),
    ("published", "loss.adversarial_weight"),
    ("split", "loss.l2_weight"),
    ("split", "loss.adversarial_weight"),
    ("split", "recipes.split.cycle_weight"),
    ("split", "recipes.split.mask_adversarial_weight"),
)
METRICS = ("translated_accuracy", "adapted_accuracy", "frechet_distance")
SEED = "train.seed"
SHOWN = 12  # translations in a row
TABLE = Path("docs/weights.csv")

Run = tuple[str, dict, dict]  # name, parameters, metrics


def main() -> None:
    rows, names = [], {}
    runs = list(finished_runs(shown_experiments()))
    for recipe, weight in WEIGHTS:
        for params, metrics, name in runs_of(runs, recipe, weight):
            value, seed = float(params[weight]), int(params[SEED])
            rows.append({"recipe": recipe, "weight": weight, "value": value, "seed": seed})
            rows[-1] |= {metric: metrics[metric] for metric in METRICS}
            names[recipe, weight, value, seed] = name
    order = ["recipe", "weight", "value", "seed"]
    table = pd.DataFrame(rows).sort_values(order, ignore_index=True)
    table.to_csv(TABLE, index=False)
    for (recipe, weight), part in table.groupby(["recipe", "weight"]):
        path = Path(f"docs/weights-{recipe}-{weight.split('.')[-1]}.png")
        shown = {
            value: translations(names[recipe, weight, value, part["seed"].min()])
            for value in part["value"].unique()
        }
        plot(weight, part, shown, path)


def runs_of(runs: list[Run], recipe: str, weight: str) -> list[tuple[dict, dict, str]]:
    """Parameters, metrics and names of the runs that differ in the weight and the seed alone."""
    runs = [
        (params, metrics, name)
        for name, params, metrics in runs
        if params["model.recipe"] == recipe and "adapted_accuracy" in metrics
    ]
    params = pd.DataFrame([params for params, _, _ in runs]).map(str)
    others = params.drop(columns=[weight, SEED])
    usual = (others == others.mode().iloc[0]).all(axis=1) & ~params.duplicated()
    return [run for run, keep in zip(runs, usual, strict=True) if keep]


def translations(revision: str) -> np.ndarray:
    """The first translations of a run in a row, uint8 [28, 28 * SHOWN, 3]."""
    content = DVCFileSystem(rev=revision).read_bytes("data/translated/images.npy")
    return np.concatenate(list(np.load(io.BytesIO(content))[:SHOWN]), axis=1)


def plot(weight: str, runs: pd.DataFrame, shown: dict[float, np.ndarray], path: Path) -> None:
    """Plot the metrics against the weight, a line a seed, above a row of pictures a value."""
    figure = plt.figure(figsize=(10, 3 + 0.75 * len(shown)))
    top, bottom = figure.subfigures(2, 1, height_ratios=[3, 0.75 * len(shown)])
    values = sorted(shown)
    for place, metric in zip(top.subplots(1, len(METRICS)), METRICS, strict=True):
        for seed, line in runs.groupby("seed"):
            at = [values.index(value) for value in line["value"]]
            place.plot(at, line[metric], marker="o", label=f"seed {seed}")
        place.set_xticks(range(len(values)), [f"{value:g}" for value in values])
        place.set_xlabel(weight)
        place.set_title(metric, fontsize="medium")
        place.set_ylim(bottom=0)
    place.legend()
    for place, value in zip(np.atleast_1d(bottom.subplots(len(values), 1)), values, strict=True):
        place.imshow(np.asarray(Image.fromarray(shown[value])), aspect="equal")
        place.set_ylabel(f"{value:g}", rotation=0, ha="right", va="center")
        place.set_xticks([])
        place.set_yticks([])
    figure.savefig(path, dpi=100, bbox_inches="tight")
    plt.close(figure)


if __name__ == "__main__":
    main()
