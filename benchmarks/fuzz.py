"""Damage to every kind of file that is read: one sentence each, no traceback, no hang, no bomb.

    python -m benchmarks.fuzz --count 10000

Valid files are mutated at random and given to the reader of their kind, which must return or raise
AddaError, within 5 seconds, and ask for less than 2 GiB of memory.
"""

import argparse
import gzip
import io
import os
import pickle
import resource
import shutil
import signal
import struct
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from pkgutil import resolve_name

import numpy as np
import pandas as pd
import tensorflow as tf
from dvc.utils.serialize import load_yaml
from PIL import Image, ImageDraw

from adda.common.array_files import read_array
from adda.common.errors import AddaError
from adda.common.params import GROUPS, read_params
from adda.datasets.mnist import read_mnist
from adda.datasets.safe_pickle import load_arrays
from adda.engine.checkpoints import Checkpoints
from adda.recipes.all_recipes import make_recipe
from adda.recipes.original import OriginalParams
from adda.recipes.storage import load_model, save_model
from adda.reporting.experiments import dotted
from adda.serving.classify import classify_files
from adda.serving.image_files import find_images, open_stack, read_digit_image, read_image

SECONDS = 5
BYTES = 2 * 2**30
LATE = f"took more than {SECONDS} seconds of CPU time"
# Networks take a hundred times as long to read as pictures.
SHARES = {"png": 15, "jpeg": 15, "npy": 20, "stack": 10, "idx": 15, "pickle": 20, "npz": 3}
SHARES |= {"h5": 1, "params": 10, "name": 1}
# fmt: off
TRAPS = [
    "010", "0o10", "0o", "0x1F", "1_000", "_", "1e3", "1e-05", ".5", "5.", "+1", "-0", "~", "null",
    "yes", "no", "1:30", "2024-01-01", "2024-13-01", "'5'", "[1]", "{a: 1}", "&a 1", "*a", "|",
    '!!int "5"', "!!int ''", "!!float 5", "!!python/name:os.system", ".inf", ".nan", "1,000", "- 1",
]
NAMES = [
    b"caf\xe9", "caf\u00e9".encode(), "cafe\u0301".encode(), b"a\nb", b"\x1b[2Jx", b'a,"b"', b"-n",
    b" x ", b"CON", b"=1+1", b"~", b"*", b"..a", b"7" * 247, "\u202e".encode(),
    "\U0001f600".encode(), b"a\rb",
]
# fmt: on


def mutate(content: bytes, rng: np.random.Generator) -> bytes:
    """Flip, overwrite, cut out, repeat or cut off, once to four times."""
    damaged = bytearray(content)
    for _ in range(rng.integers(1, 5)):
        # Headers are short, and most is decided there.
        end = len(damaged) if rng.random() < 0.5 else min(len(damaged), 200)
        start = int(rng.integers(max(1, end)))
        size = int(rng.integers(1, 17))
        kind = rng.integers(6)
        if kind == 0 and damaged:
            damaged[start] ^= 1 << int(rng.integers(8))
        elif kind == 1:
            damaged[start : start + size] = rng.bytes(size)
        elif kind == 2:
            damaged[start : start + size] = bytes([rng.choice([0, 0x7F, 0xFF])]) * size
        elif kind == 3:
            del damaged[start : start + size]
        elif kind == 4:
            damaged[start:start] = damaged[start : start + size]
        else:
            del damaged[start:]
    return bytes(damaged)


def mutate_params(content: bytes, rng: np.random.Generator) -> bytes:
    """Now and then as others are; else a value becomes one that versions of YAML read apart."""
    if rng.random() < 0.3:
        return mutate(content, rng)
    lines = content.decode().splitlines()
    place = int(rng.choice([at for at, line in enumerate(lines) if ": " in line.split("#")[0]]))
    lines[place] = f"{lines[place].split(':')[0]}: {rng.choice(TRAPS)}"
    return "\n".join(lines).encode()


def mutate_name(_: bytes, rng: np.random.Generator) -> bytes:
    """The name of a file, without what no name may hold."""
    name = rng.choice(np.array(NAMES, object))
    name = mutate(name, rng) if rng.random() < 0.5 else name
    return name.replace(b"/", b"").replace(b"\0", b"")[:251] or b"x"


MUTATIONS = {"params": mutate_params, "name": mutate_name}


class Guess:
    """In place of a classifier: any class for any image."""

    image, names = (28, 28, 3), ["a", "b"]

    def views(self, images: np.ndarray) -> np.ndarray:
        return np.zeros((len(images), 1, 2), np.float32)


