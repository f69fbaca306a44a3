"""Train the networks of the recipe on both domains' training images, without target labels."""

from pathlib import Path

from adda.arrays import read_images, read_labels, write_array
from adda.device import is_chief, make_strategy, use_device
from adda.errors import run_stage
from adda.files import remove, whole
from adda.models import save_model
from adda.params import read_params
from adda.training import train_model
from adda.watching import make_watch

CHECKPOINTS = Path(".checkpoints")
LOGS = Path("logs")
STYLES = 256  # target images that go with the model, for those who translate images of their own


def main() -> str:
    params = read_params("params.yaml")
    print("device:", use_device(params.train.device))
    strategy = make_strategy(params.train.strategy)
    chief = is_chief(strategy)
    source = read_images("data/processed/images/source_train.npy")
    target = read_images("data/processed/images/target_train.npy")
    trained = train_model(
        source,
        read_labels("data/processed/labels/source_train.npy", len(source)),
        target,
        params.model,
        params.loss,
        params.train,
        checkpoints=CHECKPOINTS,
        strategy=strategy,
        watch=make_watch("metrics/history.csv", "metrics/train.json", LOGS) if chief else None,
    )
    last = trained.history[-1]
    if not chief:
        return f"{last['step']} steps; the chief writes the model"
    with whole("data/model") as directory:
        save_model(directory, trained.model, params.model)
        trained.progress.save(directory / "progress.npz")
        write_array(directory / "styles.npy", target[:STYLES])
    remove(CHECKPOINTS)  # only now is everything where it belongs
    return f"data/model: {last['step']} steps, l2 {last['l2']:.4f}"


if __name__ == "__main__":
    run_stage(main)
