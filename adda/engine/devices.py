"""Where the arithmetic happens: a GPU where there is one, else the CPU; or many of them."""

import os
from typing import Literal

import tensorflow as tf

from adda.common.errors import AddaError, counted

Device = Literal["auto", "cpu", "gpu"]


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


def choose_precision(choice: str) -> str:
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


def make_strategy(choice: str) -> tf.distribute.Strategy:
    """Choose how devices share a training step; call this right after `use_device`.

    Args:
        choice: "auto" is one device, or all GPUs of this machine where there are several;
            "multi_worker" is every machine of the cluster that TF_CONFIG describes or, without
            one, that Slurm has started.

    Raises:
        AddaError: "multi_worker" was asked for and nothing describes the cluster.
    """
    if choice == "multi_worker":
        return tf.distribute.MultiWorkerMirroredStrategy(_cluster())
    if len(tf.config.get_visible_devices("GPU")) > 1:
        return tf.distribute.MirroredStrategy()
    return tf.distribute.get_strategy()


def is_chief(strategy: tf.distribute.Strategy) -> bool:
    """Whether this process is the one that writes: the chief, without one worker 0, or alone."""
    resolver = strategy.cluster_resolver
    if resolver is None or resolver.task_type is None:
        return True
    first = "chief" if "chief" in resolver.cluster_spec().jobs else "worker"
    return (resolver.task_type, resolver.task_id) == (first, 0)


def _cluster() -> tf.distribute.cluster_resolver.ClusterResolver:
    resolvers = tf.distribute.cluster_resolver
    if "TF_CONFIG" in os.environ:
        resolver = resolvers.TFConfigClusterResolver()
        try:
            resolver.cluster_spec().task_address(resolver.task_type, resolver.task_id)
        except Exception as error:  # what TensorFlow makes of JSON of any form
            raise AddaError(
                f"TF_CONFIG does not describe a cluster ({type(error).__name__}: {error}); it must "
                "hold the cluster's workers and this process's task, as in docs/running.md"
            ) from None
        return resolver
    if "SLURM_STEP_NUM_TASKS" in os.environ:
        # Slurm itself gives each task its GPUs, if it has any. The resolver would count them by
        # nvidia-smi, and knows no task without one: it is told of enough.
        gpus = max(1, len(tf.config.get_visible_devices("GPU")))
        return resolvers.SlurmClusterResolver(
            gpus_per_node=1024 * gpus, gpus_per_task=gpus, auto_set_gpu=False
        )
    raise AddaError(
        "train.strategy is multi_worker, but neither TF_CONFIG nor Slurm describes a cluster; "
        "set TF_CONFIG as in docs/running.md, or train.strategy to auto"
    )
