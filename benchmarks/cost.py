"""What a training costs in time and memory, against batch size, width and number of images.

    python -m benchmarks.cost

Each point is a process of its own: the time of a step of the default recipe, the cores that it kept
busy, the time of a checkpoint, and the most memory that the process held. Writes docs/cost.csv and
docs/cost.png.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).parent.parent
DEFAULT = {"batch_size": 64, "width": 0.25, "images": 5_000}
SWEEPS = {
    "batch_size": (16, 32, 64, 128, 256),
    "width": (0.125, 0.25, 0.5, 1.0),
    "images": (5_000, 15_000, 30_000, 60_000),
}
STEPS = 10


def main() -> None:
    rows = []
    for swept, values in SWEEPS.items():
        for value in values:
            point = DEFAULT | {swept: value}
            run = subprocess.run(
                [sys.executable, "-m", "benchmarks.cost", json.dumps(point)],
                cwd=ROOT,
                check=True,
                capture_output=True,
                text=True,
            )
            rows.append({"swept": swept, **point, **json.loads(run.stdout.splitlines()[-1])})
            print(rows[-1], flush=True)
    table = pd.DataFrame(rows)
    (ROOT / "docs").mkdir(exist_ok=True)
    table.to_csv(ROOT / "docs/cost.csv", index=False)
    plot(table, ROOT / "docs/cost.png")


def measure(batch_size: int, width: float, images: int) -> dict[str, float]:
    """Time a step, an image and a checkpoint, in milliseconds; cores; the peak memory, in MB."""
    import numpy as np

    from adda.common.params import read_params
    from adda.engine.checkpoints import Checkpoints
    from adda.engine.devices import use_device
    from adda.engine.loop import compile_steps
    from adda.recipes.recipe import LossParams
    from adda.recipes.registry import make_recipe
    from adda.training.trainer import TrainParams, make_learners, make_step

    use_device("cpu")
    params = read_params(ROOT / "params.yaml", loss=LossParams, train=TrainParams)
    train = params.train.model_copy(update={"batch_size": batch_size})
    rng = np.random.default_rng(0)
    source, target = rng.integers(0, 256, (2, images, 28, 28, 3), np.uint8)
    labels = np.zeros(images, np.uint8)
    learners = make_learners(partial(make_recipe, "split", width), train)
    step = make_step(learners, source, labels, target, params.loss, train)
    call, _ = compile_steps(step)
    call(0, 3).numpy()  # allocates
    start, busy = time.perf_counter(), time.process_time()
    call(3, STEPS).numpy()
    seconds = (time.perf_counter() - start) / STEPS
    cores = (time.process_time() - busy) / STEPS / seconds
    with tempfile.TemporaryDirectory() as folder:
        checkpoints = Checkpoints(Path(folder))
        checkpoints.saved_at = -float("inf")  # due at once
        start = time.perf_counter()
        checkpoints.save_if_due(learners.variables(), [{"step": 3 + STEPS}])
        checkpoint = time.perf_counter() - start
    return {
        "ms_per_step": round(1e3 * seconds, 1),
        "ms_per_image": round(1e3 * seconds / batch_size, 3),
        "cores": round(cores, 2),
        "checkpoint_ms": round(1e3 * checkpoint),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def plot(table: pd.DataFrame, path: Path) -> None:
    """Plot time and memory, a column for each sweep."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(2, len(SWEEPS), figsize=(10, 5))
    for column, swept in zip(axes.T, SWEEPS, strict=True):
        rows = table[table["swept"] == swept]
        for place, name in zip(column, ("ms_per_image", "peak_mb"), strict=True):
            place.plot(rows[swept], rows[name], marker="o")
            place.set_xscale("log", base=2)
            place.set_xticks(rows[swept], [f"{value:g}" for value in rows[swept]])
            place.set_ylim(0, 1.1 * rows[name].max())
        column[1].set_xlabel({"images": "images of each domain"}.get(swept, swept))
    axes[0, 0].set_ylabel("ms per image of each domain")
    axes[1, 0].set_ylabel("peak memory, MB")
    figure.tight_layout()
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(measure(**json.loads(sys.argv[1]))))
    else:
        main()
