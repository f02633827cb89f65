"""Networks that Keras saved answer here as they do in Keras, with Keras' own code as the judge."""

import functools
import io
import json
import zipfile
from pathlib import Path

import pytest
import torch

from onepixel_gui.classifier.fast import fast_form
from onepixel_gui.classifier.formats.keras import file as keras_file
from onepixel_gui.classifier.windows import Trace, Windowed
from onepixel_gui.problems import UnusableCheckpoint
from tests.core.keras_networks.judge import (
    FORMATS,
    L,
    agrees,
    keras,
    opened,
    saved,
    shaken,
    told,
)

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:keras")


COLOURS = {
    "ResNet50": ("caffe", "BGR"),
    "VGG16": ("caffe", "BGR"),
    "VGG19": ("caffe", "BGR"),
    "MobileNetV2": ("minus-one-to-one", "RGB"),
    "DenseNet121": ("imagenet", "RGB"),
    "InceptionV3": ("minus-one-to-one", "RGB"),
}


# ------------------------------------------------------------------ keras.applications
@functools.cache
def headed(name, size):
    """An application with a head of its own: (all layers side by side, as a model in a model)."""
    make = getattr(keras.applications, name)
    base = shaken(make(weights=None, include_top=False, input_shape=(*size, 3)))
    x = L.GlobalAveragePooling2D()(base.output)
    x = L.Dropout(0.3)(L.Dense(8, activation="relu")(x))
    layers = [L.GlobalMaxPooling2D(), L.Dense(3), L.Activation("softmax")]
    return keras.Model(base.input, L.Dense(2)(x)), keras.Sequential([base, *layers])


@pytest.mark.parametrize("name", COLOURS)
def test_an_application_with_a_head_answers_as_in_keras(tmp_path, name):
    size = (75, 77) if name == "InceptionV3" else (32, 48)
    flat, nested = headed(name, size)
    for model, ending in ((flat, ".h5"), (nested, ".keras")):
        contents, _ = agrees(model, saved(model, tmp_path, ending), size, count=1)
        assert contents.architecture == f"Keras {name}"
        assert told(contents, "scaling", "order") == COLOURS[name]
        assert contents.sources["scaling"] == f"what Keras' {name} was trained with"
        outputs = "logits" if model is flat else "softmax"
        assert told(contents, "input_size", "outputs") == (size, outputs)
        assert contents.stored == model.count_params()
        assert contents.format == ("Keras HDF5" if model is flat else "Keras 3 archive")


def test_the_other_layout_of_each_format_is_read_as_well(tmp_path):
    flat, nested = headed("MobileNetV2", (32, 48))
    for model, ending in ((nested, ".h5"), (flat, ".keras")):
        contents, _ = agrees(model, saved(model, tmp_path, ending), (32, 48), count=1)
        assert contents.architecture == "Keras MobileNetV2"


# ------------------------------------------------------------------ how the network can be used
@pytest.fixture
def residual(tmp_path):
    """The network of a file with what residual networks are made of."""
    entry = keras.Input((32, 32, 3))
    x = L.Conv2D(8, 3, strides=2, padding="same")(L.ZeroPadding2D(1)(entry))
    x = L.MaxPooling2D(3, 2)(L.ReLU()(L.BatchNormalization()(x)))
    y = L.BatchNormalization()(L.Conv2D(8, 3, padding="same", name="last_conv")(x))
    x = L.GlobalAveragePooling2D(name="head")(L.Activation("relu")(L.Add()([x, y])))
    return opened(saved(shaken(keras.Model(entry, L.Dense(2)(x))), tmp_path, ".keras"))[1]


def test_windows_go_through_a_network_up_to_its_head(residual):
    sample = torch.rand(1, 3, 32, 32)
    traced = fast_form(residual, sample)
    assert traced is not None
    with torch.inference_mode():
        torch.testing.assert_close(traced(sample), residual(sample), rtol=0, atol=1e-5)
    windowed = Windowed(Trace(traced, sample))
    assert "head" in windowed.ended
    assert any("last_conv" in str(step.node.target) for step in windowed.steps)


