"""The data source "build": MNIST, and MNIST-M made from it on photographs of BSDS500."""

from pathlib import Path

from adda.datasets.bsds500 import read_photographs
from adda.datasets.downloads import fetch
from adda.datasets.mnist import MNIST_LICENCE, held_out_labels, load_mnist
from adda.datasets.mnistm import make_both
from adda.datasets.raw_files import Raw
from adda.datasets.source import DataParams, Source

BSDS500_LICENCE = "BSDS500, © UC Berkeley, for non-commercial research and education."


def load(params: DataParams, cache: Path) -> Raw:
    """Both domains, as Ganin et al. 2016 made the target."""
    mnist = load_mnist(params, cache)
    archive = params.photographs
    path = fetch(archive.file, archive.urls, archive.hash, params.directory, cache)
    target = make_both(mnist, read_photographs(path, archive.splits), params.seed)
    return Raw(mnist, target, held_out_labels(params.directory, mnist["y_test"]))


BUILD = Source(
    load,
    "MNIST, checked against its published md5, and MNIST-M made from it on photographs of BSDS500 "
    "by the published recipe.",
    f"{MNIST_LICENCE} Photographs under MNIST-M: {BSDS500_LICENCE}",
    published=True,
)
