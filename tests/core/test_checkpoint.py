"""A checkpoint is data: read by its content, never run, and refused with a remedy."""

import contextlib
import json
import pickle
import struct
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onepixel_gui.classifier import checkpoint
from onepixel_gui.classifier.classifier import Classifier
from onepixel_gui.problems import UnusableCheckpoint
from tests.core.networks import Squashed, Tiny, codait_weights, noise, save_codait, save_script

TOLD = {"input": [8, 8], "scaling": "zero-to-one"}


def refused(path):
    with pytest.raises(UnusableCheckpoint) as caught:
        checkpoint.load(path)
    problem = caught.value
    assert path.name in problem.what
    assert str(path.parent) not in problem.what
    assert problem.remedy[0].isupper()
    assert problem.remedy.endswith(".")
    return problem


# ------------------------------------------------------------------ safetensors
def test_weights_and_card_of_a_safetensors_file_come_back(tmp_path):
    weights = codait_weights(3)
    told = {"name": "mine", "classes": ["calm", "dividing"], "threshold": 0.4}
    card, network = checkpoint.load(save_codait(tmp_path / "m.bin", weights=weights, told=told))
    assert (card.name, card.classes, card.subject, card.threshold) == (
        "mine",
        ("calm", "dividing"),
        "dividing",
        0.4,
    )
    assert (card.file, card.input_size, card.scaling) == ("m.bin", (64, 64), "minus-one-to-one")
    assert card.weights == 112_585
    assert not network.training
    state = network.state_dict()
    assert all(torch.equal(state[key], value) for key, value in weights.items())


def test_the_hash_of_a_card_is_that_of_the_file(tmp_path):
    import hashlib

    path = save_codait(tmp_path / "m.safetensors")
    card, _ = checkpoint.load(path)
    assert card.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_missing_and_surplus_weights_are_counted(tmp_path):
    weights = codait_weights()
    del weights["head.bias"], weights["stem.weight"]
    weights["surplus"] = torch.zeros(1)
    problem = refused(save_codait(tmp_path / "m.safetensors", weights=weights))
    assert "2 weights missing, 1 extra" in problem.what
    assert "head.bias" in problem.detail


def test_weights_of_another_shape_are_refused(tmp_path):
    weights = codait_weights() | {"head.bias": torch.zeros(7)}
    refused(save_codait(tmp_path / "m.safetensors", weights=weights))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_refused(tmp_path, value):
    weights = codait_weights()
    weights["head.bias"][0] = value
    assert "not numbers" in refused(save_codait(tmp_path / "m.safetensors", weights=weights)).what


def test_weights_that_do_not_say_of_which_network_are_refused(tmp_path):
    from safetensors.torch import save_file

    save_file(codait_weights(), str(tmp_path / "bare.safetensors"))
    assert "codait_mitosis" in refused(tmp_path / "bare.safetensors").remedy
    save_codait(tmp_path / "other.safetensors", architecture="resnet9000")
    assert "of which network" in refused(tmp_path / "other.safetensors").what


@pytest.mark.parametrize(
    ("told", "word"),
    [
        ({"subject": "dragon"}, "subject"),
        ({"classes": ["same", "same"]}, "subject"),
        ({"scaling": "upside-down"}, "scaling"),
        ({"outputs": "poems"}, "outputs"),
        ({"threshold": 1.5}, "threshold"),
        ({"input": [0, 64]}, "input"),
        ({"classes": ["a", "b", "c"]}, "3 classes but returns 1"),
        ({"input": [128, 128]}, "returns 4 numbers"),
        ({"input": [16, 16]}, "damaged"),
        ({"input": "wide"}, "damaged"),
        ({"threshold": "high"}, "damaged"),
        (["a list"], "damaged"),
    ],
)
def test_a_card_that_makes_no_sense_is_refused(tmp_path, told, word):
    assert word in refused(save_codait(tmp_path / "m.safetensors", told=told)).what


