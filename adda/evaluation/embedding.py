"""The latent space: the layout of codes in the plane."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import rcParams
from matplotlib.figure import Figure
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits

from adda.common.outputs import atomic
from adda.evaluation.results import Results

rcParams["text.parse_math"] = False  # a class may have dollar signs in its name

SHOWN = 500  # images of each kind, at most
UNLABELLED = "unlabelled"
STEPS = 500  # half of scikit-learn's: the picture is the same to the eye


def sample_points(results: Results, names: np.ndarray) -> tuple[np.ndarray, pd.DataFrame]:
    """Source, target and translated test images, uint8 [n, size, size, 3], and a row for each.

    Args:
        names: of the classes.

    Returns:
        The images, and the columns domain and class.
    """
    unknown = np.full(len(results.target), UNLABELLED)
    labels = results.target_labels
    kinds = {
        "source": (results.source, names[results.labels]),
        "target": (results.target, unknown if labels is None else names[labels]),
        "translated": (results.translated, names[results.labels]),
    }
    # Other handwriting of each kind: source, target and translation of one place may show the same.
    places = {kind: np.s_[start : 3 * SHOWN : 3] for start, kind in enumerate(kinds)}
    images = np.concatenate([kinds[kind][0][place] for kind, place in places.items()])
    tables = [
        pd.DataFrame({"domain": kind, "class": kinds[kind][1][place]})
        for kind, place in places.items()
    ]
    return images, pd.concat(tables)


def flatten(codes: np.ndarray) -> np.ndarray:
    """Places in the plane that keep neighbours together: float32 [n, d] to [n, 2].

    t-SNE (van der Maaten & Hinton 2008, JMLR 9) from the first two principal components; n > 1.
    """
    perplexity = min(30, (len(codes) - 1) / 3)
    tsne = TSNE(perplexity=perplexity, init="pca", random_state=0, max_iter=STEPS)
    with threadpool_limits(1):  # with more threads, sums depend on their order
        return tsne.fit_transform(codes)


def save_scatter(path: str | Path, places: np.ndarray, points: pd.DataFrame) -> None:
    """Write a PNG with the same points side by side, coloured by each column of a table.

    Args:
        places: float [n, 2].
        points: n rows.
    """
    figure = Figure(figsize=(6 * len(points.columns), 6))
    axes = figure.subplots(1, len(points.columns), squeeze=False)[0]
    for axis, (name, column) in zip(axes, points.items(), strict=True):
        for value in sorted(column.unique()):
            axis.scatter(*places[(column == value).to_numpy()].T, s=6, alpha=0.7, label=value)
        axis.set(title=f"by {name}", xticks=[], yticks=[])
        axis.legend(markerscale=3, fontsize=9)
    figure.tight_layout()
    with atomic(path) as partial:
        figure.savefig(partial, format="png", dpi=110)
