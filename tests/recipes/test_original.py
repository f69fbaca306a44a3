"""The original recipe against the original's own graph and training loop, and its terms."""

from functools import partial

import numpy as np
import pytest
import tensorflow as tf
from conftest import loss_params, run_original, small_recipe, softplus, train_params

from adda.engine.sampling import sample_batch
from adda.recipes.recipe import LossParams
from adda.recipes.storage import load_model
from adda.serving.tf1_checkpoints import import_weights
from adda.training.trainer import Trainer

ITERATIONS, SIZE = 10, 16
LOSS = LossParams(l2_weight=1, adversarial_weight=0.0005)


@pytest.mark.process
def test_ten_iterations_are_those_of_the_original(domains, tmp_path):
    params = train_params(steps=ITERATIONS, batch_size=SIZE)
    source, _, target = domains

    def batch(step, turn):
        """Each side's own: the two streams of its turn."""
        seed, step = params.seed, tf.constant(step, tf.int64)
        return [
            array[sample_batch(len(array), SIZE, seed, 2 * turn + domain, step).numpy()] / 255
            for domain, array in enumerate((source, target))
        ]

    batches = [[batch(step, turn) for turn in range(2)] for step in range(ITERATIONS)]
    np.save(tmp_path / "batches.npy", np.array(batches, np.float32))
    run_original("train", tmp_path)
    models = {}
    for moment in ("before", "after"):
        import_weights(tmp_path / moment, tmp_path / f"{moment}_model")
        models[moment] = load_model(tmp_path / f"{moment}_model")
    ours, theirs = models["before"], models["after"]
    start = [weight.numpy() for weight in weights(ours)]
    trainer = Trainer(ours, *domains, LOSS, params)
    step = tf.function(partial(trainer.step, trainer.phases[0]))
    for number in range(ITERATIONS):
        step(tf.constant(number, tf.int64))
    pairs = list(zip(weights(ours), weights(theirs), strict=True))
    moved = max(abs(a.numpy() - b).max() for a, b in zip(weights(ours), start, strict=True))
    assert moved > 5e-3
    apart = np.concatenate([abs(mine.numpy() - its.numpy()).ravel() for mine, its in pairs])
    # Of a few Adam amplifies the rounding of gradients near zero, which differs by processor.
    assert np.quantile(apart, 0.99) < 1e-5


def weights(model):
    return [weight for network in model.networks.values() for weight in network.weights]


def test_its_objectives_and_its_plain_autoencoder(batch):
    model = small_recipe("original", source_l2_weight=0.5)
    loss = loss_params(l2_weight=2, adversarial_weight=0.25)
    both = [model.reconstruct(x) for x in (batch.source, batch.target)]
    real, raw, *fakes = (model.adversary(x) for x in (batch.target, batch.source, *both))
    adversary, autoencoder = model.phases()[0].turns
    against = softplus(-real) + softplus(raw) + softplus(fakes[0])
    objective = adversary(batch, loss).objectives["adversary"]
    assert float(objective) == pytest.approx(against, rel=1e-5)
    l2 = [np.mean((x - y) ** 2) for x, y in zip((batch.source, batch.target), both, strict=True)]
    called_real = softplus(-np.concatenate(fakes))
    expected = 0.5 * l2[0] + 2 * l2[1] + 0.25 * called_real
    objective = autoencoder(batch, loss).objectives["autoencoder"]
    assert float(objective) == pytest.approx(expected, rel=1e-5)
    model.params = small_recipe("original").params
    plain = [turn(batch, loss_params(l2_weight=2)).values for turn in model.phases()[0].turns]
    assert list(map(set, plain)) == [set(), {"l2", "diversity"}]  # a weight of zero has no cost


def test_a_dead_decoder_is_named_and_a_collapse_is_not_taken_for_one():
    recipe = small_recipe("original")

    def symptom(diversity):
        return recipe.symptom([{"step": step, "diversity": diversity} for step in (20, 40, 60)])

    # What real data's diversity was where the decoder was dead (train.seed 0), and where
    # all translations were one picture for a while (train.seed 1).
    assert "train.seed" in symptom(2e-6)
    assert "alike" in symptom(3e-5)
    assert not symptom(0.4)
