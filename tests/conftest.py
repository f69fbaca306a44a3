import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture
def run_python():
    """Run Python code in a process of its own, with the repository importable."""

    def run(code: str, cwd: Path, **options) -> subprocess.CompletedProcess:
        program = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{code}"
        return subprocess.run(
            [sys.executable, "-c", program], cwd=cwd, capture_output=True, text=True, **options
        )

    return run
