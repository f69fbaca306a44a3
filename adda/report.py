"""What a run left behind, as one page: figures, curves, pictures, parameters, provenance."""

import base64
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib
import numpy as np
import pandas as pd
import yaml
from dvc.api import DVCFileSystem
from dvc.exceptions import DvcException
from scmrepo.exceptions import SCMError
from sklearn.metrics import confusion_matrix

from adda.card import HEADLINES, describe, templates
from adda.errors import AddaError
from adda.stage import TIMINGS

matplotlib.use("agg")
from matplotlib import pyplot as plt

# MNIST -> MNIST-M, test accuracy: published figures and their papers.
PUBLISHED = (
    ("source only", (0.636,), "Bousmalis et al. 2017, arXiv:1612.05424"),
    ("DANN", (0.77, 0.81), "Ganin et al. 2016, JMLR 17(59), and those who ran it again"),
    ("PixelDA", (0.982,), "Bousmalis et al. 2017, arXiv:1612.05424"),
    ("DIRT-T", (0.989,), "Shu et al. 2018, arXiv:1802.08735"),
    ("SBADA-GAN", (0.994,), "Russo et al. 2018, arXiv:1705.08824"),
)
PICTURES = (
    ("translated", "MNIST digits, the same digits translated, and target images"),
    ("styles", "One digit a row in many styles, one style a column"),
    ("contents", "Target images taken apart and put together again"),
    ("interpolation", "From one style to the next"),
    ("training", "The same digits over the training"),
    ("embedding", "Codes of both domains and of translations, by t-SNE"),
)
CURVES = (
    ("l2", "reconstruction, L2"),
    ("cycle", "cycle"),
    ("adversarial", "adversarial"),
    ("discriminator", "discriminator"),
    ("target_called_real", "target images called real"),
    ("translated_called_real", "translations called real"),
)
CONFUSIONS = (
    ("confusion", "The judge on translated digits"),
    ("adapted", "The adapted classifier on target images"),
)
INK = "#010203"  # stands for the page's own text colour
STYLE = {
    "svg.fonttype": "none",
    "font.size": 9,
    **dict.fromkeys(
        ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), INK
    ),
}


class Run(NamedTuple):
    """What one revision holds."""

    name: str
    params: dict[str, Any]  # by dotted name
    metrics: dict[str, float]
    tables: dict[str, pd.DataFrame]  # history, confusion and adapted, where there
    pictures: dict[str, str]  # PNG as data URIs, by name
    outs: list[dict[str, Any]]  # of dvc.lock: stage, path, md5, size
    timings: dict[str, float]  # seconds by stage, where the stages ran in this workspace


def read_run(revision: str | None) -> Run:
    """Read a revision's params, metrics and plots.

    Args:
        revision: a commit, branch, tag or DVC experiment; None: the workspace.

    Raises:
        AddaError: there is no such revision, or it holds no results.
    """
    try:
        read = DVCFileSystem(rev=revision).read_bytes if revision else _read_bytes
        params = _flat(yaml.safe_load(read("params.yaml")))
    except (DvcException, SCMError, OSError) as error:
        raise AddaError(
            f"{revision or 'this folder'} cannot be read ({error}); name a commit or an experiment "
            "of `dvc exp show`"
        ) from None
    metrics = {}
    for name in ("baselines", "train", "evaluation", "adaptation", "embedding"):
        metrics |= json.loads(_optional(read, f"metrics/{name}.json") or "{}")
    if "translated_accuracy" not in metrics:
        raise AddaError(f"{revision or 'metrics/'} holds no results yet; run dvc repro")
    tables = {
        name: pd.read_csv(io.BytesIO(content))
        for name in ("history", "confusion", "adapted")
        if (content := _optional(read, f"metrics/{name}.csv"))
    }
    pictures = {
        name: "data:image/png;base64," + base64.b64encode(content).decode()
        for name, _ in PICTURES
        if (content := _optional(read, f"metrics/{name}.png"))
    }
    lock = yaml.safe_load(_optional(read, "dvc.lock") or "{}") or {}
    outs = [
        {"stage": stage, "path": out["path"], "md5": out.get("md5", ""), "size": out.get("size", 0)}
        for stage, entry in lock.get("stages", {}).items()
        for out in entry.get("outs", [])
    ]
    timings = {} if revision else json.loads(_optional(read, str(TIMINGS)) or "{}")
    return Run(revision or "this folder", params, metrics, tables, pictures, outs, timings)


def render_report(runs: list[Run]) -> str:
    """A page of HTML that needs no other file and no network.

    Args:
        runs: one, or several to be compared.
    """
    with plt.rc_context(STYLE):
        return _render(runs)


