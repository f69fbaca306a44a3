"""Short trainings on made-up images, by one device and by two parts of a CPU: worker.py OUT.

Their histories go to OUT.
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
    use_device("cpu")
    cpu = tf.config.list_physical_devices("CPU")[0]
    parts = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(cpu, parts)
    rng = np.random.default_rng(0)
    source = np.where(rng.random((40, 28, 28, 1)) < 0.2, 255, 0).repeat(3, -1).astype(np.uint8)
    labels = rng.integers(0, 10, 40, np.uint8)
    target = rng.integers(0, 256, (40, 28, 28, 3), np.uint8)
    make, loss = partial(small_recipe, "layered"), loss_params(l2_weight=1, adversarial_weight=0.02)
    rates = {"learning_rate": 1e-5, "adversary_learning_rate": 1e-5}
    params = train_params(steps=20, batch_size=32, steps_per_call=5, **rates)
    histories = []
    both = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    for strategy in (tf.distribute.get_strategy(), both):
        with strategy.scope():
            histories.append(train_model(source, labels, target, make, loss, params).history)
    Path(sys.argv[1]).write_text(json.dumps(histories))


if __name__ == "__main__":
    main()
