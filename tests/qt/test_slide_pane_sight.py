"""Where a slide lies on its canvas, and which parts of it are needed: arithmetic only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPointF

from onepixel_gui.qt.slides.overlays import Grid
from onepixel_gui.qt.slides.parts import PART, Part, aim, covered, rungs
from onepixel_gui.qt.slides.sight import DEEPEST, Sight
from onepixel_gui.tiles.slides import Level
from onepixel_gui.tiles.tile import Window

SHAPES = st.tuples(st.integers(1, 200_000), st.integers(1, 200_000))
ROOMS = st.tuples(st.integers(200, 3000), st.integers(200, 4000), st.sampled_from((1.0, 1.5, 2.0)))
SHARES = st.floats(0, 1)


@st.composite
def sights(draw: st.DrawFn) -> Sight:
    shape = draw(SHAPES)
    sight = Sight.fitted(shape, *draw(ROOMS))
    for _ in range(draw(st.integers(0, 4))):
        point = QPointF(draw(SHARES) * sight.width, draw(SHARES) * sight.height) / sight.ratio
        sight = sight.zoomed(point, draw(st.floats(-3, 12))).panned(point - QPointF(150, 90))
    return sight


@given(sights())
def test_a_fitted_slide_lies_wholly_on_the_canvas(sight: Sight) -> None:
    fitted = Sight.fitted(sight.shape, sight.height, sight.width, sight.ratio)
    box = fitted.box(0, 0, *sight.shape)
    assert box.x() >= 0
    assert box.y() >= 0
    assert box.x() + box.width() <= sight.width
    assert box.y() + box.height() <= sight.height


@given(sights(), SHARES, SHARES, st.floats(0.1, 3))
def test_what_lies_under_the_cursor_stays_there_while_zooming_in(
    sight: Sight, across: float, down: float, notches: float
) -> None:
    point = QPointF(across * sight.width, down * sight.height) / sight.ratio
    row, column = sight.place(point)
    inside = 0 <= row <= sight.shape[0] and 0 <= column <= sight.shape[1]
    nearer = sight.zoomed(point, notches)
    middle = nearer.row, nearer.column
    limited = any(at in (0.0, float(edge)) for at, edge in zip(middle, sight.shape, strict=True))
    if inside and not limited and nearer.zoom > nearer.least:
        after = nearer.place(point)
        slack = 2.0 / nearer.scale  # places are whole device pixels
        assert abs(after[0] - row) <= slack
        assert abs(after[1] - column) <= slack


@given(sights())
def test_the_middle_of_the_canvas_stays_on_the_slide_and_the_zoom_within_its_bounds(
    sight: Sight,
) -> None:
    assert 0 <= sight.row <= sight.shape[0]
    assert 0 <= sight.column <= sight.shape[1]
    assert sight.least <= sight.zoom <= DEEPEST * sight.ratio


@given(sights(), st.lists(SHARES, min_size=3, max_size=3, unique=True))
def test_neighbours_share_their_edge_to_the_device_pixel(sight: Sight, cuts: list[float]) -> None:
    first, cut, last = sorted(share * sight.shape[1] for share in cuts)
    left = sight.box(0, first, sight.shape[0], cut)
    right = sight.box(0, cut, sight.shape[0], last)
    assert left.x() + left.width() == right.x()


@given(sights())
def test_from_three_device_pixels_on_each_pixel_of_the_slide_has_the_same_size(
    sight: Sight,
) -> None:
    if sight.scale >= 3:
        assert sight.scale == int(sight.scale)
    elif 0.95 < sight.zoom < 1.05 and sight.zoom > sight.least:
        assert sight.scale == 1


@given(sights(), SHARES, SHARES)
def test_a_place_and_its_point_on_the_canvas_belong_together(
    sight: Sight, across: float, down: float
) -> None:
    row, column = down * sight.shape[0], across * sight.shape[1]
    back = sight.place(sight.point(row, column))
    assert back == pytest.approx((row, column), rel=1e-6, abs=1e-3)


def test_what_was_fitted_is_fitted_again_on_a_larger_canvas() -> None:
    sight = Sight.fitted((1000, 2000), 400, 500, 1.0).resized(800, 1500, 2.0)
    assert sight == Sight.fitted((1000, 2000), 800, 1500, 2.0)


def test_another_screen_keeps_the_size_of_what_is_seen() -> None:
    sight = Sight.fitted((9000, 9000), 400, 500, 1.0).at_one(QPointF(250, 200))
    twice = sight.resized(800, 1000, 2.0)
    assert twice.scale / twice.ratio == sight.scale / sight.ratio
    assert (twice.row, twice.column) == (sight.row, sight.column)


def levels(*downsamples: float, edge: int = 80_000) -> tuple[Level, ...]:
    return tuple(Level((round(edge / d), round(edge / d)), d) for d in downsamples)


def test_steps_are_put_between_levels_that_lie_far_apart() -> None:
    ladder = rungs(levels(1, 4, 16, 32))
    assert [rung.downsample for rung in ladder][:6] == [1, 2, 4, 8, 16, 32]
    assert max(ladder[-1].shape) < 1400


@given(st.floats(1e-3, 64), st.sampled_from(((1.0,), (1.0, 4.0, 16.0), (1.0, 3.1, 9.7, 40.0))))
def test_a_rung_is_neither_enlarged_nor_shrunk_by_much(
    scale: float, downsamples: tuple[float, ...]
) -> None:
    ladder = rungs(levels(*downsamples))
    n = aim(ladder, scale)
    if n is None:
        assert scale < 1 / ladder[-1].downsample / 5
        return
    assert n == 0 or scale * ladder[n].downsample <= 1.21
    if n + 1 < len(ladder):
        assert scale * ladder[n + 1].downsample > 1.19 or n == len(ladder) - 1


def test_what_is_not_ready_is_not_drawn_from() -> None:
    flat = (Level((40_000, 40_000), 1.0), Level((5000, 5000), 8.0, ready=False))
    ladder = rungs(flat)
    assert aim(ladder, 1 / 200) is None  # all of level 0 would have to be read
    n = aim(ladder, 1 / 5)
    assert n is not None
    assert ladder[n].ready


@given(st.integers(1, 5000), st.integers(1, 5000), st.sampled_from((1, 2, 4, 8)))
def test_parts_cover_their_level_once(height: int, width: int, factor: int) -> None:
    ladder = rungs((Level((height, width), 1.0),))
    rung = next((rung for rung in ladder if rung.factor == factor), ladder[0])
    parts = rung.parts((0, height), (0, width))
    boxes = [covered(part, (height, width)) for part in parts]
    assert sum(box.height * box.width for box in boxes) == height * width
    assert all(box.height > 0 and box.width > 0 for box in boxes)
    assert len(set(parts)) == len(parts)


def test_only_parts_that_are_in_sight_belong_to_it() -> None:
    rung = rungs(levels(1))[0]
    assert rung.parts((600, 1000), (0, 512)) == [Part(0, 1, 1, 0)]
    around = rung.parts((600, 1000), (600, 1000), margin=1)
    assert len(around) == 9
    assert covered(Part(0, 1, 1, 0), (80_000, 80_000)) == Window(PART, 0, PART, PART)


@given(
    st.floats(0, 63),
    st.floats(20, 200),
    st.floats(0, 0.999),
    st.floats(0, 0.999),
)
def test_the_tile_under_a_place_holds_it(
    start: float, step: float, down: float, across: float
) -> None:
    shape = (3000, 4000)
    grid = Grid(-start, -start, step, step, round(step), round(step))
    row, column = down * shape[0], across * shape[1]
    cell = grid.cell(row, column)
    top, left = grid.corner(*cell)
    assert top - 1 <= row <= top + step + 1
    assert left - 1 <= column <= left + step + 1
    assert grid.corner(*grid.within(cell, shape))[0] >= 0
