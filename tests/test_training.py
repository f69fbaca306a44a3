import numpy as np
import pytest
import tensorflow as tf

from adda.errors import AddaError
from adda.inference import redraw
from adda.loop import compile_steps, draw_batch
from adda.networks import (
    load_autoencoder,
    make_autoencoder,
    make_decoder,
    make_discriminator,
    make_encoder,
    save_autoencoder,
    to_float,
)
from adda.params import LossParams, ModelParams, TrainParams
from adda.training import FIGURES, LOSSES, make_learners, make_step, train_autoencoder

MODEL = ModelParams(width=0.05, code_size=8)
TINY = 1e-30  # a learning rate below float32's resolution of any weight


def train_params(**changes):
    defaults = {
        "device": "cpu",
        "seed": 0,
        "steps": 3,
        "batch_size": 8,
        "learning_rate": 1e-3,
        "adversary_learning_rate": 5e-4,
        "steps_per_call": 2,
        "checkpoint_seconds": 0,
        "precision": "float32",
        "xla": False,
    }
    return TrainParams(**defaults | changes)


@pytest.fixture
def domains(rng):
    source = np.where(rng.random((20, 28, 28, 1)) < 0.2, 255, 0).repeat(3, -1).astype(np.uint8)
    return source, rng.integers(0, 256, (30, 28, 28, 3), np.uint8)


def weights(network):
    return [weight.numpy() for weight in network.trainable_variables]


def changed(before, network):
    return [abs(old - new).max() > 1e-20 for old, new in zip(before, weights(network), strict=True)]


def step_once(domains, loss, **train):
    """What one step changes in encoder, decoder and discriminator."""
    params = train_params(**train)
    learners = make_learners(MODEL, params)
    networks = learners.networks
    before = [weights(network) for network in networks]
    make_step(learners, *domains, loss, params)(tf.constant(0, tf.int64))
    return [changed(*pair) for pair in zip(before, networks, strict=True)]


def test_the_adversary_learns_alone_when_the_autoencoder_has_no_loss(domains):
    encoder, decoder, discriminator = step_once(
        domains, LossParams(l2_weight=0, adversarial_weight=0)
    )
    assert not any(encoder + decoder)
    assert all(discriminator)


@pytest.mark.parametrize("loss", [{"l2_weight": 1}, {"adversarial_weight": 1}])
def test_each_weight_alone_trains_encoder_and_decoder(domains, loss):
    encoder, decoder, discriminator = step_once(
        domains,
        LossParams(**{"l2_weight": 0, "adversarial_weight": 0} | loss),
        adversary_learning_rate=TINY,
    )
    assert all(encoder)
    assert all(decoder)
    assert not any(discriminator)


def losses_over_steps(domains, loss, **train):
    params = train_params(batch_size=20, **train)
    step = make_step(make_learners(MODEL, params), *domains, loss, params)
    same_batch = tf.constant(0, tf.int64)
    return [{name: float(v) for name, v in step(same_batch).items()} for _ in range(12)]


@pytest.mark.parametrize(
    ("term", "loss", "train"),
    [
        ("l2", {"l2_weight": 1, "adversarial_weight": 0}, {"adversary_learning_rate": TINY}),
        (
            "adversarial",
            {"l2_weight": 0, "adversarial_weight": 1},
            {"adversary_learning_rate": TINY},
        ),
        ("discriminator", {"l2_weight": 0, "adversarial_weight": 0}, {"learning_rate": TINY}),
    ],
)
def test_steps_lower_the_term_that_they_minimise(domains, term, loss, train):
    history = losses_over_steps(domains, LossParams(**loss), **train)
    assert history[-1][term] < 0.95 * history[0][term]


