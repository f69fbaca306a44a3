"""Mean and deviation over seeds, from the table that DVC keeps of experiments."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from adda.common.errors import AddaError

RESOLVED = "resolved."


def over_seeds(shown: list[dict[str, Any]], seed: str) -> pd.DataFrame:
    """Group experiments that differ in one seed alone.

    Args:
        shown: what `dvc exp show --json` prints.
        seed: the parameter to average over, "train.seed".

    Returns:
        A row for each set of the other parameters' values: those that differ anywhere, `n`, the
        number of different seeds, and each metric as "mean ± standard deviation" (n - 1 in the
        denominator; none for n = 1), with its own n where some runs lack it.

    Raises:
        AddaError: no finished run has that parameter.
    """
    runs = [(params, metrics) for _, params, metrics in finished_runs(shown) if seed in params]
    if not runs:
        raise _none(f"has the parameter {seed}")
    params = pd.DataFrame([params for params, _ in runs]).map(str)
    metrics = pd.DataFrame([metrics for _, metrics in runs]).select_dtypes("number")
    # A commit may repeat an experiment: runs of equal parameters are one run.
    metrics = metrics.groupby([params[name] for name in params], sort=False).first()
    params = metrics.index.to_frame(index=False)
    metrics = metrics.reset_index(drop=True)
    others = params.columns.drop(seed)
    varied = [name for name in others if params[name].nunique() > 1]
    rows = []
    for _, group in params.groupby(list(others)):
        known = metrics.loc[group.index].dropna(axis="columns", how="all")
        row = group.iloc[0][varied].to_dict() | {"n": len(known)}
        for name, mean in known.mean().items():
            count = known[name].count()
            deviation = f" ± {known[name].std():.4f}" if count > 1 else ""
            fewer = f" (n {count})" if count < len(known) else ""
            row[name] = f"{mean:.4f}{deviation}{fewer}"
        rows.append(row)
    return pd.DataFrame(rows)


def ranked(shown: list[dict[str, Any]], by: str) -> pd.DataFrame:
    """Runs by a metric that needs no target label, the best first.

    Args:
        shown: what `dvc exp show --json` prints.

    Returns:
        A row for each run: its name, the parameters that differ anywhere, the metric, and the
        adapted accuracy, which is NaN where nobody labelled the target.

    Raises:
        AddaError: no finished run has that metric.
    """
    runs = [run for run in finished_runs(shown) if by in run[2]]
    if not runs:
        raise _none(f"has the metric {by}")
    params = pd.DataFrame([params for _, params, _ in runs]).map(str)
    table = params[[name for name in params if params[name].nunique() > 1]]
    table.insert(0, "run", [name for name, _, _ in runs])
    for metric in (by, "adapted_accuracy"):
        table[metric] = [metrics.get(metric, float("nan")) for _, _, metrics in runs]
    # A commit may repeat an experiment: runs of equal parameters are one run.
    return table[~params.duplicated()].sort_values(by, ascending=False, ignore_index=True)


def leave_out_unfinished(shown: list[dict[str, Any]]) -> int:
    """Remove experiments that are queued, running or failed, in place; how many they were."""
    removed = 0
    for commit in shown:
        entries = commit["experiments"] or []
        commit["experiments"] = [entry for entry in entries if _finished(entry)]
        removed += len(entries) - len(commit["experiments"])
    return removed


def _none(what: str) -> AddaError:
    return AddaError(f"no finished run of this commit {what}; run some: dvc exp run")


def finished_runs(shown: list[dict[str, Any]]) -> Iterator[tuple[str, dict, dict]]:
    """The name, parameters and metrics of each run that has metrics."""
    for commit in shown:
        if commit.get("rev") == "workspace":  # parameters may have been edited since its metrics
            continue
        experiments = [run for entry in commit["experiments"] or [] for run in entry["revs"]]
        for run in [commit, *experiments]:
            if run["data"] and (metrics := _flat(run["data"]["metrics"])):
                name = run.get("name") or run.get("rev", "")[:7]
                params = _flat(run["data"]["params"])
                # What `auto` parameters came to: metrics/train.json holds it beside metrics.
                for key in [key for key in metrics if key.startswith(RESOLVED)]:
                    params[key.removeprefix(RESOLVED)] = metrics.pop(key)
                yield name, params, metrics


def _finished(experiment: dict[str, Any]) -> bool:
    # Until a run has succeeded, DVC shows the metrics that lay there before it.
    return (experiment["executor"] or {}).get("state") in (None, "success")


def _flat(files: dict[str, Any]) -> dict[str, Any]:
    """The values of all files: {"params.yaml": {"data": {"a": {"b": 1}}}} to {"a.b": 1}."""
    return {
        name: value
        for file in files.values()
        for name, value in dotted(file.get("data") or {}).items()
    }


def dotted(values: dict[str, Any]) -> dict[str, Any]:
    """Nested values by dotted name: {"a": {"b": 1}} to {"a.b": 1}."""
    flat = {}
    for key, value in values.items():
        if isinstance(value, dict):
            flat |= {f"{key}.{name}": inner for name, inner in dotted(value).items()}
        else:
            flat[key] = value
    return flat
