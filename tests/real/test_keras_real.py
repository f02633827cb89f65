"""The Keras file that IBM published, read in both ways that it can be read."""

import numpy as np
import pytest
import torch

from onepixel_gui.classifier.architectures import CodaitMitosis
from onepixel_gui.classifier.fast import fast_form
from onepixel_gui.classifier.formats.contents import Source
from onepixel_gui.classifier.formats.keras import file as keras_file
from onepixel_gui.classifier.windows import Trace, Windowed
from onepixel_gui.tiles.files import read


@pytest.fixture(scope="module")
def source(shared_data):
    path = shared_data / "ibm_max" / "deep_histopath_model.hdf5"
    return Source(path, path.read_bytes(), "0" * 64)


@pytest.fixture(scope="module")
def contents(source):
    with source.path.open("rb") as file:
        return keras_file.peek(file, source.name)


@pytest.fixture(scope="module")
def tiles(shared_data):
    """(2, 3, 64, 64) in -1..1: the sample with a mitosis, and the one without."""
    pictures = [read(shared_data / "ibm_max" / f"{name}.png").rgb for name in ("true", "false")]
    return torch.from_numpy(np.stack(pictures) / 127.5 - 1).float().permute(0, 3, 1, 2)


@pytest.fixture(scope="module")
def rebuilt(source, contents):
    network = CodaitMitosis()
    missing = network.load_state_dict(keras_file.weights(source, contents), strict=False)
    assert all(key.endswith("num_batches_tracked") for key in missing.missing_keys)
    assert not missing.unexpected_keys
    return network.eval()


def test_the_published_network_is_recognised(contents):
    assert contents.architecture == "codait_mitosis"
    assert contents.stored == 112_585
    assert contents.told["name"] == "IBM MAX mitosis detector"


def test_the_rebuilt_network_gives_the_published_confidences(rebuilt, tiles):
    with torch.inference_mode():
        confidences = torch.sigmoid(rebuilt(tiles))[:, 0]
    assert float(confidences[0]) == pytest.approx(0.988444, abs=1e-6)
    assert float(confidences[1]) == pytest.approx(5.0892e-05, abs=1e-8)


def test_reading_the_graph_layer_by_layer_gives_the_same_logits(source, contents, rebuilt, tiles):
    network = keras_file.network(source, contents)
    with torch.inference_mode():
        torch.testing.assert_close(network(tiles), rebuilt(tiles), rtol=0, atol=1e-5)


def test_windows_go_as_far_through_the_graph_as_through_the_rebuilt_network(
    source, contents, rebuilt, tiles
):
    reached = []
    for network in (keras_file.network(source, contents), rebuilt):
        traced = fast_form(network, tiles[:1])
        assert traced is not None
        reached.append(len(Windowed(Trace(traced, tiles[:1])).steps))
    assert reached[0] == reached[1] > 60
