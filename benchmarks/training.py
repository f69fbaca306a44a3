"""What a training step costs, against the arithmetic itself.

    python -m benchmarks.training --recipe original --width 0.25 --batch-size 128

The floor is the time that the step's floating-point operations, as TensorFlow counts them, would
take at the rate of a large matrix product, measured in the same process, in turn with the step.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial

import keras
import numpy as np
import tensorflow as tf

from adda.engine.devices import in_precision, use_device
from adda.engine.loop import Step, compile_steps
from adda.recipes.all_recipes import make_recipe, resolve
from adda.recipes.recipe import Domains, LossParams
from adda.training.trainer import Trainer, TrainParams

ROUNDS = 5
COUNT = 1000  # images of each domain


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--recipe", default="layered")
    parser.add_argument("--width", type=float, default=0.25)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--size", type=int, default=28, help="pixels along each side")
    parser.add_argument("--precision", default="float32", choices=("float32", "bfloat16"))
    parser.add_argument("--steps", type=int, default=20, help="timed steps a round")
    options = parser.parse_args()
    print(use_device("auto"))
    form = options.recipe, options.width, options.batch_size, options.size
    steps = make_steps(*form, options.precision)
    for phase, step in steps.items():
        print(f"{phase}: {measure(step, options.steps)}")


def measure(step: Step, count: int) -> str:
    """What a step takes, against the floor."""
    call, _ = compile_steps(step)
    operations = count_operations(step)
    matrix = tf.random.uniform((2048, 2048))
    product = tf.function(lambda: tf.reduce_sum(matrix @ matrix))
    seconds, rates = [], []
    for _ in range(ROUNDS):
        seconds.append(_timed(count, lambda count: call(0, count).numpy()))
        one = _timed(20, lambda count: [product().numpy() for _ in range(count)])
        rates.append(2 * 2048**3 / one)
    took, rate = statistics.median(seconds), statistics.median(rates)
    return (
        f"a step takes {took:.4f} s, {took * rate / operations:.2f} times the floor "
        f"({operations / 1e9:.1f} GFLOP; matrix product: {rate / 1e9:.0f} GFLOP/s)"
    )


def make_steps(
    recipe: str, width: float, batch_size: int, size: int, precision: str = "float32"
) -> dict[str, Step]:
    """The pipeline's steps by phase, on made-up images."""
    keras.utils.set_random_seed(0)
    train = TrainParams(
        seed=0,
        steps=COUNT,
        batch_size=batch_size,
        learning_rate=1e-3,
        adversary_learning_rate="auto",
        steps_per_call=1,
        keep=1,
        precision=precision,
    )
    loss = LossParams(l2_weight="auto", adversarial_weight="auto")
    loss, train = resolve(recipe, loss, train)
    rng = np.random.default_rng(0)
    source = (
        np.where(rng.random((COUNT, size, size, 1)) < 0.2, 255, 0).repeat(3, -1).astype(np.uint8)
    )
    target = rng.integers(0, 256, (COUNT, size, size, 3), np.uint8)
    with in_precision(train.precision):
        model = make_recipe(recipe, width, domains=Domains(size=size))
    trainer = Trainer(model, source, np.zeros(COUNT, np.uint8), target, loss, train)
    return {phase.name: partial(trainer.step, phase) for phase in trainer.phases}


def count_operations(step: Step) -> int:
    """Floating-point operations of a step, by TensorFlow's count."""
    graph = tf.function(step).get_concrete_function(tf.TensorSpec([], tf.int64)).graph
    builder = tf.compat.v1.profiler.ProfileOptionBuilder
    options = builder(builder.float_operation()).with_empty_output().build()
    return tf.compat.v1.profiler.profile(graph, options=options).total_float_ops


def _timed(steps: int, run: Callable[[int], object]) -> float:
    run(2)  # tracing, allocation
    start = time.perf_counter()
    run(steps)
    return (time.perf_counter() - start) / steps


if __name__ == "__main__":
    main()
