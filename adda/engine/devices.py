"""Where the arithmetic happens: a GPU where there is one, else the CPU; or many of them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import keras
import tensorflow as tf

from adda.common.errors import AddaError, counted

Device = Literal["auto", "cpu", "gpu"]
Precision = Literal["auto", "float32", "bfloat16"]


def use_device(choice: Device) -> str:
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
            "device is gpu, but TensorFlow sees no GPU; set it to auto or cpu, "
            "or install NVIDIA's driver and the CUDA libraries: make repro GPU=1"
        )
    if choice == "cpu" or not gpus:
        tf.config.set_visible_devices([], "GPU")
        # Those that this process may use, where the system tells.
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        return f"CPU ({counted(cores, 'core')})"
    for gpu in gpus:  # take memory as it is needed, so that others can share the card
        tf.config.experimental.set_memory_growth(gpu, True)
    return f"GPU ({tf.config.experimental.get_device_details(gpus[0])['device_name']})"


def choose_precision(choice: Precision) -> str:
    """The precision of the arithmetic, "float32" or "bfloat16"; call this after `use_device`.

    Args:
        choice: one of them, or "auto": bfloat16 on GPUs that have units for it (NVIDIA's of compute
            capability 8 and up), else float32. Some CPUs have them, too, but results of CPUs are to
            stay comparable.
    """
    if choice != "auto":
        return choice
    details = map(tf.config.experimental.get_device_details, tf.config.get_visible_devices("GPU"))
    capable = [card.get("compute_capability", (0, 0)) >= (8, 0) for card in details]
    return "bfloat16" if capable and all(capable) else "float32"


@contextmanager
def in_precision(choice: Precision) -> Iterator[None]:
    """Networks that are made within compute in this precision; weights and losses are float32."""
    policy = keras.config.dtype_policy()
    mixed = choose_precision(choice) == "bfloat16"
    keras.config.set_dtype_policy("mixed_bfloat16" if mixed else "float32")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(policy)


def make_strategy() -> tf.distribute.Strategy:
    """How devices share a training step, after `use_device`: one of them alone, or all GPUs."""
    if len(tf.config.get_visible_devices("GPU")) > 1:
        return tf.distribute.MirroredStrategy()
    return tf.distribute.get_strategy()
