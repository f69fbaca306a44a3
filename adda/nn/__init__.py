"""Layers, and networks whose shapes papers publish; how they are trained is elsewhere."""

from adda.common import quiet_tensorflow  # noqa: F401  # before any module here imports it
