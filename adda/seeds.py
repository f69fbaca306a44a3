"""Mean and deviation over seeds, from the table that DVC keeps of experiments."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from adda.errors import AddaError


def over_seeds(shown: list[dict[str, Any]], seed: str) -> pd.DataFrame:
    """Group experiments that differ in one seed alone.

    Args:
        shown: what `dvc exp show --json` prints.
        seed: the parameter to average over, "train.seed".

    Returns:
        A row for each set of the other parameters' values: those that differ anywhere, `n`, the
        number of different seeds, and each metric as "mean ± standard deviation" (n - 1 in the
        denominator; none for n = 1).

    Raises:
        AddaError: no finished run has that parameter.
    """
    runs = [(_flat(run["params"]), _flat(run["metrics"])) for run in _runs(shown)]
    runs = [(params, metrics) for params, metrics in runs if seed in params and metrics]
    if not runs:
        raise AddaError(f"no finished run has the parameter {seed}; run some: dvc exp run")
    # The workspace and a commit repeat experiments; runs of equal parameters are one run.
    params = pd.DataFrame([params for params, _ in runs]).astype(str)
    metrics = pd.DataFrame([metrics for _, metrics in runs])
    first = ~params.duplicated()
    params, metrics = params[first], metrics[first]
    others = params.columns.drop(seed)
    varied = [name for name in others if params[name].nunique() > 1]
    rows = []
    for _, group in params.groupby(list(others)):
        figures = metrics.loc[group.index].select_dtypes("number")
        row = group.iloc[0][varied].to_dict() | {"n": len(group)}
        for name, mean in figures.mean().items():
            deviation = f" ± {figures[name].std():.4f}" if len(group) > 1 else ""
            row[name] = f"{mean:.4f}{deviation}"
        rows.append(row)
    return pd.DataFrame(rows)


def _runs(shown: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for commit in shown:
        experiments = [run for each in commit["experiments"] or [] for run in each["revs"]]
        yield from (run["data"] for run in [commit, *experiments] if run["data"])


def _flat(files: dict[str, Any]) -> dict[str, Any]:
    """The values of all files, by dotted name: {"params.yaml": {"data": {"a": {"b": 1}}}}."""

    def leaves(prefix: str, value: Any) -> Iterator[tuple[str, Any]]:
        if isinstance(value, dict):
            for key, inner in value.items():
                yield from leaves(f"{prefix}.{key}" if prefix else key, inner)
        else:
            yield prefix, value

    return dict(leaf for file in files.values() for leaf in leaves("", file.get("data") or {}))
