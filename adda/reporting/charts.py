"""Charts as SVG, to be put into a page: they take its text colour, light or dark."""

import io

import matplotlib
import numpy as np
import pandas as pd
from sklearn.metrics import confusion_matrix

from adda.common.array_files import class_order

matplotlib.use("agg")
from matplotlib import pyplot as plt

INK = "#010203"  # stands for the page's own text colour
STYLE = {
    "svg.fonttype": "none",
    "font.size": 9,
    "text.parse_math": False,  # a class may have dollar signs in its name
    **dict.fromkeys(
        ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), INK
    ),
}


@plt.rc_context(STYLE)
def loss_curves(histories: dict[str, pd.DataFrame]) -> str | None:
    """Every value of the history over the training; None where nothing was trained.

    Args:
        histories: metrics/history.csv of each run, by its name.
    """
    shown = list(dict.fromkeys(name for history in histories.values() for name in history["name"]))
    if not shown:
        return None
    rows = -(-len(shown) // 2)
    figure, axes = plt.subplots(rows, 2, figsize=(6.4, 1.6 * rows), sharex=True, squeeze=False)
    for axis, name in zip(axes.flat, shown, strict=False):
        for run, history in histories.items():
            curve = history[history["name"] == name]
            axis.plot(curve["step"], curve["value"], lw=1.2, label=run)
        axis.set_title(name.replace("_", " "), fontsize=9)
        axis.grid(alpha=0.3)
    for axis in axes.flat[len(shown) :]:
        axis.remove()
    for axis in axes[-1]:
        axis.set_xlabel("step")
    if len(histories) > 1:
        axes.flat[0].legend(fontsize=8)
    return _svg(figure, "Curves of the training: losses, unweighted, and what the adversary says")


@plt.rc_context(STYLE)
def confusion_chart(table: pd.DataFrame) -> str:
    """Counts of images of class `actual` that were classified as `predicted`, a row each."""
    pairs = table[["actual", "predicted"]].astype(str)
    names = sorted(set(pairs.to_numpy().flat), key=class_order)
    counts = confusion_matrix(pairs["actual"], pairs["predicted"], labels=names)
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
    ticks = range(len(names))
    axes.set(xlabel="classified as", ylabel="class", yticks=ticks, yticklabels=names)
    axes.set_xticks(ticks, names, rotation=90 if max(map(len, names)) > 2 else 0)
    right = int(np.trace(counts))
    return _svg(figure, f"Confusion matrix: {right} of {counts.sum()} are classified right")


def _svg(figure: plt.Figure, label: str) -> str:
    with io.StringIO() as file:
        figure.tight_layout()
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
        svg = file.getvalue()
    plt.close(figure)
    svg = svg[svg.index("<svg") :].replace(INK, "currentColor")
    return svg.replace("<svg", f'<svg role="img" aria-label="{label}"', 1)