def test_gradients_reach_the_tile(residual):
    tile = torch.rand(1, 3, 32, 32, requires_grad=True)
    residual(tile)[0, 1].backward()
    assert float(tile.grad.abs().sum()) > 0


# ------------------------------------------------------------------ what a file tells
def contents_of(model, folder, ending=".keras"):
    path = saved(model, folder, ending)
    with path.open("rb") as file:
        return keras_file.peek(file, path.name)


@pytest.mark.parametrize(
    ("last", "outputs"),
    [
        ([L.Dense(2, activation="softmax")], "softmax"),
        ([L.Dense(2), L.Softmax()], "softmax"),
        ([L.Dense(1, activation="sigmoid"), L.Dropout(0.1)], "sigmoid"),
        ([L.Dense(2), L.Activation("log_softmax")], "log-softmax"),
        ([L.Dense(2, activation="softmax"), L.Dense(2)], "logits"),
        ([L.Dense(2)], "logits"),
    ],
)
def test_the_last_activation_says_what_the_answers_are(tmp_path, last, outputs):
    model = keras.Sequential([L.Input((4, 4, 3)), L.Flatten(), *last])
    assert contents_of(model, tmp_path).told["outputs"] == outputs


@pytest.mark.parametrize(
    "first",
    [
        [L.Rescaling(1 / 255)],
        [L.RandomFlip(), L.Normalization(mean=[1, 2, 3], variance=[1, 1, 1])],
        [keras.Sequential([L.Rescaling(1 / 127.5, -1)])],
    ],
)
def test_a_network_that_scales_colours_itself_takes_them_as_they_are(tmp_path, first):
    model = keras.Sequential([L.Input((4, 4, 3)), *first, L.Flatten(), L.Dense(2)])
    contents = contents_of(model, tmp_path)
    assert contents.told["scaling"] == "zero-to-255"
    assert contents.sources["scaling"] == "the network scales colours itself"


def test_scaling_behind_weights_is_not_taken_for_the_input_s(tmp_path):
    layers = [L.Input((4, 4, 3)), L.Conv2D(2, 1), L.Rescaling(1 / 255), L.Flatten(), L.Dense(2)]
    contents = contents_of(keras.Sequential(layers), tmp_path)
    assert "scaling" not in contents.told


def test_a_network_for_any_size_says_which_one_was_assumed(tmp_path):
    entry = keras.Input((None, None, 3))
    x = L.GlobalAveragePooling2D()(L.Conv2D(4, 3, strides=2, padding="same")(entry))
    model = shaken(keras.Model(entry, L.Dense(2)(x)))
    contents, _ = agrees(model, saved(model, tmp_path, ".keras"), (224, 224))
    assert contents.told["input_size"] == (224, 224)
    assert "assumed" in contents.notes[0]
    assert "assumed" in contents.sources["input_size"]


# ------------------------------------------------------------------ code is refused
def refused(path):
    with pytest.raises(UnusableCheckpoint) as caught:
        opened(path)
    assert path.name in caught.value.what
    assert caught.value.remedy.endswith(".")
    return caught.value


SPRUNG: list[int] = []


@pytest.mark.parametrize("ending", FORMATS)
def test_a_layer_that_holds_code_is_refused_by_name_and_never_run(tmp_path, ending):
    layer = L.Lambda(lambda x: [x, SPRUNG.append(1)][0], output_shape=(4, 4, 3), name="trap")
    model = keras.Sequential([L.Input((4, 4, 3)), layer, L.Flatten(), L.Dense(2)])
    path = saved(model, tmp_path, ending)
    SPRUNG.clear()
    assert "trap (Lambda)" in refused(path).what
    assert not SPRUNG


@keras.saving.register_keras_serializable("tests")
class Conv2D(keras.layers.Conv2D):
    """Goes by a name that Keras has as well."""