# ------------------------------------------------------------------ TorchScript
@pytest.mark.parametrize("outputs", [1, 2, 3])
@pytest.mark.parametrize("squashed", [False, True])
def test_a_torchscript_file_without_a_card_is_asked_and_its_assumptions_are_doubts(
    tmp_path, outputs, squashed
):
    edge = (64, 64)
    network = Tiny(outputs, edge, gain=0.3)
    if squashed:
        whole = Squashed(outputs)
        whole.inner = network
        network = whole
    card, _ = checkpoint.load(save_script(network, tmp_path / "net.pt"))
    assert card.architecture == "TorchScript"
    assert len(card.classes) == max(outputs, 2)
    assert card.classes[:2] == (("normal", "mitosis") if outputs < 3 else ("class 0", "class 1"))
    assert card.outputs == ("probabilities" if squashed else "logits")
    assert (card.input_size, card.scaling) == (edge, "zero-to-one")
    assert len(card.doubts) == 3
    assert "64 x 64 px was assumed" in card.doubts[0]


@pytest.mark.parametrize("outputs", [1, 2, 3])
def test_a_torchscript_file_answers_as_the_network_it_was_made_of(tmp_path, outputs):
    names = ["normal", "mitosis", "other"][: max(outputs, 2)]
    told = TOLD | {"classes": names, "outputs": "logits"}
    network = Tiny(outputs)
    classifier = Classifier.open(save_script(network, tmp_path / "net.ts", told), "cpu")
    assert classifier.card.doubts == ()
    assert classifier.card.classes == tuple(names)
    with torch.inference_mode():
        x = torch.from_numpy(noise(4) / 255).float().permute(0, 3, 1, 2)
        rows = network(x)
    rows = torch.cat([torch.zeros_like(rows), rows], 1) if outputs == 1 else rows
    np.testing.assert_allclose(classifier(noise(4)), torch.softmax(rows, 1).numpy(), atol=1e-5)


def test_a_card_that_names_other_classes_than_the_network_tells_apart_is_refused(tmp_path):
    told = TOLD | {"classes": ["a", "b"]}
    problem = refused(save_script(Tiny(3), tmp_path / "net.pt", told))
    assert "names 2 classes but returns 3 numbers" in problem.what


def test_a_network_that_returns_a_picture_is_no_classifier(tmp_path):
    class Picture(torch.nn.Module):
        def forward(self, x):
            return x

    problem = refused(save_script(Picture(), tmp_path / "net.pt", TOLD))
    assert "one row of numbers per tile" in problem.what


