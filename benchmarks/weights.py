"""What each loss weight does: docs/weights.csv, a plot and a row of pictures for each weight.

    python -m benchmarks.weights

It reads the experiments that `dvc exp show` lists: for each weight below, those that differ from
most runs in this weight and in the seed alone. docs/weights.md has the commands that queue them.
Pictures are of the first seed, from DVC's cache.
"""

import io
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from dvc.api import DVCFileSystem

from adda.__main__ import shown_experiments
from adda.reporting.experiments import finished_runs

matplotlib.use("agg")
from matplotlib import pyplot as plt

WEIGHTS = (
    "loss.l2_weight",
    "loss.adversarial_weight",
    "recipes.split.cycle_weight",
    "recipes.split.mask_adversarial_weight",
)
METRICS = ("translated_accuracy", "adapted_accuracy", "frechet_distance")
SEED = "train.seed"
SHOWN = 12  # translations in a row
TABLE = Path("docs/weights.csv")

Run = tuple[str, dict, dict]  # name, parameters, metrics


def main() -> None:
    runs = [run for run in finished_runs(shown_experiments()) if METRICS[0] in run[2]]
    tables = []
    for weight in WEIGHTS:
        varied = runs_of(runs, weight)
        rows = [
            {"weight": weight, "value": float(params[weight]), "seed": int(params[SEED])}
            | {metric: metrics[metric] for metric in METRICS}
            | {"run": name}
            for name, params, metrics in varied
        ]
        table = pd.DataFrame(rows).sort_values(["value", "seed"], ignore_index=True)
        firsts = table.drop_duplicates("value")
        shown = dict(zip(firsts["value"], map(translations, firsts["run"]), strict=True))
        plot(weight, table, shown, Path(f"docs/weights-{weight.split('.')[-1]}.png"))
        tables.append(table.drop(columns="run"))
    pd.concat(tables).to_csv(TABLE, index=False)


def runs_of(runs: list[Run], weight: str) -> list[Run]:
    """The runs that differ from most in the weight and the seed alone, each once."""
    params = pd.DataFrame([params for _, params, _ in runs]).map(str)
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
        place.imshow(shown[value])
        place.set_ylabel(f"{value:g}", rotation=0, ha="right", va="center")
        place.set_xticks([])
        place.set_yticks([])
    figure.savefig(path, dpi=100, bbox_inches="tight")
    plt.close(figure)


if __name__ == "__main__":
    main()
