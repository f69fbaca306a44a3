"""A recipe's training: trainer, snapshots, monitor; the objective is the recipe's."""

from adda.common import quiet_tensorflow  # noqa: F401  # before any module here imports it
