"""Where the arithmetic happens: a GPU where there is one, else the CPU."""

import os

import tensorflow as tf

from adda.errors import AddaError


def use_device(choice: str) -> str:
    """Choose the device; call this before TensorFlow runs anything.

    Args:
        choice: "auto" takes a GPU where there is one, "gpu" insists, "cpu" hides every GPU.

    Returns:
        The device in words, for the log.

    Raises:
        AddaError: "gpu" was asked for and TensorFlow sees none.
    """
    tf.config.experimental.enable_op_determinism()
    gpus = tf.config.list_physical_devices("GPU")
    if choice == "gpu" and not gpus:
        raise AddaError(
            "train.device is gpu, but TensorFlow sees no GPU; set it to auto or cpu, "
            "or install the driver and the package's gpu extra"
        )
    if choice == "cpu" or not gpus:
        tf.config.set_visible_devices([], "GPU")
        return f"CPU ({os.cpu_count()} cores)"
    for gpu in gpus:  # take memory as it is needed, so that others can share the card
        tf.config.experimental.set_memory_growth(gpu, True)
    return f"GPU ({tf.config.experimental.get_device_details(gpus[0])['device_name']})"
