"""A file without one right reading, or a broken one, is a Problem that says what to do."""

import contextlib
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
from PIL import Image, TiffImagePlugin

from onepixel_gui.problems import UnreadableTile
from onepixel_gui.tiles import files
from onepixel_gui.tiles.decoding import MOST_PIXELS, decode
from onepixel_gui.tiles.tile import Tile
from tests.core.picture_bytes import RGB, dpi_of, encoded, npy, put


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
    began = time.thread_time()
    assert "6.0 GB" in refused(path).what
    assert time.thread_time() - began < 1


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
