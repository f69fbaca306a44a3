import pytest
import tensorflow as tf
from conftest import ROOT

from adda.engine.devices import choose_precision

gpus = tf.config.list_physical_devices("GPU")


def test_the_log_says_which_and_a_gpu_that_is_not_there_is_one_clear_sentence(run_python):
    code = """
from adda.common.runner import run_stage
from adda.engine.devices import use_device
print(use_device("cpu"), use_device("auto"), sep="\\n")
run_stage(lambda: use_device("gpu"))
"""
    result = run_python(code, ROOT)
    auto, cpu = result.stdout.splitlines()[:2]
    assert cpu.startswith("CPU (")
    assert auto.startswith("GPU (" if gpus else "CPU (")
    if not gpus:
        assert result.returncode == 1
        assert "error: device is gpu, but TensorFlow sees no GPU" in result.stderr
        assert len(result.stderr.splitlines()) == 1  # and nothing else that TensorFlow has to say


@pytest.mark.parametrize(
    ("cards", "precision"),
    [
        ([], "float32"),
        ([{"compute_capability": (9, 0)}], "bfloat16"),
        ([{"compute_capability": (9, 0)}, {"compute_capability": (7, 5)}], "float32"),
        ([{}], "float32"),  # another maker's
    ],
)
def test_auto_precision_goes_by_what_every_gpu_can(monkeypatch, cards, precision):
    monkeypatch.setattr(tf.config, "get_visible_devices", lambda kind: cards)
    monkeypatch.setattr(tf.config.experimental, "get_device_details", lambda card: card)
    assert choose_precision("auto") == precision
    assert choose_precision("float32") == "float32"
    assert choose_precision("bfloat16") == "bfloat16"
