"""Functions by their own names, and what each means: metrics, and validators."""

from collections.abc import Callable
from typing import NamedTuple


class Entry(NamedTuple):
    """A metric or a validator."""

    meaning: str
    compute: Callable
    better: str  # an arrow, up or down; empty where neither is


def enter(entries: dict[str, Entry], meaning: str, better: str = "↑") -> Callable:
    """Enter the function that is decorated, under its own name."""

    def decorate(function: Callable) -> Callable:
        entries[function.__name__] = Entry(meaning, function, better)
        return function

    return decorate
