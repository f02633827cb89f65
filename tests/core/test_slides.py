"""Whole slides open whatever wrote them, and say their levels and resolution."""

import os

import numpy as np
import pytest
import tifffile
from PIL import Image

from onepixel_gui.tiles.slides import SUFFIXES, is_slide, open_slide
from tests.core import slide_files as written
from tests.core.slides_opened import LEVELS, RGB, by_openslide


def whole(slide, level=0):
    return slide.region(level, 0, 0, *slide.levels[level].shape)


# ------------------------------------------------------------------ what opens
@pytest.mark.parametrize(
    ("make", "said", "shapes"),
    [
        (lambda path: written.tiled(path, LEVELS), "Tiled TIFF", [1, 2, 4]),
        (lambda path: written.tiled(path, LEVELS, bigtiff=True), "Tiled TIFF", [1, 2, 4]),
        (lambda path: written.aperio(path, RGB), "Aperio SVS", [1, 4]),
    ],
)
def test_what_openslide_opens_reads_as_openslide_reads_it(tmp_path, make, said, shapes):
    slide = open_slide(make(tmp_path / "slide.tif"))
    assert (slide.format, slide.mpp, slide.lossy) == (said, written.MPP, True)
    assert slide.shape == (300, 420)
    assert [level.downsample for level in slide.levels] == shapes
    assert slide.hash.startswith("quickhash-1:")
    assert slide.notes == ()
    for level in range(len(slide.levels)):
        box = (level, 7, 11, 50, 64)
        np.testing.assert_array_equal(slide.region(*box), by_openslide(slide.path, *box))


@pytest.mark.parametrize(
    "compression", [None, "lzw", "deflate", "jpeg", "packbits", "zstd", "webp", "lzma"]
)
@pytest.mark.parametrize("layout", [{"rowsperstrip": 16}, {"rowsperstrip": 300}])
def test_a_flat_tiff_reads_as_tifffile_reads_it(tmp_path, compression, layout):
    path = written.flat(tmp_path / "flat.tif", RGB, compression=compression, **layout)
    slide = open_slide(path)
    assert slide.format == "Flat TIFF"
    assert slide.lossy == (compression in ("jpeg", "webp"))
    wanted = tifffile.imread(path)
    np.testing.assert_array_equal(whole(slide), wanted)
    np.testing.assert_array_equal(slide.region(0, 33, 5, 100, 17), wanted[33:133, 5:22])


@pytest.mark.parametrize(
    "options",
    [
        {"predictor": True, "compression": "lzw"},
        {"planarconfig": "separate", "compression": "deflate"},
        {"planarconfig": "separate"},
        {"tile": (64, 64), "compression": "zstd"},
        {"compression": "lzw", "bigtiff": True, "byteorder": ">"},
        {"bigtiff": True},
    ],
)
def test_a_tiff_of_any_layout_gives_its_pixels(tmp_path, options):
    rgb = np.moveaxis(RGB, 2, 0) if "planarconfig" in options else RGB
    slide = open_slide(written.flat(tmp_path / "flat.tif", rgb, **options))
    np.testing.assert_array_equal(whole(slide), RGB)


def test_grey_palette_and_inverted_tiffs_become_rgb_and_say_so(tmp_path):
    grey = RGB[..., 0]
    cases = {
        "minisblack": (grey, grey, {}),
        "miniswhite": (255 - grey, grey, {}),
        "palette": (grey, grey, {"colormap": np.stack([np.arange(256) * 257] * 3).astype("u2")}),
    }
    for kind, (stored, seen, options) in cases.items():
        path = written.flat(tmp_path / f"{kind}.tif", stored, photometric=kind, **options)
        slide = open_slide(path)
        np.testing.assert_array_equal(whole(slide), np.stack([seen] * 3, axis=2))
        assert any("palette" in note or "grey" in note for note in slide.notes)


def test_a_bilevel_tiff_becomes_black_and_white(tmp_path):
    bits = RGB[..., 0] > 128
    slide = open_slide(written.flat(tmp_path / "one.tif", bits, photometric="minisblack"))
    np.testing.assert_array_equal(whole(slide)[..., 1], np.where(bits, 255, 0))


