"""How well each validator ranks classifiers: docs/validation.csv and docs/validation.png.

    dvc repro preprocess
    python -m benchmarks.validators          # trains them, one after the other
    python -m benchmarks.validators --plot   # of docs/validation.csv as it is

Seven translators, good and bad, and classifiers that learn from each in several ways; on the data
of data/processed, whose test labels say how good each classifier is. A row a classifier.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from adda.evaluation.validators import VALIDATORS

TABLE, PLOT = Path("docs/validation.csv"), Path("docs/validation.png")
TRUTH = "accuracy"  # of the classifier, all its views together, on target test images
PUBLISHED = {"adversarial_weight": 5e-4}
TRANSLATORS = {  # recipe, steps, changes of the shared weights and of the recipe's own
    "default": ("split", 200, {}, {}),
    "no cycle term": ("split", 200, {}, {"cycle_weight": 0.0}),
    "no L2 term": ("split", 200, {"l2_weight": 0.0}, {}),
    "adversary tenfold": ("split", 200, {"adversarial_weight": 0.2}, {}),
    "60 steps": ("split", 60, {}, {}),
    "published": ("published", 100, PUBLISHED, {}),
    "none": ("split", 1, {}, {}),
}
USUAL = {"translated_share": 1.0, "move": 0.0, "self_training_weight": 0.0, "steps": 200, "seed": 0}
LEARNING = [  # from every translator but none
    {},
    {"self_training_weight": 1.0},
    {"translated_share": 0.5},
    {"translated_share": 0.5, "self_training_weight": 1.0},
]
MORE = {  # and from these alone
    "default": [
        {"steps": 60},
        {"steps": 500},
        {"seed": 1},
        {"seed": 2},
        {"move": 0.15},
        {"move": 0.15, "self_training_weight": 1.0},
        {"steps": 500, "self_training_weight": 1.0},
    ],
    "no cycle term": [{"steps": 60}, {"steps": 500}, {"seed": 1}],
    "no L2 term": [{"steps": 500}, {"seed": 1}],
    "60 steps": [{"steps": 500}, {"seed": 1}],
    "none": [
        {"translated_share": 0.0} | each
        for each in (
            {},
            {"self_training_weight": 1.0},
            {"move": 0.15},
            {"move": 0.15, "self_training_weight": 1.0},
        )
    ],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--plot", action="store_true", help="train nothing")
    if not parser.parse_args().plot:
        measure()
    table = pd.read_csv(TABLE)
    print(scored(table).to_string(index=False, float_format="{:.3f}".format))
    plot(table)


def measure() -> None:
    """Train all translators and classifiers, and write a row for each classifier."""
    from adda.classification.adaptation import AdaptationParams, adapt, as_trained_on
    from adda.classification.classifier import ClassifierParams, fit_classifier, sample_labelled
    from adda.common.array_files import read_images, read_labels
    from adda.common.params import read_params
    from adda.evaluation.validation import look
    from adda.evaluation.validators import validate

    params = read_params("params.yaml", classifier=ClassifierParams)
    images, labels = {}, {}
    for name in ("source_train", "source_valid", "target_train", "target_valid", "target_test"):
        images[name] = read_images(f"data/processed/images/{name}.npy")
        labels[name] = read_labels(f"data/processed/labels/{name}.npy", len(images[name]))
    train = images["source_train"], labels["source_train"]

    def fit_of(steps: int, seed: int) -> ClassifierParams:
        return params.classifier.model_copy(update={"steps": steps, "seed": seed})

    fit = fit_of(USUAL["steps"], 0)
    sample = sample_labelled(*train, fit.batch_size, fit.seed)
    source_only = fit_classifier(sample, 10, fit, "source only", smoothing=0.0)
    rows = []
    for name, translator in TRANSLATORS.items():
        model = train_translator(*translator, *train, images["target_train"])
        for changes in (LEARNING if name != "none" else []) + MORE.get(name, []):
            learning = USUAL | changes
            own = AdaptationParams(**{key: learning[key] for key in AdaptationParams.model_fields})
            fit = fit_of(learning["steps"], learning["seed"])
            adapted = adapt(model, source_only, *train, images["target_train"], own, fit)
            shown = as_trained_on(model, images["source_valid"], images["target_train"], own)
            adapted.calibrate(shown, labels["source_valid"])
            valid = images["target_valid"], images["source_valid"], labels["source_valid"]
            found = validate(look(adapted, source_only, model, *valid))
            chosen = adapted.probabilities(images["target_test"]).argmax(axis=1)
            accuracy = float(np.mean(chosen == labels["target_test"]))
            rows.append({"translator": name, **learning, **found, TRUTH: accuracy})
            print(name, changes, f"{accuracy:.3f}", flush=True)
            pd.DataFrame(rows).round(4).to_csv(TABLE, index=False)


def train_translator(
    recipe: str,
    steps: int,
    weights: dict[str, float],
    own: dict[str, float],
    source: np.ndarray,
    labels: np.ndarray,
    target: np.ndarray,
):
    """A recipe's networks after so many steps, by params.yaml but for what is given."""
    from functools import partial

    from adda.common.params import read_params
    from adda.recipes.recipe import LossParams
    from adda.recipes.registry import RECIPES, make_recipe
    from adda.training.trainer import TrainParams, train_model

    params = read_params("params.yaml", loss=LossParams, train=TrainParams)
    make = partial(make_recipe, recipe, 0.25, RECIPES[recipe].Params(**own), 10)
    loss = params.loss.model_copy(update=weights)
    train = params.train.model_copy(update={"steps": steps})
    return train_model(source, labels, target, make, loss, train).model


def scored(table: pd.DataFrame) -> pd.DataFrame:
    """Each validator's rank correlation with the accuracy, and what its pick loses to the best.

    A classifier without this validator (it has no second view) is the worst to it.
    """
    rows = []
    for name in (name for name in VALIDATORS if name in table):
        values = table[name].fillna(-float("inf"))
        pick = table[TRUTH][values.idxmax()]
        rows.append(
            {
                "validator": name,
                "n": len(table),
                "spearman": spearmanr(values, table[TRUTH]).statistic,
                "pick": pick,
                "regret": table[TRUTH].max() - pick,
            }
        )
    return pd.DataFrame(rows).sort_values("spearman", ascending=False, ignore_index=True)


def plot(table: pd.DataFrame) -> None:
    """The accuracy against each validator, a dot a classifier, a colour a translator."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    measured = [name for name in VALIDATORS if name in table]
    lines = -(-len(measured) // 3)
    figure, axes = plt.subplots(lines, 3, figsize=(10, 3 * lines), sharey=True)
    for place in axes.flat[len(measured) :]:
        place.remove()
    for place, name in zip(axes.flat, measured, strict=False):
        for translator, rows in table.groupby("translator", sort=False):
            place.scatter(rows[name], rows[TRUTH], s=16, label=translator)
        place.set_xlabel(name)
    for place in axes[:, 0]:
        place.set_ylabel("accuracy on test images")
    axes[0, 0].legend(fontsize="small")
    figure.tight_layout()
    figure.savefig(PLOT, dpi=110)


if __name__ == "__main__":
    main()
