"""Trained networks in a user's hands: arrays, files, exports; no stage imports this."""

from adda.common import quiet_tensorflow  # noqa: F401  # before any module here imports it
