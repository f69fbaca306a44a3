"""Charts as SVG, to be put into a page: they take its text colour, light or dark."""

import io

import matplotlib
import numpy as np
import pandas as pd
from sklearn.metrics import confusion_matrix

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
CURVES = (
    ("l2", "reconstruction, L2"),
    ("cycle", "cycle"),
    ("adversarial", "adversarial"),
    ("discriminator", "discriminator"),
    ("target_called_real", "target images called real"),
    ("translated_called_real", "translations called real"),
)
INK = "#010203"  # stands for the page's own text colour
STYLE = {
    "svg.fonttype": "none",
    "font.size": 9,
    **dict.fromkeys(
        ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), INK
    ),
}


@plt.rc_context(STYLE)
def accuracy_chart(metrics: dict[str, dict[str, float]]) -> str:
    """Our accuracies with their intervals, beside the published ones.

    Args:
        metrics: of each run, by its name.
    """
    figure, axes = plt.subplots(figsize=(6, 0.3 * (len(PUBLISHED) + 4 * len(metrics)) + 0.8))
    names, row = [], 0
    for name, values, _ in PUBLISHED:
        axes.plot(values, [row] * len(values), "D-", color="tab:gray", ms=5)
        names.append(f"{name}, published")
        row += 1
    for run, figures in metrics.items():
        for metric in ("source_only", "target_only", "translated", "adapted", "self_trained"):
            if (key := f"{metric}_accuracy") in figures:
                low, high = (figures.get(f"{key}_{end}", np.nan) for end in ("low", "high"))
                axes.plot([low, high], [row, row], color="tab:blue")
                axes.plot(figures[key], row, "o", color="tab:blue", ms=5)
                label = metric.replace("_", " ")
                names.append(f"{label}, {run}" if len(metrics) > 1 else label)
                row += 1
    axes.set_yticks(range(row), names)
    axes.invert_yaxis()
    axes.set_xlim(right=1)
    axes.set_xlabel("accuracy")
    axes.grid(axis="x", alpha=0.3)
    return _svg(figure, "Accuracies with 95 % intervals, beside published ones; the table has them")


@plt.rc_context(STYLE)
def loss_curves(histories: dict[str, pd.DataFrame]) -> str | None:
    """The losses and the adversary's health over the training; None where nothing was trained.

    Args:
        histories: metrics/history.csv of each run, by its name.
    """
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
    if len(histories) > 1:
        axes.flat[0].legend(fontsize=8)
    return _svg(figure, "Curves of the training: losses, unweighted, and what the adversary says")


@plt.rc_context(STYLE)
def confusion_chart(table: pd.DataFrame) -> str:
    """Counts of digits `actual` that were read as `predicted`, a row of the table each."""
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
    with io.StringIO() as file:
        figure.tight_layout()
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
        svg = file.getvalue()
    plt.close(figure)
    svg = svg[svg.index("<svg") :].replace(INK, "currentColor")
    return svg.replace("<svg", f'<svg role="img" aria-label="{label}"', 1)
