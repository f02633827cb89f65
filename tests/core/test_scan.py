"""A scan asks the classifier all over a slide, tells what is new, and centres what it finds."""

import threading
import time
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from onepixel_gui.classifier.classifier import Classifier
from onepixel_gui.classifier.scan import (
    Awaited,
    ScanBegan,
    ScanEnded,
    Scanned,
    ScanSettings,
    scan,
)
from onepixel_gui.classifier.scanning.ahead import Ahead
from onepixel_gui.classifier.scanning.places import NothingToScan, blocks, gathered, grid_of
from onepixel_gui.problems import Problem
from onepixel_gui.tiles.slides import Built, borrowed
from onepixel_gui.tiles.tile import Window
from tests.core import slide_files
from tests.core.networks import Tiny, card
from tests.core.planes import PlaneSlide

EVERYWHERE = ScanSettings(tissue=False, best=20)


def plane(*shape, seed=0, **facts) -> PlaneSlide:
    return PlaneSlide(np.random.default_rng(seed).integers(0, 256, (*shape, 3), np.uint8), **facts)


@pytest.fixture(scope="module")
def tiny():
    return Classifier(card(), Tiny(gain=0.4), "cpu")


def ended(classifier, slide, settings=EVERYWHERE) -> ScanEnded:
    *_, last = scan(classifier, slide, settings)
    assert isinstance(last, ScanEnded)
    return last


def one_by_one(classifier, slide, grid):
    """(rows, columns): the confidence in the second class, each tile asked alone."""
    rows, columns = np.indices((grid.rows, grid.columns))
    tops, lefts = grid.corners(rows.ravel(), columns.ravel())
    tiles = [
        slide.tile(int(top), int(left), grid.shape, mpp=grid.mpp).rgb
        for top, left in zip(tops, lefts, strict=True)
    ]
    alone = [classifier(tile[None].copy())[0, 1] for tile in tiles]
    return np.array(alone).reshape(grid.rows, grid.columns)


# ------------------------------------------------------------------ the map
@pytest.mark.parametrize("mpp", [None, 0.25, 0.5, 0.1])
def test_every_score_is_that_of_the_tile_asked_alone(tiny, mpp):
    slide = plane(61, 83, mpp=mpp)
    asked = Classifier(replace(tiny.card, mpp=0.25), tiny.ordinary, "cpu")
    found = ended(asked, slide, replace(EVERYWHERE, stride=5))
    expected = one_by_one(asked, slide, found.grid)
    np.testing.assert_allclose(found.confidence, expected, atol=1e-5, rtol=0)
    assert np.ptp(expected) > 0.03
    for each in found.candidates:
        tile = slide.tile(each.row, each.column, found.grid.shape, mpp=found.grid.mpp)
        assert found.grid.downsample == tile.downsample
        assert each.confidence == pytest.approx(asked(tile.rgb[None].copy())[0, 1], abs=1e-6)


def test_what_is_told_on_the_way_adds_up_to_the_map(tiny):
    events = [*scan(tiny, plane(400, 430), replace(EVERYWHERE, stride=3))]
    began, last = events[0], events[-1]
    assert isinstance(began, ScanBegan)
    told = np.full((began.grid.rows, began.grid.columns), np.nan, np.float32)
    news = [event for event in events if isinstance(event, Scanned)]
    assert len(news) > 1
    for event in news:
        assert np.isnan(told[event.rows, event.columns]).all()
        told[event.rows, event.columns] = event.confidence
    np.testing.assert_array_equal(told, last.confidence)
    assert [event.done for event in news] == list(np.cumsum([len(event.rows) for event in news]))
    assert news[-1].done == news[-1].total == began.total == told.size
    assert not last.confidence.flags.writeable


def test_the_same_scan_finds_the_same(tiny):
    first, second = (ended(tiny, plane(90, 90)) for _ in range(2))
    np.testing.assert_array_equal(first.confidence, second.confidence)
    assert first.candidates == second.candidates


