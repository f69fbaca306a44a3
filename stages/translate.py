"""Redraw the held-out source digits in the target's style."""

from adda.arrays import read_images, read_labels, write_array
from adda.device import use_device
from adda.errors import run_stage
from adda.files import whole
from adda.inference import redraw
from adda.networks import load_autoencoder
from adda.params import read_params
from adda.pictures import save_grid

SHOWN = 12  # columns of the picture


def main() -> str:
    print("device:", use_device(read_params("params.yaml").train.device))
    source = read_images("data/processed/images/source_test.npy")
    labels = read_labels("data/processed/labels.npy", len(source))
    target = read_images("data/processed/images/target_test.npy")[-SHOWN:]
    networks = load_autoencoder("data/model")
    translated = redraw(networks, source)
    with whole("data/translated") as directory:
        write_array(directory / "images.npy", translated)
        write_array(directory / "labels.npy", labels)
    shown = labels[:SHOWN]
    unlabelled = [""] * SHOWN  # target labels are for scoring alone
    save_grid(
        "metrics/translated.png",
        {
            "source": (source[:SHOWN], shown),
            "translated": (translated[:SHOWN], shown),
            "target": (target, unlabelled),
            "reconstructed": (redraw(networks, target), unlabelled),
        },
    )
    return f"data/translated: {len(translated):,} images; look at metrics/translated.png"


if __name__ == "__main__":
    run_stage(main)
