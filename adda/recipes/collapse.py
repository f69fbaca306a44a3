"""Whether a training's translations are of use, by its history: a row for every call of steps."""

from collections.abc import Callable

from adda.engine.checkpoints import History

LASTING = 60  # steps, until a symptom counts


def lasts(history: History, symptom: Callable[[dict[str, float]], bool]) -> bool:
    """Whether every row of the last `LASTING` steps shows a symptom."""
    end = history[-1]["step"] if history else 0
    recent = [row for row in history if row["step"] > end - LASTING]
    return end >= LASTING and all(map(symptom, recent))


def collapse(history: History) -> str:
    """Why translations of late are of no use, and what to do; empty if they may be."""
    alike = lasts(history, lambda row: row.get("diversity", 1) < 0.1)
    beaten = lasts(
        history,
        lambda row: (
            row.get("target_called_real", 0) > 0.99 and row.get("translated_called_real", 1) < 0.01
        ),
    )
    if alike or beaten:
        return (
            "they are all alike, or the adversary is never fooled; lower its learning rate or "
            "the loss weights"
        )
    return ""