def test_a_quick_form_that_says_something_else_is_found_out_and_not_reported():
    class Lying(Classifier):
        def outputs(self, inputs, *, fast=False):
            return super().outputs(inputs, fast=fast) + (0.01 if fast else 0.0)

    liar = Lying(card(), Tiny(gain=0.2), "cpu")
    slide = plane(60, 60)
    found = ended(liar, slide)
    expected = one_by_one(liar, slide, found.grid)
    np.testing.assert_allclose(found.confidence, expected, atol=1e-6, rtol=0)
    assert "ordinary" in found.notes[0]


def test_a_quick_form_that_goes_astray_later_is_found_out_and_all_is_asked_again():
    class Tiring(Classifier):
        asked = 0

        def outputs(self, inputs, *, fast=False):
            self.asked += len(inputs) * fast
            return super().outputs(inputs, fast=fast) + (0.01 if self.asked > 1500 else 0.0) * fast

    tiring = Tiring(card(), Tiny(gain=0.2), "cpu")
    tiring.asked = 0
    tiring.pace = replace(tiring.pace, batch=32, seconds=1.0)
    slide = plane(330, 330)
    events = [*scan(tiring, slide, replace(EVERYWHERE, stride=8))]
    found = events[-1]
    expected = one_by_one(tiring, slide, found.grid)
    np.testing.assert_allclose(found.confidence, expected, atol=1e-6, rtol=0)
    assert found.notes
    assert any(
        later.done < earlier.done
        for earlier, later in pairwise(events)
        if isinstance(later, Scanned) and isinstance(earlier, Scanned)
    )


def test_a_classifier_whose_answers_are_no_numbers_is_a_problem():
    class Nothing(nn.Module):
        def forward(self, x):
            return x.sum(dim=(1, 2, 3))[:, None] * torch.nan

    with pytest.raises(Problem, match="not numbers"):
        ended(Classifier(card(), Nothing(), "cpu"), plane(30, 30))


# ------------------------------------------------------------------ where tiles lie
@given(
    shape=st.tuples(st.integers(1, 400), st.integers(1, 400)),
    box=st.tuples(*[st.integers(-50, 400)] * 2, *[st.integers(1, 400)] * 2),
    stride=st.integers(0, 40),
    mpp=st.sampled_from([None, 0.25, 0.5, 0.11]),
)
@settings(max_examples=200, deadline=None)
def test_the_cells_cover_the_region_and_each_tile_is_centred_in_it(shape, box, stride, mpp):
    slide = PlaneSlide(np.broadcast_to(np.uint8(0), (*shape, 3)), mpp=mpp)
    top, left = max(0, box[0]), max(0, box[1])
    bottom, right = min(shape[0], box[0] + box[2]), min(shape[1], box[1] + box[3])
    wanted = ScanSettings(Window(*box), stride)
    if bottom <= top or right <= left:
        with pytest.raises(NothingToScan):
            grid_of(card(mpp=0.25), slide, wanted)
        return
    grid = grid_of(card(mpp=0.25), slide, wanted)
    assert grid.row <= top
    assert grid.column <= left
    assert grid.row + grid.rows * grid.step >= bottom
    assert grid.column + grid.columns * grid.step >= right
    assert grid.row - top > -grid.step
    rows, _ = grid.corners(np.arange(grid.rows), np.arange(grid.rows))
    middles = rows + grid.height / 2
    assert (middles >= top - 1).all()
    assert (middles <= bottom + 1).all()
    assert (np.diff(rows) - grid.step < 1).all()


def test_a_slide_smaller_than_a_tile_is_scanned_with_its_mirror_image(tiny):
    found = ended(tiny, plane(5, 3))
    assert found.confidence.shape == (2, 1)
    assert np.isfinite(found.confidence).all()


def test_a_region_beside_the_slide_is_a_problem(tiny):
    with pytest.raises(NothingToScan, match="30 × 40"):
        ended(tiny, plane(30, 40), ScanSettings(Window(30, 0, 5, 5)))


