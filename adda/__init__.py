"""Adversarial domain adaptation between two sets of images, such as MNIST and MNIST-M."""

import os

# TensorFlow reads these when it is first imported, so they are set before any module here can.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # halves a training step on AVX2 CPUs
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["KERAS_BACKEND"] = "tensorflow"
