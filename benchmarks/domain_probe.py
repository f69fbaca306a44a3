"""How near translations are to the target: can a classifier trained for nothing else tell?

    python -m benchmarks.domain_probe            # of the results that lie here
    python -m benchmarks.domain_probe REV ...    # of experiments or commits, from DVC's cache

Prints the share of translations and target images that it puts where they belong; 0.5: it cannot
tell them apart. It is trained on one half of both and judged on the other.
"""

import argparse

import numpy as np

from adda.classification.classifier import (
    ClassifierParams,
    fit_classifier,
    probabilities,
    sample_labelled,
)
from benchmarks.revisions import read_array_of

PROBE = ClassifierParams(
    shape="published", width=0.25, steps=2000, batch_size=64, learning_rate=0.001, seed=0
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("revisions", nargs="*", default=[None], metavar="REV")
    for revision in parser.parse_args().revisions:
        told = told_apart(
            read_array_of(revision, "data/translated/images.npy"),
            read_array_of(revision, "data/processed/images/target_test.npy"),
        )
        print(f"{revision or 'workspace'}: {told:.3f}")


def told_apart(translated: np.ndarray, target: np.ndarray) -> float:
    """The share of images, uint8 [n, 28, 28, 3] each, that a fresh classifier tells rightly.

    As many of the one as of the other, the first of each: test images are in no order.
    """
    count = min(len(translated), len(target))
    images = np.stack([translated[:count], target[:count]], axis=1).reshape(-1, 28, 28, 3)
    labels = np.tile([0, 1], count).astype(np.uint8)
    half = count // 2 * 2  # whole pairs
    probe = fit_classifier(
        sample_labelled(images[:half], labels[:half], PROBE.batch_size, PROBE.seed),
        2,
        PROBE,
        "domain probe",
    )
    return float(np.mean(probabilities(probe, images[half:]).argmax(axis=1) == labels[half:]))


if __name__ == "__main__":
    main()
