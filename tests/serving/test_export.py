"""Exports of small networks, loaded by what loads them elsewhere."""

import numpy as np
import onnxruntime
import pytest
import tensorflow as tf
from conftest import small_recipe

from adda.classification.classifier import ClassifierForm, save_classifier
from adda.common.array_files import DIGITS
from adda.common.errors import AddaError
from adda.nn.networks import make_classifier
from adda.recipes.all_recipes import RECIPES, make_recipe
from adda.recipes.recipe import Domains
from adda.recipes.storage import save_model
from adda.serving import export as exporting
from adda.serving.export import export, run_onnx, run_saved_model, translator


@pytest.fixture(params=[*RECIPES, "paper"])
def model(request):
    model = small_recipe("layered" if request.param == "paper" else request.param)
    model.domains = Domains(paper=request.param == "paper")
    # Contrast, which fresh weights hardly give; through residual blocks it would explode.
    residual = request.param == "pixelda"
    layers = model.generator.layers[-1:] if residual else model.decoder.layers
    for weight in (weight for layer in layers for weight in layer.trainable_variables):
        if weight.name == "kernel":
            weight.assign(3 * weight)
    return model


@pytest.mark.process
def test_both_forms_translate_as_the_model_does(model, rng, tmp_path):
    assert export([translator(model)], tmp_path / "out") <= 1e-4
    digits, styles = rng.random((2, 3, 28, 28, 3), np.float32)
    expected = model.translate(tf.constant(digits), tf.constant(styles)).numpy()
    onnx = run_onnx(tmp_path / "out/translator.onnx", digit=digits, style=styles)
    np.testing.assert_allclose(onnx, expected, atol=1e-4)
    folder = tmp_path / "out/translator_saved_model"
    saved = run_saved_model(folder, digit=digits[:1], style=styles[:1])
    np.testing.assert_allclose(saved, expected[:1], atol=1e-4)
    converter = tf.lite.TFLiteConverter.from_saved_model(str(folder))
    lite = tf.lite.Interpreter(model_content=converter.convert()).get_signature_runner()
    (result,) = lite(digit=digits, style=styles).values()
    np.testing.assert_allclose(result, expected, atol=1e-4)
    assert np.ptp(expected) > 0.1


@pytest.mark.process
def test_a_form_that_differs_is_not_written(tmp_path, monkeypatch):
    model, run = small_recipe("original"), exporting.run_onnx
    monkeypatch.setattr(exporting, "run_onnx", lambda *path, **images: run(*path, **images) + 0.5)
    with pytest.raises(AddaError, match=r"translator.onnx differs from the model by 0.5"):
        export([translator(model)], tmp_path / "out")
    assert not list(tmp_path.iterdir())


@pytest.mark.process
def test_the_command_writes_the_classifier_too_and_says_its_range(command, rng, tmp_path):
    save_model(tmp_path / "model", make_recipe("layered", 0.05, domains=Domains(size=32)))
    network = make_classifier(0.1, 10, size=32)
    save_classifier(
        tmp_path / "adapted", network, ClassifierForm(shape="original", width=0.1), DIGITS
    )
    given = "export", "--model", tmp_path / "model", "--classifier", tmp_path / "adapted"
    result = command(*given, tmp_path / "out")
    assert "translator and classifier, within" in result.stdout, result.stderr
    images = rng.random((3, 32, 32, 3), np.float32)
    images[0, 0, 0] = 0.0, 1.0, 1.0
    expected = tf.nn.softmax(network(images, training=False)).numpy()
    for form, run in (("classifier.onnx", run_onnx), ("classifier_saved_model", run_saved_model)):
        found = run(tmp_path / "out" / form, image=images)
        np.testing.assert_allclose(found, expected, atol=1e-4)
        beyond = images.copy()
        beyond[0, 0, 0] = -3.0, 2.0, 255.0
        np.testing.assert_allclose(run(tmp_path / "out" / form, image=beyond), found, atol=1e-6)
    session = onnxruntime.InferenceSession(tmp_path / "out/translator.onnx")
    said = session.get_modelmeta().custom_metadata_map
    assert set(said) == {"digit", "style"}
    assert all("[n, 32, 32, 3] in [0, 1], not 0 to 255" in text for text in said.values())
    command(*given[:3], "--classifier", "", tmp_path / "alone")
    assert not (tmp_path / "alone/classifier.onnx").exists()
    assert (tmp_path / "alone/translator.onnx").exists()


def test_the_command_replaces_no_folder(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out").mkdir()
    (tmp_path / "out/mine").touch()
    for arguments in (["export", "out"], ["import-weights", "model_weights", "out"]):
        result = command(*arguments)
        assert result.returncode == 1
        assert result.stderr.splitlines()[-1].startswith("error: out exists; ")
        assert (tmp_path / "out/mine").exists()
