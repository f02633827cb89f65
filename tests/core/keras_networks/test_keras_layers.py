"""Each kind of layer answers as in Keras, with Keras' own code as the judge."""

import numpy as np
import pytest
import torch

from onepixel_gui.classifier.formats.keras.layers import KINDS
from onepixel_gui.classifier.formats.keras.words import SUPPORTED
from tests.core.keras_networks.judge import FORMATS, L, agrees, keras, nested, opened, saved, shaken

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:keras")


# ------------------------------------------------------------------ each kind of layer
def squeezed(x):
    """Squeeze and excitation: a row made into a map again, and multiplied."""
    row = L.Dense(3, activation="sigmoid")(L.GlobalAveragePooling2D()(x))
    return L.Multiply()([x, L.Reshape((1, 1, 3))(row)])


def shared(x):
    conv = L.Conv2D(3, 3, padding="same", activation="relu")
    return conv(conv(x))


def merged(kind):
    def build(x):
        maps = [L.Conv2D(4, 1)(x), L.Conv2D(4, 3, padding="same")(x)]
        return kind()([*maps] if kind is L.Subtract else [*maps, L.Conv2D(4, 1)(x)])

    return build


def activated(x):
    names = (
        "relu relu6 softmax sigmoid linear tanh elu selu gelu silu swish leaky_relu softplus "
        "softsign hard_sigmoid mish hard_silu log_softmax"
    )
    parts = [L.Activation(name)(L.Conv2D(2, 1)(x)) for name in names.split()]
    return L.Concatenate()([*parts, L.Conv2D(2, 1, activation=keras.activations.relu6)(x)])


def frozen(x):
    """Some layers inside are not trained, which changes the order of weights in an HDF5 file."""
    first, last = L.Conv2D(3, 3), L.Conv2D(3, 3)
    inner = keras.Sequential([first, L.BatchNormalization(), last, L.BatchNormalization()])
    first.trainable = False
    return inner(x)


def twice(x):
    inner = keras.Sequential([L.Conv2D(3, 3, padding="same"), L.Activation("tanh")])
    return L.Add()([inner(x), inner(inner(x))])


def operations(x):
    y = keras.ops.relu6((x - 0.25) / 0.5 * 1.5 + 2.0)
    return L.Concatenate()([1.0 - y, y + x, keras.ops.sigmoid(y * x)])


def averaged(x):
    parts = [L.AveragePooling2D(k, s, padding="same")(x) for k, s in ((3, 1), ((3, 2), 2))]
    return L.Concatenate()([L.Flatten()(part) for part in parts])


def maximal(x):
    parts = [L.MaxPooling2D(k, s, padding="same")(x) for k, s in ((3, 1), (2, 2), (3, 2), (5, 4))]
    return L.Concatenate()([L.Flatten()(part) for part in parts])


def augmented(x):
    for layer in (L.RandomFlip(), L.RandomRotation(0.3), L.RandomContrast(0.2)):
        x = layer(x)
    for layer in (L.GaussianNoise(0.5), L.SpatialDropout2D(0.5), L.Identity()):
        x = layer(x)
    return L.Conv2D(2, 3)(L.AlphaDropout(0.2)(L.GaussianDropout(0.3)(x)))


def per_place(x):
    return L.Concatenate()([L.PReLU()(x), L.PReLU(shared_axes=[1, 2])(x)])


def stacked(*layers):
    def build(x):
        for layer in layers:
            x = layer()(x)
        return x

    return build


def rectified(x):
    settings = ({}, {"max_value": 6.0}, {"max_value": 0.5}, {"negative_slope": 0.1})
    more = ({"threshold": 0.2}, {"max_value": 0.7, "negative_slope": 0.3, "threshold": 0.1})
    return L.Concatenate()([L.ReLU(**one)(x) for one in (*settings, *more)])


