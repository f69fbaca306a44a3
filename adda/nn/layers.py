"""Layers that Keras has otherwise, or not: norms, convolutions, scale and offset, pooling."""

import keras
import tensorflow as tf
from keras import layers

from adda.nn.convolution import convolve, convolve_transposed

EPSILON = 1e-3
MOMENTUM = 0.99
# Which of three taps make up each of a coarse pixel's contributions to four fine ones in a row.
SHARED = ((0, 0, 1), (0, 1, 1), (1, 1, 0), (1, 0, 0))


class BatchNorm(layers.Layer):
    """Batch normalisation over all axes but the last (Ioffe & Szegedy 2015, arXiv:1502.03167).

    Keras' own layer is a chain of a dozen operations, each of which passes over the activations in
    memory; on a CPU that costs a sixth of a training step. The defaults are the same: epsilon 1e-3,
    momentum 0.99, statistics of the batch when training, their moving averages otherwise. Only the
    average of the variance differs: it is the unbiased one, n / (n - 1) times Keras'.

    Where several devices share a batch, the statistics are those of the whole batch.
    """

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        channels = (input_shape[-1],)
        # Statistics and their application stay in float32 under mixed precision.
        self.gamma, self.beta, self.moving_mean, self.moving_variance = (
            self.add_weight(
                shape=channels,
                initializer=start,
                trainable=trained,
                name=name,
                autocast=False,
                aggregation="mean" if trained else "only_first_replica",  # all replicas agree
            )
            for name, start, trained in (
                ("gamma", "ones", True),
                ("beta", "zeros", True),
                ("moving_mean", "zeros", False),
                ("moving_variance", "ones", False),
            )
        )

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Normalise float [n, height, width, channels]."""
        if training and tf.distribute.get_strategy().num_replicas_in_sync > 1:
            outputs, mean, variance = self._normalise_together(inputs)
        else:
            outputs, mean, variance = self._normalise(inputs, training)
        if training:
            _move(self.moving_mean, mean)
            _move(self.moving_variance, variance)
        return outputs

    def _normalise(self, images: tf.Tensor, training: bool) -> tuple[tf.Tensor, ...]:
        return tf.compat.v1.nn.fused_batch_norm(
            images,
            self.gamma,
            self.beta,
            None if training else self.moving_mean,
            None if training else self.moving_variance,
            epsilon=EPSILON,
            is_training=training,
        )

    def _normalise_together(self, images: tf.Tensor) -> tuple[tf.Tensor, ...]:
        replicas = tf.distribute.get_replica_context()
        values = tf.cast(images, tf.float32)

        def mean_of(array: tf.Tensor) -> tf.Tensor:
            # A mean of equal parts; the all-reduce passes gradients on to every replica.
            part = tf.reduce_mean(array, (0, 1, 2))
            return replicas.all_reduce(tf.distribute.ReduceOp.MEAN, part)

        mean = mean_of(values)
        variance = mean_of(tf.square(values - mean))
        outputs = tf.nn.batch_normalization(values, mean, variance, self.beta, self.gamma, EPSILON)
        count = tf.cast(tf.size(values) / values.shape[-1], tf.float32)
        count *= replicas.num_replicas_in_sync
        return tf.cast(outputs, images.dtype), mean, variance * count / (count - 1)


def _move(average: keras.Variable, value: tf.Tensor) -> None:
    average.assign_sub((average - value) * (1 - MOMENTUM))


class SpectralNorm(layers.Wrapper):
    """A convolution or dense layer divided by its kernel's largest singular value.

    Miyato et al. 2018 (arXiv:1802.05957, section 2.1): one power iteration each time that it is
    called in training; the gradient passes through the division. The layer itself must have no
    bias; it gets one here, after the division.

    Keras' SpectralNormalization overwrites the kernel with the divided one at every call in
    training, so that no gradient passes through the division.
    """

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        super().build(input_shape)
        outputs = self.layer.kernel.shape[-1]
        self.bias = self.add_weight(shape=(outputs,), initializer="zeros", name="bias")
        self.vector = self.add_weight(
            shape=(outputs, 1),
            initializer="random_normal",
            trainable=False,
            name="vector",
            autocast=False,
            aggregation="only_first_replica",  # all replicas agree
        )

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Apply the layer to [n, height, width, channels] or [n, channels]."""
        kernel = tf.cast(self.layer.kernel, tf.float32)
        matrix = tf.reshape(kernel, (-1, kernel.shape[-1]))
        fixed = tf.stop_gradient(matrix)
        left = tf.linalg.l2_normalize(fixed @ self.vector)
        right = tf.linalg.l2_normalize(tf.transpose(fixed) @ left)
        if training:
            self.vector.assign(right)
        norm = tf.reduce_sum(left * (matrix @ right))
        outputs = self.layer(inputs)
        return outputs / tf.cast(norm, outputs.dtype) + tf.cast(self.bias, outputs.dtype)


