import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from adda.common.params import LossParams, TrainParams
from adda.engine.sampling import Batch

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture
def dark_and_bright(rng) -> tuple[np.ndarray, np.ndarray]:
    """60 images that any classifier can learn: dark ones are 0 and bright ones 1."""
    digits = rng.integers(0, 2, 60, np.uint8)
    images = np.where(digits[:, None, None, None], 250, 5).astype(np.uint8)
    images = np.broadcast_to(images, (60, 28, 28, 3)).copy()
    return images, digits


@pytest.fixture
def run_python():
    """Run Python code in a process of its own, with the repository importable."""

    def run(code: str, cwd: Path, **options) -> subprocess.CompletedProcess:
        program = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{code}"
        return subprocess.run(
            [sys.executable, "-c", program], cwd=cwd, capture_output=True, text=True, **options
        )

    return run


def train_params(**changes) -> TrainParams:
    defaults = {
        "device": "cpu",
        "strategy": "auto",
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


def loss_params(**changes) -> LossParams:
    """All terms off but those given."""
    return LossParams(**dict.fromkeys(LossParams.model_fields, 0.0) | changes)


@pytest.fixture
def domains(rng) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Source images, their digits, target images."""
    source = np.where(rng.random((20, 28, 28, 1)) < 0.2, 255, 0).repeat(3, -1).astype(np.uint8)
    digits = rng.integers(0, 10, 20, np.uint8)
    return source, digits, rng.integers(0, 256, (30, 28, 28, 3), np.uint8)


@pytest.fixture
def batch(domains) -> Batch:
    """Eight images of each domain."""
    source, digits, target = (array[:8] for array in domains)
    return Batch(
        tf.constant(source / np.float32(255)),
        tf.constant(digits.astype(np.int32)),
        tf.constant(target / np.float32(255)),
    )