def test_more_tiles_than_anybody_waits_for_are_a_problem(tiny):
    large = PlaneSlide(np.broadcast_to(np.uint8(0), (200_000, 200_000, 3)))
    with pytest.raises(NothingToScan, match="40,000,000,000"):
        ended(tiny, large, ScanSettings(stride=1))


def test_a_resampled_slide_and_one_of_unknown_resolution_are_told(tiny):
    asked = Classifier(replace(tiny.card, mpp=0.25), tiny.ordinary, "cpu")
    notes = []
    for mpp in (0.25, 0.254, 0.5, None):
        began = next(scan(asked, plane(30, 30, mpp=mpp), EVERYWHERE))
        notes.append(" ".join(began.notes))
    assert notes[0] == notes[1] == ""
    assert "resampled from 0.5 to 0.25 µm" in notes[2]
    assert "does not say its resolution" in notes[3]
    assert "level 0 is used" in " ".join(next(scan(tiny, plane(30, 30), EVERYWHERE)).notes)


# ------------------------------------------------------------------ reading
@pytest.mark.parametrize("mpp", [None, 0.5, 0.1])
def test_tiles_read_ahead_are_those_of_the_slide_pixel_for_pixel(mpp):
    same_ahead(plane(90, 110, mpp=mpp), replace(EVERYWHERE, stride=3))


def test_tiles_read_ahead_are_those_of_a_slide_whose_coarse_level_is_no_whole_part_of_it(tmp_path):
    fine = np.random.default_rng(0).integers(0, 256, (806, 790, 3), np.uint8)
    coarse = np.random.default_rng(1).integers(0, 256, (201, 197, 3), np.uint8)
    path = slide_files.tiled(tmp_path / "a.tif", [fine, coarse], mpp=0.05, compression="lzw")
    with borrowed(path) as slide:
        assert slide.levels[1].downsample == pytest.approx(4.01, abs=0.001)
        same_ahead(slide, replace(EVERYWHERE, region=Window(90, 90, 200, 200)))


def same_ahead(slide, settings):
    """Each tile that is read in blocks equals the slide's own."""
    grid = grid_of(card(mpp=0.25), slide, settings)
    order = [*blocks(grid, np.ones((grid.rows, grid.columns), np.bool_))]
    rows, columns = (np.concatenate(each) for each in zip(*order, strict=True))
    corners = grid.corners(rows, columns)
    seen = []
    with Ahead(slide, grid, corners, [*gathered(*corners, 40)], 7) as ahead:
        for chunk in ahead:
            if chunk is None:
                continue
            assert 0 < len(chunk.index) <= 7
            for index, tile in zip(chunk.index, chunk.tiles, strict=True):
                expected = slide.tile(
                    int(corners[0][index]), int(corners[1][index]), grid.shape, mpp=grid.mpp
                )
                np.testing.assert_array_equal(tile, expected.rgb)
                seen.append(index)
    assert sorted(seen) == list(range(len(rows)))


def test_a_slide_is_read_in_blocks_by_a_thread_of_its_own(tiny):
    slide = plane(300, 300)
    ended(tiny, slide, replace(EVERYWHERE, region=Window(20, 20, 250, 250)))
    assert threading.current_thread() not in slide.readers
    assert slide.read[0].height > 200  # one block for all of the map
    assert not any(thread.is_alive() for thread in slide.readers)


def test_a_slide_that_is_resampled_is_read_in_blocks_as_well(tiny):
    asked = Classifier(replace(tiny.card, mpp=0.25), tiny.ordinary, "cpu")
    slide = plane(300, 300, mpp=0.5)
    for event in scan(asked, slide, EVERYWHERE):
        if isinstance(event, Scanned) and event.done == event.total:
            assert len(slide.read) < 20 < event.total
            break
    else:
        pytest.fail("the map was never done")


