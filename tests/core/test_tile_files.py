"""Every file becomes a Tile that says what was converted, or a Problem that says what to do."""

import contextlib
import hashlib
import io
import json
import os
import struct
import threading
import time
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, TiffImagePlugin

from onepixel_gui.problems import NotWritten, UnreadableTile
from onepixel_gui.tiles import files
from onepixel_gui.tiles.decoding import MOST_PIXELS, decode
from onepixel_gui.tiles.labels import CLASS_WORDS
from onepixel_gui.tiles.tile import Tile

RGB = np.random.default_rng(7).integers(0, 256, (12, 9, 3), dtype=np.uint8)


def encoded(picture, kind, **options):
    whole = io.BytesIO()
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    image.save(whole, kind, **options)
    return whole.getvalue()


def npy(array, **options):
    whole = io.BytesIO()
    np.save(whole, array, **options)
    return whole.getvalue()


def put(folder, name, data):
    (folder / name).write_bytes(data)
    return folder / name


def refused(path):
    with pytest.raises(UnreadableTile) as caught:
        files.read(path)
    problem = caught.value
    assert problem.what.endswith(".")
    assert problem.remedy.endswith(".")
    assert problem.remedy.split()[0] in {
        "Ask", "Check", "Choose", "Close", "Copy", "Cut", "Export", "Flatten", "Open", "Run",
        "Save", "Scale",
    }  # fmt: skip
    assert str(path.parent) not in problem.what + problem.remedy
    return problem


