"""The published recipe against a re-derivation of the original's training loop, and its terms."""

import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from conftest import loss_params, small_recipe, train_params

from adda.engine.sampling import sample_batch
from adda.nn.layers import Scaled
from adda.nn.networks import make_decoder, make_discriminator, make_encoder
from adda.recipes.losses import diversity
from adda.recipes.published import DEAD, Published, PublishedParams
from adda.recipes.recipe import LossParams
from adda.training.trainer import make_learners, make_step

ITERATIONS, SIZE = 10, 16
LOSS = LossParams(l2_weight=1, adversarial_weight=0.0005)

# Plain graph operations of TensorFlow 1, after the original's model.py.
ORIGINAL = """
import numpy as np
import tensorflow.compat.v1 as tf
tf.disable_eager_execution()
given = np.load("given.npz")
variables = {}

def variable(name):
    if name not in variables:
        variables[name] = tf.Variable(given[name], name=name.replace("/", "_"))
    return variables[name]

def normalised(x, name):
    images = x if len(x.shape) == 4 else x[:, None, None, :]
    zeros = tf.zeros(images.shape[-1:])
    outputs, _, _ = tf.nn.fused_batch_norm(
        images, variable(name + "/gamma"), variable(name + "/beta"), zeros, zeros + 1.0,
        epsilon=1e-3, is_training=False)
    return tf.nn.relu(outputs if len(x.shape) == 4 else outputs[:, 0, 0])

def conv(x, name, strides):
    x = tf.nn.conv2d(x, variable(name + "/kernel"), strides, "SAME")
    return normalised(x + variable(name + "/bias"), name)

def deconv(x, name, strides):
    kernel, side = variable(name + "/kernel"), int(x.shape[1]) * strides
    shape = [tf.shape(x)[0], side, side, int(kernel.shape[2])]
    x = tf.nn.conv2d_transpose(x, kernel, shape, strides, "SAME")
    x = tf.reshape(x, shape)
    return normalised(x + variable(name + "/bias"), name)

def dense(x, name):
    return x @ variable(name + "/kernel") + variable(name + "/bias")

def flat(x):
    return tf.reshape(x, [-1, int(np.prod(x.shape[1:]))])

def encoder(x):
    for number, strides in enumerate([2, 2, 2, 1]):
        x = conv(x, f"encoder/{number}", strides)
    return tf.nn.leaky_relu(dense(flat(x), "encoder/4"), 0.2)

def decoder(x):
    x = normalised(dense(x, "decoder/0"), "decoder/0")
    x = tf.reshape(x, [-1, 4, 4, int(x.shape[1]) // 16])
    for number, strides in enumerate([2, 2, 2, 1, 1], 1):
        x = deconv(x, f"decoder/{number}", strides)
        x.set_shape([None, *x.shape[1:3], variables[f"decoder/{number}/bias"].shape[0]])
    return tf.reshape(tf.sigmoid(dense(flat(x), "decoder/6")), [-1, 28, 28, 3])

def adversary(x):
    for number in range(3):
        x = conv(x, f"discriminator/{number}", 2)
    return dense(flat(x), "discriminator/3")

def entropy(logits, label):
    labels = tf.fill(tf.shape(logits), label)
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits))

source, target = (tf.placeholder(tf.float32, [None, 28, 28, 3]) for _ in range(2))
translated = decoder(encoder(source))
reconstructed = decoder(encoder(target))
against = entropy(adversary(target), 1.0)
against += entropy(adversary(translated), 0.0) + entropy(adversary(source), 0.0)
both = tf.concat([translated, reconstructed], 0)
objective = tf.reduce_mean(tf.square(target - reconstructed))
objective += 0.0005 * entropy(adversary(both), 1.0)
mine, its = [], []
for name, each in variables.items():
    (its if name.startswith("discriminator") else mine).append(each)
train_adversary = tf.train.AdamOptimizer(5e-4).minimize(against, var_list=its)
train_autoencoder = tf.train.AdamOptimizer(1e-3).minimize(objective, var_list=mine)
with tf.Session() as session:
    session.run(tf.global_variables_initializer())
    for first, second in zip(given["batches"][:, 0], given["batches"][:, 1]):
        session.run(train_adversary, {source: first[0], target: first[1]})
        session.run(train_autoencoder, {source: second[0], target: second[1]})
    np.savez("found.npz", **session.run(variables))
"""


def weights(model):
    """Every weight, by network, place and kind, as the original's graph above names them."""
    found = {}
    for name, network in model.networks.items():
        layers = [layer for layer in network.layers if layer.weights]
        for place, layer in enumerate(layers):
            inner = layer.layer if isinstance(layer, Scaled) else layer
            kinds = {"kernel": inner.kernel, "bias": inner.bias}
            if inner is not layer:
                kinds |= {"gamma": layer.gamma, "beta": layer.beta}
            found |= {f"{name}/{place}/{kind}": np.array(value) for kind, value in kinds.items()}
    return found


