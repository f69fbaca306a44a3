"""A killed run goes on where it was and ends with the weights of one that was never killed."""

import errno
import shutil
import threading
import time
from unittest.mock import Mock

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import ROOT

from adda.common.errors import AddaError
from adda.engine.checkpoints import Checkpoints, alone_in, run_key
from adda.engine.loop import run_steps


class Run:
    """A tiny training: a variable that every step changes by the step's own random numbers."""

    def __init__(self, folder):
        self.variable = keras.Variable(np.zeros(3, np.float32))
        self.checkpoints = Checkpoints(folder / "key")

    def step(self, number):
        noise = tf.random.stateless_normal([3], tf.stack([number, number]))
        self.variable.assign(0.9 * self.variable.value + noise)
        return {"a": tf.reduce_sum(noise)}

    def train(self, steps=10):
        history = run_steps(
            self.step,
            steps=steps,
            steps_per_call=2,
            title="test",
            checkpoints=self.checkpoints,
            variables=[self.variable],
        )
        return self.variable.numpy(), history


@pytest.fixture
def expected(tmp_path):
    return Run(tmp_path / "elsewhere").train()


def same(left, right):
    return (left[0] == right[0]).all() and left[1] == right[1]


def files(folder):
    return sorted(path.name for path in folder.glob("key/*"))


def test_a_run_goes_on_exactly(tmp_path, expected, capsys):
    Run(tmp_path).train(steps=6)  # as if it had been killed after six
    assert files(tmp_path) == ["000000004.npz", "000000006.npz"]  # the newest two
    assert same(Run(tmp_path).train(), expected)
    assert "resumed at step 6" in capsys.readouterr().out


def damaged(content):
    return content[:-200]


def encrypted(content):
    entry = content.rindex(b"PK\x01\x02") + 8
    return content[:entry] + bytes([content[entry] | 1]) + content[entry + 1 :]


@pytest.mark.parametrize("damage", [damaged, encrypted, lambda _: b"", lambda _: b"no archive"])
def test_a_damaged_checkpoint_is_set_aside_for_the_one_before(tmp_path, expected, damage, capsys):
    Run(tmp_path).train(steps=6)
    newest = tmp_path / "key/000000006.npz"
    newest.write_bytes(damage(newest.read_bytes()))
    assert same(Run(tmp_path).train(), expected)
    output = capsys.readouterr()
    assert "000000006.npz is set aside" in output.err
    assert "resumed at step 4" in output.out
    assert "000000006.damaged" in files(tmp_path)


def test_a_disk_that_cannot_be_read_is_no_damage(tmp_path, expected, monkeypatch):
    Run(tmp_path).train(steps=6)
    with monkeypatch.context() as failing:
        failing.setattr(np, "load", Mock(side_effect=OSError(errno.EIO, "Input/output error")))
        with pytest.raises(AddaError, match=r"000000006\.npz cannot be read .*Input/output error"):
            Run(tmp_path).train()
    assert files(tmp_path) == ["000000004.npz", "000000006.npz"]
    assert same(Run(tmp_path).train(), expected)


def test_a_full_disk_is_warned_about_and_training_goes_on(tmp_path, expected, monkeypatch, capsys):
    full = OSError(errno.ENOSPC, "No space left on device")
    monkeypatch.setattr(np, "savez", Mock(side_effect=full))
    assert same(Run(tmp_path).train(), expected)
    assert "No space left on device); training goes on" in capsys.readouterr().err
    assert files(tmp_path) == []


def test_checkpoints_wait_their_time(tmp_path, monkeypatch):
    monkeypatch.setattr("adda.engine.checkpoints.SECONDS", 1000)
    Run(tmp_path).train()
    assert files(tmp_path) == []


def test_the_key_changes_with_whatever_determines_the_run():
    array = np.arange(6, dtype=np.uint8)
    keys = [
        run_key(["a", "b"], [array]),
        run_key(["ab", ""], [array]),
        run_key(["a", "b"], [array + 1]),
        run_key(["a", "b"], [array.reshape(2, 3)]),
    ]
    assert len(set(keys)) == 4
    assert run_key(["a", "b"], [array.copy()]) == keys[0]


def test_the_key_is_of_the_code_that_a_training_runs(tmp_path, run_python):
    """A comment there is another run, and one in a module that serves is not."""
    shutil.copytree(ROOT / "adda", tmp_path / "adda")
    shutil.copytree(ROOT / "stages", tmp_path / "stages")
    code = f"""
sys.path.insert(0, {str(tmp_path)!r})
import stages.train
from adda.engine.checkpoints import run_key
for module in ("adda/serving/classify.py", "adda/recipes/layered.py", "adda/recipes/layered.py"):
    print(run_key([], []))
    with open(module, "a") as file:
        file.write("# a comment\\n")
"""
    first, served, trained = run_python(code, tmp_path).stdout.split()[-3:]
    assert served == first
    assert trained != first


def test_of_two_runs_in_one_folder_the_second_waits_and_finds_no_progress(tmp_path, capsys):
    folder, order = tmp_path / "key", []

    def second():
        with alone_in(folder):
            order.append(("second", folder.exists()))

    with alone_in(folder):
        folder.mkdir()
        thread = threading.Thread(target=second)
        thread.start()
        while "waiting for another run" not in capsys.readouterr().out:
            time.sleep(0.01)
        order.append(("first", folder.exists()))
    thread.join()
    assert order == [("first", True), ("second", False)]
    assert not folder.exists()


def test_progress_stays_where_a_run_fails(tmp_path):
    folder = tmp_path / "key"

    def fail():
        with alone_in(folder):
            folder.mkdir()
            raise AddaError("lower the learning rate")

    with pytest.raises(AddaError):
        fail()
    with alone_in(folder):
        assert folder.exists()
    assert not folder.exists()
