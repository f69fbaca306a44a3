"""How much training each method needs until its translations teach a classifier.

    dvc repro preprocess                    # the images that it reads, of any data.source
    python -m benchmarks.quality

For each method and number of steps the networks are trained anew, since learning rates fall to zero
at the end; a classifier is trained on their translations for a fixed number of steps and tested on
target test images. Writes docs/quality.csv and docs/quality.png: images of each domain seen, CPU
minutes of the training alone (of all cores together), and the classifier's accuracy.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd

METHODS = ("split", "baseline", "PixelDA-like")
GOAL = 0.9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, nargs="+", default=[62, 125, 250, 500, 1000, 2000])
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=METHODS)
    parser.add_argument("--classifier-steps", type=int, default=1500)
    parser.add_argument("--out", type=Path, default=Path("docs/quality.csv"))
    options = parser.parse_args()
    rows = []
    for method in options.methods:
        for steps in options.steps:
            rows.append(measure(method, steps, options.classifier_steps))
            print(rows[-1], flush=True)
            pd.DataFrame(rows).to_csv(options.out, index=False)
    draw(pd.DataFrame(rows), options.out.with_suffix(".png"))


def measure(method: str, steps: int, classifier_steps: int) -> dict[str, object]:
    import keras

    from adda.adaptation import translations
    from adda.arrays import read_images, read_labels
    from adda.classifier import fit_classifier, predict_digits
    from adda.device import use_device
    from adda.loop import run_steps
    from adda.models import make_model
    from adda.params import read_params
    from adda.training import Learners, make_optimizers, make_step
    from benchmarks.pixelda import make_pixelda

    params = read_params("params.yaml")
    use_device(params.train.device)
    images = Path("data/processed/images")
    labels = Path("data/processed/labels")
    source = read_images(images / "source_train.npy")
    digits = read_labels(labels / "source_train.npy", len(source))
    target = read_images(images / "target_train.npy")
    test = read_images(images / "target_test.npy")

    train = params.train.model_copy(update={"steps": steps})
    loss = params.loss
    if method == "baseline":  # the published rates and weight
        train = train.model_copy(update={"adversary_learning_rate": 5e-4})
        loss = loss.model_copy(update={"adversarial_weight": 5e-4})
    keras.utils.set_random_seed(train.seed)
    if method == "PixelDA-like":
        networks = make_pixelda(params.model.width)
    else:
        networks = make_model(params.model.model_copy(update={"recipe": method}))
    learners = Learners(networks, make_optimizers(networks, train))
    step = make_step(learners, source, digits, target, loss, train)
    start = time.process_time()
    run_steps(step, steps=steps, steps_per_call=train.steps_per_call, title=method)
    cpu = time.process_time() - start

    judge = params.judge.model_copy(update={"steps": classifier_steps})
    draw = translations(networks, source, digits, target, judge.batch_size, judge.seed)
    classifier = fit_classifier(draw, judge, title="adapted")
    right = predict_digits(classifier, test) == read_labels(labels / "target_test.npy", len(test))
    return {
        "data": params.data.source,
        "method": method,
        "steps": steps,
        "images_seen": steps * train.batch_size,
        "cpu_minutes": round(cpu / 60, 2),
        "classifier_steps": classifier_steps,
        "adapted_accuracy": round(float(np.mean(right)), 4),
    }


def draw(table: pd.DataFrame, path: Path) -> None:
    """Plot accuracy against images seen and against CPU minutes."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), sharey=True)
    for axis, cost in zip(axes, ("images_seen", "cpu_minutes"), strict=True):
        for method, rows in table.groupby("method"):
            axis.plot(rows[cost], rows["adapted_accuracy"], marker="o", label=method)
        axis.axhline(GOAL, color="gray", lw=0.8)
        axis.set_xscale("log")
        axis.set_xlabel(cost.replace("_", " "))
    axes[0].set_ylabel("adapted accuracy")
    axes[0].legend()
    figure.tight_layout()
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
