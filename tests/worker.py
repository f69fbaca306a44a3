"""One short training on made-up images, by so many devices of one CPU: worker.py COUNT OUT.

The history goes to OUT.
"""

import json
import sys
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import tensorflow as tf
from conftest import loss_params, small_recipe, train_params

from adda.engine.devices import use_device
from adda.training.trainer import train_model


def main() -> None:
    count, out = int(sys.argv[1]), sys.argv[2]
    use_device("cpu")
    strategy = tf.distribute.get_strategy()
    if count > 1:
        cpu = tf.config.list_physical_devices("CPU")[0]
        parts = [tf.config.LogicalDeviceConfiguration()] * count
        tf.config.set_logical_device_configuration(cpu, parts)
        strategy = tf.distribute.MirroredStrategy([f"CPU:{number}" for number in range(count)])
    rng = np.random.default_rng(0)
    source = np.where(rng.random((40, 28, 28, 1)) < 0.2, 255, 0).repeat(3, -1).astype(np.uint8)
    target = rng.integers(0, 256, (40, 28, 28, 3), np.uint8)
    rates = {"learning_rate": 1e-5, "adversary_learning_rate": 1e-5}
    with strategy.scope():
        trained = train_model(
            source,
            rng.integers(0, 10, 40, np.uint8),
            target,
            partial(small_recipe, "layered"),
            loss_params(l2_weight=1, adversarial_weight=0.02),
            train_params(steps=20, batch_size=32, steps_per_call=5, **rates),
        )
    Path(out).write_text(json.dumps(trained.history))


if __name__ == "__main__":
    main()
