"""Checkpoints of the original project, made here with TensorFlow 1's saver under its names."""

import json
import shutil

import numpy as np
import pytest
from conftest import run_original

from adda.common.errors import AddaError
from adda.inference.translation import reconstruct
from adda.recipes.storage import load_model
from adda.serving import tf1_checkpoints
from adda.serving.tf1_checkpoints import import_weights

WIDTH, CODE = 0.0625, 6  # as in original.py


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    """Checkpoints of several kinds, the images that went through, and what came out."""
    folder = tmp_path_factory.mktemp("original")
    images = np.random.default_rng(0).integers(0, 256, (4, 28, 28, 3), np.uint8)
    np.save(folder / "images.npy", images)
    run_original("import", folder)
    return folder


def test_the_networks_compute_what_the_original_computes(checkpoints, tmp_path):
    images = np.load(checkpoints / "images.npy")
    path = checkpoints / "complete/model_weights"
    assert import_weights(path, tmp_path / "imported") == (WIDTH, CODE)
    described = json.loads((tmp_path / "imported/model.json").read_text())
    assert (described["recipe"], described["width"]) == ("original", WIDTH)
    assert described["params"]["code_size"] == CODE
    model = load_model(tmp_path / "imported")
    expected = np.load(checkpoints / "results.npz")
    batch = images / np.float32(255)
    np.testing.assert_allclose(model.reconstruct(batch), expected["decoded"], atol=1e-5)
    logits = model.adversary(batch, training=False)
    np.testing.assert_allclose(logits, expected["logits"], rtol=1e-5, atol=1e-4)
    assert np.ptp(expected["decoded"]) > 0.5  # more than a grey image
    assert reconstruct(model, images).shape == images.shape


def test_any_of_its_files_or_its_folder_names_a_checkpoint(checkpoints, tmp_path):
    moved = tmp_path / "moved [1]*"  # which TensorFlow would read as a pattern
    shutil.copytree(checkpoints / "complete", moved)
    (moved / "checkpoint").write_text('model_checkpoint_path: "/gone/model_weights"\n')
    for number, given in enumerate([*moved.glob("model_weights.*"), moved]):
        assert import_weights(given, tmp_path / str(number)) == (WIDTH, CODE)
    assert number > 1


@pytest.mark.parametrize("pointer", [False, True])
def test_damaged_data_are_refused_in_a_sentence(checkpoints, tmp_path, pointer):
    shutil.copytree(checkpoints / "complete", tmp_path / "cut")
    (data,) = (tmp_path / "cut").glob("*.data*")
    content = data.read_bytes()
    lfs = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n"
    data.write_bytes(lfs if pointer else content[: len(content) // 2])
    with pytest.raises(AddaError, match="is damaged"):
        import_weights(tmp_path / "cut/model_weights", tmp_path / "imported")
    (index,) = (tmp_path / "cut").glob("*.index")
    index.write_bytes(lfs)
    with pytest.raises(AddaError, match="give the path of a TensorFlow checkpoint"):
        import_weights(tmp_path / "cut/model_weights", tmp_path / "imported")
    assert not (tmp_path / "imported").exists()


@pytest.mark.parametrize(
    ("variable", "value"),
    [("encoder/fc_layer/bias", np.nan), ("decoder/fc_layer_batchnorm/moving_variance", -1.0)],
)
def test_values_that_no_network_can_have_are_refused(
    checkpoints, tmp_path, monkeypatch, variable, value
):
    tensors = tf1_checkpoints._tensors(checkpoints / "complete/model_weights")
    tensors[variable] = np.full_like(tensors[variable], value)
    monkeypatch.setattr(tf1_checkpoints, "_tensors", lambda _: tensors)
    with pytest.raises(AddaError, match=f"{variable} has values that no network can have"):
        import_weights(checkpoints / "complete", tmp_path / "imported")
    assert not (tmp_path / "imported").exists()


def test_missing_unknown_and_misshapen_variables_are_listed(checkpoints, tmp_path):
    with pytest.raises(AddaError) as caught:
        import_weights(checkpoints / "other/model_weights", tmp_path / "imported")
    message = str(caught.value)
    assert "discriminator/fc_layer/bias is missing" in message
    assert "decoder/dense/kernel is missing" in message
    assert "encoder/conv9_layer/kernel is not of the original" in message
    assert not (tmp_path / "imported").exists()


def test_another_shape_is_named(checkpoints, tmp_path):
    with pytest.raises(AddaError, match=r"fc_layer/bias is \[7\] in place of \[1\]"):
        import_weights(checkpoints / "misshapen/model_weights", tmp_path / "imported")


def test_what_is_no_checkpoint_is_refused(checkpoints, tmp_path):
    with pytest.raises(AddaError, match="give the path of a TensorFlow checkpoint"):
        import_weights(tmp_path / "nothing", tmp_path / "imported")
    path = checkpoints / "classifier/model_weights"
    with pytest.raises(AddaError, match="holds no encoder/conv1_layer/kernel"):
        import_weights(path, tmp_path / "imported")
