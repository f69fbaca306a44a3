"""What `python -m adda translate` costs over the bare forward passes of the networks.

    python -m benchmarks.translate

A stack of made-up digits, and a folder of them as PNG, are redrawn by data/model; the passes alone
run before each, on the same digits. Prints ratios and the most memory that the process held.
"""

import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from adda.own_images import find_images, redraw_files
from adda.translator import Translator

ROUNDS = 3
STACK, PICTURES = 20_000, 2_000


def main() -> None:
    translator = Translator("data/model")
    digits = np.where(np.random.default_rng(0).random((STACK, 28, 28)) < 0.2, 255, 0)
    digits = digits.astype(np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        stack, pictures, output = (Path(folder) / name for name in ("digits.npy", "in", "out"))
        np.save(stack, digits)
        pictures.mkdir()
        for number, digit in enumerate(digits[:PICTURES]):
            Image.fromarray(digit).save(pictures / f"{number}.png")
        translator.translate(digits[:1000])  # traces
        for name, files, count in (
            ("stack", [stack], STACK),
            ("PNG files", find_images([pictures]), PICTURES),
        ):
            ratios = []
            for _ in range(ROUNDS):
                bare = timed(lambda count=count: translator.translate(digits[:count]))
                whole = timed(lambda files=files: redraw_files(files, output, translator.translate))
                ratios.append(whole / bare)
            print(f"{name}: {statistics.median(ratios):.2f} of the bare passes")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory: {peak:.0f} MB")


def timed(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
