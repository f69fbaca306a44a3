"""How much training it takes until translations teach a classifier, and what limits it.

    dvc repro preprocess                    # the images that it reads, of any data.source
    python -m benchmarks.quality

For each method and number of steps the networks are trained anew, since learning rates fall to zero
at the end; classifiers are trained on their translations and tested on target test images. Two
methods are not trained: "data/model" is what the stage *train* left, and "oracle" knows MNIST-M's
law and the patches of its training images, so that nothing but the classifier limits it. Writes
docs/quality.csv and, of the trained methods, docs/quality.png: images of each domain seen, CPU
minutes of the training alone (of all cores together), and the classifier's accuracy.
"""

import argparse
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

TRAINED = ("split", "baseline", "PixelDA-like")
GIVEN = ("data/model", "oracle")
PROCESSED = Path("data/processed")
GOAL = 0.9


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
        draw(trained, options.out.with_suffix(".png"))


def measure(method: str, steps: int, classifier_steps: list[int]) -> list[dict[str, object]]:
    """A row for each length of a classifier's training; the translator is trained once."""
    from adda.classification.adaptation import translations
    from adda.classification.classifier import fit_classifier, predict_digits
    from adda.common.array_files import read_images, read_labels
    from adda.common.params import read_params
    from adda.engine.devices import use_device
    from adda.inference.translation import styles
    from adda.recipes.storage import load_model
    from benchmarks.oracle import Oracle, undo_blend

    params = read_params("params.yaml")
    use_device(params.train.device)
    source = read_images(PROCESSED / "images/source_train.npy")
    digits = read_labels(PROCESSED / "labels/source_train.npy", len(source))
    target = read_images(PROCESSED / "images/target_train.npy")
    test = read_images(PROCESSED / "images/target_test.npy")
    labels = read_labels(PROCESSED / "labels/target_test.npy", len(test))

    cpu = 0.0
    if method == "oracle":
        networks, target = Oracle(), undo_blend(Path("data/raw"))
    elif method == "data/model":
        networks = load_model("data/model")
    else:
        networks, cpu = train(method, steps, source, digits, target)
    found = styles(networks, target)
    rows = []
    for count in classifier_steps:
        judge = params.judge.model_copy(update={"steps": count})
        draw = translations(networks, source, digits, found, judge.batch_size, judge.seed)
        classifier = fit_classifier(draw, judge, title=f"{method}, {count}")
        rows.append(
            {
                "data": params.data.source,
                "method": method,
                "steps": steps,
                "images_seen": steps * params.train.batch_size,
                "cpu_minutes": round(cpu / 60, 2),
                "classifier_steps": count,
                "adapted_accuracy": round(
                    float(np.mean(predict_digits(classifier, test) == labels)), 4
                ),
            }
        )
    return rows


def train(
    method: str, steps: int, source: np.ndarray, digits: np.ndarray, target: np.ndarray
) -> tuple[NamedTuple, float]:
    """The method's networks after so many steps, and the CPU seconds that these took."""
    import keras

    from adda.common.params import read_params
    from adda.engine.loop import run_steps
    from adda.recipes.pixelda import make_pixelda
    from adda.recipes.storage import make_model
    from adda.training.trainer import Learners, make_optimizers, make_step

    params = read_params("params.yaml")
    schedule = params.train.model_copy(update={"steps": steps})
    loss = params.loss
    if method == "baseline":  # the published rates and weight
        schedule = schedule.model_copy(update={"adversary_learning_rate": 5e-4})
        loss = loss.model_copy(update={"adversarial_weight": 5e-4})
    keras.utils.set_random_seed(schedule.seed)
    if method == "PixelDA-like":
        networks = make_pixelda(params.model.width)
    else:
        networks = make_model(params.model.model_copy(update={"recipe": method}))
    learners = Learners(networks, make_optimizers(networks, schedule))
    step = make_step(learners, source, digits, target, loss, schedule)
    start = time.process_time()
    run_steps(step, steps=steps, steps_per_call=schedule.steps_per_call, title=method)
    return networks, time.process_time() - start


def draw(table: pd.DataFrame, path: Path) -> None:
    """Plot accuracy against images seen and CPU minutes, a curve for each trained method."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(8, 3.6), sharey=True)
    for axis, cost in zip(axes, ("images_seen", "cpu_minutes"), strict=True):
        for method, curve in table.groupby("method"):
            axis.plot(curve[cost], curve["adapted_accuracy"], marker="o", label=method)
        axis.axhline(GOAL, color="gray", lw=0.8)
        axis.set_xscale("log")
        axis.set_xlabel(cost.replace("_", " "))
    axes[0].set_ylabel("adapted accuracy")
    axes[0].legend()
    figure.tight_layout()
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
