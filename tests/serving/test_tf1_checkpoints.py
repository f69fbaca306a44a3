"""Checkpoints of the original project, made here with TensorFlow 1's saver under its names."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

from adda.common.errors import AddaError
from adda.inference.translation import reconstruct
from adda.recipes.storage import load_model
from adda.serving.tf1_checkpoints import import_weights

WIDTH, CODE = 0.0625, 6

ORIGINAL = (
    f"""
import json
import numpy as np
import tensorflow.compat.v1 as tf
tf.disable_eager_execution()
rng = np.random.default_rng(0)
WIDTH, CODE = {WIDTH}, {CODE}
"""
    + """
def variable(name, shape, low=-0.2, high=0.2):
    start = tf.constant_initializer(rng.uniform(low, high, shape))
    return tf.get_variable(name, shape, initializer=start)

def normalised(x, name):
    with tf.variable_scope(name):
        size = [x.shape[-1]]
        gamma, beta = variable("gamma", size, 0.5, 1.5), variable("beta", size)
        mean, variance = variable("moving_mean", size), variable("moving_variance", size, 0.5, 2)
    return tf.nn.relu((x - mean) * gamma / tf.sqrt(variance + 1e-3) + beta)

def conv(x, name, count, strides):
    with tf.variable_scope(name):
        kernel = variable("kernel", [5, 5, x.shape[-1], count])
        x = tf.nn.conv2d(x, kernel, strides, "SAME") + variable("bias", [count])
    return normalised(x, f"{name}_batchnorm")

def deconv(x, name, count, strides):
    side = int(x.shape[1]) * strides
    with tf.variable_scope(name):
        kernel = variable("kernel", [5, 5, count, x.shape[-1]])
        x = tf.nn.conv2d_transpose(x, kernel, [tf.shape(x)[0], side, side, count], strides, "SAME")
        x += variable("bias", [count])
    return normalised(x, f"{name}_batchnorm")

def dense(x, name, count):
    with tf.variable_scope(name):
        return x @ variable("kernel", [x.shape[-1], count]) + variable("bias", [count])

def flat(x):
    return tf.reshape(x, [-1, int(np.prod(x.shape[1:]))])

def size(published):
    return round(published * WIDTH)

x = images = tf.placeholder(tf.float32, [None, 28, 28, 3])
with tf.variable_scope("encoder"):
    for number, (count, strides) in enumerate([(64, 2), (128, 2), (256, 2), (512, 1)], 1):
        x = conv(x, f"conv{number}_layer", size(count), strides)
    x = tf.nn.leaky_relu(dense(flat(x), "fc_layer", CODE))
with tf.variable_scope("decoder"):
    x = normalised(dense(x, "dense", 16 * size(512)), "fc_layer_batchnorm")
    x = tf.reshape(x, [-1, 4, 4, size(512)])
    counts = [(size(256), 2), (size(128), 2), (size(64), 2), (16, 1), (3, 1)]
    for number, (count, strides) in enumerate(counts, 1):
        x = deconv(x, f"deconv{number}_layer", count, strides)
    x = tf.nn.sigmoid(dense(flat(x), "dec_dense_fc_last_layer", 28 * 28 * 3))
decoded = tf.reshape(x, [-1, 28, 28, 3])
x = images
with tf.variable_scope("discriminator"):
    for number, count in enumerate([64, 128, 256], 1):
        x = conv(x, f"conv{number}_layer", size(count), 2)
    logits = dense(flat(x), "fc_layer", 1)
with tf.variable_scope("classifier"):
    dense(flat(images), "fc_layer", 10)  # the original's; not of the three networks
weights = tf.trainable_variables("encoder")
tf.train.AdamOptimizer().minimize(tf.reduce_mean(decoded), var_list=weights)
savers = {name: tf.train.Saver(eval(kept)) for name, kept in VARIANTS.items()}
with tf.Session() as session:
    session.run(tf.global_variables_initializer())
    batch = np.load("images.npy") / np.float32(255)
    results = session.run([decoded, logits], {images: batch})
    for name, saver in savers.items():
        saver.save(session, f"{name}/model_weights")
np.savez("results.npz", decoded=results[0], logits=results[1])
"""
)

VARIANTS = {  # which of the variables a checkpoint holds
    "whole": "None",
    "other": (
        "[v for v in tf.global_variables() if v.op.name not in"
        " ('discriminator/fc_layer/bias', 'decoder/dense/kernel')]"
        " + [tf.get_variable('encoder/conv9_layer/kernel', [3, 3])]"
    ),
    "misshapen": (
        "{v.op.name: v for v in tf.global_variables()}"
        " | {'discriminator/fc_layer/bias': tf.get_variable('other', [7])}"
    ),
    "classifier": "tf.trainable_variables('classifier')",
}


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    """A folder of checkpoints, by variant, the images that went through, and what came out."""
    folder = tmp_path_factory.mktemp("original")
    for name in VARIANTS:
        (folder / name).mkdir()
    images = np.random.default_rng(0).integers(0, 256, (4, 28, 28, 3), np.uint8)
    np.save(folder / "images.npy", images)
    code = f"VARIANTS = {VARIANTS!r}\n{ORIGINAL}"
    subprocess.run([sys.executable, "-c", code], cwd=folder, check=True, capture_output=True)
    return folder


def test_the_networks_compute_what_the_original_computes(checkpoints, tmp_path):
    images = np.load(checkpoints / "images.npy")
    path = checkpoints / "whole/model_weights"
    assert import_weights(path, tmp_path / "imported") == (WIDTH, CODE)
    described = json.loads((tmp_path / "imported/model.json").read_text())
    assert (described["recipe"], described["width"]) == ("published", WIDTH)
    assert described["params"]["code_size"] == CODE
    model = load_model(tmp_path / "imported")
    expected = np.load(checkpoints / "results.npz")
    batch = images / np.float32(255)
    np.testing.assert_allclose(model.reconstruct(batch), expected["decoded"], atol=1e-5)
    logits = model.discriminator(batch, training=False)
    np.testing.assert_allclose(logits, expected["logits"], rtol=1e-5, atol=1e-4)
    assert np.ptp(expected["decoded"]) > 0.5  # more than a grey image
    assert reconstruct(model, images).shape == images.shape


def test_any_of_its_files_or_its_folder_names_a_checkpoint(checkpoints, tmp_path):
    moved = tmp_path / "moved"
    shutil.copytree(checkpoints / "whole", moved)
    (moved / "checkpoint").write_text('model_checkpoint_path: "/gone/model_weights"\n')
    for number, given in enumerate([*moved.glob("model_weights.*"), moved]):
        assert import_weights(given, tmp_path / str(number)) == (WIDTH, CODE)
    assert number > 1


@pytest.mark.parametrize("pointer", [False, True])
def test_damaged_data_are_refused_in_a_sentence(checkpoints, tmp_path, pointer):
    shutil.copytree(checkpoints / "whole", tmp_path / "cut")
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
