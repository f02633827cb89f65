"""Every file becomes a Tile that says what was converted."""

import hashlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from onepixel_gui.problems import UnreadableTile
from onepixel_gui.tiles import files
from tests.core.picture_bytes import RGB, dpi_of, encoded, npy, put


# ---- what is read as it is
@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("tile.png", encoded(RGB, "PNG")),
        ("tile.tif", encoded(RGB, "TIFF")),
        ("tile.TIFF", encoded(RGB, "TIFF", compression="tiff_lzw")),
        ("tile.npy", npy(RGB)),
        ("tile.npy", npy(np.asfortranarray(RGB))),
    ],
)
def test_a_lossless_rgb_file_gives_its_very_pixels_and_nothing_to_note(tmp_path, name, data):
    path = put(tmp_path, name, data)
    tile = files.read(path, label="mitosis")
    assert np.array_equal(tile.rgb, RGB)
    assert (tile.name, tile.label, tile.notes) == (name, "mitosis", ())
    assert (tile.lossy, tile.mpp) == (False, None)
    assert tile.source_sha256 == hashlib.sha256(data).hexdigest()


def test_a_jpeg_says_that_its_pixels_are_not_original(tmp_path):
    assert files.read(put(tmp_path, "tile.jpg", encoded(RGB, "JPEG"))).lossy


def test_a_jpeg_inside_a_tiff_says_that_its_pixels_are_not_original(tmp_path):
    data = encoded(np.tile(RGB, (2, 2, 1)), "TIFF", compression="jpeg")
    assert files.read(put(tmp_path, "tile.tif", data)).lossy


# ---- what is converted, with a note
@pytest.mark.parametrize(
    ("picture", "kind", "words"),
    [
        (Image.fromarray(RGB).convert("RGBA"), "PNG", "alpha"),
        (Image.fromarray(RGB).convert("RGBA"), "TIFF", "alpha"),
        (Image.fromarray(RGB).convert("L"), "PNG", "grey"),
        (Image.fromarray(RGB).convert("LA"), "PNG", "grey"),
        (Image.fromarray(RGB).convert("L"), "JPEG", "grey"),
        (Image.fromarray(RGB).convert("P"), "PNG", "palette"),
        (Image.fromarray(RGB).convert("1"), "PNG", "black and white"),
        (Image.fromarray(RGB).convert("1"), "TIFF", "black and white"),
    ],
)
def test_a_picture_with_one_right_rgb_form_is_converted_and_says_so(tmp_path, picture, kind, words):
    tile = files.read(put(tmp_path, f"tile.{kind.lower()}", encoded(picture, kind)))
    assert words in " ".join(tile.notes)
    if kind != "JPEG":
        assert np.array_equal(tile.rgb, np.asarray(picture.convert("RGB")))


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (RGB[:, :, 0], "grey"),
        (RGB[:, :, :1], "grey"),
        (np.dstack([RGB, np.full((12, 9), 255, np.uint8)]), "alpha"),
    ],
)
def test_an_array_with_one_right_rgb_form_is_converted_and_says_so(tmp_path, array, words):
    tile = files.read(put(tmp_path, "tile.npy", npy(array)))
    assert words in " ".join(tile.notes)
    assert np.array_equal(tile.rgb[:, :, 0], RGB[:, :, 0])


def test_a_palette_whose_transparent_entry_is_never_used_is_opaque(tmp_path):
    picture = Image.fromarray(RGB).convert("P", palette=Image.Palette.ADAPTIVE, colors=8)
    data = encoded(picture, "PNG", transparency=200)
    assert np.array_equal(
        files.read(put(tmp_path, "tile.png", data)).rgb, np.asarray(picture.convert("RGB"))
    )


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@pytest.mark.parametrize("mark", range(2, 9))
def test_a_turned_picture_is_set_upright_once_and_says_so(tmp_path, kind, mark):
    upright = {
        2: np.fliplr, 3: lambda a: np.rot90(a, 2), 4: np.flipud, 5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: np.rot90(a, -1), 7: lambda a: np.rot90(a, 2).transpose(1, 0, 2), 8: np.rot90,
    }[mark](RGB)  # fmt: skip
    exif = Image.Exif()
    exif[274] = mark
    tile = files.read(put(tmp_path, f"tile.{kind.lower()}", encoded(RGB, kind, exif=exif)))
    assert np.array_equal(tile.rgb, upright)
    assert f"({mark})" in tile.notes[0]


