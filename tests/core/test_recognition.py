"""A network is told from the names and shapes of its weights, before torch is loaded."""

import gzip
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onepixel_gui.classifier import recognition
from onepixel_gui.classifier.architectures import OWN
from tests.core.network_shapes import (
    AUXILIARY,
    BUILDERS,
    HOSTILE,
    MODELS,
    RESNET18,
    first,
    loaded,
    shapes_of,
    weights,
)


# ------------------------------------------------------------------ recognised as itself
@pytest.mark.parametrize("name", BUILDERS)
def test_each_torchvision_network_with_two_classes_is_recognised_as_itself_first(name):
    assert first(shapes_of(name)) == (name, 2, True)


@pytest.mark.parametrize("name", [name for name in OWN if name != "codait_mitosis"])
def test_each_network_of_ours_is_recognised_as_itself_first(name):
    assert first(shapes_of(name, 10)) == (name, 10, True)


def test_the_mitosis_network_is_recognised_with_its_one_output():
    assert first(shapes_of("codait_mitosis")) == ("codait_mitosis", 1, True)


@pytest.mark.parametrize("classes", [1, 1000])
@pytest.mark.parametrize("name", ["resnet18", "densenet121", "squeezenet1_0", "swin_t", "vit_b_32"])
def test_the_number_of_classes_is_read_from_the_head(name, classes):
    assert first(shapes_of(name, classes)) == (name, classes, True)


def test_a_state_dict_made_by_torchvision_alone_is_recognised():
    state = MODELS.resnet18(num_classes=3).state_dict()
    shapes = {name: tuple(value.shape) for name, value in state.items()}
    assert first(shapes) == ("resnet18", 3, True)
    assert recognition.renaming("resnet18", shapes) == {name: name for name in shapes}


@pytest.mark.parametrize("name", ["resnet50", "vgg16_bn", "cifar_resnet20"])
def test_counters_of_batch_norms_may_be_missing(name):
    assert first(weights(shapes_of(name))) == (name, 2, True)


@pytest.mark.parametrize("name", AUXILIARY)
def test_heads_that_only_training_uses_may_be_left_out_but_not_in_part(name):
    shapes = shapes_of(name)
    lean = {k: s for k, s in shapes.items() if not k.startswith(AUXILIARY[name])}
    assert first(lean) == (name, 2, True)
    assert recognition.sizes(name, lean)["auxiliary"] == 0
    assert recognition.sizes(name, shapes)["auxiliary"] == 1
    torn = dict(shapes)
    del torn[next(k for k in shapes if k.startswith(AUXILIARY[name]))]
    assert recognition.recognise(torn) == ()


@pytest.mark.parametrize("side", [2, 7, 24])
def test_the_size_of_a_vits_picture_follows_from_its_places(side):
    shapes = shapes_of("vit_b_16", places=1 + side**2)
    assert first(shapes) == ("vit_b_16", 2, True)
    told = recognition.conventions("vit_b_16", 2, shapes)
    assert told["input_size"] == (16 * side, 16 * side)


@pytest.mark.parametrize("places", [0, 1, 12, 10**12])
def test_places_that_are_no_square_fit_no_vit(places):
    shapes = shapes_of("vit_b_16") | {"encoder.pos_embedding": (1, places, 768)}
    assert recognition.recognise(shapes) == ()


def test_the_width_of_hidden_layers_follows_from_their_weights():
    shapes = shapes_of("cifar_vgg16_bn_fc", hidden=4096)
    assert recognition.sizes("cifar_vgg16_bn_fc", shapes) == {"classes": 2, "hidden": 4096}


def test_heads_that_disagree_about_the_classes_fit_nothing():
    assert recognition.recognise(shapes_of("resnet18") | {"fc.bias": (3,)}) == ()


@pytest.mark.parametrize("hint", ["resnet50", "ResNet-50", "torchvision's resnet50"])
def test_a_network_that_the_file_names_and_fits_is_told_as_such(hint):
    assert recognition.recognise(shapes_of("resnet50"), hint)[0].reason.startswith("The file names")
    assert "names it" not in recognition.recognise(shapes_of("resnet18"), hint)[0].reason


