"""The training loop's step, whatever the recipe."""

import shutil
from functools import partial

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import all_on, loss_params, nodes, off_the_gpu, small_recipe, train_params

from adda.common.errors import AddaError
from adda.engine.checkpoints import Checkpoints
from adda.engine.loop import compile_steps
from adda.engine.sampling import SOURCE, TARGET, Batch, sample_batch, to_float
from adda.inference.translation import translate
from adda.recipes.registry import RECIPES
from adda.recipes.storage import load_model
from adda.training.trainer import make_learners, make_step, train_model

STEP = tf.constant(0, tf.int64)
TINY = 1e-30  # a learning rate below float32's resolution of any weight


@pytest.fixture(params=RECIPES)
def recipe(request):
    """The name of each recipe that there is."""
    return request.param


def values(variables):
    return np.concatenate([np.ravel(variable) for variable in variables])


def learn(recipe, params, **own):
    return make_learners(partial(small_recipe, recipe, **own), params)


def train(
    recipe, domains, watch=None, loss=None, checkpoints=None, models=None, own=None, **params
):
    make = partial(small_recipe, recipe, **own or {})
    loss = loss or all_on(recipe)
    return train_model(*domains, make, loss, train_params(**params), checkpoints, watch, models)


def sides_changed_by_a_step(learners, domains, loss, params):
    before = {side: values(weights) for side, weights in learners.model.sides().items()}
    make_step(learners, *domains, loss, params)(tf.constant(0, tf.int64))
    return {
        side
        for side, weights in learners.model.sides().items()
        if abs(values(weights) - before[side]).max() > 1e-20
    }


def test_each_side_follows_its_own_rate(recipe, domains):
    def changed(**rate):
        params = train_params(**rate)
        learners = learn(recipe, params)
        return sides_changed_by_a_step(learners, domains, all_on(recipe), params)

    assert changed(learning_rate=TINY) == {"discriminator"}
    others = set(small_recipe(recipe).sides()) - {"discriminator"}
    assert changed(adversary_learning_rate=TINY) == others


def test_no_term_no_change(domains):
    off = {"mask_adversarial_weight": 0, "cycle_weight": 0, "class_weight": 0}
    params = train_params()
    learners = learn("split", params, **off)
    assert sides_changed_by_a_step(learners, domains, loss_params(), params) == set()


@pytest.mark.process
@pytest.mark.parametrize(
    ("recipe", "term", "weight"),
    [
        ("split", "l2", {"l2_weight": 1}),
        ("split", "adversarial", {"adversarial_weight": 1}),
        ("split", "mask_adversarial", {"mask_adversarial_weight": 1}),
        ("split", "cycle", {"cycle_weight": 1}),
        ("split", "class", {"class_weight": 1}),
        ("pixelda", "adversarial", {"adversarial_weight": 1}),
        ("pixelda", "class", {"class_weight": 1}),
        ("published", "l2", {"l2_weight": 1}),
        ("published", "adversarial", {"adversarial_weight": 1}),
    ],
)
def test_steps_lower_the_term_that_they_minimise(domains, recipe, term, weight):
    params = train_params(
        steps=1000, batch_size=20, adversary_learning_rate=TINY, learning_rate=1e-2
    )
    own = {name: 0.0 for name in RECIPES[recipe].Params.model_fields if name.endswith("_weight")}
    shared = {name: value for name, value in weight.items() if name not in own}
    learners = learn(recipe, params, **own | {k: v for k, v in weight.items() if k in own})
    step = tf.function(make_step(learners, *domains, loss_params(**shared), params))
    same_batch = tf.constant(0, tf.int64)
    history = [float(step(same_batch)[term]) for _ in range(30)]
    assert history[-1] < 0.98 * history[0]


@pytest.mark.process
def test_steps_teach_the_adversary(recipe, domains):
    params = train_params(
        steps=1000, batch_size=20, learning_rate=TINY, adversary_learning_rate=1e-2
    )
    step = tf.function(make_step(learn(recipe, params), *domains, all_on(recipe), params))
    history = [float(step(tf.constant(0, tf.int64))["discriminator"]) for _ in range(12)]
    assert history[-1] < 0.95 * history[0]


def test_rates_have_fallen_to_zero_when_the_steps_are_done(recipe, domains):
    params = train_params(steps=2)
    for schedule in ("cosine", "constant"):
        learners = learn(recipe, params, schedule=schedule)
        step = make_step(learners, *domains, all_on(recipe), params)
        weights = [weight for side in learners.model.sides().values() for weight in side]
        seen = []
        for number in range(3):
            step(tf.constant(number, tf.int64))
            seen.append(values(weights))
        assert (seen[1] != seen[0]).any()
        assert (seen[2] == seen[1]).all() == (schedule == "cosine")


