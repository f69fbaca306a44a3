"""What terms are made of: pure functions of arrays, each returning one float32.

What an adversary minimises is put together in `Terms.add_game` (terms.py) and in original.py.

Logits are unbounded; images are float32 in [0, 1]. The adversarial terms are the non-saturating
ones of Goodfellow et al. (2014, arXiv:1406.2661, section 3).
"""

import tensorflow as tf


def mean_squared_error(images: tf.Tensor, reconstructions: tf.Tensor) -> tf.Tensor:
    """mean((x - x')^2) over images, pixels and channels of two [n, size, size, 3] arrays."""
    return tf.reduce_mean(tf.square(images - reconstructions))


def called_real(logits: tf.Tensor) -> tf.Tensor:
    """Binary cross-entropy of the adversary's logits [n, 1] against "real": mean(-log s(l))."""
    return tf.reduce_mean(tf.nn.softplus(-logits))


def called_fake(logits: tf.Tensor) -> tf.Tensor:
    """Binary cross-entropy of the adversary's logits [n, 1] against "fake": mean(-log s(-l))."""
    return tf.reduce_mean(tf.nn.softplus(logits))


def share_called_real(logits: tf.Tensor) -> tf.Tensor:
    """The share of the adversary's logits [n, 1] that say "real", in [0, 1]. Not a loss."""
    return tf.reduce_mean(tf.cast(logits > 0, tf.float32))


def class_cross_entropy(labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Mean cross-entropy of logits [n, classes] against integer labels [n]."""
    return tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    )


def mask_divergence(mask: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Mean Kullback-Leibler divergence of logits [n, h, w, 1] from masks in [0, 1]; 0 is best.

    It is the cross-entropy less the masks' own entropy, which is not 0 where they are soft.
    """
    entropy = -tf.math.xlogy(mask, mask) - tf.math.xlogy(1 - mask, 1 - mask)
    cross_entropy = tf.nn.sigmoid_cross_entropy_with_logits(labels=mask, logits=logits)
    return tf.reduce_mean(cross_entropy - entropy)


def diversity(images: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """How much images [n, h, w, 3] differ from each other, in units of target images. Not a loss.

    The ratio of standard deviations over the batch, each averaged over pixels and channels: 0 where
    all images are one, near 1 where they vary as the target does.
    """
    spread, expected = (tf.reduce_mean(tf.math.reduce_std(x, axis=0)) for x in (images, target))
    return spread / (expected + 1e-6)
