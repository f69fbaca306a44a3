"""What a training step costs: ours, the original's way, and the arithmetic itself.

    python -m benchmarks.training --width 0.25

Each side trains the same networks with the same objective and batch, in a process of its own, in
turn, several rounds; the median counts. The sides:

- ours: `adda.training`, as the pipeline runs it; bfloat16: the same with that `train.precision`;
  any_order: the same without TensorFlow's deterministic operations;
- original: how the original trains: a TensorFlow 1 graph fed from NumPy, one session.run for the
  adversary and one for the autoencoder, oneDNN as TensorFlow starts it on this machine.

The floor is the time that the step's floating-point operations would take at the rate of a large
matrix product, measured in the process of our side.

`--recipe split` times the default recipe against its floor, whose operations are those that
TensorFlow counts.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

ROUNDS = 3
COUNT = 1000  # images of each domain
LAYERS = {  # of the published width: kind, input side, output side, channels in and out
    "encoder": [
        ("conv", 28, 14, 3, 64),
        ("conv", 14, 7, 64, 128),
        ("conv", 7, 4, 128, 256),
        ("conv", 4, 4, 256, 512),
        ("dense", 4, 1, 512, 64),
    ],
    "decoder": [
        ("dense", 1, 4, 64, 512),
        ("up", 4, 8, 512, 256),
        ("up", 8, 16, 256, 128),
        ("up", 16, 32, 128, 64),
        ("up", 32, 32, 64, 16),
        ("up", 32, 32, 16, 3),
        ("image", 32, 28, 3, 3),
    ],
    "discriminator": [
        ("conv", 28, 14, 3, 64),
        ("conv", 14, 7, 64, 128),
        ("conv", 7, 4, 128, 256),
        ("dense", 4, 1, 256, 1),
    ],
}
FIXED = (1, 3, 16)  # channels that the width does not scale; the code's 64 are handled apart


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--recipe", choices=RECIPES, default="published")
    parser.add_argument("--width", type=float, default=0.25)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--steps", type=int, default=20, help="timed steps a round")
    parser.add_argument("--side", choices=SIDES, help="run one side here and print its seconds")
    options = parser.parse_args()
    if options.side:
        print(json.dumps(SIDES[options.side](options.width, options.batch_size, options.steps)))
        return
    ours, *others = RECIPES[options.recipe]
    results: dict[str, list[dict]] = {side: [] for side in (ours, *others)}
    for _ in range(ROUNDS):
        for side, rounds in results.items():
            result = _in_a_process(side)
            if result is not None:
                rounds.append(result)
    seconds = {
        side: statistics.median(result["seconds"] for result in rounds)
        for side, rounds in results.items()
        if rounds
    }
    rate = statistics.median(result["rate"] for result in results[ours])
    counted = results[ours][0]["operations"]  # by TensorFlow, with the taps on padding
    split = options.recipe == "split"
    operations = counted if split else step_flops(options.width, options.batch_size)
    gflop = operations / 1e9
    seconds["floor"] = gflop * 1e9 / rate
    print(f"width {options.width}, batch 2 x {options.batch_size}, {gflop:.1f} GFLOP a step")
    print(f"matrix product: {rate / 1e9:.0f} GFLOP/s; a step, and its ratio to ours:")
    for side, value in seconds.items():
        images = 2 * options.batch_size / value
        print(f"{side:>14} {value:8.4f} s {images:8.0f} images/s  x {value / seconds[ours]:.2f}")


def _in_a_process(side: str) -> dict | None:
    environment = os.environ.copy()
    if side == "original":
        environment.pop("TF_ENABLE_ONEDNN_OPTS", None)
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks.training", *sys.argv[1:], "--side", side],
        capture_output=True,
        text=True,
        env=environment,
        cwd=Path(__file__).parent.parent,
    )
    if run.returncode != 0:
        print(f"{side} did not run: {run.stderr.strip().splitlines()[-1]}", file=sys.stderr)
        return None
    return json.loads(run.stdout.splitlines()[-1])


def step_flops(width: float, batch_size: int) -> float:
    """Multiplications and additions of one step, convolutions and dense layers alone, without
    those of a kernel's taps on padding.

    A layer's backward pass costs its forward pass twice: once for its weights, once for its input,
    which a network's first layer spares. The autoencoder's turn is on images of both domains; on
    its way to the decoder the adversarial loss crosses the discriminator's layers once more, for
    their inputs. The adversary's turn sees target, translated and source images.
    """

    def cost(network: str, first_input: bool, weights: bool) -> float:
        total = 0.0
        for number, (kind, side_in, side_out, c_in, c_out) in enumerate(LAYERS[network]):
            a, b = _channels(c_in, width), _channels(c_out, width)
            if kind == "dense":  # one end is the code, a logit, or a map of 4 x 4
                a, b = (64 if side_in == 1 else 16 * a), (64 if network == "encoder" else b)
                b = 16 * b if side_out == 4 else b
                forward = 2 * a * b
            elif kind == "image":
                forward = 2 * 32 * 32 * 3 * 28 * 28 * 3
            else:
                forward = 2 * a * b * _taps(max(side_in, side_out), min(side_in, side_out)) ** 2
            total += forward * (weights + (number > 0 or first_input))
        return total

    forward = {name: cost(name, True, False) for name in LAYERS}
    autoencoder = (
        forward["encoder"]
        + cost("encoder", False, True)
        + forward["decoder"]
        + cost("decoder", True, True)
        + 2 * forward["discriminator"]
    )
    adversary = forward["discriminator"] + cost("discriminator", False, True)
    translation = forward["encoder"] + forward["decoder"]
    return batch_size * (2 * autoencoder + 3 * adversary + translation)


def _channels(published: int, width: float) -> int:
    return published if published in FIXED else max(1, round(published * width))


def _taps(large: int, small: int) -> int:
    """How many taps of a 5-tap kernel meet data along one axis, SAME padding, summed over places.

    A transposed convolution is that from its larger side to its smaller.
    """
    strides = -(-large // small)
    before = max((small - 1) * strides + 5 - large, 0) // 2
    starts = (place * strides - before for place in range(small))
    return sum(min(start + 5, large) - max(start, 0) for start in starts)


def _timed(steps: int, run: Callable[[int], object]) -> float:
    run(2)  # tracing, allocation
    start = time.perf_counter()
    run(steps)
    return (time.perf_counter() - start) / steps


def _images() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    source = np.where(rng.random((COUNT, 28, 28, 1)) < 0.2, 255, 0).repeat(3, -1)
    return source.astype(np.uint8), rng.integers(0, 256, (COUNT, 28, 28, 3), np.uint8)


def ours(
    width: float,
    batch_size: int,
    steps: int,
    recipe: str = "published",
    precision: str = "float32",
    deterministic: bool = True,
) -> dict:
    step = make_our_step(recipe, width, batch_size, steps, precision, deterministic)
    import tensorflow as tf

    from adda.engine.loop import compile_steps

    call, _ = compile_steps(step)
    seconds = _timed(steps, lambda count: call(0, count).numpy())
    graph = tf.function(step).get_concrete_function(tf.TensorSpec([], tf.int64)).graph
    operations = tf.compat.v1.profiler.profile(
        graph,
        options=tf.compat.v1.profiler.ProfileOptionBuilder(
            tf.compat.v1.profiler.ProfileOptionBuilder.float_operation()
        )
        .with_empty_output()
        .build(),
    ).total_float_ops

    matrix = tf.random.uniform((2048, 2048))
    product = tf.function(lambda: tf.reduce_sum(matrix @ matrix))
    rate = 2 * 2048**3 / _timed(20, lambda count: [product().numpy() for _ in range(count)])
    return {"seconds": seconds, "rate": rate, "operations": operations}


def make_our_step(
    recipe: str,
    width: float,
    batch_size: int,
    steps: int,
    precision: str = "float32",
    deterministic: bool = True,
) -> Callable:
    """The pipeline's step on made-up images; the process must not have imported TensorFlow yet."""
    from adda.engine.devices import use_device

    if deterministic:
        use_device("auto")
    import keras

    from adda.recipes.recipe import LossParams
    from adda.recipes.registry import make_recipe
    from adda.training.trainer import TrainParams, make_learners, make_step

    keras.utils.set_random_seed(0)
    loss = LossParams(l2_weight=1, adversarial_weight=0.02 if recipe == "split" else 0.0005)
    train = TrainParams(
        strategy="auto",
        seed=0,
        steps=steps,
        batch_size=batch_size,
        learning_rate=1e-3,
        adversary_learning_rate=5e-4,
        steps_per_call=steps,
        keep=1,
        precision=precision,
    )
    source, target = _images()
    labels = np.zeros(len(source), np.uint8)
    learners = make_learners(partial(make_recipe, recipe, width), train)
    return make_step(learners, source, labels, target, loss, train)


