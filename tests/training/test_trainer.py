"""The training loop's step, whatever the recipe."""

from functools import partial

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import all_on, nodes, off_the_gpu, overtaken, small_recipe, train_params

from adda.common.errors import AddaError
from adda.engine.checkpoints import Checkpoints
from adda.engine.devices import in_precision
from adda.engine.loop import compile_steps
from adda.recipes.all_recipes import RECIPES
from adda.recipes.storage import load_model
from adda.training.trainer import Trainer, saved_steps, train_model

STEP = tf.constant(0, tf.int64)
TINY = 1e-30  # a learning rate below float32's resolution of any weight


@pytest.fixture(params=RECIPES)
def recipe(request):
    """The name of each recipe that there is."""
    return request.param


def values(variables):
    return np.concatenate([np.ravel(variable) for variable in variables])


def trainer(recipe, domains, params, loss=None, **own):
    with in_precision(params.precision):
        model = small_recipe(recipe, **own)
    return Trainer(model, *domains, loss or all_on(recipe), params)


def train(
    recipe, domains, watch=None, loss=None, checkpoints=None, models=None, own=None, **params
):
    make = partial(small_recipe, recipe, **own or {})
    loss = loss or all_on(recipe)
    return train_model(*domains, make, loss, train_params(**params), checkpoints, watch, models)


def last_step(training):
    """That of the last phase, which has every side."""
    return partial(training.step, training.phases[-1])


def test_each_side_follows_its_own_rate(recipe, domains):
    def changed(**rate):
        training = trainer(recipe, domains, train_params(**rate))
        sides = training.phases[-1].sides
        before = {side: values(weights) for side, weights in sides.items()}
        last_step(training)(STEP)
        return {side for side in sides if abs(values(sides[side]) - before[side]).max() > 1e-20}

    assert changed(learning_rate=TINY) == {"adversary"}
    others = set(small_recipe(recipe).phases()[-1].sides) - {"adversary"}
    assert changed(adversary_learning_rate=TINY) == others


def test_rates_have_fallen_to_zero_when_the_steps_are_done(domains):
    recipe, params = "original", train_params(steps=2)
    for schedule in ("cosine", "constant"):
        training = trainer(recipe, domains, params, schedule=schedule)
        weights = [weight for side in training.phases[0].sides.values() for weight in side]
        seen = []
        for number in range(3):
            last_step(training)(tf.constant(number, tf.int64))
            seen.append(values(weights))
        assert (seen[1] != seen[0]).any()
        assert (seen[2] == seen[1]).all() == (schedule == "cosine")


@pytest.mark.process
@pytest.mark.parametrize("recipe", ["layered", "original"])  # of one turn, and of two
def test_the_seed_alone_decides_and_a_run_goes_on_exactly(recipe, domains, tmp_path, capsys):
    """However many steps one call runs, and wherever it was killed."""

    def run(**params):
        checkpoints = Checkpoints(tmp_path / str(params["seed"]))
        own = {"schedule": "cosine"}
        run = train(recipe, domains, checkpoints=checkpoints, steps=8, own=own, **params)
        networks = run.model.networks.values()
        return run, values(v for network in networks for v in network.variables)

    straight, weights = run(seed=0, steps_per_call=2)
    assert {"step", "adversarial", "adversary", "diversity"} <= set(straight.history[-1])
    assert [row["step"] for row in straight.history][-2:] == [6, 8]
    (tmp_path / "0/000000008.npz").unlink()  # as if it had been killed before
    resumed, again = run(seed=0, steps_per_call=1)
    assert "resumed at step 6" in capsys.readouterr().out
    assert (weights == again).all()
    assert (resumed.snapshots.images.numpy() == straight.snapshots.images.numpy()).all()
    assert resumed.history[1] == straight.history[1]
    assert (run(seed=1, steps_per_call=3)[1] != weights).any()


def test_models_are_saved_at_the_end_of_the_call_in_which_a_part_ends():
    assert saved_steps(train_params(steps=9, keep=3, steps_per_call=2)) == [4, 6, 9]
    assert saved_steps(train_params(steps=9, keep=1, steps_per_call=2)) == [9]