def test_a_colour_profile_other_than_srgb_keeps_the_values_and_is_noted(tmp_path):
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    tile = files.read(put(tmp_path, "tile.png", encoded(RGB, "PNG", icc_profile=lab)))
    assert np.array_equal(tile.rgb, RGB)
    assert "colour profile" in tile.notes[0]


def test_an_srgb_profile_is_nothing_to_note(tmp_path):
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    tile = files.read(put(tmp_path, "tile.png", encoded(RGB, "PNG", icc_profile=srgb)))
    assert tile.notes == ()


@pytest.mark.parametrize("name", ["tile.jpg", "tile", "tile.xyz"])
def test_content_decides_over_the_suffix_and_the_mismatch_is_noted(tmp_path, name):
    tile = files.read(put(tmp_path, name, encoded(RGB, "PNG")))
    assert np.array_equal(tile.rgb, RGB)
    assert not tile.lossy
    assert "is a PNG file although" in tile.notes[0]


# ---- micrometres per pixel
@pytest.mark.parametrize("mpp", [0.25, 0.5, 1.0, 10.0])
def test_a_microscope_s_resolution_becomes_micrometres_per_pixel(tmp_path, mpp):
    per_cm = {"resolution": 10_000 / mpp, "resolution_unit": "cm"}
    for name, data in [
        ("a.png", encoded(RGB, "PNG", dpi=dpi_of(mpp))),
        ("b.tif", encoded(RGB, "TIFF", dpi=dpi_of(mpp))),
        ("c.tif", encoded(RGB, "TIFF", **per_cm)),
    ]:
        assert files.read(put(tmp_path, name, data)).mpp == pytest.approx(mpp, rel=1e-3)


@pytest.mark.parametrize("dpi", [(72, 72), (96, 96), (300, 300), (1200, 1200), (101600, 50800)])
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_a_printer_s_or_contradicting_resolution_is_no_scale(tmp_path, kind, dpi):
    assert files.read(put(tmp_path, f"a.{kind.lower()}", encoded(RGB, kind, dpi=dpi))).mpp is None


def test_a_tiff_resolution_without_a_unit_is_no_scale(tmp_path):
    data = encoded(RGB, "TIFF", resolution=40_000, resolution_unit=1)
    assert files.read(put(tmp_path, "a.tif", data)).mpp is None


def test_a_text_that_calls_itself_dpi_is_no_scale(tmp_path):
    files.save(RGB, tmp_path / "a.png", text={"dpi": "101600"})
    assert files.read(tmp_path / "a.png").mpp is None


# ---- small ones for the gallery
def test_a_thumbnail_fits_its_edge_keeps_its_shape_and_averages(tmp_path):
    checks = np.kron(np.indices((40, 20)).sum(0) % 2, np.ones((1, 1))).astype(np.uint8) * 200
    path = put(tmp_path, "a.png", encoded(np.dstack([checks] * 3), "PNG"))
    small = files.thumbnail(path, 10)
    assert (small.shape, small.dtype) == ((10, 5, 3), np.uint8)
    assert set(np.unique(small)) == {100}


def test_a_thumbnail_of_a_small_tile_is_the_tile(tmp_path):
    path = put(tmp_path, "a.png", encoded(RGB, "PNG"))
    assert np.array_equal(files.thumbnail(path, 64), RGB)


def test_a_thumbnail_of_a_broken_file_is_the_same_problem(tmp_path):
    with pytest.raises(UnreadableTile, match="empty"):
        files.thumbnail(put(tmp_path, "a.png", b""), 64)