@pytest.mark.process
def test_ten_iterations_are_those_of_the_original(domains, tmp_path, rng):
    params = train_params(steps=ITERATIONS, batch_size=SIZE)
    learners = make_learners(lambda: small_recipe("published"), params)
    for network in learners.model.networks.values():
        for weight in network.trainable_variables:
            if weight.name != "kernel":  # fresh offsets leave much at the edge of its ReLU
                weight.assign_add(rng.normal(0, 0.3, weight.shape))
    start = weights(learners.model)
    source, _, target = domains

    def batch(step, turn):
        """Each side's own: the two streams of its turn."""
        seed, step = params.seed, tf.constant(step, tf.int64)
        return [
            array[sample_batch(len(array), SIZE, seed, 2 * turn + domain, step).numpy()] / 255
            for domain, array in enumerate((source, target))
        ]

    batches = [[batch(step, turn) for turn in range(2)] for step in range(ITERATIONS)]
    np.savez(tmp_path / "given.npz", batches=np.array(batches, np.float32), **start)
    subprocess.run([sys.executable, "-c", ORIGINAL], cwd=tmp_path, check=True, capture_output=True)
    step = tf.function(make_step(learners, *domains, LOSS, params))
    for number in range(ITERATIONS):
        step(tf.constant(number, tf.int64))
    ours = weights(learners.model)
    with np.load(tmp_path / "found.npz") as theirs:
        assert set(theirs.files) == set(ours)
        moved = max(abs(ours[name] - start[name]).max() for name in ours)
        apart = {name: abs(ours[name] - theirs[name]).max() for name in ours}
    assert moved > 5e-3
    assert max(apart.values()) < 1e-5, max(apart, key=apart.get)


def softplus(x):
    return np.logaddexp(0, np.asarray(x)).mean()


def test_what_the_readme_of_the_original_says_and_its_plain_autoencoder(batch):
    """Both are parameters, off as in its code."""
    model = small_recipe("published", reconstructed_fake=True, source_l2_weight=0.5)
    loss = loss_params(l2_weight=2, adversarial_weight=0.25)
    both = [model.reconstruct(x) for x in (batch.source, batch.target)]
    real, raw, *fakes = (model.discriminator(x) for x in (batch.target, batch.source, *both))
    adversary, autoencoder = model.turns()
    against = softplus(-real) + softplus(raw) + sum(map(softplus, fakes))
    found = adversary(batch, loss).objectives["discriminator"]
    assert float(found) == pytest.approx(against, rel=1e-5)
    l2 = [np.mean((x - y) ** 2) for x, y in zip((batch.source, batch.target), both, strict=True)]
    called_real = softplus(-np.concatenate(fakes))
    mine = 0.5 * l2[0] + 2 * l2[1] + 0.25 * called_real
    found = autoencoder(batch, loss).objectives["autoencoder"]
    assert float(found) == pytest.approx(mine, rel=1e-5)
    model.params = small_recipe("published").params
    plain = [turn(batch, loss_params(l2_weight=2)).values for turn in model.turns()]
    assert list(map(set, plain)) == [set(), {"l2", "diversity"}]  # a weight of zero has no cost
    fewer = adversary(batch, loss).objectives["discriminator"]
    assert float(fewer) == pytest.approx(against - softplus(fakes[1]), rel=1e-5)


def test_full_width_has_the_published_layers():
    networks = make_encoder(1, 64), make_decoder(1, 64), make_discriminator(1)
    kernels = [
        [tuple(v.shape) for v in network.trainable_variables if len(v.shape) > 1]
        for network in networks
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
    assert not any(network.non_trainable_variables for network in networks)  # no statistics


def test_a_dead_decoder_is_named_and_a_collapse_is_not_taken_for_one():
    recipe = Published(0.05, PublishedParams(), classes=10)

    def symptom(diversity):
        return recipe.symptom([{"step": step, "diversity": diversity} for step in (20, 40, 60)])

    # What real data's diversity was where the decoder was dead (train.seed 0), and where
    # all translations were one picture for a while (train.seed 1).
    assert "train.seed" in symptom(2e-6)
    assert "alike" in symptom(3e-5)
    assert not symptom(0.4)


def test_a_decoder_is_dead_where_no_channel_of_its_last_relu_is_open():
    recipe = Published(0.05, PublishedParams(), classes=10)
    last = [layer for layer in recipe.decoder.layers if isinstance(layer, Scaled)][-1]
    last.beta.assign([-100.0] * 3)
    images = np.random.default_rng(0).random((8, 28, 28, 3), np.float32)
    with tf.GradientTape() as tape:
        decoded = recipe.decoder(recipe.encoder(images, training=True), training=True)
        loss = tf.reduce_mean(tf.square(images - decoded))
    assert float(diversity(decoded, images)) < DEAD
    gradients = tape.gradient(loss, recipe.encoder.trainable_variables)
    assert all(not gradient.numpy().any() for gradient in gradients)
