import numpy as np
import pytest

from adda.common.array_files import class_order, read_images, read_labels, write_array
from adda.common.errors import AddaError


def test_images_and_labels_come_back_as_written(tmp_path, rng):
    images = rng.integers(0, 256, (4, 28, 28, 3), np.uint8)
    write_array(tmp_path / "sub/images.npy", images)
    assert (read_images(tmp_path / "sub/images.npy") == images).all()
    np.save(tmp_path / "labels.npy", np.array([0, 9, 3, 4]))
    labels = read_labels(tmp_path / "labels.npy", 4)
    assert labels.dtype == np.uint8
    assert labels.tolist() == [0, 9, 3, 4]


def test_classes_are_sorted_by_number_and_then_by_letter():
    names = ["2", "10", "aardvark", "zebra"]
    assert sorted(reversed(names), key=class_order) == names


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((4, 28, 28), np.uint8),
        np.zeros((4, 28, 28, 3), np.float32),
        np.zeros((4, 30, 30, 3), np.uint8),
        np.zeros((0, 28, 28, 3), np.uint8),
        np.zeros((), np.uint8),
    ],
)
def test_images_of_another_shape_or_dtype(tmp_path, array):
    np.save(tmp_path / "images.npy", array)
    with pytest.raises(AddaError, match=r"images\.npy is .* must be uint8 \[n, 28, 28, 3\]"):
        read_images(tmp_path / "images.npy")


@pytest.mark.parametrize(
    "labels", [np.zeros(3, int), np.zeros(4), np.array([0, 1, 2, 256]), np.array([0, 1, 2, -1])]
)
def test_labels_that_are_not_of_the_images(tmp_path, labels):
    np.save(tmp_path / "labels.npy", labels)
    with pytest.raises(AddaError, match=r"labels\.npy"):
        read_labels(tmp_path / "labels.npy", 4)


def test_truncated_missing_and_pickled_files(tmp_path):
    np.save(tmp_path / "whole.npy", np.zeros((4, 28, 28, 3), np.uint8))
    (tmp_path / "cut.npy").write_bytes((tmp_path / "whole.npy").read_bytes()[:-1])
    np.save(tmp_path / "object.npy", np.array([{}], dtype=object))
    np.savez(tmp_path / "archive.npz", np.zeros(3))
    (tmp_path / "archive.npz").rename(tmp_path / "archive.npy")
    (tmp_path / "zip.npy").write_bytes(b"PK\x03\x04 and no more")
    header = str({"descr": "|u1", "fortran_order": False, "shape": (10**14,)}).ljust(117) + "\n"
    (tmp_path / "huge.npy").write_bytes(b"\x93NUMPY\x01\x00\x76\x00" + header.encode())
    for name in ("cut", "object", "archive", "zip", "huge"):
        with pytest.raises(AddaError, match=f"{name}.npy cannot be used"):
            read_images(tmp_path / f"{name}.npy")
    with pytest.raises(AddaError, match=r"none\.npy is missing"):
        read_images(tmp_path / "none.npy")
