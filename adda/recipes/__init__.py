"""What can be trained to translate, one file a recipe: networks, objective, own parameters."""

from adda.common import quiet_tensorflow  # noqa: F401  # before any module here imports it
