"""The baseline recipe: its objective, re-derived, and its networks."""

import numpy as np
import pytest
import tensorflow as tf
from conftest import loss_params, small_recipe

from adda.nn.networks import make_decoder, make_discriminator, make_encoder


def test_the_terms_are_those_of_the_objective(batch):
    """Re-derived from the networks' outputs: l2 on target alone, target real, the rest fake."""
    model = small_recipe("baseline", code_size=8)
    both = tf.concat([batch.source, batch.target], 0)
    # Batch norm gives the same outputs for the same batch, so this can come first.
    decoded = model.decoder(model.encoder(both, training=True), training=True)
    fake = model.discriminator(decoded, training=True).numpy()
    seen = model.discriminator(tf.concat([batch.target, batch.source], 0), training=True)
    real, raw = np.split(seen.numpy(), 2)
    terms = model.objective(batch, loss_params(l2_weight=3, adversarial_weight=0.5))
    values, objectives = terms.values, terms.objectives

    def softplus(x):
        return np.logaddexp(0, x).mean()

    l2 = ((batch.target - decoded[8:]) ** 2).numpy().mean()
    assert float(values["l2"]) == pytest.approx(l2)
    assert float(values["adversarial"]) == pytest.approx(softplus(-fake))
    assert float(values["target_called_real"]) == pytest.approx((real > 0).mean())
    assert float(values["reconstructed_called_real"]) == pytest.approx((fake[8:] > 0).mean())
    assert float(values["translated_called_real"]) == pytest.approx((fake[:8] > 0).mean())
    against = softplus(-real) + softplus(fake) + softplus(raw)
    assert float(values["discriminator"]) == pytest.approx(against)
    assert float(objectives["discriminator"]) == pytest.approx(against)
    assert float(objectives["autoencoder"]) == pytest.approx(3 * l2 + 0.5 * softplus(-fake))


def test_full_width_has_the_published_layers():
    encoder, decoder = make_encoder(1, 64), make_decoder(1, 64)
    adversary = make_discriminator(1)
    kernels = [
        [tuple(v.shape) for v in network.trainable_variables if len(v.shape) > 1]
        for network in (encoder, decoder, adversary)
    ]
    convolutions = [(5, 5, 3, 64), (5, 5, 64, 128), (5, 5, 128, 256)]
    assert kernels[0] == [*convolutions, (5, 5, 256, 512), (4 * 4 * 512, 64)]
    assert kernels[1] == [
        (64, 4 * 4 * 512),
        (5, 5, 256, 512),
        (5, 5, 128, 256),
        (5, 5, 64, 128),
        (5, 5, 16, 64),
        (5, 5, 3, 16),
        (32 * 32 * 3, 28 * 28 * 3),
    ]
    assert kernels[2] == [*convolutions, (4 * 4 * 256, 1)]
