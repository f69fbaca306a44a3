"""USPS in both of its forms, as source and as target, from small files in its place."""

import gzip
import hashlib

import h5py
import numpy as np
import pytest
from conftest import ROOT

from adda.common.errors import AddaError
from adda.common.params import read_form, read_params
from adda.datasets import usps
from adda.datasets.all_sources import SOURCES
from adda.datasets.downloads import Downloads
from adda.datasets.packaged import packaged_digits
from adda.datasets.source import DataParams

COUNTS = {"train": 30, "test": 20}


@pytest.fixture(scope="module")
def mnist():
    return packaged_digits(seed=0)


@pytest.fixture
def parts(rng, monkeypatch, mnist):
    monkeypatch.setattr(usps, "COUNTS", COUNTS)
    monkeypatch.setattr("adda.datasets.usps.load_mnist", lambda *_: mnist)
    found = {}
    for part, count in COUNTS.items():
        values = np.round(rng.random((count, 256)), 4)
        values[0, :2] = 0, 1
        found[part] = values, np.arange(count) % 10
    return found


@pytest.fixture
def texts(tmp_path, parts):
    for part, (values, labels) in parts.items():
        lines = [
            f"{label}.0000 " + " ".join(f"{2 * value - 1:.4f}" for value in row) + " "
            for label, row in zip(labels, values, strict=True)
        ]
        (tmp_path / f"zip.{part}.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    return tmp_path


@pytest.fixture
def load(tmp_path):
    data = read_params(ROOT / "params.yaml", data=DataParams).data
    downloads = read_form(ROOT / "data/downloads.yaml", Downloads, cache=tmp_path / "none")

    def load(source):
        changes = {"source": source, "directory": str(tmp_path)}
        return SOURCES[source].load(data.model_copy(update=changes), downloads)

    return load


def write_hdf5(folder, parts, monkeypatch):
    with h5py.File(folder / "usps.h5", "w") as file:
        for part, (values, labels) in parts.items():
            file[f"{part}/data"] = values.astype(np.float32)
            file[f"{part}/target"] = labels.astype(np.int32)
    md5 = hashlib.md5((folder / "usps.h5").read_bytes()).hexdigest()
    monkeypatch.setattr(usps, "HDF5_MD5", md5)


def test_usps_as_target_is_grey_scaled_and_labelled(texts, load, parts):
    raw = load("mnist-usps")
    assert raw.target["train"].shape == (30, 28, 28, 3)
    assert raw.target["train"].dtype == np.uint8
    assert (raw.target["test_labels"] == parts["test"][1]).all()
    means = 255 * parts["train"][0].mean(axis=1)
    assert np.abs(raw.target["train"].mean(axis=(1, 2, 3)) - means).max() < 8
    assert len(np.unique(raw.target["train"])) > 100
    assert raw.source["train"].shape == (4000, 28, 28)


def test_usps_as_source_is_ink_above_half(texts, load):
    raw = load("usps-mnist")
    values = np.unique(raw.source["train"])
    assert values[0] == 0
    assert values[1] == 128
    assert raw.target["test"].shape == (1000, 28, 28, 3)


def test_both_forms_are_the_same(texts, load, parts, monkeypatch):
    before = load("mnist-usps").target
    write_hdf5(texts, parts, monkeypatch)
    for part in COUNTS:
        (texts / f"zip.{part}.gz").unlink()
    after = load("mnist-usps").target
    for name, array in before.items():
        assert np.abs(array.astype(int) - after[name]).max() <= 1


def test_files_that_are_not_usps_are_named(texts, load, parts, monkeypatch):
    whole = (texts / "zip.test.gz").read_bytes()
    (texts / "zip.test.gz").write_bytes(whole[:-20])
    with pytest.raises(AddaError, match=r"zip\.test\.gz cannot be used"):
        load("mnist-usps")
    (texts / "zip.test.gz").write_bytes(gzip.compress(gzip.decompress(whole)[:-5000]))
    with pytest.raises(AddaError, match=r"zip\.test\.gz"):
        load("mnist-usps")
    write_hdf5(texts, parts, monkeypatch)
    (texts / "usps.h5").write_bytes((texts / "usps.h5").read_bytes() + b"x")
    with pytest.raises(AddaError, match=r"usps\.h5 is not USPS: its md5"):
        load("mnist-usps")
