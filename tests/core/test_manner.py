"""A classifier that is given a manner tells the same bits, whoever asks, and measures nothing."""

import json
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from onepixel_gui.attack.guided import guided
from onepixel_gui.attack.probe import Ended, Guidance, Settings
from onepixel_gui.attack.search import search
from onepixel_gui.classifier import devices
from onepixel_gui.classifier.classifier import Classifier
from onepixel_gui.classifier.manner import Manner, UnfitManner, as_values, of_values
from onepixel_gui.classifier.opening import inspect
from onepixel_gui.problems import DeviceFull
from onepixel_gui.tiles.files import read
from tests.core.networks import Tiny, card, save_script
from tests.core.random_networks import everywhere
from tests.core.stand_ins import search_all

DEMO = Path(__file__).parents[2] / "resources" / "demo"
CHECKPOINT = DEMO / "mitosis_demo.safetensors"
SMALL = Settings(population=150, generations=4, seed=3, to_the_end=True)


@pytest.fixture(scope="module")
def measured():
    return Classifier.open(CHECKPOINT, "cpu")


@pytest.fixture(scope="module")
def steady(measured):
    return measured.steady()


@pytest.fixture(scope="module")
def tiles():
    return [read(path) for path in sorted((DEMO / "mitosis").glob("*.png"))[:3]]


def bits(values) -> bytes:
    return np.ascontiguousarray(values).tobytes()


# ------------------------------------------------------------------ the same bits
@settings(max_examples=12, deadline=None)
@given(count=st.integers(1, 150), start=st.integers(0, 50), seed=st.integers(0, 9))
def test_what_is_told_of_a_candidate_does_not_depend_on_its_company(
    steady, tiles, count, start, seed
):
    probe, asked = steady.probe(tiles[0]), everywhere((64, 64), 200, seed)
    order = np.random.default_rng(seed).permutation(len(asked))
    shuffled = probe(asked[order]).logits
    told = np.empty_like(shuffled)
    told[order] = shuffled
    part = slice(start, start + count)
    assert bits(probe(asked[part]).logits) == bits(told[part])


def test_side_by_side_each_search_ends_as_it_would_alone_to_the_bit(steady, tiles):
    assert steady.manner.alike_in_company
    probes = [steady.probe(tile) for tile in tiles]
    together = {
        index: event
        for index, event in search_all(steady.chorus(probes), probes, SMALL)
        if isinstance(event, Ended)
    }
    for index, tile in enumerate(tiles):
        *_, alone = search(steady.probe(tile), SMALL)
        assert replace(together[index], seconds=0.0) == replace(alone, seconds=0.0)


def outcome(manner: Manner | None, threads: int, tile: Path) -> bytes:
    """What attacks ask, and all that they find, in a process that works with so many threads."""
    devices.work_with(threads)
    probe = Classifier.of(inspect(CHECKPOINT), "cpu", manner).probe(read(tile))
    asked = everywhere((64, 64), 300)
    found = [
        bits(probe(asked).logits),
        bits(probe.preview(asked)),
        bits(probe.confirm(asked[:5]).logits),
    ]
    for events in (search(probe, SMALL), guided(probe, Guidance())):
        *_, last = events
        found.append(repr(replace(last, seconds=0.0)).encode())
    return b"\n".join(found)


def test_processes_that_are_given_a_manner_find_the_same_bytes(measured):
    told = of_values(json.loads(json.dumps(as_values(measured.manner))))
    tile = min((DEMO / "mitosis").glob("*.png"))
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        other = pool.submit(outcome, told, 2, tile)
        mine = outcome(told, told.threads, tile)
        assert other.result() == mine


def test_a_classifier_that_is_given_a_manner_measures_nothing(measured, tiles, monkeypatch):
    def never(*_words):
        raise AssertionError("measured")

    monkeypatch.setattr("onepixel_gui.classifier.pace.timed", never)
    monkeypatch.setattr("onepixel_gui.classifier.kernels.timed", never)
    monkeypatch.setattr("onepixel_gui.classifier.incremental.timed", never)
    given_ = Classifier.of(inspect(CHECKPOINT), "cpu", measured.manner)
    assert given_.faithful
    assert given_.prepared
    assert given_.manner == measured.manner
    assert given_.serving == measured.serving
    assert given_.card == measured.card
    probes = [one.probe(tiles[1]) for one in (given_, measured.steady())]
    for pixels in (1, 2, 3):
        chance = np.random.default_rng(pixels)
        asked = np.concatenate([everywhere((64, 64), 100, seed) for seed in range(pixels)], axis=1)
        asked[:, :, :2] = chance.integers(0, 64, asked[:, :, :2].shape)
        one, other = (bits(probe(asked).logits) for probe in probes)
        assert one == other
    assert len({probe.chunk for probe in probes}) == 1
    assert len({probe.preview_chunk for probe in probes}) == 1
    asked = everywhere((64, 64), 100)
    assert len({bits(probe.preview(asked)) for probe in probes}) == 1