class Scaled(layers.Wrapper):
    """A convolution or dense layer with a learned scale and offset of each channel.

    It is TensorFlow 1's batch normalisation that is never told that it trains, as the original
    project has it: moving mean 0, moving variance 1, epsilon 1e-3, for ever. Scale and offset are
    folded into the kernel and the bias, so that they cost no pass over the activations.
    """

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        super().build(input_shape)
        channels = self.layer.bias.shape
        self.gamma = self.add_weight(shape=channels, initializer="ones", name="gamma")
        self.beta = self.add_weight(shape=channels, initializer="zeros", name="beta")

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Apply the layer to [n, height, width, channels] or [n, channels]."""
        scale = self.gamma * (1 + EPSILON) ** -0.5
        bias = self.layer.bias * scale + self.beta
        if isinstance(self.layer, layers.Conv2DTranspose):
            kernel = self.layer.kernel * scale[:, None]
            outputs = convolve_transposed(inputs, kernel, self.layer.strides[0])
        elif isinstance(self.layer, layers.Conv2D):
            outputs = convolve(inputs, self.layer.kernel * scale, self.layer.strides[0])
        else:
            outputs = inputs @ (self.layer.kernel * scale)
        return tf.nn.bias_add(outputs, bias)


class Conv2D(layers.Conv2D):
    """Keras' own layer, padded as "same" and with odd kernels, and with gradients that are fast."""

    def convolution_op(self, inputs: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
        """Convolve float [n, height, width, c], before bias and activation."""
        return convolve(inputs, kernel, self.strides[0])


class UpConvolution(layers.Layer):
    """A 3x3 convolution of two maps joined: a coarse one, its pixels repeated 2x2, and a fine one.

    Over repeated pixels, taps of the kernel fall on the same pixel. Their sums make a transposed
    convolution of the coarse map, with 4/9 of the arithmetic; the repeated map, and the joined one,
    are never in memory.
    """

    def __init__(self, filters: int):
        super().__init__()
        self.filters = filters

    def build(self, input_shape: list[tuple[int | None, ...]]) -> None:
        coarse, fine = (shape[-1] for shape in input_shape)
        self.kernel = self.add_weight(shape=(3, 3, coarse + fine, self.filters), name="kernel")

    def call(self, inputs: list[tf.Tensor]) -> tf.Tensor:
        """Convolve float [n, height, width, c] and [n, 2 height, 2 width, f], without a bias."""
        coarse, fine = inputs
        over_coarse, over_fine = tf.split(self.kernel, [coarse.shape[-1], fine.shape[-1]], axis=2)
        shared = tf.constant(SHARED, over_coarse.dtype)
        summed = tf.einsum("pi,qj,ijcf->pqfc", shared, shared, over_coarse)
        shape = (tf.shape(fine)[0], *fine.shape[1:3], self.filters)
        repeated = tf.nn.conv2d_transpose(coarse, summed, shape, 2, "SAME")
        return repeated + convolve(fine, over_fine, 1)


class MaxPool(layers.Layer):
    """The largest of each two by two pixels; height and width are even.

    Keras' own layer has a gradient whose kernel depends on the order in which TensorFlow's oneDNN
    pass reads the graph, and so differs in its rounding from process to process.
    """

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Pool float [n, height, width, channels]."""
        height, width, channels = inputs.shape[1:]
        pairs = tf.reshape(inputs, (-1, height // 2, 2, width, channels))
        rows = tf.maximum(*tf.unstack(pairs, axis=2))
        pairs = tf.reshape(rows, (-1, height // 2, width // 2, 2, channels))
        return tf.maximum(*tf.unstack(pairs, axis=3))
