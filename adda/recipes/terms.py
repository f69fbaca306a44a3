"""What one step minimises and shows: a term is one statement in a recipe's objective."""

from collections.abc import Callable

import keras
import tensorflow as tf

from adda.recipes.losses import called_fake, called_real, share_called_real


class Terms:
    """The terms of one step by name; every value is a float32 scalar.

    Whatever is added is checked for NaN, logged, plotted and kept in checkpoints under its name.
    """

    def __init__(self):
        self.values: dict[str, tf.Tensor] = {}  # unweighted
        self.objectives: dict[str, tf.Tensor] = {}  # what each side minimises

    def add(self, name: str, weight: float, value: Callable[[], tf.Tensor], side: str) -> None:
        """Add weight * value() to what a side minimises; at a weight of zero, nothing at all."""
        if weight:
            self.values[name] = value()
            self.objectives[side] = self.objectives.get(side, 0.0) + weight * self.values[name]

    def show(self, name: str, value: tf.Tensor) -> None:
        """Log a value that no side minimises."""
        self.values[name] = value

    def add_game(
        self,
        weight: float,
        adversary: keras.Model,
        real: tuple[str, tf.Tensor],
        fake: tuple[str, tf.Tensor],
        prefix: str = "",
    ) -> None:
        """Add both sides of the non-saturating game (Goodfellow et al. 2014, section 3).

        Args:
            weight: on the autoencoder's side; the adversary's has 1.
            real, fake: the name of each kind, and what the adversary sees of it.
            prefix: of the terms' names, to tell several games apart.
        """
        if not weight:
            return
        real_logits, fake_logits = (adversary(seen, training=True) for _, seen in (real, fake))
        self.add(f"{prefix}adversarial", weight, lambda: called_real(fake_logits), "autoencoder")
        self.add(
            f"{prefix}adversary",
            1.0,
            lambda: called_real(real_logits) + called_fake(fake_logits),
            "adversary",
        )
        for (kind, _), logits in ((real, real_logits), (fake, fake_logits)):
            self.show(f"{kind}_called_real", share_called_real(logits))
