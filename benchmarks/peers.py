"""What a person would use instead: accuracy on the target against CPU minutes, method by method.

    dvc repro preprocess                                  # of data.source=build, say
    uv pip install --group peers                          # beside the pipeline's own packages
    python -m benchmarks.peers plain skada-dann --minutes 8

Peers are used through their own APIs, with the losses' weights and optimisers that their authors'
examples have. All but ours have the network of the DANN paper for MNIST (Ganin et al. 2016, figure
4a), batches of 128 and 128, and see no target label. A curve's time is the CPU's in training, of
all threads, loading and testing left out. Ours has no curve in time: each row is a training of its
own, of networks and classifier. Rows are added to docs/peers.csv, and docs/peers.png shows them.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd

from adda.common.array_files import read_images, read_labels

BATCH = 128
TURN = 40  # steps between two looks at the clock
TABLE = Path("docs/peers.csv")
OURS = (
    (50, 250),
    (100, 500),
    (200, 1000),
    (500, 1500),
    (1000, 3000),
)  # steps: networks, classifier

Train = Callable[[np.ndarray, np.ndarray, np.ndarray, float], None]
Predict = Callable[[np.ndarray], np.ndarray]


def plain() -> tuple[Train, Predict]:
    """DANN as most people write it: the paper's rates and ramp (section 5.2.2), in PyTorch."""
    import torch
    from torch import nn

    features, classifier, discriminator = network(), nn.Linear(100, 10), domain_classifier()
    networks = nn.ModuleList([features, classifier, discriminator])
    optimizer = torch.optim.SGD(networks.parameters(), lr=0.01, momentum=0.9)

    class Reverse(torch.autograd.Function):
        @staticmethod
        def forward(context, inputs, weight):
            context.weight = weight
            return inputs.view_as(inputs)

        @staticmethod
        def backward(context, gradient):
            return -context.weight * gradient, None

    def train(source, labels, target, progress):
        weight = 2 / (1 + np.exp(-10 * progress)) - 1
        optimizer.param_groups[0]["lr"] = 0.01 / (1 + 10 * progress) ** 0.75
        found = features(torch.tensor(np.concatenate([source, target])))
        domains = discriminator(Reverse.apply(found, weight)).squeeze(1)
        real = torch.tensor(np.repeat([0.0, 1.0], BATCH), dtype=torch.float32)
        loss = nn.functional.cross_entropy(classifier(found[:BATCH]), torch.tensor(labels))
        loss = loss + nn.functional.binary_cross_entropy_with_logits(domains, real)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return train, torch_predict(nn.Sequential(features, classifier))


def pytorch_adapt(hook: str) -> Callable[[], tuple[Train, Predict]]:
    """pytorch-adapt's hooks, with its adapters' default: Adam at 1e-4."""

    def make() -> tuple[Train, Predict]:
        import torch
        from pytorch_adapt import hooks
        from pytorch_adapt.layers import MultipleModels
        from torch import nn

        one = nn.Linear(100, 10)
        models = {"G": network(), "C": one}
        if hook == "DANNHook":
            models["D"] = nn.Sequential(domain_classifier(), nn.Flatten(0))
        else:  # two classifiers, whose discrepancy is what it is about
            models["C"] = MultipleModels(one, nn.Linear(100, 10))
        optimizers = {
            name: torch.optim.Adam(model.parameters(), lr=1e-4) for name, model in models.items()
        }
        if hook == "DANNHook":
            trained = hooks.DANNHook(list(optimizers.values()))
        else:
            trained = hooks.MCDHook(g_opts=[optimizers["G"]], c_opts=[optimizers["C"]])
        domains = {"src_domain": torch.zeros(BATCH), "target_domain": torch.ones(BATCH)}

        def train(source, labels, target, progress):
            batch = {"src_imgs": torch.tensor(source), "src_labels": torch.tensor(labels)}
            trained(models | batch | domains | {"target_imgs": torch.tensor(target)})

        return train, torch_predict(nn.Sequential(models["G"], one))

    return make


def skada(method: str) -> Callable[[], tuple[Train, Predict]]:
    """skada's deep estimators, with the weight of their defaults; Adam at 1e-3."""

    def make() -> tuple[Train, Predict]:
        # Else its optimal transport imports TensorFlow, after which PyTorch 2.14 crashes.
        os.environ["POT_BACKEND_DISABLE_TENSORFLOW"] = "1"
        import skada.deep
        import torch
        from torch import nn

        class Module(nn.Module):
            def __init__(self):
                super().__init__()
                self.features, self.classifier = network(), nn.Linear(100, 10)

            def forward(self, x, sample_weight=None):
                return self.classifier(self.features(x))

        module = Module()
        own = {"num_features": 100} if method == "DANN" else {}
        estimator = getattr(skada.deep, method)(
            module,
            layer_name="features",
            batch_size=BATCH,
            max_epochs=1,
            train_split=None,
            optimizer=torch.optim.Adam,
            lr=1e-3,
            verbose=0,
            **own,
        )
        waiting = []

        def train(source, labels, target, progress):
            waiting.append((source, labels, target))
            if len(waiting) < TURN:
                return
            source, labels, target = map(np.concatenate, zip(*waiting, strict=True))
            waiting.clear()
            domains = np.repeat([1, -2], len(source))
            labels = np.concatenate([labels, np.full(len(target), -1)])
            images = {"X": np.concatenate([source, target]), "sample_domain": domains}
            estimator.partial_fit(images, labels)

        def predict(images):
            return torch_predict(estimator.module_.base_module_)(images)

        return train, predict

    return make


