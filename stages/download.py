"""Leave MNIST and MNIST-M under data/raw, in one layout whatever their source."""

import pooch

from adda.common.outputs import atomic
from adda.common.params import read_form, read_params
from adda.common.runner import run_stage
from adda.datasets.all_sources import load_source
from adda.datasets.downloads import Downloads
from adda.datasets.raw_files import write_raw
from adda.datasets.source import DataParams


def main() -> str:
    params = read_params("params.yaml", data=DataParams)
    # Downloads outlive the stage: dvc empties data/raw before it runs, and experiments share them.
    downloads = read_form("data/downloads.yaml", Downloads, cache=pooch.os_cache("adda"))
    raw = load_source(params.data, downloads)
    with atomic("data/raw") as directory:
        write_raw(directory, raw)
    train, test = (len(raw.target[part]) for part in ("train", "test"))
    return f"data/raw: {train:,} training and {test:,} test images of the target"


if __name__ == "__main__":
    run_stage(main)
