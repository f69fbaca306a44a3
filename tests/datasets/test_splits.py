import numpy as np
import pytest

from adda.common.errors import AddaError
from adda.datasets.raw_files import Raw
from adda.datasets.splits import SplitParams, split_domains

N = 400
PARAMS = SplitParams(valid_fraction=0.2, seed=0)


@pytest.fixture
def raw():
    """Every image carries its own number, so that it can be followed through the split."""
    digits = np.zeros((N, 28, 28), np.uint8)
    coloured = np.zeros((N, 28, 28, 3), np.uint8)
    bits = (np.arange(N)[:, None] >> np.arange(9)) & 1
    digits[:, 0, :9] = bits  # the faintest ink
    coloured[:, 0, :9, 0] = bits
    labels = np.repeat(np.arange(10, dtype=np.uint8), N // 10)
    named = {"train_labels": labels, "test_labels": labels[:20]}
    source = {"train": digits, "test": digits[:20]} | named
    target = {"train": coloured, "test": coloured[:20]} | named
    return Raw(source, target, labels[:20] + 1)


def numbers(images):
    return ((images[:, 0, :9, 0] > 0) * 2 ** np.arange(9)).sum(1)


def test_splits_are_disjoint_complete_and_stratified_and_labels_follow_images(raw):
    arrays = split_domains(raw, PARAMS)
    for domain in ("source", "target"):
        parts = [numbers(arrays[f"images/{domain}_{split}"]) for split in ("train", "valid")]
        labels = [arrays[f"labels/{domain}_{split}"] for split in ("train", "valid")]
        assert sorted(np.concatenate(parts)) == list(range(N))
        assert (np.concatenate(parts) // (N // 10) == np.concatenate(labels)).all()
        assert (np.bincount(labels[1]) == N // 10 // 5).all()


def test_the_domains_are_never_paired(raw):
    arrays = split_domains(raw, PARAMS)
    same = numbers(arrays["images/source_train"]) == numbers(arrays["images/target_train"])
    assert same.mean() < 0.05


def test_test_images_keep_mnists_order(raw):
    arrays = split_domains(raw, PARAMS)
    for domain in ("source", "target"):
        assert numbers(arrays[f"images/{domain}_test"]).tolist() == list(range(20))
    assert (arrays["labels"] == raw.source["test_labels"]).all()
    assert (arrays["labels/target_test"] == raw.source["test_labels"]).all()


def test_the_seed_alone_decides(raw):
    first, second, other = (
        split_domains(raw, SplitParams(valid_fraction=0.2, seed=seed)) for seed in (3, 3, 4)
    )
    assert all((first[name] == second[name]).all() for name in first)
    assert (first["images/source_train"] != other["images/source_train"]).any()


def test_a_class_of_one_target_image_stops_nothing(raw):
    labels = raw.target["train_labels"].copy()
    labels[7] = 10  # of a class that the source lacks
    arrays = split_domains(raw._replace(target=raw.target | {"train_labels": labels}), PARAMS)
    both = np.concatenate([arrays["labels/target_train"], arrays["labels/target_valid"]])
    assert (both == 10).sum() == 1
    source = raw._replace(source=raw.source | {"train_labels": labels})
    with pytest.raises(AddaError, match=r"split\.valid_fraction is 0\.2.* source is too small"):
        split_domains(source, PARAMS)


def test_a_part_too_small_to_be_shown_or_clustered(raw):
    few = raw._replace(target=raw.target | {"test": raw.target["test"][:9]})
    with pytest.raises(AddaError, match="target test: 9 images, and 10 are needed"):
        split_domains(few, PARAMS)
    few = raw._replace(target={"train": raw.target["train"][:40], "test": raw.target["test"]})
    with pytest.raises(AddaError, match="target valid: 8 images, and 10 are needed"):
        split_domains(few, PARAMS)


@pytest.mark.parametrize("domain", ["source", "target"])
def test_blank_pictures_only_are_refused(raw, domain):
    parts = dict(getattr(raw, domain))
    parts["train"] = np.full_like(parts["train"], 0 if domain == "source" else 200)
    with pytest.raises(AddaError, match=f"{domain} train: all .* images are blank"):
        split_domains(raw._replace(**{domain: parts}), PARAMS)


def test_a_source_that_stays_grey_is_split_the_same(raw):
    grey, black_and_white = split_domains(raw, PARAMS, grey=True), split_domains(raw, PARAMS)
    for name, images in grey.items():
        if name.startswith("images/source"):
            assert (images == images[..., :1]).all()
            images = np.where(images > 0, 255, 0)
        assert (images == black_and_white[name]).all(), name
    assert (grey["images/source_test"][..., 0] == raw.source["test"]).all()
