import pytest
import tensorflow as tf

from adda.common.errors import AddaError
from adda.engine.loop import run_steps


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


def test_without_a_terminal_a_line_now_and_then_says_how_far_it_is(monkeypatch, capsys):
    def run():
        run_steps(lambda _: {"x": tf.constant(0.0)}, steps=9, steps_per_call=3, title="test")
        return capsys.readouterr().out

    assert run() == ""
    monkeypatch.setattr("adda.engine.loop.SILENCE", -1)
    assert run() == "test: 3 of 9 steps\ntest: 6 of 9 steps\ntest: 9 of 9 steps\n"