@pytest.mark.process
def test_an_average_of_the_weights_is_kept_and_the_weights_train_on(domains, tmp_path):
    def run(folder, **own):
        seen = []

        def watch(model):
            return lambda history, images: seen.append(values(model.encoder.weights))

        params = train_params(steps=4, keep=4, steps_per_call=1, learning_rate=1e-2)
        make = partial(small_recipe, "original", **own)
        loss = all_on("original")
        left = train_model(*domains, make, loss, params, None, watch, tmp_path / folder)
        models = [load_model(path) for path in sorted((tmp_path / folder).iterdir())]
        assert (values(left.model.encoder.weights) == values(models[-1].encoder.weights)).all()
        return seen, [values(model.encoder.weights) for model in models]

    plain, kept = run("plain")
    for one, other in zip(plain, kept, strict=True):
        assert (one == other).all()
    trained, kept = run("averaged", averaged=0.75)
    average = trained[0]
    for one, other, weights in zip(plain, trained, kept, strict=True):
        assert (one == other).all()  # the average has no part in the training
        average = 0.75 * average + 0.25 * other
        np.testing.assert_allclose(weights, average, rtol=1e-5, atol=1e-7)


def test_a_side_that_never_steps_keeps_its_weights_where_the_others_are_averaged(domains):
    loss = all_on("original").model_copy(update={"adversarial_weight": 0.0})
    trained = train("original", domains, loss=loss, own={"averaged": 0.75}, steps=2)
    keras.utils.set_random_seed(train_params().seed)
    fresh = small_recipe("original")
    assert (values(trained.model.adversary.weights) == values(fresh.adversary.weights)).all()


@pytest.mark.process
def test_what_a_phase_has_averaged_is_what_the_next_one_works_with(domains):
    seen = []

    def watch(model):
        return lambda history, images: seen.append(values(model.mask_encoder.trainable_weights))

    own = {"averaged": 0.75}
    run = train("layered", domains, watch, own=own, steps=5, steps_per_call=1, learning_rate=1e-2)
    # The masks' phase has three steps; Adam's first step in the next one is as long as its rate.
    average = 0.75 * (0.75 * seen[0] + 0.25 * seen[1]) + 0.25 * seen[2]
    assert np.abs(seen[3] - average).max() < 0.0101
    assert np.abs(seen[3] - seen[2]).max() > 0.0101
    average = 0.75 * seen[3] + 0.25 * seen[4]
    np.testing.assert_allclose(values(run.model.mask_encoder.trainable_weights), average, atol=1e-6)


@pytest.mark.process
def test_bfloat16_computes_in_half_the_bits_and_keeps_weights_and_losses_in_float32(domains):
    recipe = "layered"
    rates = dict.fromkeys(("learning_rate", "adversary_learning_rate"), 2e-3)
    params = train_params(steps=1000, precision="bfloat16", batch_size=20, **rates)
    training = trainer(recipe, domains, params)
    networks = training.model.networks.values()
    inner = [getattr(layer, "layer", layer) for network in networks for layer in network.layers]
    hidden = [layer for layer in inner if "conv" in layer.name and layer.filters not in (1, 3)]
    assert hidden
    assert {layer.compute_dtype for layer in hidden} == {"bfloat16"}
    for network in networks:
        assert {weight.dtype for weight in network.weights} <= {"float32"}
    step = tf.function(partial(training.step, training.phases[0]))
    seen = [step(STEP) for _ in range(30)]
    assert {value.dtype for value in seen[0].values()} == {tf.float32}
    assert seen[-1]["l2"] < 0.98 * seen[0]["l2"]
    ordinary = small_recipe(recipe).networks.values()
    assert {network.compute_dtype for network in ordinary} == {"float32"}


@pytest.mark.process
def test_steps_touch_nothing_but_the_device_and_depend_on_no_order(recipe, domains):
    """No operation asks Python or the host for anything. And TensorFlow's oneDNN pass takes its own
    kernel for some gradients only where it has read the forward operation before; inside a loop
    that differs from process to process."""
    step = last_step(trainer(recipe, domains, train_params()))
    graph = compile_steps(step)[0].get_concrete_function().graph
    operations = {node.op for node in nodes(graph)}
    assert {"GatherV2", "Conv2D"} <= operations  # the loop's body is among them
    assert not off_the_gpu(graph)
    assert not {op for op in operations if "Py" in op or "Iterator" in op or op == "Print"}
    assert not operations & {"MaxPoolGrad", "LRNGrad"}


@pytest.mark.process
def test_updates_wait_for_the_reads_before_them(recipe, domains):
    """As traced they do; TensorFlow then optimizes."""
    assert overtaken(lambda: train(recipe, domains)) == []


def test_a_batch_that_cannot_be_shared_is_refused(domains, monkeypatch):
    class Three:
        num_replicas_in_sync = 3

    monkeypatch.setattr(tf.distribute, "get_strategy", Three)
    with pytest.raises(AddaError, match="batch_size 8 cannot be shared evenly by 3 devices"):
        train("layered", domains)
