"""Tiles cut from slides lie where they say, at the resolution asked for, mirrored at borders."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from onepixel_gui.problems import UnreadableSlide
from onepixel_gui.tiles.datasets import Sampling
from onepixel_gui.tiles.datasets.marked_tiles import marked_tile
from onepixel_gui.tiles.slides import SlideTile, open_slide
from tests.core import slide_files as written

RGB = written.field(120, 150)


@pytest.fixture(scope="module")
def slide(tmp_path_factory):
    path = written.flat(
        tmp_path_factory.mktemp("cutting") / "case 7.tif", RGB, **written.per_cm(0.5)
    )
    opened = open_slide(path)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def ramp(tmp_path_factory):
    """A slide whose green grows by one a row and whose red by one a column."""
    rows, columns = np.mgrid[0:200, 0:240]
    rgb = np.dstack([columns, rows, np.zeros_like(rows)]).astype(np.uint8)
    half = rgb.reshape(100, 2, 120, 2, 3).mean(axis=(1, 3)).round().astype(np.uint8)
    path = tmp_path_factory.mktemp("ramp") / "ramp.ome.tif"
    opened = open_slide(written.ome(path, [rgb, half]))  # 0.25 um per pixel
    yield opened
    opened.close()


def test_a_tile_is_the_pixels_at_its_place(slide):
    tile = slide.tile(20, 30, (64, 48), label="mitosis", case="7")
    np.testing.assert_array_equal(tile.rgb, RGB[20:84, 30:78])
    assert (tile.name, tile.slide) == ("case 7 r20 c30", "case 7.tif")
    assert (tile.origin, tile.downsample, tile.mpp) == ((20, 30), 1.0, 0.5)
    assert (tile.label, tile.case, tile.lossy) == ("mitosis", "7", False)
    assert tile.slide_hash == slide.hash
    assert tile.notes == ()
    assert tile.footprint.shape == (64, 48)


@example(row=119, column=0, height=2, width=1)
@example(row=0, column=149, height=1, width=2)
@example(row=-1, column=-1, height=2, width=2)
@settings(max_examples=150, deadline=None)
@given(
    row=st.integers(-400, 500),
    column=st.integers(-400, 500),
    height=st.integers(1, 300),
    width=st.integers(1, 300),
)
def test_beyond_the_borders_it_is_mirrored_as_numpy_mirrors(slide, row, column, height, width):
    tile = slide.tile(row, column, (height, width))
    above, left = max(0, -row), max(0, -column)
    below, right = max(0, row + height - 120), max(0, column + width - 150)
    # The whole slide, padded far enough, holds the tile.
    whole = np.pad(RGB, ((above, below), (left, right), (0, 0)), "reflect")
    wanted = whole[row + above :, column + left :][:height, :width]
    np.testing.assert_array_equal(tile.rgb, wanted)
    inside = row >= 0 and column >= 0 and row + height <= 120 and column + width <= 150
    assert any("border" in note for note in tile.notes) == (not inside)


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (2, 1)])
def test_a_slide_smaller_than_the_tile_still_gives_one(tmp_path, shape):
    rgb = written.field(*shape)
    tile = open_slide(written.flat(tmp_path / "tiny.tif", rgb)).tile(-3, -5, (16, 20))
    assert tile.shape == (16, 20)
    padding = ((3, 13 - shape[0]), (5, max(0, 15 - shape[1])), (0, 0))
    np.testing.assert_array_equal(tile.rgb, np.pad(rgb, padding, "reflect")[:16, :20])


@pytest.mark.parametrize("mpp", [None, 0.5, 0.509, 0.491])
def test_a_resolution_within_two_percent_leaves_the_pixels_alone(slide, mpp):
    tile = slide.tile(5, 5, (32, 32), mpp=mpp)
    np.testing.assert_array_equal(tile.rgb, RGB[5:37, 5:37])
    assert (tile.downsample, tile.mpp, tile.notes) == (1.0, 0.5, ())


def test_a_slide_without_resolution_is_not_resampled_and_says_so(tmp_path):
    opened = open_slide(written.flat(tmp_path / "flat.tif", RGB))
    tile = opened.tile(5, 5, (32, 32), mpp=0.25)
    np.testing.assert_array_equal(tile.rgb, RGB[5:37, 5:37])
    assert (tile.mpp, tile.downsample) == (None, 1.0)
    assert any("not resampled" in note for note in tile.notes)


@pytest.mark.parametrize("mpp", [0.125, 0.2, 0.3, 0.5, 0.6, 1.0])
def test_a_resampled_tile_covers_the_same_tissue(ramp, mpp):
    tile = ramp.tile(40, 60, (24, 20), mpp=mpp)
    ratio = mpp / 0.25
    assert tile.shape == (24, 20)
    assert (tile.origin, tile.downsample) == ((40, 60), pytest.approx(ratio))
    assert tile.mpp == pytest.approx(mpp)
    assert any("own pixels" in note for note in tile.notes)
    # The centre of tile pixel i lies at level-0 place start + (i + 0.5) * ratio - 0.5.
    down = 40 + (np.arange(24) + 0.5) * ratio - 0.5
    across = 60 + (np.arange(20) + 0.5) * ratio - 0.5
    np.testing.assert_allclose(tile.rgb[:, 0, 1], down, atol=1.01)
    np.testing.assert_allclose(tile.rgb[0, :, 0], across, atol=1.01)


def test_resampling_reads_the_coarsest_level_that_is_fine_enough(ramp):
    level = ramp.region(1, 20, 30, 24, 20)  # half the resolution, at level-0 (40, 60)
    np.testing.assert_array_equal(ramp.tile(40, 60, (24, 20), mpp=0.5).rgb, level)


def test_tiles_that_lie_side_by_side_fit_together(ramp):
    for mpp in (0.2, 0.4, 0.5, 0.75):
        step = mpp / 0.25 * 20
        if step != round(step):
            continue
        one = ramp.tile(40, 40, (20, 20), mpp=mpp)
        two = ramp.tile(40, 40 + round(step), (20, 20), mpp=mpp)
        both = ramp.tile(40, 40, (20, 40), mpp=mpp)
        seen = np.concatenate([one.rgb, two.rgb], axis=1).astype(int)
        np.testing.assert_allclose(seen, both.rgb.astype(int), atol=1)


def test_a_flat_slide_gives_the_same_tile_before_and_after_its_levels_were_made(tmp_path):
    rgb = np.tile(RGB, (18, 14, 1))
    opened = open_slide(written.flat(tmp_path / "flat.tif", rgb, **written.per_cm(0.25)))
    before = opened.tile(100, 100, (32, 32), mpp=2.0)
    assert len(list(opened.building())) > 0
    after = opened.tile(100, 100, (32, 32), mpp=2.0)
    np.testing.assert_array_equal(before.rgb, after.rgb)
    direct = Image.fromarray(rgb).resize(
        (32, 32), Image.Resampling.BICUBIC, box=(100, 100, 356, 356)
    )
    np.testing.assert_array_equal(after.rgb, np.asarray(direct))


def test_a_tile_that_would_take_most_of_a_slide_is_refused(ramp):
    with pytest.raises(UnreadableSlide, match="would take"):
        ramp.tile(0, 0, (64, 64), mpp=1000.0)


@pytest.mark.parametrize("mpp", [0.0, -1.0, math.inf, math.nan])
def test_a_resolution_that_is_none_is_an_error_of_the_caller(slide, mpp):
    with pytest.raises(ValueError, match="no tile"):
        slide.tile(0, 0, (8, 8), mpp=mpp)


# ------------------------------------------------------------------ entries


def test_a_slide_tile_reads_what_its_slide_would_cut(tmp_path):
    path = written.flat(tmp_path / "case 7.tif", RGB, **written.per_cm(0.5))
    entry = SlideTile(path, -4, 30, (64, 48), 1.0, "normal", "7")
    direct = open_slide(path).tile(-4, 30, (64, 48), mpp=1.0, label="normal", case="7")
    tile = entry.read()
    assert tile.sha256 == direct.sha256
    assert tile.name == entry.name == "case 7 r-4 c30"
    assert (tile.label, tile.case, tile.origin) == ("normal", "7", (-4, 30))
    assert (entry.label, entry.case) == ("normal", "7")


def test_its_thumbnail_is_the_tile_made_smaller(tmp_path):
    path = written.flat(tmp_path / "flat.tif", RGB)
    entry = SlideTile(path, 0, 0, (64, 48))
    assert entry.thumbnail(32).shape == (32, 24, 3)
    np.testing.assert_array_equal(entry.thumbnail(64), RGB[:64, :48])
    wanted = Image.fromarray(RGB[:64, :48]).reduce(2)
    difference = entry.thumbnail(32).astype(int) - np.asarray(wanted)
    assert np.abs(difference).max() <= 1


def test_a_slide_tile_of_no_slide_is_a_problem(tmp_path):
    with pytest.raises(UnreadableSlide, match="does not exist"):
        SlideTile(tmp_path / "gone.tif", 0, 0, (8, 8)).read()


def test_a_marked_tile_is_centred_alike_where_the_resolutions_count_as_one(tmp_path):
    path = written.flat(tmp_path / "a.tif", written.field(600, 600), **written.per_cm(0.25))
    sampling = Sampling((257, 256))
    tiles = [
        marked_tile(path, (300, 310), replace(sampling, mpp=mpp), None, "").read()
        for mpp in (None, 0.25, 0.2549, 0.2451)
    ]
    assert {tile.origin for tile in tiles} == {(172, 182)}
    assert len({tile.sha256 for tile in tiles}) == 1


def test_a_resampled_tile_states_the_very_resolution_that_was_asked_for(tmp_path):
    path = written.flat(tmp_path / "a.tif", written.field(90, 90), **written.per_cm(0.499))
    for mpp in (0.25, 0.3, 1.1):
        assert SlideTile(path, 10, 10, (16, 16), mpp).read().mpp == mpp
