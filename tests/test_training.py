"""The training loop's step, whatever the recipe."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import loss_params, train_params

from adda.common.errors import AddaError
from adda.common.params import LossParams, ModelParams
from adda.engine.loop import compile_steps
from adda.engine.sampling import SOURCE, TARGET, Batch, draw_batch, to_float
from adda.inference.translation import reconstruct, translate
from adda.recipes.storage import load_model, save_model
from adda.training.trainer import make_learners, make_step, train_model

RECIPES = ("split", "baseline")
STEP = tf.constant(0, tf.int64)
TINY = 1e-30  # a learning rate below float32's resolution of any weight
ON = LossParams(
    l2_weight=1,
    adversarial_weight=0.1,
    content_adversarial_weight=0.1,
    cycle_weight=0.1,
    class_weight=0.1,
)


def model_params(recipe):
    return ModelParams(recipe=recipe, width=0.05, code_size=8)


@pytest.fixture(autouse=True)
def seed():
    keras.utils.set_random_seed(0)


@pytest.fixture(params=RECIPES)
def recipe(request):
    return model_params(request.param)


def values(variables):
    return np.concatenate([np.ravel(variable) for variable in variables])


def sides_changed_by_a_step(recipe, domains, loss, **train):
    params = train_params(**train)
    learners = make_learners(recipe, params)
    before = {side: values(weights) for side, weights in learners.model.sides().items()}
    make_step(learners, *domains, loss, params)(tf.constant(0, tf.int64))
    return {
        side
        for side, weights in learners.model.sides().items()
        if abs(values(weights) - before[side]).max() > 1e-20
    }


def test_each_side_follows_its_own_rate(recipe, domains):
    assert sides_changed_by_a_step(recipe, domains, ON, learning_rate=TINY) == {"discriminator"}
    changed = sides_changed_by_a_step(recipe, domains, ON, adversary_learning_rate=TINY)
    assert changed == set(make_learners(recipe, train_params()).model.sides()) - {"discriminator"}


def test_no_term_no_change(domains):
    assert sides_changed_by_a_step(model_params("split"), domains, loss_params()) == set()


@pytest.mark.parametrize(
    ("recipe", "figure", "loss"),
    [
        ("split", "l2", {"l2_weight": 1}),
        ("split", "adversarial", {"adversarial_weight": 1}),
        ("split", "content_adversarial", {"content_adversarial_weight": 1}),
        ("split", "cycle", {"cycle_weight": 1}),
        ("split", "class", {"class_weight": 1}),
        ("baseline", "l2", {"l2_weight": 1}),
        ("baseline", "adversarial", {"adversarial_weight": 1}),
    ],
)
def test_steps_lower_the_term_that_they_minimise(domains, recipe, figure, loss):
    params = train_params(
        steps=1000, batch_size=20, adversary_learning_rate=TINY, learning_rate=1e-2
    )
    learners = make_learners(model_params(recipe), params)
    step = make_step(learners, *domains, loss_params(**loss), params)
    same_batch = tf.constant(0, tf.int64)
    history = [float(step(same_batch)[figure]) for _ in range(30)]
    assert history[-1] < 0.98 * history[0]


def test_steps_teach_the_adversary(recipe, domains):
    params = train_params(
        steps=1000, batch_size=20, learning_rate=TINY, adversary_learning_rate=1e-2
    )
    step = make_step(make_learners(recipe, params), *domains, ON, params)
    history = [float(step(tf.constant(0, tf.int64))["discriminator"]) for _ in range(12)]
    assert history[-1] < 0.95 * history[0]


def test_rates_have_fallen_to_zero_when_the_steps_are_done(recipe, domains):
    params = train_params(steps=2)
    learners = make_learners(recipe, params)
    step = make_step(learners, *domains, ON, params)
    weights = [weight for side in learners.model.sides().values() for weight in side]
    seen = []
    for number in range(3):
        step(tf.constant(number, tf.int64))
        seen.append(values(weights))
    assert (seen[1] != seen[0]).any()
    assert (seen[2] == seen[1]).all()


def test_gradients_are_watched(recipe, domains):
    """Their norms, from a pass of the objective on the same batch."""
    params = train_params()
    keras.utils.set_random_seed(0)
    figures = make_step(make_learners(recipe, params), *domains, ON, params)(STEP)
    keras.utils.set_random_seed(0)
    model = make_learners(recipe, params).model
    source, digits, target = domains

    def drawn(stream, array):
        batch = draw_batch(len(array), params.batch_size, params.seed, stream, STEP)
        return array[batch.numpy()]

    batch = Batch(
        to_float(drawn(SOURCE, source)),
        tf.constant(drawn(SOURCE, digits).astype(np.int32)),
        to_float(drawn(TARGET, target)),
    )
    with tf.GradientTape(persistent=True) as tape:
        _, objectives = model.objective(batch, ON)
    for side, weights in model.sides().items():
        flat = values(g for g in tape.gradient(objectives[side], weights) if g is not None)
        assert float(figures[f"{side}_gradient"]) == pytest.approx(np.linalg.norm(flat), rel=1e-3)


def test_the_seed_alone_decides(recipe, domains):
    runs = [
        train_model(*domains, recipe, ON, train_params(seed=seed, steps_per_call=calls))
        for seed, calls in ((0, 1), (0, 3), (1, 1))
    ]
    flat = [values(v for network in run.model for v in network.variables) for run in runs]
    assert (flat[0] == flat[1]).all()  # however many steps one call runs
    assert (flat[0] != flat[2]).any()
    assert {"step", "l2", "adversarial", "discriminator", "diversity"} <= set(runs[0].history[0])


def test_bfloat16_computes_in_half_the_bits_and_keeps_weights_and_losses_in_float32(
    recipe, domains
):
    params = train_params(steps=1000, precision="bfloat16", batch_size=20, learning_rate=1e-2)
    learners = make_learners(recipe, params)
    inner = [
        getattr(layer, "layer", layer) for network in learners.model for layer in network.layers
    ]
    hidden = [layer for layer in inner if "conv" in layer.name and layer.filters not in (1, 3)]
    assert hidden
    assert {layer.compute_dtype for layer in hidden} == {"bfloat16"}
    for network in learners.model:
        assert {weight.dtype for weight in network.weights} <= {"float32"}
    step = make_step(learners, *domains, ON, params)
    figures = [step(tf.constant(0, tf.int64)) for _ in range(15)]
    assert {value.dtype for value in figures[0].values()} == {tf.float32}
    assert figures[-1]["l2"] < 0.98 * figures[0]["l2"]
    ordinary = make_learners(recipe, train_params()).model
    assert {network.compute_dtype for network in ordinary} == {"float32"}


def test_xla_compiles_the_same_steps(recipe, domains):
    plain = train_model(*domains, recipe, ON, train_params()).history
    compiled = train_model(*domains, recipe, ON, train_params(xla=True)).history
    for left, right in zip(plain, compiled, strict=True):
        for side in [name for name in left if name.endswith("_gradient")]:
            assert left.pop(side) == pytest.approx(right.pop(side), rel=0.2)
        assert left == pytest.approx(right, rel=2e-3, abs=0.07)  # a share moves by whole images


@pytest.fixture
def operations(recipe, domains):
    """The kinds of operation in the graph of the loop."""
    params = train_params()
    call, _ = compile_steps(make_step(make_learners(recipe, params), *domains, ON, params))
    graph = call.get_concrete_function().graph.as_graph_def()
    bodies = [graph.node, *(function.node_def for function in graph.library.function)]
    operations = {node.op for body in bodies for node in body}
    assert {"GatherV2", "Conv2D"} <= operations  # the loop's body is among them
    return operations


def test_steps_touch_nothing_but_the_device(operations):
    """No operation asks Python or the host for anything."""
    assert not {op for op in operations if "Py" in op or "Iterator" in op or op == "Print"}


def test_no_kernel_depends_on_the_order_in_which_the_graph_is_read(operations):
    """TensorFlow's oneDNN pass takes its own kernel for these gradients only where it has read
    the forward operation before; inside a loop that differs from process to process."""
    assert not operations & {"MaxPoolGrad", "LRNGrad"}


def test_the_watcher_gets_translations_at_moments_that_double(recipe, domains):
    seen = {}

    def watch(history, images):
        if images is not None:
            seen[history[-1]["step"]] = images

    params = train_params(steps=16, steps_per_call=1)
    trained = train_model(*domains, recipe, ON, params, watch=watch)
    assert list(seen) == [1, 2, 4, 8, 16]
    assert all(x.shape == (10, 28, 28, 3) and x.dtype == np.uint8 for x in seen.values())
    last = translate(trained.model, domains[0][:10], domains[2][:10])
    # Another graph of the same arithmetic may round a pixel the other way.
    assert np.abs(seen[16].astype(int) - last).max() <= 1
    assert (seen[1] != last).any()


def test_a_batch_that_cannot_be_shared_is_refused(domains, monkeypatch):
    class Three:
        num_replicas_in_sync = 3

    monkeypatch.setattr(tf.distribute, "get_strategy", Three)
    with pytest.raises(AddaError, match="batch_size 8 cannot be shared evenly by 3 devices"):
        train_model(*domains, model_params("split"), ON, train_params())


def test_saved_networks_draw_the_same(recipe, tmp_path, domains):
    model = make_learners(recipe, train_params()).model
    save_model(tmp_path / "model", model, recipe)
    loaded = load_model(tmp_path / "model")
    source, _, target = domains
    drawn = translate(model, source, target[:20])
    assert drawn.dtype == np.uint8
    assert drawn.shape == source.shape
    assert (drawn == translate(loaded, source, target[:20])).all()
    assert (reconstruct(model, target) == reconstruct(loaded, target)).all()


def test_a_damaged_model_is_named(tmp_path):
    params = model_params("split")
    save_model(tmp_path / "model", make_learners(params, train_params()).model, params)
    weights_file = tmp_path / "model/decoder.weights.h5"
    weights_file.write_bytes(weights_file.read_bytes()[:1000])
    with pytest.raises(AddaError, match="model cannot be loaded"):
        load_model(tmp_path / "model")
