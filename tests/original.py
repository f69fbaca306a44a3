"""The original project's graph in plain TensorFlow 1, after its model.py; run in its own process.

    python original.py import    # in a folder with images.npy: checkpoints, and what comes out
    python original.py train     # in one with batches.npy: checkpoints before and after training

Variables have the original's names. For `import` its batch norms have statistics other than those
that the original leaves them, mean 0 and variance 1.
"""

import sys

import numpy as np
import tensorflow.compat.v1 as tf

tf.disable_eager_execution()
WIDTH, CODE = 0.0625, 6
TASK = sys.argv[1]
rng = np.random.default_rng(0)


def variable(name, shape, low=-0.2, high=0.2):
    if low == high:
        return tf.get_variable(name, shape, initializer=tf.constant_initializer(low))
    values = rng.uniform(low, high, [int(side) for side in shape])
    return tf.get_variable(name, shape, initializer=tf.constant_initializer(values))


def normalised(x, name):
    spread = TASK == "import"
    with tf.variable_scope(name):
        size = [x.shape[-1]]
        gamma, beta = variable("gamma", size, 0.5, 1.5), variable("beta", size)
        mean = variable("moving_mean", size, -0.2 * spread, 0.2 * spread)
        variance = variable("moving_variance", size, 1 - 0.5 * spread, 1 + spread)
    mean, variance = tf.stop_gradient(mean), tf.stop_gradient(variance)
    return tf.nn.relu((x - mean) * gamma / tf.sqrt(variance + 1e-3) + beta)


def conv(x, name, count, strides):
    with tf.variable_scope(name):
        kernel = variable("kernel", [5, 5, x.shape[-1], count])
        x = tf.nn.conv2d(x, kernel, strides, "SAME") + variable("bias", [count])
    return normalised(x, f"{name}_batchnorm")


def deconv(x, name, count, strides):
    side = int(x.shape[1]) * strides
    with tf.variable_scope(name):
        kernel = variable("kernel", [5, 5, count, x.shape[-1]])
        x = tf.nn.conv2d_transpose(x, kernel, [tf.shape(x)[0], side, side, count], strides, "SAME")
        x += variable("bias", [count])
    return normalised(x, f"{name}_batchnorm")


def dense(x, name, count):
    with tf.variable_scope(name):
        return x @ variable("kernel", [x.shape[-1], count]) + variable("bias", [count])


def flat(x):
    return tf.reshape(x, [-1, int(np.prod(x.shape[1:]))])


def size(count):
    return round(count * WIDTH)


def encoder(x):
    with tf.variable_scope("encoder", reuse=tf.AUTO_REUSE):
        for number, (count, strides) in enumerate([(64, 2), (128, 2), (256, 2), (512, 1)], 1):
            x = conv(x, f"conv{number}_layer", size(count), strides)
        return tf.nn.leaky_relu(dense(flat(x), "fc_layer", CODE), 0.2)


def decoder(x):
    with tf.variable_scope("decoder", reuse=tf.AUTO_REUSE):
        x = normalised(dense(x, "dense", 16 * size(512)), "fc_layer_batchnorm")
        x = tf.reshape(x, [-1, 4, 4, size(512)])
        counts = [(size(256), 2), (size(128), 2), (size(64), 2), (16, 1), (3, 1)]
        for number, (count, strides) in enumerate(counts, 1):
            x = deconv(x, f"deconv{number}_layer", count, strides)
        x = tf.nn.sigmoid(dense(flat(x), "dec_dense_fc_last_layer", 28 * 28 * 3))
        return tf.reshape(x, [-1, 28, 28, 3])


def adversary(x):
    with tf.variable_scope("discriminator", reuse=tf.AUTO_REUSE):
        for number, count in enumerate([64, 128, 256], 1):
            x = conv(x, f"conv{number}_layer", size(count), 2)
        return dense(flat(x), "fc_layer", 1)


def entropy(logits, label):
    labels = tf.fill(tf.shape(logits), label)
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits))


source, target = (tf.placeholder(tf.float32, [None, 28, 28, 3]) for _ in range(2))
translated = decoder(encoder(source))
reconstructed = decoder(encoder(target))
logits = adversary(target)
saver = tf.train.Saver()

if TASK == "train":
    against = entropy(logits, 1.0)
    against += entropy(adversary(translated), 0.0) + entropy(adversary(source), 0.0)
    both = tf.concat([translated, reconstructed], 0)
    objective = tf.reduce_mean(tf.square(target - reconstructed))
    objective += 0.0005 * entropy(adversary(both), 1.0)
    theirs = tf.trainable_variables("discriminator")
    ours = tf.trainable_variables("encoder") + tf.trainable_variables("decoder")
    steps = [
        tf.train.AdamOptimizer(5e-4).minimize(against, var_list=theirs),
        tf.train.AdamOptimizer(1e-3).minimize(objective, var_list=ours),
    ]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        saver.save(session, "before/model_weights")
        for iteration in np.load("batches.npy"):
            for step, batch in zip(steps, iteration, strict=True):  # each on a batch of its own
                session.run(step, {source: batch[0], target: batch[1]})
        saver.save(session, "after/model_weights")
else:
    with tf.variable_scope("classifier"):  # the original's; not of the three networks
        dense(flat(target), "fc_layer", 10)
    complete = {v.op.name: v for v in tf.global_variables()}
    tf.train.AdamOptimizer().minimize(tf.reduce_mean(reconstructed))
    bias, kernel = "discriminator/fc_layer/bias", "decoder/dense/kernel"
    extra = tf.get_variable("encoder/conv9_layer/kernel", [3, 3])
    other = {name: v for name, v in complete.items() if name not in (bias, kernel)}
    savers = {
        "complete": tf.train.Saver([v for v in tf.global_variables() if v is not extra]),
        "other": tf.train.Saver(other | {"encoder/conv9_layer/kernel": extra}),
        "misshapen": tf.train.Saver(complete | {bias: tf.get_variable("misshapen", [7])}),
        "classifier": tf.train.Saver(tf.trainable_variables("classifier")),
    }
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        batch = np.load("images.npy") / np.float32(255)
        results = session.run([reconstructed, logits], {target: batch})
        for name, variant in savers.items():
            variant.save(session, f"{name}/model_weights")
    np.savez("results.npz", decoded=results[0], logits=results[1])
