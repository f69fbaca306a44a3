"""Exports of small networks, loaded by what loads them elsewhere."""

import numpy as np
import pytest
import tensorflow as tf

from adda.common.errors import AddaError
from adda.common.params import ModelParams
from adda.recipes.storage import make_model
from adda.serving import export as exporting
from adda.serving.export import export, run_onnx, run_saved_model


@pytest.fixture(params=["split", "baseline"])
def model(request):
    model = make_model(ModelParams(recipe=request.param, width=0.05, code_size=8))
    for weight in model.decoder.trainable_variables:
        if weight.name == "kernel":
            weight.assign(4 * weight)  # contrast, which fresh weights hardly give
    return model


def test_both_forms_draw_what_the_model_draws(model, rng, tmp_path):
    assert export(model, tmp_path / "out") <= 1e-4
    digits, styles = rng.random((2, 3, 28, 28, 3), np.float32)
    expected = model.translate(tf.constant(digits), tf.constant(styles)).numpy()
    onnx = run_onnx(tmp_path / "out/translator.onnx", digits, styles)
    np.testing.assert_allclose(onnx, expected, atol=1e-4)
    saved = run_saved_model(tmp_path / "out/saved_model", digits[:1], styles[:1])
    np.testing.assert_allclose(saved, expected[:1], atol=1e-4)
    assert np.ptp(expected) > 0.1


def test_a_form_that_differs_is_not_written(model, tmp_path, monkeypatch):
    run = exporting.run_onnx
    monkeypatch.setattr(exporting, "run_onnx", lambda *arguments: run(*arguments) + 0.5)
    with pytest.raises(AddaError, match=r"translator.onnx differs from the model by 0.5"):
        export(model, tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_the_command_replaces_no_folder(run_python, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/mine").touch()
    for command in (["export", "out"], ["import-weights", "model_weights", "out"]):
        code = (
            f"import sys; sys.argv[1:] = {command!r}; from adda.__main__ import *; run_stage(main)"
        )
        result = run_python(code, tmp_path)
        assert result.returncode == 1
        assert result.stderr.splitlines()[-1].startswith("error: out exists; ")
        assert (tmp_path / "out/mine").exists()
