"""Exports of small networks, loaded by what loads them elsewhere."""

import numpy as np
import pytest
import tensorflow as tf
from conftest import small_recipe

from adda.common.errors import AddaError
from adda.recipes.registry import RECIPES
from adda.serving import export as exporting
from adda.serving.export import export, run_onnx, run_saved_model


@pytest.fixture(params=RECIPES)
def model(request):
    model = small_recipe(request.param)
    # Contrast, which fresh weights hardly give; through residual blocks it would explode.
    residual = request.param == "pixelda"
    layers = model.generator.layers[-1:] if residual else model.decoder.layers
    for weight in (weight for layer in layers for weight in layer.trainable_variables):
        if weight.name == "kernel":
            weight.assign(3 * weight)
    return model


def test_both_forms_translate_as_the_model_does(model, rng, tmp_path):
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


def test_the_command_replaces_no_folder(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out").mkdir()
    (tmp_path / "out/mine").touch()
    for arguments in (["export", "out"], ["import-weights", "model_weights", "out"]):
        result = command(*arguments)
        assert result.returncode == 1
        assert result.stderr.splitlines()[-1].startswith("error: out exists; ")
        assert (tmp_path / "out/mine").exists()
