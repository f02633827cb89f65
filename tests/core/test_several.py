"""Several pixels, several tiles: each asked in the way that fits, and each remembered as needed."""

import gc
import weakref

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from onepixel_gui.attack.probe import Ended, Settings
from onepixel_gui.attack.search import search
from onepixel_gui.classifier.classifier import Classifier
from onepixel_gui.classifier.pace import Pace
from onepixel_gui.classifier.several import disjoint
from onepixel_gui.tiles.files import read
from onepixel_gui.tiles.tile import Tile
from tests.core.networks import noise
from tests.core.random_networks import Forced, everywhere, together
from tests.core.stand_ins import search_all
from tests.core.test_demo import CHECKPOINT, DEMO

EDGE = 40, 36
TILE = Tile("t.png", noise(1, EDGE, seed=11)[0])
NAMES = ["mitosis/ring_66.png", "normal/lymphocyte_51.png", "mitosis/anaphase_49.png"]


class Stack(nn.Module):
    """Windows of 3, then 2, then 4 positions."""

    def __init__(self):
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(4)
            self.maps = nn.Sequential(
                *(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
                *(nn.Conv2d(8, 8, 3, padding=1), nn.ReLU()),
            )
            self.last = nn.Linear(8, 1)
            self.last.weight.data *= 60
        self.eval()

    def forward(self, x):
        return self.last(self.maps(x).mean(dim=(2, 3)))


@pytest.fixture(scope="module")
def forced():
    classifier = Forced(Stack(), EDGE)
    classifier.use(classifier.splits()[-1])
    return classifier


@pytest.fixture(scope="module")
def demonstration():
    return Classifier.open(CHECKPOINT, "cpu")


# ------------------------------------------------------------------ which way
def positions(asked):
    return asked[..., 0].astype(np.int64), asked[..., 1].astype(np.int64)


@pytest.mark.parametrize("pixels", [2, 3, 5])
def test_each_candidate_is_in_one_group_near_ones_in_a_window_that_holds_them(forced, pixels):
    asked = together(EDGE, pixels, 200)
    rows, columns = positions(asked)
    groups = list(forced.ways.several.groups(rows, columns))
    assert np.array_equal(np.sort(np.concatenate([group.of for group in groups])), np.arange(200))
    kinds = set()
    for group in groups:
        if not len(group.of):
            continue
        kinds.add("dense" if group.way is None else "apart" if group.apart else "near")
        if group.way is not None and not group.apart:
            extents = np.ptp(rows[group.of], axis=1), np.ptp(columns[group.of], axis=1)
            assert max(extents[0].max(), extents[1].max()) < group.way.windowed.span
    assert "near" in kinds


def test_pixels_near_and_apart_and_mixed_are_all_answered_exactly(forced):
    corners = [[0, 0], [0, 35], [39, 0], [39, 35]]
    places = {
        "near": [[20, 20], [21, 20]],
        "twice": [[20, 20], [20, 20]],
        "edge": [[39, 34], [38, 35]],
        "corners": [corners[0], corners[3]],
        "row": [[5, 0], [5, 35]],
        "touching": [[10, 10], [10, 17]],
        "mixed": [[10, 10], [30, 11]],
    }
    chance = np.random.default_rng(5)
    spots = np.repeat(np.array(list(places.values())), 6, axis=0)
    colours = 255 * chance.integers(0, 2, (*spots.shape[:2], 3))
    asked = np.concatenate([spots, colours], axis=2).astype(np.int16)
    probe = forced.probe(TILE)
    true = probe.confirm(asked).logits
    assert np.ptp(true) > 0.02
    np.testing.assert_allclose(probe(asked).logits, true, atol=1e-4)
    used = [g for g in forced.ways.several.groups(*positions(asked)) if len(g.of)]
    assert {group.apart for group in used} == {True, False}


def test_of_two_pixels_at_one_position_the_later_wins_in_every_way(forced):
    asked = everywhere(EDGE, 40)
    first = asked.copy()
    first[..., 2:] = 255 - first[..., 2:]
    probe = forced.probe(TILE)
    both = np.concatenate([first, asked], axis=1)
    for answers in (probe, probe.confirm):
        np.testing.assert_allclose(answers(both).logits, probe(asked).logits, atol=1e-4)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 9999), pixels=st.sampled_from([2, 3]))