def test_an_alpha_channel_is_dropped_and_said(tmp_path):
    rgba = np.dstack([RGB, np.full(RGB.shape[:2], 255, np.uint8)])
    path = written.flat(tmp_path / "a.tif", rgba, extrasamples=["unassalpha"])
    slide = open_slide(path)
    np.testing.assert_array_equal(whole(slide), RGB)
    assert any("alpha" in note for note in slide.notes)


def test_an_ome_tiff_gives_its_levels_and_resolution(tmp_path):
    slide = open_slide(written.ome(tmp_path / "slide.ome.tif", LEVELS))
    assert (slide.format, slide.mpp) == ("Tiled OME-TIFF", written.MPP)
    assert [level.shape for level in slide.levels] == [(300, 420), (150, 210), (75, 105)]
    for number, level in enumerate(LEVELS):
        np.testing.assert_array_equal(whole(slide, number), level)


def test_an_ome_tiff_with_separate_colours_gives_its_pixels(tmp_path):
    slide = open_slide(written.ome_separate(tmp_path / "slide.ome.tif", RGB))
    assert (slide.format, slide.mpp) == ("Flat OME-TIFF", written.MPP)
    np.testing.assert_array_equal(whole(slide), RGB)


def test_the_first_of_several_pictures_is_shown_and_the_others_are_mentioned(tmp_path):
    path = tmp_path / "pages.tif"
    with tifffile.TiffWriter(path) as file:
        for picture in (RGB, RGB[:200], RGB[:100]):
            file.write(picture, photometric="rgb", metadata=None)
    slide = open_slide(path)
    np.testing.assert_array_equal(whole(slide), RGB)
    assert any("2 other pictures" in note for note in slide.notes)


def test_png_and_jpeg_fields_read_as_pillow_reads_them(tmp_path):
    for suffix in (".png", ".jpg"):
        path = tmp_path / f"field{suffix}"
        Image.fromarray(RGB).save(path)
        slide = open_slide(path)
        assert slide.lossy == (suffix == ".jpg")
        with Image.open(path) as picture:
            np.testing.assert_array_equal(whole(slide), np.asarray(picture))


def test_the_hash_tells_slides_apart_and_is_the_same_each_time(tmp_path):
    one = written.flat(tmp_path / "one.tif", RGB)
    two = written.flat(tmp_path / "two.tif", 255 - RGB)
    copy = written.dressed(one, tmp_path / "copy.tif")
    assert open_slide(one).hash == open_slide(copy).hash != open_slide(two).hash


def test_names_with_spaces_other_scripts_and_255_bytes_open(tmp_path):
    for name in ("a slide, of mine.tif", "切片 ß é.svs", f"{'x' * 251}.tif", "no suffix"):
        slide = open_slide(written.tiled(tmp_path / name, LEVELS))
        assert (slide.name, slide.format) == (name, "Tiled TIFF")
        assert whole(slide).shape == RGB.shape


@pytest.mark.skipif(os.name == "nt", reason="file names are text there")
def test_a_name_that_is_no_text_opens(tmp_path):
    path = tmp_path / os.fsdecode(b"slide \xff.tif")
    slide = open_slide(written.tiled(path, LEVELS))
    assert whole(slide).shape == RGB.shape
    assert "\udcff" not in slide.name


# ------------------------------------------------------------------ resolution, levels, notes
def test_a_resolution_that_no_microscope_has_counts_as_unknown(tmp_path):
    for make in (written.flat, lambda path, rgb, **tags: written.tiled(path, [rgb], **tags)):
        tags = {"resolution": (72, 72), "resolutionunit": "INCH"}
        path = tmp_path / "dpi.tif"
        path.unlink(missing_ok=True)
        if make is not written.flat:
            tags["mpp"] = None
        slide = open_slide(make(path, RGB, **tags))
        assert slide.mpp is None
        assert any("352.8" in note and "no microscope" in note for note in slide.notes)