def png_of(width, height, colour_type=2):
    def chunk(kind, body):
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, colour_type, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(b"\0" * 1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + body + chunk(b"IEND", b"")


def dpi_of(mpp):
    return (25_400 / mpp, 25_400 / mpp)


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


# ---- what is refused


def two_pages(**options):
    return encoded(RGB, "TIFF", save_all=True, append_images=[Image.fromarray(RGB)], **options)


def sixteen_bit_rgb_png():
    rows = b"".join(b"\0" + bytes(6 * 4) for _ in range(4))
    plain = png_of(4, 4)
    header = struct.pack(">IIBBBBB", 4, 4, 16, 2, 0, 0, 0)
    body = b"IHDR" + header
    at = plain.index(b"IDAT")
    data = b"IDAT" + zlib.compress(rows)
    return (
        plain[:12] + body + struct.pack(">I", zlib.crc32(body))
        + struct.pack(">I", len(data) - 4) + data + struct.pack(">I", zlib.crc32(data))
        + plain[plain.index(b"IEND") - 4 :]
        if at
        else b""
    )  # fmt: skip


TRANSPARENT = np.dstack([RGB, np.full((12, 9), 254, np.uint8)])
REFUSED = {
    "alpha.png": (encoded(TRANSPARENT, "PNG"), "partly transparent"),
    "alpha.npy": (npy(TRANSPARENT), "partly transparent"),
    "palette.png": (
        encoded(Image.fromarray(RGB).convert("P"), "PNG", transparency=bytes(256)),
        "partly transparent",
    ),
    "deep.png": (encoded(Image.fromarray(RGB[:, :, 0].astype(np.uint16) * 257), "PNG"), "16 bits"),
    "deep.tif": (encoded(Image.fromarray(RGB[:, :, 0].astype(np.uint16) * 257), "TIFF"), "16 bits"),
    "deeprgb.png": (sixteen_bit_rgb_png(), "16 bits"),
    "float.tif": (encoded(Image.fromarray(RGB[:, :, 0].astype(np.float32)), "TIFF"), "floating"),
    "inks.jpg": (encoded(Image.fromarray(RGB).convert("CMYK"), "JPEG"), "CMYK"),
    "inks.tif": (encoded(Image.fromarray(RGB).convert("CMYK"), "TIFF"), "CMYK"),
    "lab.tif": (encoded(Image.fromarray(RGB).convert("LAB"), "TIFF"), "LAB"),
    "pages.tif": (two_pages(), "more than one page"),
    "empty.png": (b"", "0 bytes"),
    "short.png": (encoded(RGB, "PNG")[:-30], "cut short"),
    "short.jpg": (encoded(np.tile(RGB, (9, 9, 1)), "JPEG")[:-200], "cut short"),
    "short.tif": (encoded(RGB, "TIFF", compression="raw")[:200], "cut short"),
    "bomb.png": (png_of(60_000, 60_000), "60,000 x 60,000 pixels"),
    "lfs.png": (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "git-LFS"),
    "page.png": (b"<!DOCTYPE html><html><body>Sign in</body></html>", "text file"),
    "umlaut.png": ("zu früh geöffnet ".encode() * 200, "text file"),
    "noise.png": (bytes(range(256)), "does not begin"),
    "a.gif": (encoded(Image.fromarray(RGB).convert("P"), "GIF"), "a GIF picture"),
    "a.bmp": (encoded(RGB, "BMP"), "a BMP picture"),
    "a.webp": (encoded(RGB, "WEBP"), "a WebP picture"),
    "a.jp2": (encoded(RGB, "JPEG2000"), "a JPEG 2000 picture"),
    "a.pdf": (b"%PDF-1.7\n%\xe2\xe3", "a PDF document"),
    "a.npz": (b"PK\x03\x04" + bytes(40), "a ZIP archive"),
    "first.npy": (npy(RGB.transpose(2, 0, 1)), "on the first axis"),
    "stack.npy": (npy(RGB[None]), "a stack of pictures"),
    "row.npy": (npy(RGB[0, 0]), "its shape is 3"),
    "none.npy": (npy(RGB[:0]), "its shape is 0 x 9 x 3"),
    "scalar.npy": (npy(np.uint8(3)), "a single number"),
    "float.npy": (npy(RGB / 255), "not uint8"),
    "int.npy": (npy(RGB.astype(np.int64)), "not uint8"),
    "bool.npy": (npy(RGB > 9), "not uint8"),
    "fields.npy": (npy(np.zeros(3, [("a", "u1")])), "no plain array"),
    "short.npy": (npy(RGB)[:-1], "is damaged"),
    "long.npy": (npy(RGB) + b"\0", "is damaged"),
    "bomb.npy": (npy(RGB).replace(b"(12, 9, 3)", b"(99999, 99999, 3)"), "99,999 x 99,999"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_without_one_right_reading_is_refused_for_its_own_reason(tmp_path, name):
    data, words = REFUSED[name]
    problem = refused(put(tmp_path, name, data))
    assert words in problem.what
    assert name in problem.what


def test_a_tiff_s_size_is_judged_before_a_pixel_is_decoded(tmp_path):
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    whole = encoded(RGB, "TIFF", compression="raw", tiffinfo=tags)
    wide = whole.replace(struct.pack("<HHII", 256, 4, 1, 9), struct.pack("<HHII", 256, 4, 1, 10**8))
    wide = wide.replace(
        struct.pack("<HHIHH", 256, 3, 1, 9, 0), struct.pack("<HHII", 256, 4, 1, 10**8)
    )
    assert "100,000,000 x 12 pixels" in refused(put(tmp_path, "a.tif", wide)).what


def test_a_pickled_array_is_never_unpickled(tmp_path):
    class Boom:
        def __reduce__(self):
            return (os._exit, (1,))

    data = npy(np.array([Boom()], dtype=object), allow_pickle=True)
    assert "no plain array" in refused(put(tmp_path, "a.npy", data)).what


def test_a_flipped_bit_that_still_decodes_is_refused(tmp_path):
    # Stored, not compressed: the decoder alone would hand over the wrong colour.
    data = bytearray(encoded(RGB, "PNG", compress_level=0))
    data[data.index(b"IDAT") + 40] ^= 1
    refused(put(tmp_path, "a.png", bytes(data)))


def test_a_file_larger_than_any_tile_is_refused_unread(tmp_path):
    path = tmp_path / "slide.tif"
    with path.open("wb") as file:
        file.write(b"II*\0")
        file.truncate(6_000_000_000)  # a hole: takes no room on the disk
    began = time.perf_counter()
    assert "6.0 GB" in refused(path).what
    assert time.perf_counter() - began < 1


def test_a_missing_file_is_told_as_such(tmp_path):
    assert refused(tmp_path / "gone.png").what == "gone.png does not exist."


def test_a_folder_is_told_as_such(tmp_path):
    assert refused(tmp_path).what.endswith("is a folder.")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are POSIX")
def test_a_pipe_is_refused_without_waiting_for_somebody_to_write(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    answers = []
    asking = threading.Thread(
        target=lambda: answers.append(refused(tmp_path / "pipe.png").what), daemon=True
    )
    asking.start()
    asking.join(10)
    assert answers == ["pipe.png is a device or a pipe, not a file."]


@pytest.mark.parametrize("name", ["a\0.png", "x" * 300 + ".png"])
def test_an_impossible_name_is_a_problem(tmp_path, name):
    refused(tmp_path / name).what.encode("utf-8")


@pytest.mark.skipif(os.name == "nt", reason="links need a right of their own on Windows")
def test_a_link_to_itself_is_a_problem(tmp_path):
    (tmp_path / "a.png").symlink_to("a.png")
    refused(tmp_path / "a.png")


def test_a_file_that_may_not_be_read_is_told_as_such(tmp_path, monkeypatch):
    path = put(tmp_path, "a.png", encoded(RGB, "PNG"))

    def forbidden(*_args, **_kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", forbidden)
    assert refused(path).what == "You are not allowed to read a.png."


def test_a_full_memory_is_a_problem(tmp_path, monkeypatch):
    def full(*_args, **_kwargs):
        raise MemoryError

    path = put(tmp_path, "a.png", encoded(RGB, "PNG"))
    monkeypatch.setattr("PIL.PngImagePlugin.PngImageFile.load_prepare", full)
    assert "enough memory" in refused(path).what


# ---- broken in every way

VALID = {
    "PNG": encoded(RGB, "PNG", dpi=dpi_of(0.5)),
    "palette": encoded(Image.fromarray(RGB).convert("P"), "PNG", transparency=3),
    "JPEG": encoded(RGB, "JPEG", exif=b"Exif\0\0" + VALID_EXIF)
    if (VALID_EXIF := bytes.fromhex("49492a0008000000010012010300010000000600000000000000"))
    else b"",
    "TIFF": encoded(RGB, "TIFF", dpi=dpi_of(0.5), compression="raw"),
    "deflate": encoded(RGB, "TIFF", compression="tiff_adobe_deflate"),
    "LZW": encoded(RGB, "TIFF", compression="tiff_lzw"),
    "NPY": npy(RGB),
}


@st.composite
def broken(draw):
    data = bytearray(VALID[draw(st.sampled_from(sorted(VALID)))])
    for _ in range(draw(st.integers(0, 6))):
        # Headers hold what matters: half of the damage goes there.
        reach = draw(st.sampled_from([len(data), min(len(data), 160)]))
        data[draw(st.integers(0, reach - 1))] = draw(st.integers(0, 255))
    return bytes(data[: draw(st.one_of(st.just(len(data)), st.integers(1, len(data))))])


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(broken())
@example(b"\x89PNG\r\n\x1a\n")
@example(b"\xff\xd8\xff")
@example(b"II*\0")
@example(b"\x93NUMPY")
def test_damage_gives_a_picture_or_a_problem_and_never_anything_else(data):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with contextlib.suppress(UnreadableTile):
            picture = decode(data, "a.png")
            assert Tile("a.png", picture.rgb).rgb.size <= 3 * MOST_PIXELS


@pytest.mark.parametrize(("kind", "spare"), [("PNG", 4), ("NPY", 0), ("TIFF", 0)])
def test_no_beginning_of_a_file_passes_for_the_whole(kind, spare):
    # `spare`: the checksum of a PNG's end mark protects nothing that is shown.
    for length in range(1, len(VALID[kind]) - spare):
        with pytest.raises(UnreadableTile):
            decode(VALID[kind][:length], "a")


def test_metadata_warnings_stay_inside_also_in_worker_threads():
    # A tag that points past the end of the file makes Pillow warn, not fail.
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[270] = "x" * 50
    whole = encoded(RGB, "TIFF", tiffinfo=tags)
    data = whole.replace(struct.pack("<HHI", 270, 2, 51), struct.pack("<HHI", 270, 2, 9_000_000))
    assert data != whole
    with ThreadPoolExecutor(4) as pool:
        pictures = list(pool.map(lambda _: decode(data, "a.tif"), range(40)))
    assert all(np.array_equal(picture.rgb, RGB) for picture in pictures)


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


# ---- writing


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.TIFF"])
def test_a_saved_tile_comes_back_pixel_for_pixel(tmp_path, name):
    files.save(RGB, tmp_path / name, text={"Title": "ein Pixel, µm"})
    tile = files.read(tmp_path / name)
    assert np.array_equal(tile.rgb, RGB)
    assert (tile.notes, tile.lossy) == ((), False)
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


def test_what_is_said_about_a_saved_tile_can_be_read_back(tmp_path):
    said = {"Title": "µm → Ω", "Software": "onepixel"}
    files.save(RGB, tmp_path / "a.png", text=said)
    files.save(RGB, tmp_path / "a.tif", text=said)
    with Image.open(tmp_path / "a.png") as png, Image.open(tmp_path / "a.tif") as tiff:
        assert png.text == said
        assert json.loads(tiff.tag_v2[270]) == said


@pytest.mark.parametrize("name", ["a.jpg", "a.JPEG", "a.gif", "a"])
def test_a_format_that_would_lose_the_pixel_is_refused(tmp_path, name):
    with pytest.raises(NotWritten) as caught:
        files.save(RGB, tmp_path / name)
    assert name in caught.value.what
    assert ".png or .tif" in caught.value.remedy
    assert not list(tmp_path.iterdir())


def test_a_missing_folder_stops_the_save_with_a_remedy(tmp_path):
    with pytest.raises(NotWritten, match="not an existing folder"):
        files.save(RGB, tmp_path / "later" / "a.png")


# ---- folders


def plant(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def listed(*paths):
    return [(tile.name, tile.label) for tile in files.find(paths)]


def test_class_folders_give_their_names_as_labels_in_natural_order(tmp_path):
    plant(tmp_path, "mitosis/t_10.png", "mitosis/t_2.PNG", "normal/t_1.tif", "loose.jpg")
    assert listed(tmp_path) == [
        ("loose.jpg", None),
        ("t_2.PNG", "mitosis"),
        ("t_10.png", "mitosis"),
        ("t_1.tif", "normal"),
    ]


def test_a_flat_folder_says_nothing_about_labels(tmp_path):
    plant(tmp_path, "tiles_a/1.png")
    assert listed(tmp_path / "tiles_a") == [("1.png", None)]


@pytest.mark.parametrize("name", sorted(CLASS_WORDS | {"Mitosis", "NORMAL"}))
def test_a_folder_that_is_a_class_word_labels_its_files_however_they_are_opened(tmp_path, name):
    plant(tmp_path, f"{name}/1.png")
    assert listed(tmp_path / name) == listed(tmp_path / name / "1.png") == [("1.png", name)]


def test_one_case_folder_is_no_class(tmp_path):
    plant(tmp_path, "case_07/1.png")
    assert listed(tmp_path) == [("1.png", None)]


def test_of_two_class_words_on_the_way_the_nearer_one_counts(tmp_path):
    plant(tmp_path, "tumor/mitosis/1.png", "tumor/normal/2.png")
    assert listed(tmp_path) == [("1.png", "mitosis"), ("2.png", "normal")]


def test_parts_of_a_data_set_are_no_classes_but_lead_to_them(tmp_path):
    plant(tmp_path, "train/0/1.png", "train/1/2.png", "test/0/3.png", "normal/case_9/4.png")
    assert dict(listed(tmp_path)) == {"1.png": "0", "2.png": "1", "3.png": "0", "4.png": "normal"}


def test_only_pictures_that_can_be_seen_and_read_are_listed_two_levels_deep(tmp_path):
    plant(
        tmp_path, "a.png", ".hidden.png", "notes.txt", "b.gif", ".cache/c.png", "1/2/d.npy",
        "1/2/3/too_deep.png",
    )  # fmt: skip
    assert [name for name, _ in listed(tmp_path)] == ["a.png", "d.npy"]


def test_a_file_opened_by_itself_counts_whatever_it_is(tmp_path):
    assert listed(tmp_path / "notes.txt") == [("notes.txt", None)]


def test_a_file_reached_twice_counts_once(tmp_path):
    plant(tmp_path, "a.png", "b.png")
    assert [name for name, _ in listed(tmp_path / "b.png", tmp_path)] == ["b.png", "a.png"]


@pytest.mark.skipif(os.name == "nt", reason="links need a right of their own on Windows")
def test_links_that_lead_round_in_circles_are_walked_once(tmp_path):
    plant(tmp_path, "mitosis/a.png", "normal/b.png", "loose.png")
    (tmp_path / "normal" / "up").symlink_to(tmp_path)
    (tmp_path / "self").symlink_to("self")
    (tmp_path / "dead.png").symlink_to("nowhere.png")
    assert listed(tmp_path) == [("loose.png", None), ("a.png", "mitosis"), ("b.png", "normal")]


def test_a_subfolder_that_cannot_be_listed_does_not_hide_the_rest(tmp_path, monkeypatch):
    plant(tmp_path, "normal/a.png", "mitosis/b.png")
    scandir = os.scandir

    def guarded(path):
        if Path(path).name == "normal":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", guarded)
    assert listed(tmp_path) == [("b.png", "mitosis")]
    with pytest.raises(UnreadableTile, match="normal could not be listed"):
        files.find([tmp_path / "normal"])


def test_an_empty_folder_is_a_problem_unless_something_else_was_opened(tmp_path):
    plant(tmp_path, "full/a.png", "empty/notes.txt")
    with pytest.raises(UnreadableTile, match="empty holds no PNG"):
        files.find([tmp_path / "empty"])
    assert listed(tmp_path / "empty", tmp_path / "full") == [("a.png", None)]
    assert files.find([]) == []


def test_names_that_differ_only_in_digits_of_other_scripts_can_be_sorted(tmp_path):
    plant(tmp_path, "a².png", "a2.png", "٣.png", "3.png", "007.png", "7.png")
    assert len(listed(tmp_path)) == 6


def test_twenty_thousand_files_are_listed_in_the_order_of_their_numbers(tmp_path):
    for i in range(20_000):
        os.close(os.open(tmp_path / f"tile_{i}.png", os.O_CREAT))
    tiles = files.find([tmp_path])
    assert [tile.name for tile in tiles] == [f"tile_{i}.png" for i in range(20_000)]
