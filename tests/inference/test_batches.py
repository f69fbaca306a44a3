MANY_PASSES = """
import numpy as np
from adda.inference.batches import apply
images = np.full((1, 28, 28, 3), 51, np.uint8)
for factor in range(8):
    np.testing.assert_allclose(apply(lambda batch: factor * batch, images), factor * 0.2, rtol=1e-6)
"""


def test_many_passes_over_images_bring_no_warning_of_retracing(run_python, tmp_path):
    done = run_python(MANY_PASSES, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "retracing" not in done.stderr
