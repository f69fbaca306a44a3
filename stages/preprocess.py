"""Split both domains into arrays, one file each, so that every later stage names what it reads."""

from pathlib import Path

from adda.common.array_files import write_array
from adda.common.outputs import whole
from adda.common.params import read_params
from adda.common.runner import run_stage
from adda.datasets.raw_files import read_raw
from adda.datasets.splits import SplitParams, split_domains

SPLITS = ("train", "valid", "test")


def main() -> str:
    params = read_params("params.yaml", split=SplitParams)
    arrays = split_domains(read_raw(Path("data/raw")), params.split)
    with whole("data/processed") as directory:
        for name, array in arrays.items():
            write_array(directory / f"{name}.npy", array)
    sizes = []
    for domain in ("source", "target"):
        counts = (f"{split} {len(arrays[f'images/{domain}_{split}']):,}" for split in SPLITS)
        sizes.append(f"{domain} {', '.join(counts)}")
    return f"data/processed: {'; '.join(sizes)}"


if __name__ == "__main__":
    run_stage(main)
