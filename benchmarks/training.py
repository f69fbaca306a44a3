"""What a training step costs, against the arithmetic itself.

    python -m benchmarks.training --recipe original --width 0.25 --batch-size 128

The floor is the time that the step's floating-point operations, as TensorFlow counts them, would
take at the rate of a large matrix product, measured in the same process. Each side has a process of
its own, in turn, several rounds; the median counts. The sides: the step as the pipeline runs it;
with bfloat16; and without TensorFlow's deterministic operations.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial

import numpy as np

ROUNDS = 3
COUNT = 1000  # images of each domain
SIDES = {"ours": {}, "bfloat16": {"precision": "bfloat16"}, "any order": {"deterministic": False}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--recipe", default="layered")
    parser.add_argument("--width", type=float, default=0.25)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--steps", type=int, default=20, help="timed steps a round")
    parser.add_argument("--side", choices=SIDES, help="run one side here and print its seconds")
    options = parser.parse_args()
    shape = options.recipe, options.width, options.batch_size, options.steps
    if options.side:
        print(json.dumps(time_step(*shape, **SIDES[options.side])))
        return
    results: dict[str, list[dict]] = {side: [] for side in SIDES}
    for _ in range(ROUNDS):
        for side, rounds in results.items():
            command = [sys.executable, "-m", "benchmarks.training", *sys.argv[1:], "--side", side]
            printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            rounds.append(json.loads(printed.splitlines()[-1]))
    median = {
        side: statistics.median(result["seconds"] for result in rounds)
        for side, rounds in results.items()
    }
    rate = statistics.median(result["rate"] for result in results["ours"])
    operations = results["ours"][0]["operations"]
    print(f"{operations / 1e9:.1f} GFLOP a step; matrix product: {rate / 1e9:.0f} GFLOP/s")
    for side, seconds in (median | {"floor": operations / rate}).items():
        print(f"{side:>10} {seconds:8.4f} s a step  x {seconds / median['ours']:.2f}")


def time_step(
    recipe: str,
    width: float,
    batch_size: int,
    steps: int,
    precision: str = "float32",
    deterministic: bool = True,
) -> dict[str, float]:
    """Seconds and operations of a step, and the rate of a matrix product, in operations a second.

    The process must not have imported TensorFlow yet.
    """
    step = make_step(recipe, width, batch_size, steps, precision, deterministic)
    import tensorflow as tf

    from adda.engine.loop import compile_steps

    call, _ = compile_steps(step)
    seconds = _timed(steps, lambda count: call(0, count).numpy())
    graph = tf.function(step).get_concrete_function(tf.TensorSpec([], tf.int64)).graph
    builder = tf.compat.v1.profiler.ProfileOptionBuilder
    options = builder(builder.float_operation()).with_empty_output().build()
    operations = tf.compat.v1.profiler.profile(graph, options=options).total_float_ops

    matrix = tf.random.uniform((2048, 2048))
    product = tf.function(lambda: tf.reduce_sum(matrix @ matrix))
    rate = 2 * 2048**3 / _timed(20, lambda count: [product().numpy() for _ in range(count)])
    return {"seconds": seconds, "rate": rate, "operations": operations}


def make_step(
    recipe: str,
    width: float,
    batch_size: int,
    steps: int,
    precision: str = "float32",
    deterministic: bool = True,
) -> Callable:
    """The pipeline's step, on made-up images."""
    from adda.engine.devices import use_device

    if deterministic:
        use_device("auto")
    import keras

    from adda.recipes.all_recipes import make_recipe, resolve
    from adda.recipes.recipe import LossParams
    from adda.training.trainer import Trainer, TrainParams, make_networks

    keras.utils.set_random_seed(0)
    train = TrainParams(
        strategy="auto",
        seed=0,
        steps=steps,
        batch_size=batch_size,
        learning_rate=1e-3,
        adversary_learning_rate="auto",
        steps_per_call=steps,
        keep=1,
        precision=precision,
    )
    loss = LossParams(l2_weight="auto", adversarial_weight="auto")
    loss, train = resolve(recipe, loss, train)
    rng = np.random.default_rng(0)
    source = np.where(rng.random((COUNT, 28, 28, 1)) < 0.2, 255, 0).repeat(3, -1).astype(np.uint8)
    target = rng.integers(0, 256, (COUNT, 28, 28, 3), np.uint8)
    model = make_networks(partial(make_recipe, recipe, width), train)
    return Trainer(model, source, np.zeros(COUNT, np.uint8), target, loss, train).step


def _timed(steps: int, run: Callable[[int], object]) -> float:
    run(2)  # tracing, allocation
    start = time.perf_counter()
    run(steps)
    return (time.perf_counter() - start) / steps


if __name__ == "__main__":
    main()
