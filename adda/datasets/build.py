"""The data source "build": MNIST, and MNIST-M made from it on photographs of BSDS500."""

from adda.datasets.bsds500 import read_photographs
from adda.datasets.downloads import Downloads, fetch
from adda.datasets.mnist import MNIST_LICENCE, load_mnist
from adda.datasets.mnistm_blend import make_both
from adda.datasets.raw_files import Raw
from adda.datasets.source import DataParams, Source

BSDS500_LICENCE = "BSDS500, © UC Berkeley, for non-commercial research and education."


def load(params: DataParams, downloads: Downloads) -> Raw:
    """Both domains, as Ganin et al. 2016 made the target."""
    mnist = load_mnist(params, downloads)
    archive = downloads.photographs
    path = fetch(archive.file, archive.urls, archive.hash, params.directory, downloads.cache)
    target = make_both(mnist, read_photographs(path, params.photographs), params.seed)
    return Raw(mnist, target)


BUILD = Source(
    load,
    ("MNIST", "MNIST-M"),
    "MNIST, checked against its published md5, and MNIST-M made from it on photographs of BSDS500 "
    "by the published recipe.",
    f"{MNIST_LICENCE} Photographs under MNIST-M: {BSDS500_LICENCE}",
    comparable=True,
)
