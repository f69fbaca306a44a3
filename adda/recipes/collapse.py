"""Whether a training's translations are of use, by its history: a row for every call of steps."""

from collections.abc import Callable

from adda.engine.checkpoints import History

LASTING = 60  # steps, until a symptom counts


def lasts(history: History, symptom: Callable[[dict[str, float]], bool]) -> bool:
    """Whether every row of the last `LASTING` steps shows a symptom."""
    end = history[-1]["step"] if history else 0
    recent = [row for row in history if row["step"] > end - LASTING]
    return end >= LASTING and all(map(symptom, recent))
