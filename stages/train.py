"""Train encoder, decoder and discriminator on both domains' training images, without labels."""

from pathlib import Path

import pandas as pd

from adda.arrays import read_images
from adda.device import use_device
from adda.errors import run_stage
from adda.files import remove, write_csv, write_json
from adda.networks import save_autoencoder
from adda.params import read_params
from adda.training import train_autoencoder

CHECKPOINTS = Path(".checkpoints")


def main() -> str:
    params = read_params("params.yaml")
    print("device:", use_device(params.train.device))
    networks, history = train_autoencoder(
        read_images("data/processed/images/source_train.npy"),
        read_images("data/processed/images/target_train.npy"),
        params.model,
        params.loss,
        params.train,
        checkpoints=CHECKPOINTS,
    )
    save_autoencoder("data/model", networks, params.model)
    write_csv("metrics/history.csv", pd.DataFrame(history))
    last = history[-1]
    write_json("metrics/train.json", last)
    remove(CHECKPOINTS)  # only now is everything where it belongs
    return f"data/model: {last['step']} steps, l2 {last['l2']:.4f}"


if __name__ == "__main__":
    run_stage(main)