def test_gradients_are_watched(recipe, domains):
    """Their norms, from a pass of each turn's objective on its batch."""
    params = train_params(learning_rate=TINY, adversary_learning_rate=TINY)
    learners = learn(recipe, params)
    watched = make_step(learners, *domains, all_on(recipe), params)(STEP)
    keras.utils.set_random_seed(0)
    model = learn(recipe, params).model
    source, labels, target = domains

    def sampled(stream, array):
        batch = sample_batch(len(array), params.batch_size, params.seed, stream, STEP)
        return array[batch.numpy()]

    for turn, objective in enumerate(model.turns()):
        streams = SOURCE + 2 * turn, TARGET + 2 * turn
        batch = Batch(
            to_float(sampled(streams[0], source)),
            tf.constant(sampled(streams[0], labels).astype(np.int32)),
            to_float(sampled(streams[1], target)),
        )
        with tf.GradientTape(persistent=True) as tape:
            objectives = objective(batch, all_on(recipe)).objectives
        for side, value in objectives.items():
            weights = model.sides()[side]
            flat = values(g for g in tape.gradient(value, weights) if g is not None)
            seen = float(watched[f"{side}_gradient"])
            assert seen == pytest.approx(np.linalg.norm(flat), rel=1e-3)


@pytest.mark.process
def test_the_seed_alone_decides_and_a_run_goes_on_exactly(recipe, domains, tmp_path, capsys):
    """However many steps one call runs, and wherever it was killed."""

    def run(**params):
        checkpoints = Checkpoints(tmp_path / str(params["seed"]))
        own = {"schedule": "cosine"}
        run = train(recipe, domains, checkpoints=checkpoints, steps=6, own=own, **params)
        networks = run.model.networks.values()
        return run, values(v for network in networks for v in network.variables)

    straight, weights = run(seed=0, steps_per_call=2)
    assert {"step", "adversarial", "discriminator", "diversity"} <= set(straight.history[0])
    (tmp_path / "0/000000006.npz").unlink()  # as if it had been killed before
    resumed, again = run(seed=0, steps_per_call=1)
    assert "resumed at step 4" in capsys.readouterr().out
    assert (weights == again).all()
    assert (resumed.snapshots.images.numpy() == straight.snapshots.images.numpy()).all()
    assert resumed.history[1] == straight.history[1]
    assert (run(seed=1, steps_per_call=3)[1] != weights).any()


@pytest.mark.process
def test_at_constant_rates_a_longer_training_goes_on_from_a_shorter_one(
    recipe, domains, tmp_path, capsys
):
    own = {"schedule": "constant", "averaged": 0.5}

    def run(folder, **params):
        trained = train(
            recipe,
            domains,
            checkpoints=Checkpoints(tmp_path / folder),
            models=tmp_path / folder / "models",
            own=own,
            **params,
        )
        kept = {int(path.name) for path in (tmp_path / folder / "models").iterdir()}
        return values(w for side in trained.model.sides().values() for w in side), trained, kept

    straight, expected, _ = run("straight", steps=24)
    run("both", steps=22)
    long, trained, kept = run("both", steps=24)
    assert "resumed at step 22" in capsys.readouterr().out
    assert (long == straight).all()
    assert kept == {22, 24}
    assert trained.history == expected.history
    for run_ in (expected, trained):
        run_.snapshots.save(tmp_path / "snapshots")
        assert np.load(tmp_path / "snapshots/steps.npy").tolist() == [20, 24]
    # A model that the shorter one did not keep is missing: all over again, but from before it.
    assert run("both", steps=24, keep=2)[2] == {12, 22, 24}
    assert "resumed" not in capsys.readouterr().out
    # A shorter one does not start from a longer one's end.
    run("both", steps=20)
    assert "resumed" not in capsys.readouterr().out
    assert sorted(path.stem for path in (tmp_path / "both/ends").iterdir()) == [
        f"{step:09d}" for step in (20, 22, 24)
    ]


@pytest.mark.process
def test_models_of_equal_parts_are_kept_and_a_resumed_run_has_them_all(domains, tmp_path):
    def run():
        params = {"steps": 9, "keep": 3, "steps_per_call": 2}
        return train("published", domains, models=tmp_path / "models", **params)

    trained = run()
    kept = {int(path.name): path for path in (tmp_path / "models").iterdir()}
    assert sorted(kept) == [4, 6, 9]  # at the end of the call in which a third ends
    weights = [values(load_model(kept[step]).encoder.weights) for step in sorted(kept)]
    assert (weights[2] == values(trained.model.encoder.weights)).all()
    assert (weights[0] != weights[1]).any()
    shutil.rmtree(kept[6])
    before = kept[9].stat().st_mtime_ns
    run()
    assert (tmp_path / "models/000000006").exists()
    assert kept[9].stat().st_mtime_ns == before


