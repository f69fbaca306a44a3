"""Arrays through trained networks, a batch at a time; nothing is trained here."""

from adda.common import quiet_tensorflow  # noqa: F401  # before any module here imports it
