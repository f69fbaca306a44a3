"""What benchmarks time must be what the pipeline runs; their timings are not tested."""

import numpy as np
import pytest

from adda.engine.loop import compile_steps
from benchmarks.training import make_steps


@pytest.mark.process
@pytest.mark.parametrize("recipe", ["original", "layered"])
def test_the_step_that_is_timed_is_that_of_a_training(recipe):
    step = list(make_steps(recipe, width=0.05, batch_size=4, size=28).values())[-1]
    call, names = compile_steps(step)
    values = dict(zip(names, call(0, 1).numpy()[0], strict=True))
    assert {"l2", "adversarial", "autoencoder_gradient"} <= set(values)
    assert np.isfinite(list(values.values())).all()