def test_of_several_networks_the_named_one_comes_first_and_then_those_whose_names_agree(
    tmp_path, monkeypatch
):
    facts = {"optional": [], "edge": 9, "mean": [0, 0, 0], "std": [1, 1, 1]}
    lines = {"renamed": ["a.weight classes,4"], "alike": ["b.weight classes,4"]}
    networks = [{"key": key, "weights": lines[key], **facts} for key in lines]
    told = {"categories": [], "networks": [*networks, {**networks[1], "key": "third"}]}
    recognition_anew = loaded(Path(recognition.__file__))
    monkeypatch.setattr(recognition_anew, "INDEX", tmp_path / "index.gz")
    recognition_anew.INDEX.write_bytes(gzip.compress(json.dumps(told).encode()))

    def keys(hint):
        fits = recognition_anew.recognise({"b.weight": (2, 4)}, hint)
        return [fit.architecture for fit in fits]

    assert keys("") == ["alike", "third", "renamed"]
    assert keys("third") == ["third", "alike", "renamed"]
    assert keys("renamed") == ["renamed", "alike", "third"]


# ------------------------------------------------------------------ renamed wrappers
RENAMINGS = {
    "prefix": lambda name: f"encoder.net.{name}",
    "words": lambda name: name.replace("layer", "stage").replace("downsample", "short"),
    "head": lambda name: name.replace("fc.", "fc.1.").replace("classifier.", "head."),
}


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("resnet50", "prefix"),
        ("resnet50", "words"),
        ("resnet50", "head"),
        ("cifar_resnet110_b", "words"),
        ("vgg16_bn", "prefix"),
        ("mobilenet_v2", "head"),
        ("swin_t", "prefix"),
    ],
)
@pytest.mark.parametrize("by_letters", [False, True])
def test_renamed_weights_are_led_back_to_their_own_names(name, how, by_letters):
    shapes = shapes_of(name)
    truth = {RENAMINGS[how](own): own for own in shapes}
    stored = {renamed: shapes[own] for renamed, own in truth.items()}
    if by_letters:  # as safetensors stores them: layer 10 before layer 2
        stored = dict(sorted(stored.items()))
    fit = recognition.recognise(stored)[0]
    assert (fit.architecture, fit.exact) == (name, False)
    assert "names differ" in fit.reason
    assert recognition.renaming(name, stored) == truth


def test_layers_numbered_in_one_row_are_led_back_in_the_order_of_their_numbers():
    shapes = weights(shapes_of("cifar_vgg16_bn", 10))
    rows = {
        layer: row for row, layer in enumerate(dict.fromkeys(k.rpartition(".")[0] for k in shapes))
    }
    truth = {f"{rows[k.rpartition('.')[0]]}.{k.rpartition('.')[2]}": k for k in shapes}
    stored = dict(sorted((renamed, shapes[own]) for renamed, own in truth.items()))
    assert recognition.renaming("cifar_vgg16_bn", stored) == truth


def test_alike_blocks_that_were_sorted_by_letters_are_not_exchanged():
    parts = {".conv1.": ".0.", ".bn1.": ".1.", ".conv2.": ".2.", ".bn2.": ".3."}
    truth = {}
    for own in weights(shapes := shapes_of("cifar_resnet110")):
        renamed = f"a.0.{own}" if own.startswith("conv1") else f"a.1.{own}"
        if own.startswith("layer"):
            part = next(part for part in parts if part in own)
            renamed = f"b.{own.replace(part, parts[part])}"
        truth[f"z.{own}" if own.startswith("linear") else renamed] = own
    stored = {name: shapes[own] for name, own in sorted(truth.items())}
    assert recognition.renaming("cifar_resnet110", stored) == truth


def test_a_bias_is_never_taken_for_a_weight():
    exchanged = {"bn1.weight": "a.bias", "bn1.bias": "b.weight"}
    shapes = weights(shapes_of("cifar_resnet20"))
    stored = {f"net.{exchanged.get(name, name)}": shape for name, shape in shapes.items()}
    assert recognition.recognise(stored) == ()


def test_counters_follow_their_norms_and_others_are_left_out():
    shapes = {f"net.{name}": shape for name, shape in shapes_of("resnet18").items()}
    shapes["net.more.num_batches_tracked"] = ()
    names = recognition.renaming("resnet18", shapes)
    assert names["net.layer1.0.bn1.num_batches_tracked"] == "layer1.0.bn1.num_batches_tracked"
    assert "net.more.num_batches_tracked" not in names


