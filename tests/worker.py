"""One process of a training on made-up images: python worker.py STRATEGY STEPS OUT.

STRATEGY is single, logical (two devices on one CPU) or multi_worker (as TF_CONFIG says). The
history goes to OUT, by the chief.
"""

import json
import sys
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import tensorflow as tf
from conftest import loss_params, small_recipe, train_params

from adda.common.runner import run_command
from adda.engine.checkpoints import Checkpoints
from adda.engine.devices import is_chief, make_strategy, use_device
from adda.training.trainer import train_model


def main() -> str:
    kind, steps, out = sys.argv[1:]
    use_device("cpu")
    if kind == "logical":
        cpu = tf.config.list_physical_devices("CPU")[0]
        half = tf.config.LogicalDeviceConfiguration()
        tf.config.set_logical_device_configuration(cpu, [half, half])
        strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    else:
        strategy = make_strategy("auto" if kind == "single" else kind)
    rng = np.random.default_rng(0)
    source = np.where(rng.random((40, 28, 28, 1)) < 0.2, 255, 0).repeat(3, -1).astype(np.uint8)
    target = rng.integers(0, 256, (40, 28, 28, 3), np.uint8)
    with strategy.scope():
        trained = train_model(
            source,
            rng.integers(0, 10, 40, np.uint8),
            target,
            partial(small_recipe, "layered"),
            loss_params(l2_weight=1, adversarial_weight=0.02),
            train_params(
                steps=int(steps),
                batch_size=32,
                learning_rate=1e-5,
                adversary_learning_rate=1e-5,
                steps_per_call=5,
            ),
            checkpoints=Checkpoints(Path(out).with_suffix(".checkpoints")),
        )
    if is_chief(strategy):
        Path(out).write_text(json.dumps(trained.history))
    return "done"


if __name__ == "__main__":
    run_command(main)
