"""Tissue is told from glass, also where there is only one of them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onepixel_gui.tiles.foreground import Foreground, coloured, tissue
from onepixel_gui.tiles.slides import open_slide
from onepixel_gui.tiles.tissue import paint
from tests.core import slide_files as written

TISSUE = np.tile(
    np.concatenate([paint("interphase", 1, 128), paint("stroma", 2, 128)], axis=1), (3, 2, 1)
)  # (384, 512, 3)


def glass(height, width, grey=243):
    noise = np.random.default_rng(0).integers(-3, 4, (height, width, 3))
    return (grey + noise).clip(0, 255).astype(np.uint8)


def of(tmp_path, rgb, edge=512):
    return tissue(open_slide(written.flat(tmp_path / "slide.tif", rgb)), edge)


def test_tissue_on_glass_is_found_where_it_lies(tmp_path):
    rgb = glass(768, 1024)
    rgb[192:576, 256:768] = TISSUE
    found = of(tmp_path, rgb)
    assert found.mask.shape == (384, 512)
    assert found.downsample == 2.0
    inside, outside = found.mask[98:286, 130:382], found.mask.copy()
    outside[90:294, 122:390] = False
    assert inside.mean() > 0.98
    assert not outside.any()
    assert found.share(192, 256, 384, 512) > 0.98
    assert found.share(0, 0, 180, 1024) == 0


def test_a_field_without_glass_is_all_tissue(tmp_path):
    assert of(tmp_path, TISSUE).mask.mean() > 0.95


@pytest.mark.parametrize("grey", [255, 243, 200])
def test_an_empty_slide_holds_no_tissue(tmp_path, grey):
    assert not of(tmp_path, glass(300, 400, grey)).mask.any()


def test_a_uniform_slide_is_judged_without_a_warning(tmp_path):
    assert not of(tmp_path, np.full((64, 64, 3), 255, np.uint8)).mask.any()
    assert not of(tmp_path, np.zeros((64, 64, 3), np.uint8)).mask.any()
    assert of(tmp_path, np.full((64, 64, 3), (200, 120, 180), np.uint8)).mask.all()


def test_small_holes_are_closed_large_ones_and_specks_are_not_tissue(tmp_path):
    rgb = np.full((400, 400, 3), (200, 120, 180), np.uint8)
    rgb[100:108, 100:108] = 245
    rgb[200:300, 200:300] = 245
    rgb[240, 240] = (200, 120, 180)
    found = of(tmp_path, rgb)
    assert found.mask[90:120, 90:120].all()
    assert not found.mask[205:295, 205:295].any()


@settings(max_examples=100, deadline=None)
@given(
    row=st.integers(-50, 130),
    column=st.integers(-50, 130),
    height=st.integers(1, 120),
    width=st.integers(1, 120),
)
def test_a_share_is_that_of_the_pixels_on_the_slide(row, column, height, width):
    mask = np.random.default_rng(0).random((25, 20)) < 0.4
    found = Foreground(mask, (100, 80), 4.0)
    fine = np.kron(mask, np.ones((4, 4)))
    seen = fine[max(0, row) : max(0, row + height), max(0, column) : max(0, column + width)]
    wanted = seen.mean() if seen.size else 0.0
    assert found.share(row, column, height, width) == pytest.approx(wanted, abs=1e-9)


def test_shares_of_many_rectangles_come_at_once():
    mask = np.random.default_rng(0).random((64, 64)) < 0.5
    found = Foreground(mask, (6400, 6400), 100.0)
    rows, columns = np.random.default_rng(1).integers(-100, 6400, (2, 1000))
    shares = found.share(rows, columns, 256, 256)
    assert shares.shape == (1000,)
    assert shares[7] == found.share(rows[7], columns[7], 256, 256)
    assert (found.share(rows[:, np.newaxis], columns[:5], 64, 64)).shape == (1000, 5)


def test_colour_counts_and_brightness_does_not():
    rgb = np.array([[[30, 30, 30], [250, 250, 250], [240, 200, 220], [90, 60, 120]]], np.uint8)
    np.testing.assert_array_equal(coloured(rgb), [[False, False, True, True]])