# ------------------------------------------------------------------ nothing fits
def test_the_nearest_network_of_a_changed_one_is_named_with_three_differences():
    shapes = shapes_of("resnet50") | {"conv1.weight": (64, 3, 3, 3), "neck.weight": (10, 512)}
    del shapes["layer4.2.conv3.weight"]
    assert recognition.recognise(shapes) == ()
    near = recognition.nearest(shapes)
    assert near.title == "torchvision's resnet50"
    assert near.differences == (
        "conv1.weight is 64 x 3 x 3 x 3 here and 64 x 3 x 7 x 7 there",
        "layer4.2.conv3.weight is missing",
        "neck.weight is 10 x 512 here and missing there",
    )


def test_another_head_on_a_known_network_is_told_by_both_sides():
    shapes = shapes_of("resnet18")
    del shapes["fc.weight"], shapes["fc.bias"]
    del shapes["layer4.1.bn2.weight"]
    near = recognition.nearest(shapes | {"fc.0.weight": (64, 512), "fc.2.weight": (2, 64)})
    assert near.title == "torchvision's resnet18"
    assert near.differences == (
        "layer4.1.bn2.weight is missing",
        "fc.weight is missing",
        "fc.0.weight is 64 x 512 here and missing there",
    )


def test_an_auxiliary_head_that_was_left_out_is_no_difference():
    shapes = shapes_of("googlenet", auxiliary=0) | {"more.weight": (1,)}
    assert recognition.nearest(shapes).differences == ("more.weight is 1 here and missing there",)


def test_weights_that_do_not_fit_cannot_be_built():
    with pytest.raises(ValueError, match="resnet34"):
        recognition.sizes("resnet34", shapes_of("resnet18"))
    with pytest.raises(LookupError):
        recognition.renaming("resnet9000", {})


def test_no_weights_are_no_network():
    assert recognition.recognise({}) == ()
    assert len(recognition.nearest({}).differences) == 3


# ------------------------------------------------------------------ hostile
SIZE = st.one_of(st.integers(-3, 3000), st.integers())


SHAPES = st.dictionaries(st.text(), st.lists(SIZE, max_size=5).map(tuple), max_size=20)


@settings(max_examples=60, deadline=None)
@given(shapes=SHAPES, hint=st.text(max_size=20))
def test_any_names_and_shapes_are_judged_without_a_fault(shapes, hint):
    assert recognition.recognise(shapes, hint) == ()
    near = recognition.nearest(shapes)
    assert near.title
    assert 1 <= len(near.differences) <= 3


@settings(max_examples=40, deadline=None)
@given(changes=SHAPES, place=st.integers(0, 61), shape=st.lists(SIZE, max_size=5).map(tuple))
def test_a_network_with_any_weight_changed_is_judged_without_a_fault(changes, place, shape):
    shapes = dict(RESNET18)
    shapes[list(shapes)[place]] = shape
    for fit in recognition.recognise(shapes | changes):
        assert recognition.renaming(fit.architecture, shapes | changes)
    assert recognition.nearest(shapes | changes).title


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_shapes_are_refused_at_once_and_described_in_brief(kind):
    begun = time.process_time()
    assert recognition.recognise(HOSTILE[kind], "resnet" * 100_000) == ()
    told = recognition.nearest(HOSTILE[kind])
    assert time.process_time() - begun < 2
    assert all(len(sentence) < 400 for sentence in told.differences)
    assert all(sentence.isprintable() for sentence in told.differences)


def test_recognition_takes_a_fifth_of_a_second_when_warm():
    shapes = shapes_of("densenet121")
    recognition.recognise(shapes)
    begun = time.process_time()
    recognition.recognise(shapes)
    assert time.process_time() - begun < 0.2


def test_recognition_loads_no_torch():
    program = (
        "import sys; from onepixel_gui.classifier import recognition as r;"
        "r.recognise({'a': (1,)}, 'resnet50'); r.nearest({'a': (1,)});"
        "r.conventions('resnet50', 2);"
        "sys.exit(any(n in sys.modules for n in ('torch', 'torchvision', 'timm', 'numpy')))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
