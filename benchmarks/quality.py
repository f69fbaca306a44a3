"""How much training it takes until translations teach a classifier, and what limits it.

    dvc repro preprocess                    # the images that it reads, of any data.source
    python -m benchmarks.quality

For each method and number of steps the networks are trained anew, since learning rates fall to zero
at the end; classifiers are trained on their translations and tested on target test images. Two
methods are not trained: "data/model" is what the stage *choose* left, and "oracle" knows MNIST-M's
law and the patches of its training images, so that nothing but the classifier limits it. Writes
docs/quality.csv and, of the trained methods, docs/quality.png: images of each domain seen, CPU
minutes of the training alone (of all cores together), and the classifier's accuracy.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd

TRAINED = ("split", "published", "pixelda")
GIVEN = ("data/model", "oracle")
PROCESSED = Path("data/processed")
GOAL = 0.9
PUBLISHED = {  # shared loss weights, by recipe
    "published": {"adversarial_weight": 5e-4},
    "pixelda": {"l2_weight": 0.0, "adversarial_weight": 0.011},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--methods", nargs="+", choices=TRAINED + GIVEN, default=TRAINED)
    parser.add_argument("--steps", type=int, nargs="+", default=[62, 125, 250, 500, 1000, 2000])
    parser.add_argument("--classifier-steps", type=int, nargs="+", default=[1000])
    parser.add_argument("--out", type=Path, default=Path("docs/quality.csv"))
    options = parser.parse_args()
    rows = []
    for method in options.methods:
        for steps in options.steps if method in TRAINED else (0,):
            rows += measure(method, steps, options.classifier_steps)
            print(*rows[-len(options.classifier_steps) :], sep="\n", flush=True)
            pd.DataFrame(rows).to_csv(options.out, index=False)
    trained = pd.DataFrame(rows).query("method in @TRAINED")
    if len(trained):
        plot(trained, options.out.with_suffix(".png"))


def measure(method: str, steps: int, classifier_steps: list[int]) -> list[dict[str, object]]:
    """A row for each length of a classifier's training; the translator is trained once."""
    from adda.classification.adaptation import AdaptationParams, sample_translations
    from adda.classification.classifier import ClassifierParams, fit_classifier, probabilities
    from adda.common.array_files import read_images, read_labels
    from adda.common.params import read_params
    from adda.datasets.source import DataParams
    from adda.engine.devices import Device, use_device
    from adda.recipes.storage import load_model
    from adda.training.trainer import TrainParams
    from benchmarks.oracle import Oracle, undo_blend

    params = read_params(
        "params.yaml",
        adaptation=AdaptationParams,
        classifier=ClassifierParams,
        data=DataParams,
        device=Device,
        train=TrainParams,
    )
    use_device(params.device)
    source = read_images(PROCESSED / "images/source_train.npy")
    own_labels = read_labels(PROCESSED / "labels/source_train.npy", len(source))
    target = read_images(PROCESSED / "images/target_train.npy")
    test = read_images(PROCESSED / "images/target_test.npy")
    labels = read_labels(PROCESSED / "labels/target_test.npy", len(test))

    cpu = 0.0
    if method == "oracle":
        networks, target = Oracle(), undo_blend(Path("data/raw"))
    elif method == "data/model":
        networks = load_model("data/model")
    else:
        networks, cpu = train(method, steps, source, own_labels, target)
    rows = []
    for count in classifier_steps:
        fit = params.classifier.model_copy(update={"steps": count})
        sample = sample_translations(networks, source, own_labels, target, params.adaptation, fit)
        classifier = fit_classifier(sample, 10, fit, title=f"{method}, {count}")
        right = probabilities(classifier, test).argmax(axis=1) == labels
        rows.append(
            {
                "data": params.data.source,
                "method": method,
                "steps": steps,
                "images_seen": steps * params.train.batch_size,
                "cpu_minutes": round(cpu / 60, 2),
                "classifier_steps": count,
                "adapted_accuracy": round(float(right.mean()), 4),
            }
        )
    return rows


def train(
    method: str, steps: int, source: np.ndarray, labels: np.ndarray, target: np.ndarray
) -> tuple[object, float]:
    """The method's networks after so many steps, and the CPU seconds that these took."""
    import keras

    from adda.common.params import read_params
    from adda.engine.loop import run_steps
    from adda.recipes.recipe import LossParams
    from adda.recipes.registry import ModelParams, RecipesParams, make_recipe
    from adda.training.trainer import Learners, TrainParams, make_optimizers, make_step

    params = read_params(
        "params.yaml", loss=LossParams, model=ModelParams, recipes=RecipesParams, train=TrainParams
    )
    schedule = params.train.model_copy(update={"steps": steps})
    if method == "published":  # the published rate
        schedule = schedule.model_copy(update={"adversary_learning_rate": 5e-4})
    loss = params.loss.model_copy(update=PUBLISHED.get(method, {}))
    keras.utils.set_random_seed(schedule.seed)
    networks = make_recipe(method, params.model.width, getattr(params.recipes, method))
    learners = Learners(networks, make_optimizers(networks, schedule))
    step = make_step(learners, source, labels, target, loss, schedule)
    start = time.process_time()
    run_steps(step, steps=steps, steps_per_call=schedule.steps_per_call, title=method)
    return networks, time.process_time() - start


def plot(table: pd.DataFrame, path: Path) -> None:
    """Plot accuracy against images seen and CPU minutes, a curve for each method and classifier."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    from benchmarks.axes import logarithmic

    figure, axes = plt.subplots(1, 2, figsize=(8, 3.6), sharey=True)
    for axis, cost in zip(axes, ("images_seen", "cpu_minutes"), strict=True):
        for (method, steps), curve in table.groupby(["method", "classifier_steps"]):
            label = f"{method}, classifier {steps:,} steps"
            axis.plot(curve[cost], curve["adapted_accuracy"], marker="o", label=label)
        axis.axhline(GOAL, color="gray", lw=0.8)
        logarithmic(axis)
        axis.set_xlabel(cost.replace("_", " "))
    axes[0].set_ylabel("adapted accuracy")
    axes[0].legend()
    figure.tight_layout()
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
