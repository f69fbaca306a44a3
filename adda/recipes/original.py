"""The original recipe: one latent code, and an adversary that knows the target.

Munjal's Adversarial-Domain-Adaptive-Autoencoders, as its code has it (model.py). Encoder E and
decoder D reconstruct target images; the adversary A tells target images from reconstructions of the
source and from raw source images. Source images have no reconstruction term, so what the adversary
asks of them is to look like the target. The two sides step in turn, each on a batch of its own, at
constant rates; the networks take no batch statistics (`adda.nn.layers.Scaled`).
"""

from typing import Annotated, ClassVar, Literal

import keras
import tensorflow as tf
from pydantic import Field

from adda.common.array_files import SIZE
from adda.common.params import Integer, Weight
from adda.engine.checkpoints import History
from adda.engine.sampling import Batch
from adda.nn.networks import make_adversary, make_decoder, make_encoder
from adda.recipes.losses import (
    called_fake,
    called_real,
    diversity,
    mean_squared_error,
    share_called_real,
)
from adda.recipes.recipe import Domains, LossParams, Phase, Recipe, RecipeParams, lasts, trainable
from adda.recipes.terms import Terms

DEAD = 1e-5  # diversity: 2e-6 at most where the decoder was dead, 3e-5 at least where it was not


class OriginalParams(RecipeParams):
    """What the original fixed, each with its value, and what steadies it."""

    code_size: Annotated[Integer, Field(ge=2, le=10**9)] = 64  # drawn in two dimensions
    schedule: Literal["cosine", "constant"] = "constant"
    source_l2_weight: Weight = 0.0


class Original(Recipe):
    """Encoder and decoder, and the adversary that they are trained against."""

    name = "original"
    Params = OriginalParams
    loss: ClassVar = {"l2_weight": 1.0, "adversarial_weight": 0.0005}  # model.py of the original
    train: ClassVar = {"batch_size": 128, "adversary_learning_rate": 0.0005}  # the same
    sizes = (SIZE,)
    one_style = True
    authors_share = 0.5  # its classifier learns from source digits and their translations
    about = (
        "Unless source_l2_weight is set, nothing in this recipe keeps a digit's identity: a "
        "translation may show another digit than its source, and at some moments of a training all "
        "translations are one picture."
    )

    def __init__(self, width: float, params: OriginalParams, domains: Domains):
        super().__init__(width, params, domains)
        self.encoder = make_encoder(width, params.code_size)
        self.decoder = make_decoder(width, params.code_size)
        self.adversary = make_adversary(width)

    @property
    def networks(self) -> dict[str, keras.Model]:
        return {"encoder": self.encoder, "decoder": self.decoder, "adversary": self.adversary}

    def phases(self) -> list[Phase]:
        sides = {
            "autoencoder": trainable(self.encoder, self.decoder),
            "adversary": trainable(self.adversary),
        }
        turns = [self.adversary_objective, self.autoencoder_objective]
        return [Phase("train", 1.0, sides, turns, {"epsilon": 1e-8})]  # TensorFlow 1's epsilon

    def adversary_objective(self, batch: Batch, loss: LossParams) -> Terms:
        """BCE(A(t), 1) + BCE(A(D(E(s))), 0) + BCE(A(s), 0), of target t and source s."""
        terms = Terms()
        if not loss.adversarial_weight:
            return terms
        decoded = tf.stop_gradient(self.reconstruct(batch.source))
        seen = tf.concat([batch.target, decoded, batch.source], 0)
        target, translated, source = tf.split(self.adversary(seen, training=True), 3)
        terms.add(
            "adversary",
            1.0,
            lambda: called_real(target) + tf.add_n([called_fake(translated), called_fake(source)]),
            "adversary",
        )
        terms.show("target_called_real", share_called_real(target))
        terms.show("translated_called_real", share_called_real(translated))
        terms.show("source_called_real", share_called_real(source))
        return terms

    def autoencoder_objective(self, batch: Batch, loss: LossParams) -> Terms:
        """w_l2 mean((t - D(E(t)))^2) + w_adv BCE(A(D(E(x))), 1), x of both domains.

        With a `source_l2_weight`, that times mean((s - D(E(s)))^2) is added.
        """
        terms = Terms()
        decoded = self.decoder(
            self.encoder(tf.concat([batch.source, batch.target], 0), training=True), training=True
        )
        source, target = tf.split(decoded, 2)
        terms.add(
            "l2", loss.l2_weight, lambda: mean_squared_error(batch.target, target), "autoencoder"
        )
        terms.add(
            "source_l2",
            self.params.source_l2_weight,
            lambda: mean_squared_error(batch.source, source),
            "autoencoder",
        )
        terms.add(
            "adversarial",
            loss.adversarial_weight,
            lambda: called_real(self.adversary(decoded, training=True)),
            "autoencoder",
        )
        terms.show("diversity", diversity(source, batch.target))
        return terms

    def render(self, source: tf.Tensor, style: tf.Tensor) -> tf.Tensor:
        """Translate source images; `style` changes nothing."""
        return self.reconstruct(source)

    def reconstruct(self, images: tf.Tensor) -> tf.Tensor:
        """Pass images of either domain through encoder and decoder."""
        return self.decoder(self.code(images), training=False)

    def code(self, images: tf.Tensor) -> tf.Tensor:
        """The latent code of images of either domain, float32 [n, code_size]."""
        return self.encoder(images, training=False)

    def symptom(self, history: History) -> str:
        if lasts(history, lambda row: row.get("diversity", 1) < DEAD):
            # The last of its ReLUs has three channels. Adam's first steps are of one size, whatever
            # the gradient, and can push all three below zero; no gradient passes from then on.
            return (
                "the decoder is dead and learns no more, an accident of the initial weights; "
                "choose another train.seed"
            )
        return super().symptom(history)
