"""How well each validator ranks experiments: docs/validation.csv and docs/validation.png.

    python -m benchmarks.validators          # of the experiments that `dvc exp show` lists
    python -m benchmarks.validators --plot   # of docs/validation.csv as it is

The first writes a row an experiment: its data source, the parameters that differ, every validator,
and the classifier's accuracy, which they are to stand for. Rows of other data sources stay.
"""

import argparse
from pathlib import Path

import pandas as pd
from scipy.stats import spearmanr

from adda.evaluation.validators import VALIDATORS

TABLE, PLOT = Path("docs/validation.csv"), Path("docs/validation.png")
TRUTH = "accuracy"  # of the classifier, all its views together


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--plot", action="store_true", help="collect nothing")
    if not parser.parse_args().plot:
        collect().to_csv(TABLE, index=False)
    table = pd.read_csv(TABLE)
    print(scored(table).to_string(index=False, float_format="{:.3f}".format))
    plot(table)


def collect() -> pd.DataFrame:
    """The experiments' parameters, validators and accuracies, below rows of other data."""
    from adda.__main__ import shown_experiments
    from adda.reporting.experiments import finished_runs

    runs = [each for each in finished_runs(shown_experiments()) if "information" in each[2]]
    params = pd.DataFrame([params for _, params, _ in runs]).map(str)
    varied = [name for name in params if params[name].nunique() > 1]
    metrics = pd.DataFrame([metrics for _, _, metrics in runs])
    metrics[TRUTH] = metrics["ensemble_accuracy"].fillna(metrics["adapted_accuracy"])
    table = pd.concat([params[["data.source", *varied]], metrics[[*VALIDATORS, TRUTH]]], axis=1)
    table = table[~params.duplicated()]
    if TABLE.exists():
        before = pd.read_csv(TABLE, dtype=str)
        before = before[~before["data.source"].isin(table["data.source"])]
        table = pd.concat([before, table])
    return table


def scored(table: pd.DataFrame) -> pd.DataFrame:
    """Each validator's rank correlation with the accuracy, and what its pick loses to the best.

    Runs without a validator (there is no second view) are the worst to it.
    """
    rows = []
    for data, runs in table.groupby("data.source"):
        for name in VALIDATORS:
            values = runs[name].fillna(-float("inf"))
            pick = runs[TRUTH][values.idxmax()]
            rows.append(
                {
                    "data": data,
                    "n": len(runs),
                    "validator": name,
                    "spearman": spearmanr(values, runs[TRUTH]).statistic,
                    "pick": pick,
                    "regret": runs[TRUTH].max() - pick,
                }
            )
    return pd.DataFrame(rows).sort_values(["data", "spearman"], ascending=[True, False])


def plot(table: pd.DataFrame) -> None:
    """The accuracy against each validator, a dot an experiment."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(3, 3, figsize=(10, 9), sharey=True)
    for place, name in zip(axes.flat, VALIDATORS, strict=True):
        for (data, recipe), runs in table.groupby(["data.source", "model.recipe"]):
            place.scatter(runs[name], runs[TRUTH], s=14, label=f"{data}, {recipe}")
        place.set_xlabel(name)
    for place in axes[:, 0]:
        place.set_ylabel(TRUTH)
    axes[0, 0].legend(fontsize="small")
    figure.tight_layout()
    figure.savefig(PLOT, dpi=110)


if __name__ == "__main__":
    main()
