"""Several devices and several processes give what one gives, and a lost worker is noticed."""

import json
import os
import signal
import socket
import subprocess
import sys
import time

import pytest
from conftest import ROOT, first_of_all_workers

from adda.common.errors import AddaError
from adda.engine.devices import make_strategy

STEPS = 20
# The batch's spread is a value of each replica's part; shares move by whole images.
LOSSES = ("l2", "adversarial", "adversary", "hand_adversarial", "cycle")


def start(folder, kind, steps, **environment):
    arguments = [sys.executable, ROOT / "tests/worker.py", kind, str(steps), "history.json"]
    return subprocess.Popen(
        arguments,
        cwd=folder,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def start_workers(folder, steps):
    with socket.socket() as first, socket.socket() as second:
        for each in (first, second):
            each.bind(("127.0.0.1", 0))
        addresses = [f"127.0.0.1:{each.getsockname()[1]}" for each in (first, second)]
    return [
        start(
            folder,
            "multi_worker",
            steps,
            TF_CONFIG=json.dumps(
                {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
            ),
        )
        for index in range(2)
    ]


def finish(*processes):
    for process in processes:
        output = process.communicate(timeout=300)[0]
        assert process.returncode == 0, output


def history(folder):
    return json.loads((folder / "history.json").read_text())


@pytest.fixture(scope="session")
def single(tmp_path_factory, worker_id):
    """The history of one device."""
    with first_of_all_workers(tmp_path_factory, worker_id, "single") as (folder, first):
        if first:
            folder.mkdir()
            finish(start(folder, "single", STEPS))
    return history(folder)


def assert_same_losses(left, right):
    assert [row["step"] for row in left] == [row["step"] for row in right]
    for one, other in zip(left, right, strict=True):
        for name in set(LOSSES) & set(one):
            assert one[name] == pytest.approx(other[name], rel=1e-4), (name, one["step"])


def test_two_devices_equal_one(tmp_path, single):
    finish(start(tmp_path, "logical", STEPS))
    assert_same_losses(history(tmp_path), single)


def test_two_tasks_of_a_slurm_step_equal_one(tmp_path, single):
    """Slurm is stood in for by the variables that it sets."""
    step = {
        "SLURM_STEP_NUM_TASKS": "2",
        "SLURM_STEP_NODELIST": "localhost",
        "SLURM_STEP_TASKS_PER_NODE": "2",
    }
    workers = [
        start(tmp_path, "multi_worker", STEPS, **step, SLURM_PROCID=str(rank)) for rank in range(2)
    ]
    finish(*workers)
    assert_same_losses(history(tmp_path), single)


def test_a_lost_worker_ends_the_other_and_the_job_goes_on(tmp_path, single):
    """Killed while both train; started again, they go on from the chief's checkpoint, and two
    processes equal one."""
    workers = start_workers(tmp_path, STEPS)
    while not list(tmp_path.glob("history.checkpoints/*.npz")):
        assert workers[0].poll() is None, workers[0].communicate()[0]
        time.sleep(0.1)
    workers[1].send_signal(signal.SIGKILL)
    killed = time.monotonic()
    output = workers[0].communicate(timeout=120)[0]
    assert time.monotonic() - killed < 60
    assert workers[0].returncode == 1
    error = [line for line in output.splitlines() if line.startswith("error: ")]
    assert len(error) == 1
    assert "the connection to another worker was lost" in error[0]
    assert "Traceback" not in output
    workers[1].communicate()

    outputs = [worker.communicate(timeout=300)[0] for worker in start_workers(tmp_path, STEPS)]
    assert sum("resumed at step " in output for output in outputs) == 1  # the chief alone reads
    assert_same_losses(history(tmp_path), single)


def described(task, **cluster):
    return json.dumps({"cluster": cluster, "task": task})


TWO = ["10.0.0.1:1", "10.0.0.2:1"]


@pytest.mark.parametrize(
    "described",
    [
        "",
        "{}",
        "[]",
        described({"type": "worker", "index": 2}, worker=TWO),
        described({"type": "chief", "index": 0}, worker=TWO),
        described({"index": 0}, worker=TWO),
        json.dumps({"cluster": {"worker": TWO}}),
    ],
)
def test_a_cluster_that_is_not_described_is_one_clear_sentence(monkeypatch, described):
    monkeypatch.setenv("TF_CONFIG", described)
    with pytest.raises(AddaError, match="TF_CONFIG does not describe a cluster"):
        make_strategy("multi_worker")
    monkeypatch.delenv("TF_CONFIG")
    monkeypatch.delenv("SLURM_STEP_NUM_TASKS", raising=False)
    with pytest.raises(AddaError, match="neither TF_CONFIG nor Slurm"):
        make_strategy("multi_worker")
