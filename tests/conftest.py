import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace

os.environ["ADDA_CHECKPOINT_SECONDS"] = "0"  # read when adda is imported, here and in processes

import keras
import networkx as nx  # DVC brings it
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.eager import context
from tensorflow.python.framework.kernels import get_registered_kernels_for_op

from adda.__main__ import main
from adda.common.runner import run_command
from adda.engine.sampling import Batch
from adda.recipes.all_recipes import RECIPES, make_recipe
from adda.recipes.recipe import LossParams, Recipe
from adda.training.trainer import TrainParams

SMALL = {"original": {"code_size": 8}}
ROOT = Path(__file__).resolve().parent.parent
PROCESSES = {"run_python", "finished", "browser"}  # fixtures that start some


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`make check` leaves out what starts processes of its own."""
    for item in items:
        if PROCESSES & set(item.fixturenames):
            item.add_marker("process")


@pytest.fixture(autouse=True)
def seed() -> None:
    """Fresh weights are the same in every run of a test."""
    keras.utils.set_random_seed(0)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture
def dark_and_bright(rng) -> tuple[np.ndarray, np.ndarray]:
    """60 images that any classifier can learn: dark ones are 0 and bright ones 1."""
    labels = rng.integers(0, 2, 60, np.uint8)
    images = np.where(labels[:, None, None, None], 250, 5).astype(np.uint8)
    images = np.broadcast_to(images, (60, 28, 28, 3)).copy()
    return images, labels


@pytest.fixture
def run_python():
    """Run Python code in a process of its own, with the repository importable."""

    def run(code: str, cwd: Path) -> subprocess.CompletedProcess:
        program = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{code}"
        command = [sys.executable, "-c", program]
        return subprocess.run(command, cwd=cwd, capture_output=True, text=True)

    return run


@pytest.fixture
def browser():
    """Chromium, if this machine has it."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("no Chromium on this machine")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        chromium = playwright.chromium.launch(executable_path=program, args=arguments)
        yield chromium
        chromium.close()


def run_original(task: str, folder: Path) -> None:
    """Run the original's graph, original.py, in a process of its own in a folder."""
    command = [sys.executable, str(ROOT / "tests/original.py"), task]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


@pytest.fixture
def command(monkeypatch, capsys):
    """Run `python -m adda ...` in this process: its exit code and what it printed."""

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["adda", *map(str, arguments)])
        capsys.readouterr()
        code = 0
        try:
            run_command(main)
        except SystemExit as error:
            print(error.code, file=sys.stderr)  # as Python does
            code = 1
        printed = capsys.readouterr()
        return SimpleNamespace(returncode=code, stdout=printed.out, stderr=printed.err)

    return run


def nodes(graph: tf.Graph) -> list:
    """The operations of a graph and of the functions in it, as NodeDefs."""
    definition = graph.as_graph_def()
    functions = (function.node_def for function in definition.library.function)
    return [node for body in (definition.node, *functions) for node in body]


def off_the_gpu(graph: tf.Graph) -> set[tuple[str, ...]]:
    """Operations that TensorFlow has no GPU kernel for, with their types: they run on the CPU.

    This package knows its GPU kernels on a machine without a GPU, too.
    """

    def fits(kernel, node) -> bool:
        types = ((node.attr[c.name].type, c.allowed_values.list.type) for c in kernel.constraint)
        return kernel.device_type in ("GPU", "DEFAULT") and all(a in b for a, b in types)

    def types(node) -> list[str]:
        return [tf.dtypes.as_dtype(each.type).name for each in node.attr.values() if each.type]

    return {
        (node.op, *types(node))
        for node in nodes(graph)
        if not any(fits(kernel, node) for kernel in get_registered_kernels_for_op(node.op).kernel)
    }


def overtaken(run: Callable[[], object]) -> list[str]:
    """Reads of variables for which an update does not wait, in the graphs that TensorFlow runs."""
    context.enable_graph_collection()  # of graphs as its optimizer leaves them
    run()
    graphs = context.context().export_run_metadata().partition_graphs
    context.disable_graph_collection()
    assert graphs
    found = []
    for graph in graphs:
        order = nx.DiGraph(
            (each.lstrip("^").split(":")[0], node.name)
            for node in graph.node
            if node.op != "NextIteration"  # the next step does wait
            for each in node.input
        )
        reads = [node for node in graph.node if node.op == "ReadVariableOp"]
        for update in (node for node in graph.node if node.op.startswith("Assign")):
            ordered = nx.ancestors(order, update.name) | nx.descendants(order, update.name)
            same = {read.name for read in reads if read.input[0] == update.input[0]}
            found += sorted(same - ordered)
    return found


def values_and_gradients(function: Callable, *inputs: tf.Tensor, weights: Sequence = ()) -> list:
    """What a function gives, and the gradients of a curved loss by its inputs and by weights."""
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = function(*inputs)
        loss = tf.reduce_sum(outputs * tf.cos(outputs))
    return [outputs, *tape.gradient(loss, [*inputs, *weights])]


def softplus(x) -> float:
    """Its mean: what the game's losses are made of."""
    return np.logaddexp(0, np.asarray(x)).mean()


def git(*arguments: str | Path) -> None:
    """Run git as somebody."""
    identity = ("-c", "user.name=Test", "-c", "user.email=test@example.org")
    subprocess.run(["git", *identity, *arguments], check=True, capture_output=True)


def train_params(**changes) -> TrainParams:
    defaults = {
        "seed": 0,
        "steps": 3,
        "batch_size": 8,
        "learning_rate": 1e-3,
        "adversary_learning_rate": 5e-4,
        "steps_per_call": 2,
        "keep": 1,
        "precision": "float32",
    }
    return TrainParams(**defaults | changes)


def small_recipe(name: str, **own) -> Recipe:
    """A recipe at a twentieth of its width, with every term of its own unless others are given."""
    return make_recipe(name, 0.05, RECIPES[name].Params(**SMALL.get(name, {}) | own))


def loss_params(**changes) -> LossParams:
    """All shared terms off but those given."""
    return LossParams(**dict.fromkeys(LossParams.model_fields, 0.0) | changes)


def all_on(name: str) -> LossParams:
    """Every shared term that a recipe has."""
    weights = {"l2_weight": 1.0, "adversarial_weight": 0.1}
    return loss_params(**{key: weights[key] for key in RECIPES[name].loss})


@pytest.fixture
def domains(rng) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Source images, their labels, target images."""
    source = np.where(rng.random((20, 28, 28, 1)) < 0.2, 255, 0).repeat(3, -1).astype(np.uint8)
    labels = rng.integers(0, 10, 20, np.uint8)
    return source, labels, rng.integers(0, 256, (30, 28, 28, 3), np.uint8)


@pytest.fixture
def batch(domains) -> Batch:
    """Eight images of each domain."""
    source, labels, target = (array[:8] for array in domains)
    return Batch(
        tf.constant(source / np.float32(255)),
        tf.constant(labels.astype(np.int32)),
        tf.constant(target / np.float32(255)),
    )
