"""A card beside a checkpoint: written, bound to its bytes, read next time, never trusted blind."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onepixel_gui.classifier import sidecar
from onepixel_gui.classifier.card import Card
from onepixel_gui.problems import NotWritten, UnusableCheckpoint
from tests.core.networks import card

FULL = replace(
    card(("calm", "dividing"), subject="calm", threshold=0.25),
    order="BGR",
    scaling="custom",
    mean=(0.1, 0.2, 0.3),
    std=(0.4, 0.5, 0.6),
    outputs="sigmoid",
    fitting="resize",
    mpp=0.5,
    sha256="a" * 64,
    architecture="resnet18",
)


@pytest.fixture
def checkpoint(tmp_path):
    path = tmp_path / "m.pt"
    path.write_bytes(b"weights")
    return path


def test_the_card_of_a_checkpoint_lies_beside_it_under_its_whole_name(checkpoint):
    assert sidecar.beside(checkpoint).name == "m.pt.card.toml"


def test_everything_said_of_a_checkpoint_comes_back(checkpoint):
    sidecar.write(FULL, sidecar.beside(checkpoint))
    given_, doubts = sidecar.found(checkpoint, "a" * 64, None)
    assert doubts == ()
    assert given_.architecture == "resnet18"
    assert given_.source == "the card beside the file"
    assert given_.fields == {field: getattr(FULL, field) for field in sidecar.FIELDS}


def test_mean_and_spread_are_written_for_custom_scaling_only(checkpoint):
    sidecar.write(replace(FULL, scaling="imagenet"), sidecar.beside(checkpoint))
    text = sidecar.beside(checkpoint).read_text("utf-8")
    assert "mean" not in text
    assert 'checkpoint = "tiny.pt"' in text


def test_a_resolution_left_open_stays_open_whatever_such_networks_are_trained_with(checkpoint):
    sidecar.write(replace(FULL, mpp=None), sidecar.beside(checkpoint))
    given_, doubts = sidecar.found(checkpoint, "a" * 64, None)
    assert (given_.fields["mpp"], doubts) == (None, ())


def test_a_card_made_for_other_bytes_is_told_and_not_used(checkpoint):
    sidecar.write(FULL, sidecar.beside(checkpoint))
    given_, (doubt,) = sidecar.found(checkpoint, "b" * 64, None)
    assert given_.fields == {}
    assert "earlier version" in doubt


def test_a_card_the_reader_names_is_used_for_any_file_and_that_is_told(checkpoint, tmp_path):
    shared = tmp_path / "shared.toml"
    sidecar.write(FULL, shared)
    given_, (doubt,) = sidecar.found(checkpoint, "b" * 64, shared)
    assert given_.fields["fitting"] == "resize"
    assert given_.source == "the card shared.toml"
    assert "another file" in doubt


def test_no_card_is_no_news(checkpoint):
    given_, doubts = sidecar.found(checkpoint, "b" * 64, None)
    assert (given_.fields, doubts) == ({}, ())


BAD = [
    b"\xff\xfe",
    b"classes = [",
    b'classes = ["a", 3]',
    b"threshold = 1.5",
    b"threshold = nan",
    b'scaling = "upside-down"',
    b"input_size = [0, 64]",
    b"input_size = [64]",
    b"std = [1, 1, 0]",
    b"mean = [inf, 0, 0]",
    b'fitting = "guess"',
    b"mpp = 0.04",
    b"mpp = 21",
    b"mpp = nan",
    b'mpp = "coarse"',
    b"name = ''",
    b"x = " + b"[" * 5000,
    b"# " + b"x" * (1 << 20),
]


@pytest.mark.parametrize("text", BAD, ids=range(len(BAD)))
def test_a_card_that_cannot_be_gone_by_is_a_problem_when_named_and_a_doubt_when_it_lies_about(
    checkpoint, text
):
    path = sidecar.beside(checkpoint)
    path.write_bytes(text)
    with pytest.raises(sidecar.UnusableCard) as caught:
        sidecar.found(checkpoint, "a" * 64, path)
    assert path.name in caught.value.what
    assert str(path.parent) not in caught.value.what
    given_, (doubt,) = sidecar.found(checkpoint, "a" * 64, None)
    assert given_.fields == {}
    assert "not used" in doubt


def test_a_named_card_that_is_missing_is_a_problem(checkpoint, tmp_path):
    with pytest.raises(sidecar.UnusableCard):
        sidecar.found(checkpoint, "a" * 64, tmp_path / "none.toml")


@given(text=st.binary(max_size=300))
@settings(max_examples=150, deadline=None)
def test_no_bytes_make_reading_a_card_fail_otherwise(tmp_path_factory, text):
    folder = tmp_path_factory.mktemp("card")
    (folder / "m.pt").write_bytes(b"w")
    sidecar.beside(folder / "m.pt").write_bytes(text)
    sidecar.found(folder / "m.pt", "a" * 64, None)


def test_a_card_that_cannot_be_written_says_so(tmp_path):
    with pytest.raises(NotWritten):
        sidecar.write(FULL, tmp_path / "none" / "m.card.toml")


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"subject": "dragon"}, "subject"),
        ({"classes": ("same", "same")}, "classes"),
        ({"classes": ("alone",)}, "classes"),
        ({"threshold": 0}, "threshold"),
        ({"order": "GBR"}, "order"),
        ({"input_size": "wide"}, "input_size"),
        ({"input_size": (8, 4097)}, "input_size"),
    ],
)
def test_values_that_make_no_sense_are_named(change, word):
    values = {**_values(FULL), **change}
    with pytest.raises(UnusableCheckpoint, match=word):
        sidecar.made("m.pt", values)


def test_values_that_make_sense_make_the_card():
    assert sidecar.made("m.pt", _values(FULL)) == FULL
    listed = {**_values(FULL), "classes": ["calm", "dividing"], "input_size": [8, 8]}
    assert sidecar.made("m.pt", listed) == FULL


def _values(of: Card):
    return {name: getattr(of, name) for name in of.__dataclass_fields__}
