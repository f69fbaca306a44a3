"""Classifiers, and one for images without labels; they are scored in evaluation."""

from adda.common import quiet_tensorflow  # noqa: F401  # before any module here imports it