def original(width: float, batch_size: int, steps: int) -> dict:
    import tensorflow.compat.v1 as tf

    tf.disable_eager_execution()

    channels = partial(_channels, width=width)

    def dense(x, size, name):
        kernel = tf.get_variable(name, [x.shape[-1], size])
        return tf.matmul(x, kernel) + tf.get_variable(f"{name}_bias", [size])

    def normalised(x, name):
        count = x.shape[-1]
        scale = tf.get_variable(f"{name}_gamma", [count], initializer=tf.ones_initializer())
        offset = tf.get_variable(f"{name}_beta", [count], initializer=tf.zeros_initializer())
        images = x if len(x.shape) == 4 else x[:, None, None, :]
        outputs, _, _ = tf.nn.fused_batch_norm(
            images, scale, offset, tf.zeros([count]), tf.ones([count]), 1e-3, is_training=False
        )
        return tf.nn.relu(tf.reshape(outputs, tf.shape(x)))

    def convolutions(x, layers):
        for number, (_, side_in, side_out, _, c_out) in enumerate(layers):
            kernel = tf.get_variable(f"conv{number}", [5, 5, x.shape[-1], channels(c_out)])
            strides = 2 if side_in != side_out else 1
            x = tf.nn.conv2d(x, kernel, strides, "SAME")
            bias = tf.get_variable(f"conv{number}_bias", [channels(c_out)])
            x = tf.ensure_shape(normalised(x + bias, f"conv{number}_norm"), x.shape)
        return tf.reshape(x, [-1, int(np.prod(x.shape[1:]))])

    def encoder(x):
        with tf.variable_scope("encoder", reuse=tf.AUTO_REUSE):
            code = dense(convolutions(x, LAYERS["encoder"][:-1]), 64, "fc")
            return tf.nn.leaky_relu(code)

    def decoder(code):
        with tf.variable_scope("decoder", reuse=tf.AUTO_REUSE):
            top = channels(512)
            x = normalised(dense(code, 16 * top, "fc"), "fc_norm")
            x = tf.reshape(x, [batch_size, 4, 4, top])
            for number, (_, side_in, side_out, _, c_out) in enumerate(LAYERS["decoder"][1:-1]):
                kernel = tf.get_variable(f"up{number}", [5, 5, channels(c_out), x.shape[-1]])
                shape = [batch_size, side_out, side_out, channels(c_out)]
                x = tf.nn.conv2d_transpose(x, kernel, shape, side_out // side_in, "SAME")
                bias = tf.get_variable(f"up{number}_bias", [channels(c_out)])
                x = tf.reshape(normalised(x + bias, f"up{number}_norm"), shape)
            x = tf.nn.sigmoid(dense(tf.reshape(x, [batch_size, -1]), 28 * 28 * 3, "image"))
            return tf.reshape(x, [batch_size, 28, 28, 3])

    def discriminator(x):
        with tf.variable_scope("discriminator", reuse=tf.AUTO_REUSE):
            return dense(convolutions(x, LAYERS["discriminator"][:-1]), 1, "dense")

    def cross_entropy(logits, real):
        labels = tf.ones_like(logits) if real else tf.zeros_like(logits)
        return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits))

    x_source = tf.placeholder(tf.float32, [batch_size, 28, 28, 3])
    x_target = tf.placeholder(tf.float32, [batch_size, 28, 28, 3])
    decoded = [decoder(encoder(x)) for x in (x_source, x_target)]
    fakes = [discriminator(x) for x in decoded]
    adversary_loss = (
        cross_entropy(discriminator(x_target), True)
        + cross_entropy(fakes[0], False)
        + cross_entropy(discriminator(x_source), False)
    )
    l2 = tf.reduce_mean(tf.square(x_target - decoded[1]))
    objective = l2 + 0.0005 * sum(cross_entropy(fake, True) for fake in fakes) / 2
    weights = tf.trainable_variables()
    adversary = [w for w in weights if w.name.startswith("discriminator")]
    rest = [w for w in weights if not w.name.startswith("discriminator")]
    train_adversary = tf.train.AdamOptimizer(5e-4).minimize(adversary_loss, var_list=adversary)
    train_autoencoder = tf.train.AdamOptimizer(1e-3).minimize(objective, var_list=rest)
    source, target = (images.astype(np.float32) / 255 for images in _images())
    rng = np.random.default_rng(0)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())

        def run(count):
            for _ in range(count):
                for fetches in ([train_adversary, adversary_loss], [train_autoencoder, objective]):
                    batch = [x[rng.integers(COUNT, size=batch_size)] for x in (source, target)]
                    session.run(fetches, dict(zip((x_source, x_target), batch, strict=True)))

        return {"seconds": _timed(steps, run)}


SIDES = {
    "ours": ours,
    "original": original,
    "bfloat16": partial(ours, precision="bfloat16"),
    "any_order": partial(ours, deterministic=False),
    "split": partial(ours, recipe="split"),
    "split_bfloat16": partial(ours, recipe="split", precision="bfloat16"),
    "split_any_order": partial(ours, recipe="split", deterministic=False),
}
RECIPES = {  # ours comes first
    "published": ("ours", "bfloat16", "any_order", "original"),
    "split": ("split", "split_bfloat16", "split_any_order"),
}

if __name__ == "__main__":
    main()