def classify_named(path: Path) -> None:
    """Classify one picture, of the name in a file; raises ValueError where its row is lost."""
    with tempfile.TemporaryDirectory() as folder:
        inputs, table = Path(folder) / "in", Path(folder) / "table.csv"
        inputs.mkdir()
        name = os.fsencode(inputs) + b"/" + path.read_bytes() + b".png"
        Image.new("RGB", (28, 28)).save(name, format="png")
        _, skipped = classify_files(find_images([inputs]), table, Guess(), Path(folder) / "copies")
        if skipped or len(pd.read_csv(table)) != 1:
            raise ValueError(f"{skipped}, {table.read_text('utf-8')}")


def read_as_recorded(path: Path) -> None:
    """Read params.yaml; raises ValueError where a value is another one than DVC records."""
    classes = {name: resolve_name(place) for name, place in GROUPS.items()}
    used = dotted(read_params(path, **classes).model_dump())
    for name, recorded in dotted(load_yaml(path)).items():
        if used[name] != recorded:
            raise ValueError(f"{used[name]!r} is used and {recorded!r} recorded")


def make_files(folder: Path) -> dict[str, tuple[Path, Callable[[Path], object]]]:
    """A valid file of each kind, and what reads it."""
    rng = np.random.default_rng(0)
    picture = Image.new("RGB", (60, 40), "white")
    ImageDraw.Draw(picture).line([(20, 8), (40, 8), (30, 32)], fill="black", width=3)
    for kind in ("png", "jpeg"):
        picture.save(folder / f"picture.{kind}")
    images = rng.integers(0, 256, (3, 28, 28, 3), np.uint8)
    np.save(folder / "array.npy", images)
    idx = struct.pack(">4i", 0x803, 3, 28, 28) + images[..., 0].tobytes()
    (folder / "idx.gz").write_bytes(gzip.compress(idx))
    (folder / "arrays.pkl").write_bytes(pickle.dumps({"train": images, "test": images}, 2))
    variables = [tf.Variable(rng.random((4, 5)), dtype="float64"), tf.Variable(3, dtype="int32")]
    keeper = Checkpoints(folder / "checkpoints")
    keeper.saved_at = -1e9
    keeper.save_if_due(variables, [{"step": 2, "l2": 0.5}])
    recipe = make_recipe("original", 1 / 16, OriginalParams(code_size=4))
    save_model(folder / "model", recipe)

    shutil.copy(Path(__file__).parents[1] / "params.yaml", folder)

    def both(path: Path) -> None:
        read_digit_image(path)
        read_image(path)

    return {
        "png": (folder / "picture.png", both),
        "jpeg": (folder / "picture.jpeg", both),
        "npy": (folder / "array.npy", read_array),
        "stack": (folder / "array.npy", open_stack),
        "idx": (folder / "idx.gz", lambda path: read_mnist(lambda name: path)),
        "pickle": (folder / "arrays.pkl", load_arrays),
        "npz": (
            folder / "checkpoints/000000002.npz",
            lambda path: Checkpoints(path.parent).restore(variables),
        ),
        "h5": (folder / "model/encoder.weights.h5", lambda path: load_model(path.parent)),
        "params": (folder / "params.yaml", read_as_recorded),
        "name": (folder / "params.yaml", classify_named),
    }


@contextmanager
def limits() -> Iterator[None]:
    """Raise in what takes `SECONDS` of CPU time or asks for more than `BYTES` of memory."""

    def late(*_: object) -> None:
        raise RuntimeError(LATE)

    pages = int(Path("/proc/self/statm").read_text().split()[0])
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    before = signal.signal(signal.SIGPROF, late)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + BYTES, hard))
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def attack(
    kind: str, path: Path, read: Callable[[Path], object], count: int, seed: int = 0
) -> Iterator[str]:
    """Give a reader `count` damaged files; yield what went wrong, in words."""
    content = path.read_bytes()
    for number in range(count):
        change = MUTATIONS.get(kind, mutate)
        path.write_bytes(change(content, np.random.default_rng([seed, number])))
        printed = io.StringIO()
        try:
            with limits(), redirect_stdout(printed), redirect_stderr(printed):
                read(path)
        except AddaError as error:
            printed.write(str(error))
        except Exception:  # MemoryError, too, which readers let through
            yield f"{kind} {number}: {traceback.format_exc()}"
        if LATE in printed.getvalue():  # which readers turn into their one sentence
            yield f"{kind} {number}: {printed.getvalue()}"
    path.write_bytes(content)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for kind, (path, read) in make_files(Path(folder)).items():
            count = options.count * SHARES[kind] // sum(SHARES.values())
            found = list(attack(kind, path, read, count, options.seed))
            print(f"{kind}: {count:,} files, {len(found)} wrong", *found[:3], sep="\n  ")
            wrong += len(found)
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
