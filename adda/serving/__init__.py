"""Trained networks in a user's hands: arrays, files, exports; no stage imports this."""