# ------------------------------------------------------------------ values
def test_a_manner_survives_json(measured):
    manner = measured.manner
    assert None not in (manner.windows, manner.preview, manner.prices)
    assert manner.kernels
    assert of_values(json.loads(json.dumps(as_values(manner)))) == manner


@pytest.mark.parametrize(
    "spoil",
    [
        lambda values: values.update(version=0),
        lambda values: values.pop("version"),
        lambda values: values.pop("dense"),
        lambda values: values.update(dense=None),
        lambda values: values.update(windows={"steps": 1}),
        lambda values: values.update(unheard_of=1),
        lambda values: values["kernels"].append({"layer": "conv"}),
    ],
)
def test_what_is_no_manner_is_refused(measured, spoil):
    values = json.loads(json.dumps(as_values(measured.manner)))
    spoil(values)
    with pytest.raises(ValueError, match="no manner"):
        of_values(values)


# ------------------------------------------------------------------ what does not fit
def spoilt(manner: Manner, how: str) -> Manner:
    match how:
        case "checkpoint":
            return replace(manner, checkpoint="0" * 64)
        case "device":
            return replace(manner, device="cuda")
        case "steps":
            return replace(manner, windows=replace(manner.windows, steps=10_000))
        case "layer":
            return replace(manner, kernels=(replace(manner.kernels[0], layer="none"),))
        case "kernel":
            return replace(manner, kernels=(replace(manner.kernels[0], way="none"),))
        case _:
            prices = replace(manner.prices, whole=manner.prices.whole[1:])
            return replace(manner, prices=prices)


@pytest.mark.parametrize("how", ["checkpoint", "device", "steps", "layer", "kernel", "prices"])
def test_a_manner_of_something_else_is_a_problem_with_a_remedy(measured, how):
    with pytest.raises(UnfitManner) as caught:
        Classifier.of(inspect(CHECKPOINT), "cpu", spoilt(measured.manner, how))
    assert caught.value.remedy.startswith("Continue with")


def test_another_machines_bits_are_noticed(measured):
    other = replace(measured.manner, mark="0" * 64)
    assert not Classifier.of(inspect(CHECKPOINT), "cpu", other).faithful


# ------------------------------------------------------------------ other networks
class Sociable(nn.Module):
    """What it tells of a tile depends on the others in the batch."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = Tiny()
        self.eval()

    def forward(self, x):
        y = self.inner(x)
        return y + 0.01 * y.mean(dim=0, keepdim=True)


def test_a_network_that_minds_company_is_told():
    assert Classifier(card(), Tiny(), "cpu").manner.alike_in_company
    assert not Classifier(card(), Sociable(), "cpu").manner.alike_in_company


@pytest.mark.parametrize("kind", ["plain", "script"])
def test_any_network_can_be_asked_in_its_manner(kind, tmp_path):
    if kind == "script":
        path = save_script(
            Tiny(), tmp_path / "tiny.pt", {"input": [8, 8], "scaling": "zero-to-one"}
        )
        measured = Classifier.open(path, "cpu")
        again = Classifier.of(inspect(path), "cpu", measured.manner)
    else:
        measured = Classifier(card(), Tiny(), "cpu")
        again = Classifier(card(), Tiny(), "cpu", measured.manner)
    assert again.faithful
    assert again.form == measured.form
    assert again.card.doubts == measured.card.doubts


def test_a_full_device_is_a_problem_where_smaller_batches_would_tell_other_bits(steady):
    def full(_part):
        raise torch.OutOfMemoryError("full")

    with pytest.raises(DeviceFull):
        steady.in_batches(100, full)
    assert steady.pace.batch == steady.manner.dense.batch
