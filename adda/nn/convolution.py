"""Convolutions with gradients that are fast on a CPU.

TensorFlow's gradient with respect to a convolution's input, which is also its transposed
convolution, multiplies matrices image by image: where an image has few pixels, or many filters,
that takes up to ten times as long as a convolution of the same arithmetic. So here it is one: the
values are the same, but for rounding. All are padded as "SAME", and kernels have a size of 1, 3 or
5.
"""

import tensorflow as tf

FEW = 16  # pixels: of larger maps, TensorFlow's own transposed convolution with stride 2 is faster


def convolve(images: tf.Tensor, kernel: tf.Tensor, stride: int) -> tf.Tensor:
    """What `tf.nn.conv2d` returns.

    Args:
        images: float [n, height, width, c].
        kernel: float [size, size, c, filters].
        stride: 1 or 2.
    """

    @tf.custom_gradient
    def convolved(images: tf.Tensor, kernel: tf.Tensor) -> tuple:
        def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            return (
                _transposed(upstream, kernel, stride, images.shape[1:3]),
                _kernel_gradient(images, kernel, stride, upstream),
            )

        return tf.nn.conv2d(images, kernel, stride, "SAME"), gradient

    return convolved(images, tf.convert_to_tensor(kernel))


def convolve_transposed(maps: tf.Tensor, kernel: tf.Tensor, stride: int) -> tf.Tensor:
    """What `tf.nn.conv2d_transpose` returns, of `stride` times the height and width.

    Args:
        maps: float [n, height, width, c].
        kernel: float [size, size, filters, c].
        stride: 1 or 2.
    """
    height, width = (stride * side for side in maps.shape[1:3])

    @tf.custom_gradient
    def transposed(maps: tf.Tensor, kernel: tf.Tensor) -> tuple:
        def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            return (
                tf.nn.conv2d(upstream, kernel, stride, "SAME"),
                _kernel_gradient(upstream, kernel, stride, maps),
            )

        return _transposed(maps, kernel, stride, (height, width)), gradient

    return transposed(maps, tf.convert_to_tensor(kernel))


def _transposed(
    maps: tf.Tensor, kernel: tf.Tensor, stride: int, shape: tuple[int, int]
) -> tf.Tensor:
    if stride == 1:
        flipped = tf.transpose(tf.reverse(kernel, [0, 1]), [0, 1, 3, 2])
        return tf.nn.conv2d(maps, flipped, 1, "SAME")
    if maps.shape[1] * maps.shape[2] > FEW:
        output_shape = (tf.shape(maps)[0], *shape, kernel.shape[2])
        return tf.nn.conv2d_transpose(maps, kernel, output_shape, stride, "SAME")
    # Each of 2 x 2 neighbouring outputs is a 3x3 convolution of its own, of every second tap.
    size, _, outputs, inputs = kernel.shape
    before = [  # pixels of padding
        max(2 * (side - 1) + size - full, 0) // 2
        for side, full in zip(maps.shape[1:3], shape, strict=True)
    ]
    padded = tf.pad(kernel, [*([2 - pad, 4 + pad - size] for pad in before), [0, 0], [0, 0]])
    taps = tf.reverse(tf.reshape(padded, [3, 2, 3, 2, outputs, inputs]), [0, 2])
    four = tf.reshape(tf.transpose(taps, [0, 2, 5, 1, 3, 4]), [3, 3, inputs, 4 * outputs])
    neighbours = tf.nn.depth_to_space(tf.nn.conv2d(maps, four, 1, "SAME"), 2)
    return neighbours[:, : shape[0], : shape[1]]


def _kernel_gradient(
    images: tf.Tensor, kernel: tf.Tensor, stride: int, upstream: tf.Tensor
) -> tf.Tensor:
    return tf.raw_ops.Conv2DBackpropFilter(
        input=images,
        filter_sizes=tf.shape(kernel),
        out_backprop=upstream,
        strides=[1, stride, stride, 1],
        padding="SAME",
    )
