"""Split both domains into arrays, one file each, so that every later stage names what it reads."""

from pathlib import Path

from adda.common.array_files import write_array, write_classes
from adda.common.outputs import atomic
from adda.common.params import read_params
from adda.common.runner import run_stage
from adda.datasets.raw_files import read_raw
from adda.datasets.source import DataParams
from adda.datasets.splits import SplitParams, split_domains

SPLITS = ("train", "valid", "test")
WITHOUT = {  # what is left out without labels
    "train": "there is no target-only classifier, and no metric that it would judge",
    "test": "no accuracy on them is known",
}


def main() -> str:
    params = read_params("params.yaml", data=DataParams, split=SplitParams)
    raw = read_raw(Path("data/raw"), params.data.size, params.data.binarise == "colour")
    arrays = split_domains(raw, params.split, grey=params.data.binarise in ("none", "colour"))
    with atomic("data/processed") as directory:
        for name, array in arrays.items():
            write_array(directory / f"{name}.npy", array)
        write_classes(directory / "classes.json", raw.classes)
    sizes = []
    for domain in ("source", "target"):
        counts = (f"{split} {len(arrays[f'images/{domain}_{split}']):,}" for split in SPLITS)
        sizes.append(f"{domain} {', '.join(counts)}")
    for part in ("train", "test"):
        if not len(arrays[f"labels/target_{part}"]):
            sizes.append(f"nobody labelled the target's {part} images: {WITHOUT[part]}")
    return f"data/processed: {'; '.join(sizes)}"


if __name__ == "__main__":
    run_stage(main)