def test_a_layer_of_somebody_s_own_is_refused_even_under_a_known_name(tmp_path):
    model = keras.Sequential([L.Input((4, 4, 3)), Conv2D(2, 3, name="mine"), L.Flatten()])
    assert "mine (Conv2D)" in refused(saved(model, tmp_path, ".keras")).what


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        ([L.Permute((2, 1, 3)), L.Flatten(), L.Dense(2)], "permute (Permute)"),
        ([L.Conv2D(2, 3)], "one row of numbers per tile"),
        ([L.UpSampling2D(4000), L.GlobalMaxPooling2D()], "than memory holds"),
    ],
)
def test_what_cannot_be_a_classifier_here_says_why(tmp_path, layers, words):
    for layer in layers:
        layer._name = type(layer).__name__.lower()
    model = keras.Sequential([L.Input((4, 4, 3)), *layers])
    assert words in refused(saved(model, tmp_path, ".keras")).what


def test_pictures_of_one_colour_are_refused(tmp_path):
    model = keras.Sequential([L.Input((4, 4, 1)), L.Flatten(), L.Dense(2)])
    assert "three colours" in refused(saved(model, tmp_path, ".h5")).what


def test_weights_without_their_network_are_refused(tmp_path):
    model = keras.Sequential([L.Input((4, 4, 3)), L.Flatten(), L.Dense(2)])
    path = tmp_path / "model.weights.h5"
    model.save_weights(path)
    assert "without the network" in refused(path).what


# ------------------------------------------------------------------ an archive that was repacked
def repacked(path, method=zipfile.ZIP_STORED, **replaced):
    """The same archive with another compression, or other contents of some entries."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in (parts | {k.replace("_", "."): v for k, v in replaced.items()}).items():
            archive.writestr(name, data)
    return path


def test_a_compressed_archive_is_read_as_well(tmp_path):
    model = shaken(keras.Sequential([L.Input((32, 32, 3)), L.Flatten(), L.Dense(9)]))
    agrees(model, repacked(saved(model, tmp_path, ".keras"), zipfile.ZIP_DEFLATED), (32, 32))


def test_an_archive_with_any_other_compression_is_refused(tmp_path):
    model = keras.Sequential([L.Input((4, 4, 3)), L.Flatten(), L.Dense(2)])
    refused(repacked(saved(model, tmp_path, ".keras"), zipfile.ZIP_LZMA))


def test_an_archive_that_unpacks_to_far_more_is_refused(tmp_path):
    model = keras.Sequential([L.Input((4, 4, 3)), L.Flatten(), L.Dense(2)])
    path = saved(model, tmp_path, ".keras")
    for entry in ("config_json", "metadata_json"):
        spread = repacked(path, zipfile.ZIP_DEFLATED, **{entry: b" " * (9 << 20)})
        assert "unpack" in refused(spread).what
        path = saved(model, tmp_path, ".keras")


def test_a_nested_model_of_keras_2_counts_its_own_making_as_its_first_use(tmp_path):
    inner = keras.Sequential([L.Conv2D(2, 3), L.Flatten()], name="inner")
    entry = keras.Input((6, 6, 3))
    model = shaken(keras.Model(entry, L.Dense(2)(inner(entry))))
    path = saved(model, tmp_path, ".keras")
    with zipfile.ZipFile(path) as archive:
        config = archive.read("config.json").decode()
    assert config.count('["inner", 0, 0]') == 1
    repacked(path, config_json=config.replace('["inner", 0, 0]', '["inner", 1, 0]').encode())
    agrees(model, path, (6, 6))


def sample_archive(folder: Path) -> bytes:
    model = keras.Sequential([L.Input((4, 4, 3)), L.Conv2D(2, 3), L.Flatten(), L.Dense(2)])
    return saved(model, folder, ".keras").read_bytes()


def test_an_archive_is_recognised_by_its_entries(tmp_path):
    data = sample_archive(tmp_path)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = archive.namelist()
        assert json.loads(archive.read("metadata.json"))["keras_version"].startswith("3.")
    assert keras_file.entries_recognised(names)
    assert not keras_file.entries_recognised(names[:2])
    assert not keras_file.recognises(data[:8])
