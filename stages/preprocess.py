"""Split both domains into arrays, one file each, so that every later stage names what it reads."""

from pathlib import Path

from adda.arrays import write_array
from adda.files import whole
from adda.params import read_params
from adda.raw import read_raw
from adda.splits import split_domains
from adda.stage import run_stage

SPLITS = ("train", "valid", "test")


def main() -> str:
    params = read_params("params.yaml").split
    arrays = split_domains(read_raw(Path("data/raw")), params.valid_fraction, params.seed)
    with whole("data/processed") as directory:
        for name, array in arrays.items():
            write_array(directory / f"{name}.npy", array)
    sizes = (f"{split} {len(arrays[f'images/source_{split}']):,}" for split in SPLITS)
    return f"data/processed: images of each domain: {', '.join(sizes)}"


if __name__ == "__main__":
    run_stage(main)