GRAPHS = {
    "valid and same convolutions": stacked(
        lambda: L.Conv2D(4, 3),
        lambda: L.Conv2D(5, (2, 3), strides=2, padding="same", use_bias=False),
        lambda: L.Conv2D(4, 4, padding="same"),
    ),
    "dilated convolutions": stacked(
        lambda: L.Conv2D(4, 3, dilation_rate=2),
        lambda: L.Conv2D(4, 2, dilation_rate=3, padding="same"),
    ),
    "grouped convolutions": stacked(lambda: L.Conv2D(6, 3), lambda: L.Conv2D(9, 3, groups=3)),
    "depthwise convolutions": stacked(
        lambda: L.DepthwiseConv2D(3, depth_multiplier=2, strides=2, padding="same"),
        lambda: L.DepthwiseConv2D((2, 3), use_bias=False, activation="relu"),
    ),
    "separable convolutions": stacked(
        lambda: L.SeparableConv2D(5, 3, depth_multiplier=2, padding="same", strides=2),
        lambda: L.SeparableConv2D(4, 2, use_bias=False, activation="tanh"),
    ),
    "norms without scale or centre": stacked(
        lambda: L.BatchNormalization(scale=False),
        lambda: L.BatchNormalization(center=False, epsilon=0.1),
        L.Flatten,
        L.BatchNormalization,
    ),
    "dense layers on maps": stacked(lambda: L.Dense(4, activation="elu"), lambda: L.Dense(2)),
    "activations": activated,
    "rectifiers": rectified,
    "leaky rectifiers": stacked(lambda: L.LeakyReLU(negative_slope=0.2), lambda: L.ELU(alpha=0.7)),
    "parametric rectifiers": per_place,
    "parametric rectifiers of rows": stacked(L.Flatten, L.PReLU),
    "softmax of maps": stacked(L.Softmax),
    "valid pooling": stacked(lambda: L.MaxPooling2D(2), lambda: L.AveragePooling2D((2, 1), 1)),
    "same average pooling": averaged,
    "same maximum pooling": maximal,
    "global pooling": lambda x: L.Concatenate()(
        [L.GlobalAveragePooling2D()(x), L.GlobalMaxPooling2D()(x)]
    ),
    "global pooling with its dimensions kept": stacked(
        lambda: L.GlobalAveragePooling2D(keepdims=True), lambda: L.Conv2D(4, 1)
    ),
    "reshaping": stacked(
        lambda: L.Reshape((3, 8, -1)), lambda: L.Conv2D(2, 3), lambda: L.Reshape((-1,))
    ),
    "padding and cropping": stacked(
        lambda: L.ZeroPadding2D(((1, 2), (0, 3))),
        lambda: L.Cropping2D(((0, 1), (2, 1))),
        lambda: L.ZeroPadding2D(1),
        lambda: L.Conv2D(2, 3),
    ),
    "upsampling": lambda x: L.Concatenate()(
        [L.UpSampling2D((2, 3))(x), L.UpSampling2D((2, 3), interpolation="bilinear")(x)]
    ),
    "concatenation in space": lambda x: L.Conv2D(2, 3)(L.Concatenate(axis=1)([x, x])),
    "scaling by one number": stacked(lambda: L.Rescaling(0.5, -0.2)),
    "scaling by channel": stacked(lambda: L.Rescaling([0.5, 2.0, 1.0], [0.1, 0.2, 0.3])),
    "normalising by stated numbers": stacked(
        lambda: L.Normalization(mean=[0.1, 0.2, 0.3], variance=[1.0, 2.0, 0.5]),
        lambda: L.Normalization(mean=[0.1, 0.2, 0.3], variance=[1.0, 2.0, 0.5], invert=True),
    ),
    "normalising by adapted numbers": stacked(L.Normalization),
    "sums": merged(L.Add),
    "differences": merged(L.Subtract),
    "products": merged(L.Multiply),
    "averages": merged(L.Average),
    "maxima": merged(L.Maximum),
    "minima": merged(L.Minimum),
    "squeeze and excitation": squeezed,
    "one layer used twice": shared,
    "one model used twice": twice,
    "models inside models": nested,
    "frozen layers": frozen,
    "functions between layers": operations,
    "augmentation and dropout": augmented,
}  # fmt: skip


@pytest.mark.parametrize("kind", GRAPHS)
def test_a_network_of_these_layers_answers_as_in_keras(tmp_path, kind):
    entry = keras.Input((9, 8, 3))
    x = GRAPHS[kind](entry)
    if len(x.shape) == 4:  # the order of a flattened map shows in what is made of it
        x = L.Flatten()(x)
    model = shaken(keras.Model(entry, L.Dense(3, activation="tanh")(x)))
    for ending in FORMATS:
        contents, _ = agrees(model, saved(model, tmp_path, ending), (9, 8), count=3)
        assert contents.architecture == "Keras network"
        assert contents.stored == model.count_params() - seeds(model)


def seeds(model):
    """Numbers that only training draws on, or that only adapting counts."""
    idle = ("seed_generator_state",)
    return sum(int(np.prod(one.shape)) for one in model.weights if one.name in idle)


def test_cells_that_same_padding_adds_do_not_count_in_a_mean(tmp_path):
    """Keras' own PyTorch backend repeats the border where the sides differ; TensorFlow does not."""
    layers = [L.Input((4, 5, 3)), L.AveragePooling2D((2, 3), (3, 2), padding="same"), L.Flatten()]
    model = keras.Sequential(layers)
    _, network = opened(saved(model, tmp_path, ".keras"))
    tile = np.random.default_rng(0).random((4, 5, 3), np.float32)
    rows, columns = ((0, 2), (3, 4)), ((0, 2), (1, 4), (3, 5))
    wanted = [tile[a:b, c:d].mean((0, 1)) for a, b in rows for c, d in columns]
    given = network(torch.from_numpy(tile).permute(2, 0, 1)[None])
    np.testing.assert_allclose(given.numpy().reshape(-1, 3), wanted, atol=1e-6)


def test_a_plain_sequence_answers_as_in_keras(tmp_path):
    layers = [L.Input((9, 8, 3)), L.Conv2D(4, 3), L.BatchNormalization(), L.Flatten(), L.Dense(2)]
    model = shaken(keras.Sequential(layers))
    for ending in FORMATS:
        agrees(model, saved(model, tmp_path, ending), (9, 8))


def test_every_kind_of_layer_that_is_promised_can_be_made():
    assert KINDS == SUPPORTED