def network():
    """The features of DANN's network for MNIST."""
    from torch import nn

    return nn.Sequential(
        nn.Conv2d(3, 32, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 48, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(768, 100),
        nn.ReLU(),
        nn.Linear(100, 100),
        nn.ReLU(),
    )


def domain_classifier():
    """And its classifier of domains."""
    from torch import nn

    return nn.Sequential(nn.Linear(100, 100), nn.ReLU(), nn.Linear(100, 1))


def torch_predict(model) -> Predict:
    import torch

    def predict(images: np.ndarray) -> np.ndarray:
        model.eval()
        with torch.no_grad():
            found = [
                model(torch.tensor(images[at : at + 500])) for at in range(0, len(images), 500)
            ]
        model.train()
        return torch.cat(found).argmax(dim=1).numpy()

    return predict


PEERS = {
    "plain": plain,
    "pytorch-adapt-dann": pytorch_adapt("DANNHook"),
    "pytorch-adapt-mcd": pytorch_adapt("MCDHook"),
    "skada-dann": skada("DANN"),
    "skada-deepcoral": skada("DeepCoral"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("methods", nargs="+", choices=[*PEERS, "adda"])
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for method in options.methods:
        # In a process of its own: PyTorch 2.14 crashes where TensorFlow is loaded.
        process = get_context("spawn").Process(
            target=measure, args=(method, options.minutes, options.seed)
        )
        process.start()
        process.join()
        if process.exitcode:
            sys.exit(f"error: {method} ended with code {process.exitcode}")
    plot(pd.read_csv(TABLE))


def measure(method: str, minutes: float, seed: int) -> None:
    """Add a method's rows to the table as they come."""
    rows = ours(seed) if method == "adda" else curve(PEERS[method], minutes, seed)
    for spent, accuracy in rows:
        row = {"method": method, "seed": seed, "cpu_minutes": round(spent, 2)}
        table = pd.DataFrame([row | {"accuracy": round(accuracy, 4)}])
        table.to_csv(TABLE, mode="a", index=False, header=not TABLE.exists())
        print(*table.iloc[0], flush=True)


def read() -> tuple[np.ndarray, ...]:
    """Source images and labels, target images to learn from; and to test with, and their labels."""
    folder = Path("data/processed")
    source, target, test = (
        read_images(folder / f"images/{name}.npy")
        for name in ("source_train", "target_train", "target_test")
    )
    labels = read_labels(folder / "labels/source_train.npy", len(source))
    return source, labels, target, test, read_labels(folder / "labels/target_test.npy", len(test))


def curve(
    make: Callable[[], tuple[Train, Predict]], minutes: float, seed: int
) -> Iterator[tuple[float, float]]:
    """CPU minutes and accuracy, at moments that lie closer together at first."""
    import torch

    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    source, labels, target, test, truth = read()
    labels = labels.astype(np.int64)  # as PyTorch asks
    train, predict = make()
    spent, due = 0.0, minutes / 64
    while spent < minutes:
        started = time.process_time()
        for _ in range(TURN):
            chosen, other = (rng.integers(0, len(each), BATCH) for each in (source, target))
            train(floats(source[chosen]), labels[chosen], floats(target[other]), spent / minutes)
        spent += (time.process_time() - started) / 60
        if spent >= due:
            yield spent, float((predict(floats(test)) == truth).mean())
            due = max(due * 1.4, spent)


def floats(images: np.ndarray) -> np.ndarray:
    """uint8 [n, 28, 28, 3] as PyTorch has them: float32 [n, 3, 28, 28] in [0, 1]."""
    return np.ascontiguousarray(images.transpose(0, 3, 1, 2)).astype(np.float32) / 255


def ours(seed: int) -> Iterator[tuple[float, float]]:
    """The pipeline's own trainings, of several lengths."""
    from functools import partial

    from adda.classification.adaptation import AdaptationParams, adapt
    from adda.classification.classifier import ClassifierParams, probabilities
    from adda.common.params import read_params
    from adda.recipes.all_recipes import ModelParams, RecipesParams, make_recipe, resolve
    from adda.recipes.recipe import LossParams
    from adda.training.trainer import TrainParams, train_model

    params = read_params(
        "params.yaml",
        adaptation=AdaptationParams,
        classifier=ClassifierParams,
        loss=LossParams,
        model=ModelParams,
        recipes=RecipesParams,
        train=TrainParams,
    )
    source, labels, target, test, truth = read()
    make = partial(make_recipe, "layered", params.model.width, params.recipes.layered)
    loss, train = resolve("layered", params.loss, params.train)
    for steps, classifier_steps in OURS:
        started = time.process_time()
        schedule = train.model_copy(update={"steps": steps, "seed": seed})
        trained = train_model(source, labels, target, make, loss, schedule)
        fit = params.classifier.model_copy(update={"steps": classifier_steps, "seed": seed})
        unused = fit.make(10)  # the second view's classifier; it has no part in this accuracy
        adapted = adapt(trained.model, unused, source, labels, target, params.adaptation, fit)
        minutes = (time.process_time() - started) / 60
        found = probabilities(adapted.classifier, test).argmax(axis=1)
        yield minutes, float((found == truth).mean())


def plot(table: pd.DataFrame) -> None:
    """Accuracy against CPU minutes, a curve for each method and seed."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    figure, axis = plt.subplots(figsize=(7, 4))
    for color, (method, rows) in enumerate(table.groupby("method", sort=False)):
        for seed, line in rows.groupby("seed"):
            label = method if seed == rows["seed"].min() else None
            axis.plot(line["cpu_minutes"], line["accuracy"], ".-", color=f"C{color}", label=label)
    axis.set_xscale("log")
    axis.set_xlabel("CPU minutes of training")
    axis.set_ylabel("accuracy on target test images")
    axis.legend(fontsize="small")
    figure.tight_layout()
    figure.savefig(TABLE.with_suffix(".png"), dpi=120)


if __name__ == "__main__":
    main()
