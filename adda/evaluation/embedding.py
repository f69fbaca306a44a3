"""The latent space: where images of the two domains lie, and what can be read there."""

from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits

from adda.inference.batches import apply
from adda.recipes.storage import Model

PROJECTOR = """embeddings {
  tensor_name: "codes"
  tensor_path: "vectors.tsv"
  metadata_path: "metadata.tsv"
  sprite {
    image_path: "sprite.png"
    single_image_dim: 28
    single_image_dim: 28
  }
}
"""


def codes(model: Model, images: np.ndarray) -> np.ndarray:
    """The part of the code that both domains share: uint8 [n, 28, 28, 3] to float32 [n, d].

    The split code's is the content that its encoder finds, d = 784; the baseline's is all there is.
    """
    return apply(model.code, images).reshape(len(images), -1)


def tell_domains(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Which codes a linear probe, fitted to others, takes for their own domain's: bool.

    Args:
        source, target: float32 [n, d] and [m, d]. As many of each are used, so that chance is 0.5;
            every second one is for fitting.
    """
    count = min(len(source), len(target))
    source, target = source[:count], target[:count]
    return _probe(
        np.concatenate([source[::2], target[::2]]),
        np.repeat([0, 1], [len(source[::2]), len(target[::2])]),
        np.concatenate([source[1::2], target[1::2]]),
        np.repeat([0, 1], [len(source[1::2]), len(target[1::2])]),
    )


def read_digits(
    source: np.ndarray, source_digits: np.ndarray, target: np.ndarray, target_digits: np.ndarray
) -> np.ndarray:
    """Which target codes a linear probe, fitted to source codes and digits, reads right: bool.

    MNIST-M has MNIST's digits in MNIST's order, so the probe is fitted to one half of the places
    and asked about the other: it never meets the same handwriting twice.

    Args:
        source, target: float32 [n, d] and [m, d].
        source_digits, target_digits: uint8 [n] and [m].
    """
    return _probe(source[::2], source_digits[::2], target[1::2], target_digits[1::2])


def _probe(
    codes: np.ndarray, labels: np.ndarray, asked: np.ndarray, answers: np.ndarray
) -> np.ndarray:
    """Logistic regression on codes, after Alain & Bengio 2016 (arXiv:1610.01644)."""
    # One scale for all of a code: scaled one by one, places that are hardly ever used would count
    # as much as those that tell.
    scale = max(codes.std(), 1e-9)
    linear = LogisticRegression(C=0.1, max_iter=1000).fit(codes / scale, labels)
    return linear.predict(asked / scale) == answers


def flatten(codes: np.ndarray, seed: int = 0) -> np.ndarray:
    """Places in the plane that keep neighbours together: float32 [n, d] to [n, 2].

    t-SNE (van der Maaten & Hinton 2008, JMLR 9) from the first two principal components; n > 1.
    """
    perplexity = min(30, (len(codes) - 1) / 3)
    tsne = TSNE(perplexity=perplexity, init="pca", random_state=seed)
    with threadpool_limits(1):  # with more threads, sums depend on their order
        return tsne.fit_transform(codes)


def write_projector(
    directory: Path, codes: np.ndarray, images: np.ndarray, metadata: pd.DataFrame
) -> None:
    """Write what TensorBoard's projector opens: `tensorboard --logdir directory`.

    Args:
        codes: float32 [n, d].
        images: uint8 [n, 28, 28, 3], each point's picture.
        metadata: n rows, a column for each thing to colour by.
    """
    directory.mkdir()
    np.savetxt(directory / "vectors.tsv", codes, fmt="%.4g", delimiter="\t")
    metadata.to_csv(directory / "metadata.tsv", sep="\t", index=False, lineterminator="\n")
    side = int(np.ceil(np.sqrt(len(images))))
    sheet = np.zeros((side * side, *images.shape[1:]), np.uint8)
    sheet[: len(images)] = images
    rows = sheet.reshape(side, side, 28, 28, 3).swapaxes(1, 2)
    Image.fromarray(rows.reshape(side * 28, side * 28, 3)).save(directory / "sprite.png")
    (directory / "projector_config.pbtxt").write_text(PROJECTOR)