def _render(runs: list[Run]) -> str:
    differing = [
        name
        for name in sorted({name for run in runs for name in run.params})
        if len({str(run.params.get(name)) for run in runs}) > 1
    ]
    return (
        templates(autoescape=True)
        .get_template("report.html")
        .render(
            runs=runs,
            headlines=[row for row in HEADLINES if any(row[0] in run.metrics for run in runs)],
            published=PUBLISHED,
            pictures=PICTURES,
            differing=differing,
            accuracy_chart=_accuracy_chart(runs),
            curves=_curves(runs),
            confusions=[
                (
                    title,
                    {run.name: _confusion(run.tables[name]) for run in runs if name in run.tables},
                )
                for name, title in CONFUSIONS
            ],
            describe=describe,
        )
    )


def _read_bytes(path: str) -> bytes:
    return Path(path).read_bytes()


def _optional(read: Callable[[str], bytes], path: str) -> bytes | None:
    try:
        return read(path)
    except FileNotFoundError:
        return None


def _flat(params: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat = {}
    for name, value in params.items():
        flat |= (
            _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value}
        )
    return flat


def _accuracy_chart(runs: list[Run]) -> str:
    """Our accuracies with their intervals, beside the published ones."""
    figure, axes = plt.subplots(figsize=(6, 0.3 * (len(PUBLISHED) + 4 * len(runs)) + 0.8))
    names, row = [], 0
    for name, values, _ in PUBLISHED:
        axes.plot(values, [row] * len(values), "D-", color="tab:gray", ms=5)
        names.append(f"{name}, published")
        row += 1
    for run in runs:
        for metric in ("source_only", "target_only", "translated", "adapted", "self_trained"):
            if (key := f"{metric}_accuracy") in run.metrics:
                low, high = (run.metrics.get(f"{key}_{end}", np.nan) for end in ("low", "high"))
                axes.plot([low, high], [row, row], color="tab:blue")
                axes.plot(run.metrics[key], row, "o", color="tab:blue", ms=5)
                label = metric.replace("_", " ")
                names.append(f"{label}, {run.name}" if len(runs) > 1 else label)
                row += 1
    axes.set_yticks(range(row), names)
    axes.invert_yaxis()
    axes.set_xlim(right=1)
    axes.set_xlabel("accuracy")
    axes.grid(axis="x", alpha=0.3)
    return _svg(figure, "Accuracies with 95 % intervals, beside published ones; the table has them")


def _curves(runs: list[Run]) -> str | None:
    histories = {run.name: run.tables["history"] for run in runs if "history" in run.tables}
    histories = {name: history for name, history in histories.items() if len(history)}
    shown = [
        (name, title)
        for name, title in CURVES
        if any(name in history and history[name].any() for history in histories.values())
    ]
    if not shown:
        return None
    rows = -(-len(shown) // 2)
    figure, axes = plt.subplots(rows, 2, figsize=(6.4, 2 * rows), sharex=True, squeeze=False)
    for axis, (name, title) in zip(axes.flat, shown, strict=False):
        for run, history in histories.items():
            if name in history:
                axis.plot(history["step"], history[name], lw=1.2, label=run)
        axis.set_title(title, fontsize=9)
        axis.grid(alpha=0.3)
    for axis in axes[-1]:
        axis.set_xlabel("step")
    if len(runs) > 1:
        axes.flat[0].legend(fontsize=8)
    return _svg(figure, "Curves of the training: losses, unweighted, and what the adversary says")


def _confusion(table: pd.DataFrame) -> str:
    counts = confusion_matrix(table["actual"], table["predicted"], labels=range(10))
    figure, axes = plt.subplots(figsize=(4.6, 4.2))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for actual, predicted in zip(*np.nonzero(counts), strict=True):
        dark = shares[actual, predicted] > 0.5
        axes.text(
            predicted,
            actual,
            counts[actual, predicted],
            ha="center",
            va="center",
            fontsize=8,
            color="white" if dark else "black",
        )
    axes.set(xticks=range(10), yticks=range(10), xlabel="read as", ylabel="digit")
    right = int(np.trace(counts))
    return _svg(figure, f"Confusion matrix: {right} of {counts.sum()} digits are read right")


def _svg(figure: plt.Figure, label: str) -> str:
    """A figure as SVG to be put into a page, in the page's text colour."""
    with io.StringIO() as file:
        figure.tight_layout()
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
        svg = file.getvalue()
    plt.close(figure)
    svg = svg[svg.index("<svg") :].replace(INK, "currentColor")
    return svg.replace("<svg", f'<svg role="img" aria-label="{label}"', 1)
