"""Leave MNIST and MNIST-M under data/raw, in one layout whatever their source."""

from pathlib import Path

import numpy as np

from adda.errors import run_stage
from adda.files import whole
from adda.mnistm import make_mnistm
from adda.packaged import packaged_digits, packaged_photographs
from adda.params import read_params
from adda.raw import write_raw


def main() -> str:
    params = read_params("params.yaml").data
    mnist = packaged_digits(params.seed)
    photographs = packaged_photographs()
    rng = np.random.default_rng(params.seed)
    mnistm = {part: make_mnistm(mnist[f"x_{part}"], photographs, rng) for part in ("train", "test")}
    with whole(Path("data/raw")) as directory:
        write_raw(directory, mnist, mnistm)
    return f"data/raw: {len(mnistm['train']):,} training and {len(mnistm['test']):,} test digits"


if __name__ == "__main__":
    run_stage(main)
