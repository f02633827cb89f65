"""Coarse levels of flat pictures are exact means, made in steps and held within a bound."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onepixel_gui.problems import UnreadableSlide
from onepixel_gui.tiles import levels
from onepixel_gui.tiles.levels import Built, HeldPlane, MadeLevels, shrunk
from onepixel_gui.tiles.slides import open_slide
from tests.core import slide_files as written

FLAT = np.tile(written.field(525, 700, seed=3), (4, 3, 1))[:, :2053]


def means(rgb, factor):
    """Box means the slow way, rounded half up."""
    height, width = -(-rgb.shape[0] // factor), -(-rgb.shape[1] // factor)
    out = np.zeros((height, width, 3), np.uint8)
    for row in range(height):
        for column in range(width):
            box = rgb[row * factor : (row + 1) * factor, column * factor : (column + 1) * factor]
            out[row, column] = np.floor(box.reshape(-1, 3).mean(axis=0) + 0.5)
    return out


def check(seen, rgb, factor):
    """Exact wherever a box is whole, within 1 at the right and bottom edge."""
    wanted = means(rgb, factor)
    rows, columns = rgb.shape[0] // factor, rgb.shape[1] // factor
    np.testing.assert_array_equal(seen[:rows, :columns], wanted[:rows, :columns])
    assert np.abs(seen.astype(int) - wanted).max() <= 1


@settings(max_examples=60, deadline=None)
@given(
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    factor=st.sampled_from([2, 4, 8, 16, 32]),
    seed=st.integers(0, 9),
)
def test_shrinking_takes_the_mean_of_each_box(height, width, factor, seed):
    rgb = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    check(shrunk(rgb, factor), rgb, factor)


def test_shrinking_does_not_overflow():
    white = np.full((1024, 1024, 3), 255, np.uint8)
    assert (shrunk(white, 1024) == 255).all()


@settings(max_examples=25, deadline=None)
@given(
    height=st.integers(30, 150),
    width=st.integers(30, 150),
    grain=st.tuples(st.integers(1, 40), st.sampled_from([16, 32, 48, 1000])),
    room=st.sampled_from([300, 3000, 10**6]),
    step=st.sampled_from([1, 1000, 10**6]),
)
def test_made_levels_are_means_of_the_picture_held_or_not(height, width, grain, room, step):
    rgb = np.random.default_rng(height).integers(0, 256, (height, width, 3), dtype=np.uint8)

    class Plane(HeldPlane):
        @property
        def grain(self):
            return grain

    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("ENOUGH", 0), ("SMALLEST", 4), ("HELD_BYTES", room)):
            patch.setattr(levels, name, value)
        patch.setattr(levels, "STEP_PIXELS", step)
        made = MadeLevels(Plane(rgb))
        first = [made.ready(index) for index in range(len(made.shapes))].index(False)
        before = [made.read(index, 0, 0, *shape) for index, shape in enumerate(made.shapes)]
        events = list(made.building())
        assert list(made.building()) == []
    if events:
        assert [event.done for event in events] == list(range(1, events[-1].total + 1))
    for index, factor in enumerate(made.factors):
        assert made.ready(index)
        seen = made.read(index, 0, 0, *made.shapes[index])
        np.testing.assert_array_equal(seen, before[index])
        if index <= first:
            check(seen, rgb, factor)
        else:
            check(seen, made.read(first, 0, 0, *made.shapes[first]), factor // made.factors[first])
        row, column = made.shapes[index][0] // 2, made.shapes[index][1] // 2
        np.testing.assert_array_equal(
            made.read(index, row, column, 1, 1), seen[row : row + 1, column : column + 1]
        )


@pytest.fixture(scope="module")
def flat(tmp_path_factory):
    return written.flat(tmp_path_factory.mktemp("flat") / "flat.tif", FLAT, compression="lzw")


def test_a_large_flat_slide_gets_levels_that_building_makes_ready(flat):
    slide = open_slide(flat)
    assert [level.downsample for level in slide.levels] == [1, 2, 4, 8]
    assert [level.ready for level in slide.levels] == [True, False, False, False]
    assert [level.stored for level in slide.levels] == [True, False, False, False]
    quarter = slide.region(2, 10, 20, 30, 40)  # not ready, and yet to be had
    events = list(slide.building())
    assert events[-1] == Built(events[-1].total, events[-1].total)
    assert all(level.ready for level in slide.levels)
    np.testing.assert_array_equal(slide.region(2, 10, 20, 30, 40), quarter)
    np.testing.assert_array_equal(quarter, shrunk(shrunk(FLAT, 2), 2)[10:40, 20:60])
    assert list(slide.building()) == []


def test_a_building_that_nobody_asks_on_leaves_the_slide_as_it_was(flat):
    slide = open_slide(flat)
    building = slide.building()
    next(building)
    building.close()
    assert not slide.levels[-1].ready
    np.testing.assert_array_equal(slide.region(0, 0, 0, 10, 10), FLAT[:10, :10])


def test_a_pyramid_needs_no_building(tmp_path):
    rgb = FLAT[:1200, :1200]
    half = written.halved(rgb)
    slide = open_slide(written.ome(tmp_path / "slide.ome.tif", [rgb, half]))
    assert list(slide.building()) == []
    assert len(slide.levels) == 2


def test_of_a_pyramid_with_large_levels_only_the_coarsest_is_averaged_further(tmp_path):
    rgb = np.tile(FLAT, (2, 2, 1))
    path = written.ome(tmp_path / "slide.ome.tif", [rgb, written.halved(rgb)], compression=None)
    slide = open_slide(path)
    assert [level.downsample for level in slide.levels] == pytest.approx([1, 2, 4, 8, 16], rel=1e-3)
    list(slide.building())
    np.testing.assert_array_equal(
        slide.region(2, 0, 0, 50, 60), shrunk(written.halved(rgb), 2)[:50, :60]
    )


def test_what_is_damaged_is_white_in_coarse_levels_and_counted(tmp_path):
    path = written.flat(tmp_path / "flat.tif", FLAT, compression="lzw")
    slide = open_slide(written.overwritten(path, 10))  # rows 160 to 175
    events = list(slide.building())
    assert events[-1].damaged == 1
    coarse = slide.region(1, 0, 0, 200, 400)
    assert (coarse[80:88] == 255).all()
    np.testing.assert_array_equal(coarse[:80], shrunk(FLAT, 2)[:80, :400])
    np.testing.assert_array_equal(coarse[88:], shrunk(FLAT, 2)[88:200, :400])
    with pytest.raises(UnreadableSlide):
        slide.region(0, 160, 0, 16, 16)


def test_a_thumbnail_shows_all_of_the_slide(flat, tmp_path):
    slide = open_slide(flat)
    thumbnail = slide.thumbnail(525)
    np.testing.assert_array_equal(thumbnail, shrunk(shrunk(FLAT, 2), 2))
    assert slide.thumbnail(300).shape == (300, 294, 3)
    small = written.field(40, 60)
    np.testing.assert_array_equal(
        open_slide(written.flat(tmp_path / "small.tif", small)).thumbnail(100), small
    )


def test_what_is_held_stays_within_its_bound():
    made = MadeLevels(HeldPlane(np.zeros((100_000, 100, 3), np.uint8)))
    assert made.shapes[0] == (50_000, 50)

    class Huge:
        shape = (200_000, 150_000)
        grain = (256, 256)

    made = MadeLevels(Huge())
    held = [
        3 * height * width
        for index, (height, width) in enumerate(made.shapes)
        if not made.ready(index)
    ]
    assert 0 < sum(held) <= levels.HELD_BYTES < sum(held) * 4.1