def test_the_terms_are_those_of_the_objective(domains):
    """Re-derived from the networks' outputs: l2 on target alone, target real, the rest fake."""
    params = train_params()
    learners = make_learners(MODEL, params)
    encoder, decoder, discriminator = learners.networks
    number = tf.constant(3, tf.int64)
    x_source, x_target = (
        to_float(tf.gather(images, draw_batch(len(images), 8, 0, stream, number)))
        for stream, images in enumerate(domains)
    )
    # Batch norm gives the same outputs for the same batch, so this comes before the step.
    redrawn = decoder(encoder(tf.concat([x_source, x_target], 0), training=True), training=True)
    fake = discriminator(redrawn, training=True).numpy()
    real, raw = np.split(discriminator(tf.concat([x_target, x_source], 0), training=True), 2)
    loss = LossParams(l2_weight=1, adversarial_weight=1)
    terms = make_step(learners, *domains, loss, params)(number)

    def softplus(x):
        return np.logaddexp(0, x).mean()

    assert float(terms["l2"]) == pytest.approx(((x_target - redrawn[8:]) ** 2).numpy().mean())
    assert float(terms["adversarial"]) == pytest.approx(softplus(-fake))
    assert float(terms["target_called_real"]) == pytest.approx((real > 0).mean())
    assert float(terms["reconstructed_called_real"]) == pytest.approx((fake[8:] > 0).mean())
    assert float(terms["translated_called_real"]) == pytest.approx((fake[:8] > 0).mean())
    expected = softplus(-real) + softplus(fake) + softplus(raw)
    assert float(terms["discriminator"]) == pytest.approx(expected)


def test_the_seed_alone_decides(domains):
    loss = LossParams(l2_weight=1, adversarial_weight=0.1)
    runs = [
        train_autoencoder(*domains, MODEL, loss, train_params(seed=seed, steps_per_call=calls))
        for seed, calls in ((0, 1), (0, 3), (1, 1))
    ]
    flat = [
        np.concatenate([w.ravel() for network in networks for w in weights(network)])
        for networks, _ in runs
    ]
    assert (flat[0] == flat[1]).all()  # however many steps one call runs
    assert (flat[0] != flat[2]).any()
    assert set(runs[0][1][0]) == {"step", *LOSSES, *FIGURES}


LOSS = LossParams(l2_weight=1, adversarial_weight=0.1)


def test_bfloat16_computes_in_half_the_bits_and_keeps_weights_and_losses_in_float32(domains):
    params = train_params(precision="bfloat16", batch_size=20)
    learners = make_learners(MODEL, params)
    for network in learners.networks:
        convolutions = [layer for layer in network.layers if "conv" in layer.name]
        assert convolutions
        assert {layer.compute_dtype for layer in convolutions} == {"bfloat16"}
        assert {weight.dtype for weight in network.weights} == {"float32"}
    step = make_step(learners, *domains, LOSS, params)
    losses = [step(tf.constant(0, tf.int64)) for _ in range(12)]
    assert {value.dtype for value in losses[0].values()} == {tf.float32}
    assert losses[-1]["l2"] < 0.95 * losses[0]["l2"]
    assert make_learners(MODEL, train_params()).networks.encoder.compute_dtype == "float32"


def test_xla_compiles_the_same_steps(domains):
    _, plain = train_autoencoder(*domains, MODEL, LOSS, train_params())
    _, compiled = train_autoencoder(*domains, MODEL, LOSS, train_params(xla=True))
    for left, right in zip(plain, compiled, strict=True):
        assert left == pytest.approx(right, rel=1e-3)


def test_steps_touch_nothing_but_the_device(domains):
    """No operation of the loop's graph asks Python or the host for anything."""
    params = train_params()
    step = make_step(make_learners(MODEL, params), *domains, LOSS, params)
    graph = compile_steps(step, LOSSES).get_concrete_function().graph.as_graph_def()
    bodies = [graph.node, *(function.node_def for function in graph.library.function)]
    operations = {node.op for body in bodies for node in body}
    assert {"GatherV2", "Conv2D"} <= operations  # the loop's body is among them
    assert not {op for op in operations if "Py" in op or "Iterator" in op or op == "Print"}


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


def test_saved_networks_redraw_the_same(tmp_path, domains):
    networks = make_autoencoder(MODEL)
    save_autoencoder(tmp_path / "model", networks, MODEL)
    loaded = load_autoencoder(tmp_path / "model")
    drawn = redraw(networks, domains[0])
    assert drawn.dtype == np.uint8
    assert drawn.shape == domains[0].shape
    assert (drawn == redraw(loaded, domains[0])).all()


def test_a_damaged_model_is_named(tmp_path):
    save_autoencoder(tmp_path / "model", make_autoencoder(MODEL), MODEL)
    weights_file = tmp_path / "model/decoder.weights.h5"
    weights_file.write_bytes(weights_file.read_bytes()[:1000])
    with pytest.raises(AddaError, match="model cannot be loaded"):
        load_autoencoder(tmp_path / "model")
