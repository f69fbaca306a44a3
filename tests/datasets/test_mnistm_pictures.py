"""MNIST-M as picture files: Ganin's lists, and folders of classes."""

import numpy as np
import pytest
from PIL import Image

from adda.common.errors import AddaError
from adda.datasets.mnistm_pictures import read_pictures


def picture(digit, size=28):
    return Image.new("RGB", (size, size), (20 * digit, 0, 255 - 20 * digit))


def write_lists(folder, size=32, counts=(20, 10)):
    for part, count in zip(("train", "test"), counts, strict=True):
        (folder / f"mnist_m_{part}").mkdir(parents=True)
        lines = []
        for number in range(count):
            digit = (7 * number) % 10
            picture(digit, size).save(folder / f"mnist_m_{part}" / f"{number:08}.png")
            lines.append(f"{number:08}.png {digit}\n")
        (folder / f"mnist_m_{part}_labels.txt").write_text("".join(lines))


def write_classes(folder, parts=("training", "testing")):
    for part in parts:
        for digit in range(10):
            (folder / part / str(digit)).mkdir(parents=True)
            for number in range(2):
                picture(digit).save(folder / part / str(digit) / f"{number}.png")


def check(arrays, counts):
    for part, count in zip(("train", "test"), counts, strict=True):
        images, labels = arrays[part], arrays[f"{part}_labels"]
        assert images.shape == (count, 28, 28, 3)
        assert images.dtype == labels.dtype == np.uint8
        np.testing.assert_array_equal(images[:, 14, 14, 0], 20 * labels)
        assert set(labels.tolist()) == set(range(10))


@pytest.mark.parametrize("below", ["", "mnist_m"])
def test_lists_and_32_pixels(tmp_path, below):
    write_lists(tmp_path / below)
    arrays = read_pictures(tmp_path)
    check(arrays, (20, 10))
    assert arrays["train_labels"][:3].tolist() == [0, 7, 4]  # the list's order


@pytest.mark.parametrize("parts", [("train", "test"), ("training", "testing")])
def test_folders_of_classes_are_shuffled(tmp_path, parts):
    write_classes(tmp_path, parts)
    arrays = read_pictures(tmp_path)
    check(arrays, (20, 20))
    assert np.any(np.diff(arrays["train_labels"].astype(int)) < 0)


def test_what_is_not_of_this_form_is_named(tmp_path):
    with pytest.raises(AddaError, match=r"neither mnist_m_train_labels\.txt nor pictures in train"):
        read_pictures(tmp_path)
    write_lists(tmp_path)
    listed = tmp_path / "mnist_m_train_labels.txt"
    good = listed.read_text()
    for line in ("00000000.png", "00000000.png 10", "00000000.png ²"):
        listed.write_text(good + line + "\n")
        with pytest.raises(AddaError, match=r"line 21: .* is not a file's name and a digit"):
            read_pictures(tmp_path)
    listed.write_text("")
    with pytest.raises(AddaError, match="is empty"):
        read_pictures(tmp_path)
    listed.write_text(good + "missing.png 3\n")
    with pytest.raises(AddaError, match=r"missing\.png cannot be used"):
        read_pictures(tmp_path)
    listed.write_text("".join(line + "\n" for line in good.splitlines() if line[-1] != "7"))
    with pytest.raises(AddaError, match="train shows no 7"):
        read_pictures(tmp_path)
