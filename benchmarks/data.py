"""What building MNIST-M and reading its pickle safely cost, against the plain ways.

Both sides of a ratio alternate in one run, and the median of each is kept. Run it on an idle
machine: `python -m benchmarks.data`.
"""

import pickle
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from adda.datasets.mnistm import blend, make_mnistm
from adda.datasets.safe_pickle import load_arrays
from benchmarks.memory import peak_memory

RUNS = 5
TRAIN, TEST = 60_000, 10_000


def loop(digits: np.ndarray, photographs: list[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """MNIST-M an image at a time: one draw, one crop and one blend each."""
    images = np.empty((*digits.shape, 3), np.uint8)
    for number, digit in enumerate(digits):
        photograph = photographs[rng.integers(len(photographs))]
        top, left = rng.integers(photograph.shape[0] - 27), rng.integers(photograph.shape[1] - 27)
        patch = photograph[top : top + 28, left : left + 28]
        images[number] = blend(digit[None], patch[None])[0]
    return images


def plain_load(path: Path) -> object:
    with path.open("rb") as file:
        return pickle.load(file)  # our own file, written below


def seconds(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def compare(name: str, ours: Callable[[], object], other: Callable[[], object]) -> None:
    ours(), other()
    pairs = [(seconds(ours), seconds(other)) for _ in range(RUNS)]
    left, right = (statistics.median(side) for side in zip(*pairs, strict=True))
    print(f"{name}: {left:.3f} s against {right:.3f} s, ratio {left / right:.3f}", flush=True)


def reading_memory(call: str, path: Path) -> float:
    """Peak memory of a process that reads the file, in MB, less an idle one's."""
    code = (
        "from pathlib import Path\n"
        "from adda.datasets.safe_pickle import load_arrays\n"
        "from benchmarks.data import plain_load\n"
        f"path = Path({str(path)!r})\nkept = "
    )
    return peak_memory(code + call) - peak_memory(code + "None")


def main() -> None:
    rng = np.random.default_rng(0)
    digits = np.where(rng.random((TRAIN, 28, 28)) < 0.2, np.uint8(255), np.uint8(0))
    photographs = [rng.integers(0, 256, (321, 481, 3), np.uint8) for _ in range(200)]
    compare(
        f"building {TRAIN:,} images, vectorised against a loop",
        lambda: make_mnistm(digits, photographs, np.random.default_rng(0)),
        lambda: loop(digits, photographs, np.random.default_rng(0)),
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mnistm_data.pkl"
        train = make_mnistm(digits, photographs, rng)
        with path.open("wb") as file:
            pickle.dump({"train": train, "test": train[:TEST]}, file, protocol=4)
        size = path.stat().st_size / 2**20
        compare(
            f"reading a pickle of {size:.0f} MB, load_arrays against pickle.load",
            lambda: load_arrays(path),
            lambda: plain_load(path),
        )
        print(
            f"memory: load_arrays {reading_memory('load_arrays(path)', path):.0f} MB, "
            f"pickle.load {reading_memory('plain_load(path)', path):.0f} MB, file {size:.0f} MB"
        )


if __name__ == "__main__":
    main()
