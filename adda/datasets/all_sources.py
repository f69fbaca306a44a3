"""The data sources that data.source can name; a new one is its file and a line here."""

from adda.common.errors import AddaError
from adda.datasets.build import BUILD
from adda.datasets.downloads import Downloads
from adda.datasets.folders import FOLDERS
from adda.datasets.mnistm_pickle import PICKLE
from adda.datasets.mnistm_pictures import PICTURES
from adda.datasets.packaged import PACKAGED
from adda.datasets.raw_files import Raw
from adda.datasets.source import DataParams, Source
from adda.datasets.usps import MNIST_USPS, USPS_MNIST

SOURCES: dict[str, Source] = {
    "packaged": PACKAGED,
    "build": BUILD,
    "pickle": PICKLE,
    "pictures": PICTURES,
    "mnist-usps": MNIST_USPS,
    "usps-mnist": USPS_MNIST,
    "folders": FOLDERS,
}


def load_source(params: DataParams, downloads: Downloads) -> Raw:
    """Load or make both domains.

    Raises:
        AddaError: there is no such source, or a file cannot be obtained or is damaged.
    """
    if params.source not in SOURCES:
        raise AddaError(f"data.source is {params.source}; it must be one of {', '.join(SOURCES)}")
    return SOURCES[params.source].load(params, downloads)