def test_a_missing_resolution_is_said(tmp_path):
    slide = open_slide(written.flat(tmp_path / "flat.tif", RGB))
    assert slide.mpp is None
    assert any("does not say" in note for note in slide.notes)


def test_a_flat_tiff_gives_its_resolution(tmp_path):
    slide = open_slide(written.flat(tmp_path / "flat.tif", RGB, **written.per_cm(0.5)))
    assert slide.mpp == 0.5
    assert slide.notes == ()


def test_pixels_that_are_not_square_are_said(tmp_path):
    tags = {"resolution": (1e4 / 0.25, 1e4 / 0.30), "resolutionunit": "CENTIMETER"}
    for name, slide in {
        "flat": written.flat(tmp_path / "flat.tif", RGB, **tags),
        "tiled": written.tiled(tmp_path / "tiled.tif", [RGB], mpp=None, **tags),
    }.items():
        opened = open_slide(slide)
        assert opened.mpp == pytest.approx((0.25 * 0.30) ** 0.5, rel=1e-3), name
        assert any("wide" in note for note in opened.notes), name


def test_levels_that_disagree_are_left_out_and_said(tmp_path):
    odd = np.ascontiguousarray(LEVELS[1][:, :120])
    for path in (
        written.tiled(tmp_path / "odd.tif", [RGB, odd, LEVELS[2]]),
        written.ome(tmp_path / "odd.ome.tif", [RGB, odd, LEVELS[2]]),
    ):
        slide = open_slide(path)
        assert [level.shape for level in slide.levels] == [(300, 420), (75, 105)]
        assert any("120 x 150" in note and "left out" in note for note in slide.notes)
        box = (1, 3, 5, 60, 70)
        np.testing.assert_allclose(
            slide.region(*box).astype(int), LEVELS[2][3:63, 5:75].astype(int), atol=60
        )
        assert slide.region(*box).mean() == pytest.approx(LEVELS[2][3:63, 5:75].mean(), abs=3)


# ------------------------------------------------------------------ is it a slide
def test_a_slide_is_told_from_a_tile_by_its_header(tmp_path):
    large = np.zeros((1100, 20, 3), np.uint8)
    assert is_slide(written.tiled(tmp_path / "pyramid.tif", LEVELS))
    assert is_slide(written.aperio(tmp_path / "small.svs", RGB))
    assert is_slide(written.flat(tmp_path / "large.tif", large))
    assert not is_slide(written.flat(tmp_path / "tile.tif", RGB))
    assert not is_slide(written.tiled(tmp_path / "one.tif", [RGB]))
    for suffix in (".png", ".jpg"):
        Image.fromarray(large).save(tmp_path / f"large{suffix}")
        Image.fromarray(RGB).save(tmp_path / f"tile{suffix}")
        assert is_slide(tmp_path / f"large{suffix}")
        assert not is_slide(tmp_path / f"tile{suffix}")


def test_what_cannot_be_judged_is_no_slide(tmp_path):
    (tmp_path / "empty.svs").touch()
    (tmp_path / "half.tif").write_bytes(b"II*\0\x08\0\0\0")
    (tmp_path / "half.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (tmp_path / "folder.svs").mkdir()
    for name in ("empty.svs", "half.tif", "half.png", "folder.svs", "gone.svs", "nul\0.svs"):
        assert not is_slide(tmp_path / name)


def test_the_suffixes_are_lower_case_and_begin_with_a_dot():
    assert {".svs", ".ndpi", ".mrxs", ".scn", ".bif", ".tif", ".tiff", ".dcm"} <= SUFFIXES
    assert all(suffix == suffix.lower() and suffix[0] == "." for suffix in SUFFIXES)


def test_a_region_outside_its_level_is_an_error_of_the_caller(tmp_path):
    slide = open_slide(written.flat(tmp_path / "flat.tif", RGB))
    for box in [(0, -1, 0, 5, 5), (0, 0, 0, 301, 5), (0, 0, 416, 5, 5), (1, 0, 0, 5, 5)]:
        with pytest.raises(ValueError, match="holds no"):
            slide.region(*box)
    with pytest.raises(ValueError, match="holds no"):
        slide.region(0, 0, 0, 0, 5)