def test_background_is_neither_read_nor_asked(tiny):
    slide = plane(400, 400)
    slide.rgb[:, 200:] = 245
    events = [*scan(tiny, slide, ScanSettings(stride=8, best=5))]
    began = next(event for event in events if isinstance(event, ScanBegan))
    last = events[-1]
    assert began.skipped + began.total == last.confidence.size
    assert 0.4 < began.skipped / last.confidence.size < 0.6
    assert all(each.column + each.width <= 230 for each in slide.read)
    assert np.isnan(last.confidence[:, 30:]).all()
    assert np.isfinite(last.confidence[:, :24]).all()


def test_a_slide_of_glass_has_no_candidates(tiny):
    events = [*scan(tiny, PlaneSlide(np.full((100, 100, 3), 240, np.uint8)))]
    assert [event.total for event in events if isinstance(event, ScanBegan)] == [0]
    assert events[-1].candidates == ()
    assert np.isnan(events[-1].confidence).all()


def test_a_slide_without_an_overview_is_scanned_whole(tiny):
    events = [*scan(tiny, plane(60, 60, blind=True), ScanSettings(best=5))]
    began = next(event for event in events if isinstance(event, ScanBegan))
    assert began.skipped == 0
    assert "overview" in " ".join(began.notes)


def test_a_damaged_part_is_left_out_and_counted_and_the_rest_is_scanned(tiny):
    hole = Window(30, 40, 10, 10)
    slide, whole = plane(90, 90, damaged=(hole,)), plane(90, 90)
    found, expected = ended(tiny, slide), ended(tiny, whole)
    rows, columns = np.indices(found.confidence.shape)
    tops, lefts = found.grid.corners(rows, columns)
    hit = (tops < 40) & (tops + 8 > 30) & (lefts < 50) & (lefts + 8 > 40)
    np.testing.assert_array_equal(np.isnan(found.confidence), hit)
    np.testing.assert_allclose(found.confidence[~hit], expected.confidence[~hit], atol=1e-6)
    assert found.damaged == hit.sum() > 0
    assert any("damaged" in note for note in found.notes)


def test_a_scan_that_is_no_longer_asked_stops_reading(tiny):
    slide = plane(600, 600)
    events = scan(tiny, slide, replace(EVERYWHERE, stride=1))
    for event in events:
        if isinstance(event, Scanned):
            break
    events.close()
    assert not any(thread.is_alive() for thread in slide.readers)
    count = len(slide.read)
    time.sleep(0.15)
    assert len(slide.read) == count


def test_a_scan_that_is_given_up_while_it_looks_for_tissue_stops_reading(tiny):
    class Endless(PlaneSlide):
        """Its coarse levels take for ever to be made."""

        def building(self):
            self.readers.add(threading.current_thread())
            begun.set()
            while not late.wait(0.001):
                yield Built(1, 2)

    begun, late = threading.Event(), threading.Event()
    slide = Endless(np.zeros((60, 60, 3), np.uint8))
    events = scan(tiny, slide, ScanSettings())
    assert isinstance(next(events), Awaited)
    assert begun.wait(20)
    (reader,) = slide.readers
    events.close()
    reader.join(20)
    ended_by_itself = not reader.is_alive()
    late.set()
    assert ended_by_itself


def test_a_stalled_disk_is_told_so_that_the_reader_can_give_up(tiny):
    gate = threading.Event()
    events = scan(tiny, plane(60, 60, gate=gate), EVERYWHERE)
    assert isinstance(next(events), ScanBegan)
    start = time.monotonic()
    assert isinstance(next(events), Awaited)
    assert isinstance(next(events), Awaited)
    assert time.monotonic() - start < 20
    gate.set()
    assert isinstance([*events][-1], ScanEnded)


def test_a_bug_in_a_reader_reaches_whoever_asked(tiny):
    class Broken(PlaneSlide):
        def region(self, *_):
            raise ZeroDivisionError("a bug")

    with pytest.raises(ZeroDivisionError, match="a bug"):
        ended(tiny, Broken(np.zeros((40, 40, 3), np.uint8)))
