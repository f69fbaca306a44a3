import numpy as np
import pytest
import tensorflow as tf

from adda.common.errors import AddaError
from adda.engine.loop import run_steps
from adda.engine.sampling import sample_batch


def count_up(number):
    return {"a": tf.cast(number, tf.float32), "b": -tf.cast(number, tf.float32)}


def test_every_step_runs_once_and_rows_are_means_of_calls():
    history = run_steps(count_up, steps=7, steps_per_call=3, title="test")
    assert history == [
        {"step": 3, "a": 1.0, "b": -1.0},
        {"step": 6, "a": 4.0, "b": -4.0},
        {"step": 7, "a": 6.0, "b": -6.0},
    ]


def test_another_step_goes_on_where_one_has_ended_and_calls_end_where_they_would():
    first = run_steps(count_up, steps=4, steps_per_call=3, title="first")
    both = run_steps(
        lambda number: {"c": tf.cast(number, tf.float32)},
        steps=8,
        steps_per_call=3,
        title="second",
        before=first,
    )
    assert [row["step"] for row in both] == [3, 4, 6, 8]
    assert both[2:] == [{"step": 6, "c": 4.5}, {"step": 8, "c": 6.5}]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_names_term_and_step(value):
    def step(number):
        return {"fine": tf.constant(0.0), "broken": tf.where(number == 4, value, 0.0)}

    with pytest.raises(AddaError, match=rf"test: broken is {value} at step 5;"):
        run_steps(step, steps=9, steps_per_call=3, title="test")


def test_batches_depend_on_seed_stream_and_step_alone():
    def sample(seed, stream, step):
        return sample_batch(1000, 64, seed, stream, tf.constant(step, tf.int64)).numpy()

    assert (sample(0, 0, 5) == sample(0, 0, 5)).all()
    for other in (sample(1, 0, 5), sample(0, 1, 5), sample(0, 0, 6), sample(5, 0, 0)):
        assert (sample(0, 0, 5) != other).any()


def test_batches_reach_every_image_equally():
    batches = [sample_batch(10, 100, 0, 0, tf.constant(i)).numpy() for i in range(50)]
    counts = np.bincount(np.concatenate(batches), minlength=10)
    assert len(counts) == 10
    assert (abs(counts - 500) < 100).all()  # 4.7 standard deviations
