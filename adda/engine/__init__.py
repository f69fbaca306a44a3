"""What runs any training step: sampling, devices, checkpoints, the loop; it knows no recipe."""

from adda.common import quiet_tensorflow  # noqa: F401  # before any module here imports it