# ------------------------------------------------------------------ nothing is run
class Trap:
    """Whoever unpickles this makes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_a_pickle_is_refused_and_never_run(tmp_path, protocol):
    sprung = tmp_path / "sprung"
    path = tmp_path / "weights.pth"
    path.write_bytes(pickle.dumps(Trap(sprung), protocol))
    assert "could run code" in refused(path).what
    assert not sprung.exists()


def test_a_pickle_of_the_oldest_kind_is_refused_and_never_run(tmp_path):
    path = tmp_path / "weights.pt"
    path.write_bytes(pickle.dumps(Trap(tmp_path / "sprung"), 0))
    refused(path)
    assert not (tmp_path / "sprung").exists()


def test_a_whole_model_saved_by_torch_is_refused_and_never_run(tmp_path):
    path = tmp_path / "model.pt"
    torch.save({"weights": torch.zeros(2), "trap": Trap(tmp_path / "sprung")}, path)
    assert "TorchScript" in refused(path).remedy
    assert not (tmp_path / "sprung").exists()


def test_a_pickle_inside_a_torchscript_shell_is_never_run(tmp_path):
    path = save_script(Tiny(), tmp_path / "net.pt", TOLD)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    trapped = tmp_path / "trapped.pt"
    with zipfile.ZipFile(trapped, "w") as archive:
        for name, data in parts.items():
            trap = pickle.dumps(Trap(tmp_path / "sprung"), 2)
            archive.writestr(name, trap if name.endswith("data.pkl") else data)
    refused(trapped)
    assert not (tmp_path / "sprung").exists()


# ------------------------------------------------------------------ files that are none
@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n", "Git LFS pointer"),
        (b"just words, and quite a few of them", "not a checkpoint"),
        (b"PK\x03\x04 but no archive", "damaged"),
        (b"\x89HDF\r\n\x1a\n but no file", "damaged"),
        (struct.pack("<Q", 40) + b"{" + b"]" * 60, "damaged"),
        (struct.pack("<Q", 30) + b'{"__metadata__": "a sentence"}' + b" " * 40, "damaged"),
    ],
)
def test_a_file_that_is_no_checkpoint_says_what_it_is(tmp_path, data, words):
    path = tmp_path / "weights.pth"
    path.write_bytes(data)
    assert words in refused(path).what


def test_a_folder_and_a_missing_file_are_refused(tmp_path):
    assert "not a file" in refused(tmp_path).what
    assert "not a file" in refused(tmp_path / "nowhere.pt").what


def test_a_file_larger_than_any_tile_classifier_is_not_read(tmp_path, monkeypatch):
    path = save_codait(tmp_path / "m.safetensors")
    monkeypatch.setattr(checkpoint, "LARGEST", 1000)
    monkeypatch.setattr(Path, "read_bytes", lambda _: pytest.fail("read"))
    assert "larger than" in refused(path).what


def test_a_file_that_may_not_be_read_is_a_problem(tmp_path, monkeypatch):
    path = save_codait(tmp_path / "m.safetensors")

    def forbidden(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", forbidden)
    assert "may read it" in refused(path).remedy


# ------------------------------------------------------------------ HDF5
def keras(path, layers=38):
    """A Keras file of the IBM layout with random weights, as many convolutions as asked for."""
    weights, rng = codait_weights(1), np.random.default_rng(0)
    names = ["stem"]
    for block in range(9):
        names += [f"blocks.{block}.{part}" for part in ("conv1", "conv2", "conv3", "shortcut")]
    names += ["head"]
    norms = [f"blocks.{b}.norm{n}" for b in range(9) for n in (1, 2, 3)] + ["norm"]
    with h5py.File(path, "w") as file:
        group = file.create_group("model_weights")
        for number, name in enumerate(names[:layers], 1):
            kernel = weights[f"{name}.weight"].numpy().transpose(2, 3, 1, 0)
            parts = {"kernel:0": kernel, "bias:0": weights[f"{name}.bias"].numpy()}
            _layer(group, f"conv2d_{number}", parts)
        for number, name in enumerate(norms, 1):
            size = len(weights[f"{name}.weight"])
            arrays = rng.random((4, size), np.float32) + 0.5
            keys = ("gamma:0", "beta:0", "moving_mean:0", "moving_variance:0")
            _layer(group, f"batch_normalization_{number}", dict(zip(keys, arrays, strict=True)))
        group.create_group("input_1").attrs["weight_names"] = np.array([], "S1")
    return path


def _layer(group, name, parts):
    layer = group.create_group(name)
    layer.attrs["weight_names"] = [f"{name}/{part}".encode() for part in parts]
    for part, array in parts.items():
        layer.create_dataset(f"{name}/{part}", data=array)


def test_a_keras_file_of_the_ibm_layout_is_rebuilt(tmp_path):
    card, network = checkpoint.load(keras(tmp_path / "ibm.hdf5"))
    assert card.name == "IBM MAX mitosis detector"
    assert card.weights == 112_585
    weights, state = codait_weights(1), network.state_dict()
    for name in ("stem.weight", "blocks.4.shortcut.weight", "blocks.8.conv3.bias", "head.weight"):
        assert torch.equal(state[name], weights[name])


def test_another_keras_file_is_refused(tmp_path):
    assert "IBM MAX" in refused(keras(tmp_path / "other.h5", layers=37)).what


@pytest.mark.parametrize("share", [0.05, 0.5, 0.99])
def test_a_keras_file_that_was_cut_short_is_refused(tmp_path, share):
    path = keras(tmp_path / "ibm.hdf5")
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    assert "damaged" in refused(path).what


# ------------------------------------------------------------------ damage anywhere
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(place=st.floats(0, 1), value=st.binary(min_size=1, max_size=40), cut=st.booleans())
def test_a_damaged_safetensors_file_is_read_or_refused_but_never_a_bug(tmp_path, place, value, cut):
    path = tmp_path / "m.safetensors"
    if not (tmp_path / "whole").exists():
        save_codait(tmp_path / "whole", told=json.loads('{"name": "mine"}'))
    data = bytearray((tmp_path / "whole").read_bytes())
    start = int(place**4 * len(data))  # mostly in the header
    data[start : start + len(value)] = value
    path.write_bytes(data[: start + 1] if cut else data)
    with contextlib.suppress(UnusableCheckpoint):
        checkpoint.load(path)
