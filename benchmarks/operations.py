"""What the time of a training step goes to, by kind of operation.

    python -m benchmarks.operations --recipe split --width 0.25 --batch-size 64

TensorFlow's profiler times each operation of some steps, as the pipeline runs them. Operations run
beside each other, so their times add up to more than a step's; shares of the sum are what counts.
"""

import argparse
import tempfile
from collections import Counter
from pathlib import Path

STEPS = 10
KINDS = (  # of an operation's name or else type, the first that it holds
    ("adam", "optimizers"),
    ("Conv2D", "convolutions"),
    ("MatMul", "matrix products"),
    ("Einsum", "matrix products"),
    ("BatchNorm", "batch norm"),
)
OTHER = "element by element, sums, copies"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recipe", choices=("split", "published"), default="split")
    parser.add_argument("--width", type=float, default=0.25)
    parser.add_argument("--batch-size", type=int, default=64)
    options = parser.parse_args()
    seconds = profile(options.recipe, options.width, options.batch_size)
    total = sum(seconds.values())
    print(f"{options.recipe}, width {options.width}, batch 2 x {options.batch_size}")
    for kind, spent in seconds.most_common():
        print(f"{spent / total:6.1%} {1e3 * spent / STEPS:9.1f} ms a step  {kind}")


def profile(recipe: str, width: float, batch_size: int) -> Counter:
    """Seconds that `STEPS` steps spent in each kind of operation."""
    from benchmarks.training import make_our_step

    step = make_our_step(recipe, width, batch_size, STEPS)
    import tensorflow as tf
    from tensorflow.tsl.profiler.protobuf.xplane_pb2 import XSpace

    from adda.engine.loop import compile_steps

    call, _ = compile_steps(step)
    call(0, STEPS).numpy()  # allocates
    with tempfile.TemporaryDirectory() as folder:
        with tf.profiler.experimental.Profile(folder):
            call(0, STEPS).numpy()
        (trace,) = Path(folder).rglob("*.xplane.pb")
        space = XSpace.FromString(trace.read_bytes())
    seconds = Counter()
    for plane in space.planes:
        for event in (event for line in plane.lines for event in line.events):
            name = plane.event_metadata[event.metadata_id].name
            if "while/body" in name:  # else it is the runtime's own
                kind = next((kind for part, kind in KINDS if part in name), OTHER)
                seconds[kind] += event.duration_ps / 1e12
    return seconds


if __name__ == "__main__":
    main()
