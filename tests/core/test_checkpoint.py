"""A checkpoint is data: read by its content, never run, and refused with a remedy."""

import contextlib
import json
import pickle
import struct
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onepixel_gui.classifier import checkpoint, opening, sidecar
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


def test_weights_of_no_known_network_name_the_nearest_and_the_first_three_differences(tmp_path):
    weights = codait_weights()
    del weights["head.bias"], weights["stem.weight"]
    weights["surplus"] = torch.zeros(7)
    problem = refused(save_codait(tmp_path / "m.safetensors", weights=weights))
    assert "nearest is CODAIT" in problem.what
    for word in ("head.bias", "stem.weight", "surplus"):
        assert word in problem.what
    assert "TorchScript" in problem.remedy


def test_weights_of_another_shape_are_refused(tmp_path):
    weights = codait_weights() | {"head.bias": torch.zeros(7)}
    assert "head" in refused(save_codait(tmp_path / "m.safetensors", weights=weights)).what


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_a_doubt(tmp_path, value):
    weights = codait_weights()
    weights["head.bias"][0] = value
    card, _ = checkpoint.load(save_codait(tmp_path / "m.safetensors", weights=weights))
    assert any("1 of its weights" in doubt for doubt in card.doubts)


def test_weights_without_a_word_are_recognised_by_names_and_shapes(tmp_path):
    from safetensors.torch import save_file

    save_file(codait_weights(), str(tmp_path / "bare.safetensors"))
    card, _ = checkpoint.load(tmp_path / "bare.safetensors")
    assert (card.architecture, card.scaling) == ("codait_mitosis", "minus-one-to-one")
    assert card.classes == ("normal", "mitosis")
    save_codait(tmp_path / "other.safetensors", architecture="resnet9000")
    card, _ = checkpoint.load(tmp_path / "other.safetensors")
    assert card.architecture == "codait_mitosis"


@pytest.mark.parametrize(
    ("told", "word"),
    [
        ({"subject": "dragon"}, "subject"),
        ({"classes": ["same", "same"]}, "classes"),
        ({"scaling": "upside-down"}, "scaling"),
        ({"outputs": "poems"}, "outputs"),
        ({"threshold": 1.5}, "threshold"),
        ({"input": [0, 64]}, "input"),
        ({"classes": ["a", "b", "c"]}, "3 classes but returns 1"),
        ({"input": [128, 128]}, "returns 4 numbers"),
        ({"input": [16, 16]}, "damaged"),
        ({"input": "wide"}, "input"),
        ({"threshold": "high"}, "threshold"),
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
    kind = "sigmoid" if outputs == 1 else "softmax"
    assert card.outputs == (kind if squashed else "logits")
    assert card.sources["outputs"] == "asked of the network"
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
    assert "torch.save(model.state_dict()" in refused(path).remedy
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
    monkeypatch.setattr(opening, "LARGEST", 1000)
    monkeypatch.setattr(opening, "peeked", lambda *_: pytest.fail("read"))
    assert "larger than" in refused(path).what


def test_a_file_that_may_not_be_read_is_a_problem(tmp_path, monkeypatch):
    path = save_codait(tmp_path / "m.safetensors")

    def forbidden(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", forbidden)
    assert "may read it" in refused(path).remedy


# ------------------------------------------------------------------ cards
def test_a_card_beside_the_file_is_gone_by_and_clears_what_was_assumed(tmp_path):
    path = save_script(Tiny(), tmp_path / "net.pt", {"input": [8, 8]})
    assumed, _ = checkpoint.load(path)
    assert assumed.sources["scaling"] == opening.ASSUMED
    assert any("scaling" in doubt for doubt in assumed.doubts)
    card = replace(assumed, scaling="imagenet", order="BGR", classes=("a", "b"), subject="b")
    sidecar.write(card, sidecar.beside(path))
    known, _ = checkpoint.load(path)
    assert (known.scaling, known.order, known.classes) == ("imagenet", "BGR", ("a", "b"))
    assert known.sources["scaling"] == "the card beside the file"
    assert known.doubts == ()


def test_a_card_of_an_earlier_file_is_told_and_not_used(tmp_path):
    path = save_script(Tiny(), tmp_path / "net.pt", TOLD)
    card, _ = checkpoint.load(path)
    sidecar.write(replace(card, order="BGR", sha256="0" * 64), sidecar.beside(path))
    again, _ = checkpoint.load(path)
    assert again.order == "RGB"
    assert any("earlier version" in doubt for doubt in again.doubts)


def test_a_card_that_is_given_overrides_the_one_beside_the_file(tmp_path):
    path = save_script(Tiny(), tmp_path / "net.pt", TOLD)
    card, _ = checkpoint.load(path)
    sidecar.write(replace(card, threshold=0.3), sidecar.beside(path))
    sidecar.write(replace(card, threshold=0.7), tmp_path / "other.toml")
    assert checkpoint.load(path, card=tmp_path / "other.toml")[0].threshold == 0.7


def test_a_file_that_changes_between_inspection_and_loading_is_refused(tmp_path):
    path = save_codait(tmp_path / "m.safetensors")
    inspected = opening.inspect(path)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(UnusableCheckpoint, match="changed while"):
        list(checkpoint.loading(inspected))
    path.unlink()
    with pytest.raises(UnusableCheckpoint, match="not a file"):
        list(checkpoint.loading(inspected))


def test_an_inspection_needs_no_torch(tmp_path):
    path = save_codait(tmp_path / "m.safetensors")
    code = (
        "import sys; from pathlib import Path\n"
        "from onepixel_gui.classifier.opening import inspect\n"
        f"inspect(Path({str(path)!r})); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0


def test_another_network_that_fits_can_be_asked_for(tmp_path):
    path = save_codait(tmp_path / "m.safetensors")
    with pytest.raises(UnusableCheckpoint, match="does not fit resnet18"):
        opening.inspect(path, architecture="resnet18")
    assert opening.inspect(path, architecture="codait_mitosis").fits[0].exact


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
