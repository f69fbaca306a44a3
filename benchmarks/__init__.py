"""Measurements, each a ratio of two sides taken in one run: `python -m benchmarks.NAME`."""
