"""Searches side by side: each finds what it would find alone, and together they fill the batch."""

import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from onepixel_gui.attack.lockstep import SideBySide
from onepixel_gui.attack.probe import Advanced, Began, Ended, Settings
from onepixel_gui.attack.search import search
from onepixel_gui.tiles.tile import Window
from tests.core.stand_ins import StandIn, StandInChorus, flat, hashed, one_spot, search_all

SMALL = Settings(population=20, generations=8, seed=1)
LAWS = [
    (one_spot(), 2.0),
    (one_spot(depth=1.5), 2.0),
    (hashed(spread=2.02), 2.0),
    (one_spot(sign=1.0, start=-2.0), -2.0),
    (flat(), 2.0),
]


def stand_in(which, corner=0, **words):
    law, clean = LAWS[which]
    return StandIn(law, clean_logit=clean, window=Window(corner, corner, 16, 16 - corner), **words)


def timeless(event):
    return replace(event, seconds=0.0) if isinstance(event, Ended) else event


def outcomes(probes, chunk, settings=SMALL):
    """{tile: Ended} and the chorus, after a check that each tile begins and ends once."""
    chorus = StandInChorus(probes, chunk=chunk)
    events = list(search_all(chorus, probes, settings))
    for kind in (Began, Ended):
        told = [index for index, event in events if isinstance(event, kind)]
        assert sorted(told) == list(range(len(probes)))
    return {i: timeless(e) for i, e in events if isinstance(e, Ended)}, chorus


@budget(max_examples=60, deadline=None)
@given(
    tiles=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 5)), min_size=1, max_size=7),
    chunk=st.integers(1, 200),
    seed=st.integers(0, 20),
    pixels=st.integers(1, 2),
    to_the_end=st.booleans(),
)
def test_each_tile_ends_as_it_would_alone(tiles, chunk, seed, pixels, to_the_end):
    settings = Settings(13, 5, pixels=pixels, seed=seed, to_the_end=to_the_end)
    probes = [stand_in(*each) for each in tiles]
    together, _ = outcomes(probes, chunk, settings)
    for index, each in enumerate(tiles):
        alone = stand_in(*each, chunk=1000)
        *_, last = search(alone, settings)
        assert together[index] == timeless(last)
        asked = last.queries
        assert np.array_equal(probes[index].queries[:asked], alone.queries[:asked])


def test_a_tile_is_asked_nothing_after_the_batch_in_which_it_ended():
    early, late = stand_in(0), stand_in(4)
    together, _ = outcomes([early, late], chunk=8)
    assert together[0].flipped
    assert len(early.queries) - together[0].queries < 8
    assert len(late.queries) == SMALL.budget


def test_batches_are_full_as_long_as_enough_tiles_run():
    _, chorus = outcomes([stand_in(4) for _ in range(5)], chunk=48)  # 5 tiles x 20 candidates
    full = 5 * SMALL.budget // 48
    assert chorus.sizes[: full - 3] == [48] * (full - 3)
    assert sum(chorus.sizes) == 5 * SMALL.budget


def test_tiles_that_run_on_fill_the_room_of_those_that_ended():
    probes = [stand_in(0) if index % 2 else stand_in(4) for index in range(6)]
    _, chorus = outcomes(probes, chunk=60)  # three tiles of 20 hold, three flip
    assert chorus.sizes[:-1] == [60] * (len(chorus.sizes) - 1)


def test_no_tile_runs_away_from_the_others():
    chorus = StandInChorus([stand_in(4) for _ in range(4)], chunk=33)
    at = [0] * 4
    for index, event in search_all(chorus, chorus.probes, SMALL):
        if isinstance(event, Advanced):
            at[index] = event.queries
            assert max(at) - min(at) <= 2 * SMALL.population


def test_a_flip_that_the_ordinary_pass_denies_is_never_reported():
    together, _ = outcomes([stand_in(0, denies=True), stand_in(0)], chunk=16)
    assert [together[index].flipped for index in (0, 1)] == [False, True]


def test_a_chorus_of_no_tiles_ends_at_once():
    assert list(search_all(StandInChorus([]), [], SMALL)) == []


@budget(max_examples=40, deadline=None)
@given(
    order=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 6)), min_size=2, max_size=6),
    chunk=st.integers(1, 90),
)
def test_a_search_that_begins_among_others_ends_as_it_would_alone(order, chunk):
    """order: law, and the batches that are asked before the next search begins."""
    joined = []

    def join(probes):
        joined.append(len(probes))
        return StandInChorus(list(probes), chunk=chunk)

    searches, told = SideBySide(join), []
    for number, (law, batches) in enumerate(order):
        searches.begin(number, stand_in(law), replace(SMALL, seed=number))
        for _ in range(batches):
            told += searches.go_on() if len(searches) else []
    while len(searches):
        told += searches.go_on()
    ended = {number: timeless(event) for number, event in told if isinstance(event, Ended)}
    for number, (law, _) in enumerate(order):
        *_, alone = search(stand_in(law), replace(SMALL, seed=number))
        assert ended[number] == timeless(alone)
    assert len(joined) <= len(order)


def test_a_search_tells_of_whole_generations_and_of_its_end_only():
    probes = [stand_in(4), stand_in(0)]
    for index, event in search_all(StandInChorus(probes, chunk=7), probes, SMALL):
        if isinstance(event, Advanced) and event.queries % SMALL.population:
            assert index == 1  # it flipped midway


def test_the_seconds_of_all_searches_are_those_of_the_batches_they_shared():
    probes = [stand_in(4) for _ in range(3)]
    begun = time.perf_counter()
    events = list(search_all(StandInChorus(probes, chunk=30), probes, SMALL))
    took = time.perf_counter() - begun
    seconds = [event.seconds for _, event in events if isinstance(event, Ended)]
    assert len(seconds) == 3
    assert 0 < sum(seconds) <= took


@pytest.mark.parametrize("chunk", [1, 20, 1000])
def test_events_of_one_tile_come_in_order_and_end_with_its_end(chunk):
    chorus = StandInChorus([stand_in(0), stand_in(1)], chunk=chunk)
    events = list(search_all(chorus, chorus.probes, SMALL))
    for tile in (0, 1):
        mine = [event for index, event in events if index == tile]
        assert isinstance(mine[0], Began)
        assert isinstance(mine[-1], Ended)
        queries = [event.queries for event in mine[1:]]
        assert queries == sorted(queries)
