"""What `python -m adda translate` costs over the bare forward passes of the networks.

    python -m benchmarks.translate

A stack of made-up digits, and a folder of them as PNG, are translated by data/model; the passes
alone run before each, on the same digits. Prints ratios, and the most memory that the command held
for a few digits and for many.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from adda.serving.image_files import find_images, translate_files
from adda.serving.translator import Translator
from benchmarks.memory import peak_memory

ROUNDS = 3
STACK, PICTURES = 20_000, 5_000
FEW, MANY = 1_000, 100_000  # digits of a stack whose memory is measured


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
            for turn in range(ROUNDS):
                out = output / f"{name} {turn}"  # nothing is overwritten
                bare = timed(lambda count=count: translator.translate(digits[:count]))
                whole = timed(
                    lambda files=files, out=out: translate_files(files, out, translator.translate)
                )
                ratios.append(whole / bare)
            print(f"{name}: {statistics.median(ratios):.2f} of the bare passes")
    for count in (FEW, MANY):
        print(f"peak memory for {count:,} digits: {command_memory(count):.0f} MB")


def command_memory(count: int) -> float:
    """Of `python -m adda translate`, on a stack of so many digits, in MB."""
    with tempfile.TemporaryDirectory() as folder:
        np.save(f"{folder}/digits.npy", np.zeros((count, 28, 28), np.uint8))
        command = f"adda translate --input {folder}/digits.npy --output {folder}/out"
        return peak_memory(
            f"import sys\nfrom adda.__main__ import main\nsys.argv = {command.split()}\nmain()"
        )


def timed(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