@pytest.mark.process
def test_an_average_of_the_weights_is_kept_and_the_weights_train_on(domains, tmp_path):
    def run(folder, **own):
        seen = []

        def watch(model):
            return lambda history, images: seen.append(values(model.encoder.weights))

        params = train_params(steps=4, keep=4, steps_per_call=1, learning_rate=1e-2)
        make = partial(small_recipe, "published", **own)
        loss = all_on("published")
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


@pytest.mark.process
def test_bfloat16_computes_in_half_the_bits_and_keeps_weights_and_losses_in_float32(
    recipe, domains
):
    rates = dict.fromkeys(("learning_rate", "adversary_learning_rate"), 2e-3)
    params = train_params(steps=1000, precision="bfloat16", batch_size=20, **rates)
    learners = learn(recipe, params)
    networks = learners.model.networks.values()
    inner = [getattr(layer, "layer", layer) for network in networks for layer in network.layers]
    hidden = [layer for layer in inner if "conv" in layer.name and layer.filters not in (1, 3)]
    assert hidden
    assert {layer.compute_dtype for layer in hidden} == {"bfloat16"}
    for network in networks:
        assert {weight.dtype for weight in network.weights} <= {"float32"}
    step = tf.function(make_step(learners, *domains, all_on(recipe), params))
    seen = [step(tf.constant(0, tf.int64)) for _ in range(30)]
    assert {value.dtype for value in seen[0].values()} == {tf.float32}
    term = {"split": "l2", "pixelda": "class"}.get(recipe, "discriminator")
    assert seen[-1][term] < 0.98 * seen[0][term]
    ordinary = small_recipe(recipe).networks.values()
    assert {network.compute_dtype for network in ordinary} == {"float32"}


def test_steps_touch_nothing_but_the_device_and_depend_on_no_order(recipe, domains):
    """No operation asks Python or the host for anything. And TensorFlow's oneDNN pass takes its own
    kernel for some gradients only where it has read the forward operation before; inside a loop
    that differs from process to process."""
    params = train_params()
    step = make_step(learn(recipe, params), *domains, all_on(recipe), params)
    graph = compile_steps(step)[0].get_concrete_function().graph
    operations = {node.op for node in nodes(graph)}
    assert {"GatherV2", "Conv2D"} <= operations  # the loop's body is among them
    assert not off_the_gpu(graph)
    assert not {op for op in operations if "Py" in op or "Iterator" in op or op == "Print"}
    assert not operations & {"MaxPoolGrad", "LRNGrad"}


@pytest.mark.process
def test_the_watcher_gets_translations_at_moments_that_double(domains):
    seen = {}

    def watch(history, images):
        if images is not None:
            seen[history[-1]["step"]] = images

    trained = train("published", domains, watch=lambda model: watch, steps=90, steps_per_call=10)
    assert list(seen) == [20, 40, 80, 90]
    assert all(x.shape == (10, 28, 28, 3) and x.dtype == np.uint8 for x in seen.values())
    last = translate(trained.model, domains[0][:10], domains[2][:10])
    # Another graph of the same arithmetic may round a pixel the other way.
    assert np.abs(seen[90].astype(int) - last).max() <= 1
    assert (seen[20] != last).any()


def test_a_batch_that_cannot_be_shared_is_refused(domains, monkeypatch):
    class Three:
        num_replicas_in_sync = 3

    monkeypatch.setattr(tf.distribute, "get_strategy", Three)
    with pytest.raises(AddaError, match="batch_size 8 cannot be shared evenly by 3 devices"):
        train("split", domains)


def test_a_weight_that_the_recipe_ignores_is_refused(domains):
    with pytest.raises(AddaError, match=r"l2_weight is 1, but the recipe pixelda has no such term"):
        train("pixelda", domains, loss=loss_params(l2_weight=1))


def test_a_term_that_is_no_number_is_named_whatever_it_is_called(domains):
    """A recipe's own new term: nothing else knows its name."""

    class Broken(type(small_recipe("published"))):
        def autoencoder_objective(self, batch, loss):
            terms = super().autoencoder_objective(batch, loss)
            terms.add("brand_new", 1.0, lambda: terms.values["l2"] / 0.0, "autoencoder")
            return terms

    with pytest.raises(AddaError, match="train: brand_new is inf at step 1;"):
        train_model(
            *domains,
            lambda: Broken(0.05, Broken.Params(code_size=8), classes=10),
            all_on("published"),
            train_params(),
        )