def test_pixels_are_apart_only_where_no_place_depends_on_two(seed, pixels):
    windowed, handed = COUNTED.windowed, COUNTED.ways.shortcut.prefix.live
    chance = np.random.default_rng(seed)
    rows, columns = (chance.integers(0, edge, (1, pixels)) for edge in EDGE)
    free = disjoint(windowed, handed, rows, columns)[0]
    spread = windowed.spread(handed[0])
    reached = np.zeros((spread.rows.length, spread.columns.length), int)
    for row, column in zip(rows[0], columns[0], strict=True):
        down, right = spread.rows.start[row], spread.columns.start[column]
        reached[down : down + spread.rows.size, right : right + spread.columns.size] += 1
    assert free == (reached.max() <= 1)


COUNTED = Forced(Stack(), EDGE)
COUNTED.use(COUNTED.splits()[-1])


# ------------------------------------------------------------------ several tiles
def test_searching_tiles_together_finds_what_searching_each_alone_finds(demonstration):
    tiles = [read(DEMO / name) for name in NAMES]
    wish = Settings(population=40, generations=4, seed=3, to_the_end=True)
    probes, together_ = [demonstration.probe(tile) for tile in tiles], {}
    for index, event in search_all(demonstration.chorus(probes), probes, wish):
        if isinstance(event, Ended):
            together_[index] = event
    assert sorted(together_) == [0, 1, 2]
    for index, tile in enumerate(tiles):
        *_, alone = search(demonstration.probe(tile), wish)
        one = together_[index]
        assert (one.best, one.queries, one.flipped) == (alone.best, alone.queries, alone.flipped)
        assert one.confidence == pytest.approx(alone.confidence, abs=1e-6)


@pytest.mark.parametrize("pixels", [1, 3, 5])
def test_a_chorus_answers_as_each_of_its_probes(demonstration, pixels):
    tiles = [read(DEMO / name) for name in NAMES]
    chorus = demonstration.chorus([demonstration.probe(tile) for tile in tiles])
    asked = together((64, 64), pixels, 60)
    which = np.random.default_rng(0).integers(0, 3, 60)
    told = chorus(which, asked)
    for index, tile in enumerate(tiles):
        mine = which == index
        true = demonstration.probe(tile).confirm(asked[mine])
        np.testing.assert_allclose(told.logits[mine], true.logits, atol=1e-4)
        sure = np.abs(true.logits) > 1e-3
        assert np.array_equal(told.flipped[mine][sure], true.flipped[sure])


# ------------------------------------------------------------------ memory
class Held(TorchDispatchMode):
    """The most bytes that tensors made in here hold at once."""

    def __init__(self):
        super().__init__()
        self.peak = 0
        self._alive = weakref.WeakValueDictionary()

    def __torch_dispatch__(self, function, _types, args=(), kwargs=None):
        made = function(*args, **(kwargs or {}))
        for one in made if isinstance(made, (tuple, list)) else [made]:
            if isinstance(one, torch.Tensor):
                self._alive[id(one)] = one
        storages = [one.untyped_storage() for one in self._alive.values()]
        self.peak = max(self.peak, sum({s.data_ptr(): s.nbytes() for s in storages}.values()))
        return made


@pytest.mark.parametrize("batch", [16, 64])
def test_windows_hold_at_most_twice_the_memory_of_the_dense_path(demonstration, batch):
    tile, asked = read(DEMO / NAMES[0]), everywhere((64, 64), 2 * batch)
    peaks = []
    for dense in (False, True):
        demonstration.pace = Pace(batch, 0.1)
        demonstration.ways.shortcut.pace = Pace(batch, 0.1)
        with Held() as held:
            demonstration.probe(tile, dense=dense)(asked)
        peaks.append(held.peak)
    assert 0 < peaks[0] <= 2 * peaks[1]


def test_what_is_remembered_of_a_tile_goes_with_its_probe(demonstration):
    probe = demonstration.probe(read(DEMO / NAMES[0]))
    probe(everywhere((64, 64), 20))
    probe(together((64, 64), 3, 20))
    if probe.preview_chunk:
        probe.preview(everywhere((64, 64), 20))
    tables = [
        weakref.ref(table) for memory in probe._look._memories.values()
        for table in memory.tables.values()
    ]  # fmt: skip
    assert len(tables) > 1
    assert sum(table().nbytes for table in tables) > 100_000
    del probe
    gc.collect()
    assert not any(table() is not None for table in tables)


def test_asking_again_holds_no_more_memory_than_asking_once(demonstration):
    probe, asked = demonstration.probe(read(DEMO / NAMES[0])), everywhere((64, 64), 100)

    def held():
        gc.collect()
        return sum(one.nbytes for one in gc.get_objects() if type(one) is torch.Tensor)

    probe(asked)
    before = held()
    assert before > 100_000
    for _ in range(5):
        probe(asked)
    assert held() == before
