"""What is no slide, or a damaged one, is a problem with a remedy and never a bug."""

import hashlib
import os
import struct
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import openslide
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from onepixel_gui.problems import UnreadableSlide
from onepixel_gui.tiles.slides import is_slide, open_slide
from tests.core import slide_files as written
from tests.core.slides_opened import LEVELS, RGB, by_openslide


def refused(path, match):
    with pytest.raises(UnreadableSlide, match=match) as caught:
        open_slide(path)
    said = caught.value
    assert said.what.endswith(".")
    assert said.remedy.endswith(".")
    assert said.remedy[0].isupper()
    assert str(path.parent) not in said.what + said.remedy
    return said


# ------------------------------------------------------------------ what does not open
def test_what_is_no_slide_is_refused_by_what_it_is(tmp_path):
    def put(name, data):
        (tmp_path / name).write_bytes(data)
        return tmp_path / name

    refused(tmp_path / "gone.svs", "does not exist")
    refused(put("nothing.svs", b""), r"empty \(0 bytes\)")
    refused(put("pointer.svs", b"version https://git-lfs.github.com/spec/v1\n"), "git-LFS pointer")
    refused(put("text.svs", b"hello"), "no slide that can be read")
    refused(put("half.tif", b"II*\0\x08\0\0\0"), "damaged")
    refused(put("half.png", b"\x89PNG\r\n\x1a\n" + bytes(100)), "damaged")
    refused(put("cover.mrxs", b"\xff\xd8\xff\xe0"), "folder cover is missing")
    refused(put("index.vms", b"[Virtual Microscope Specimen]\nNoLayers=1\n"), "read")
    (tmp_path / "folder.svs").mkdir()
    refused(tmp_path / "folder.svs", "is a folder")


def test_the_folder_of_a_mirax_slide_points_to_its_cover(tmp_path):
    (tmp_path / "slide").mkdir()
    (tmp_path / "slide.mrxs").write_bytes(b"\xff\xd8\xff\xe0")
    assert "slide.mrxs" in refused(tmp_path / "slide", "is a folder").remedy


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe_is_refused_and_nothing_waits(tmp_path):
    os.mkfifo(tmp_path / "pipe.svs")
    refused(tmp_path / "pipe.svs", "pipe")
    assert not is_slide(tmp_path / "pipe.svs")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads all")
def test_a_slide_that_may_not_be_read_is_refused(tmp_path):
    path = written.tiled(tmp_path / "secret.tif", LEVELS)
    path.chmod(0)
    refused(path, "not allowed")


def test_colours_that_are_no_8_bit_rgb_are_refused_with_a_way_out(tmp_path):
    deep = RGB.astype(np.uint16) * 257
    real = RGB.astype(np.float32)
    for number, (layout, reader) in enumerate(
        [({}, "flat"), ({"tile": (64, 64)}, "tiled, which OpenSlide would cut down unasked")]
    ):
        path = written.flat(tmp_path / f"deep{number}.tif", deep, **layout)
        assert "8-bit" in refused(path, "16 bits").remedy, reader
        path = written.flat(tmp_path / f"real{number}.tif", real, **layout)
        refused(path, "floating-point")
    inks = np.dstack([RGB, RGB[..., :1]])
    refused(written.flat(tmp_path / "inks.tif", inks, photometric="separated"), "inks")


def test_an_unknown_compression_is_refused_with_a_way_out(tmp_path):
    path = written.tiled(tmp_path / "odd.tif", [RGB], compression=None, mpp=None)
    with tifffile.TiffFile(path, mode="r+") as file:
        file.pages[0].tags["Compression"].overwrite(52479)
    assert "tiled TIFF" in refused(path, "number 52479").remedy


def test_a_picture_too_large_to_hold_is_refused_before_it_is_decoded(tmp_path):
    Image.fromarray(RGB).save(tmp_path / "huge.png")
    data = bytearray((tmp_path / "huge.png").read_bytes())
    data[16:24] = struct.pack(">II", 40_000, 20_000)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    (tmp_path / "huge.png").write_bytes(data)
    assert "tiled TIFF" in refused(tmp_path / "huge.png", "too many to be held").remedy


def test_a_huge_size_in_a_short_file_is_refused_and_takes_no_memory(tmp_path):
    for compression in (None, "lzw"):
        path = written.flat(tmp_path / "claims.tif", RGB[:16], compression=compression)
        with tifffile.TiffFile(path, mode="r+") as file:
            file.pages[0].tags["ImageWidth"].overwrite(60_000)
            file.pages[0].tags["ImageLength"].overwrite(60_000)
        with pytest.raises(UnreadableSlide):
            open_slide(path).region(0, 0, 0, 16, 16)


def test_a_picture_without_size_is_refused(tmp_path):
    for make in (written.flat, lambda path, rgb: written.tiled(path, [rgb])):
        path = make(tmp_path / "no.tif", RGB[:16])
        with tifffile.TiffFile(path, mode="r+") as file:
            file.pages[0].tags["ImageWidth"].overwrite(0)
        refused(path, "no picture|damaged")
        path.unlink()


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_damaged_header_ends_as_a_slide_or_a_problem(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("bent") / "bent.tif"
    make = data.draw(st.sampled_from(sorted(_INTACT)))
    bent = bytearray(_INTACT[make])
    directory = bytes(bent[4:8])
    start = int.from_bytes(directory, "little")
    for _ in range(data.draw(st.integers(1, 4))):
        where = data.draw(st.one_of(st.integers(0, 7), st.integers(start, len(bent) - 1)))
        bent[min(where, len(bent) - 1)] = data.draw(st.integers(0, 255))
    path.write_bytes(bent[: data.draw(st.sampled_from([len(bent), len(bent) // 2]))])
    try:
        slide = open_slide(path)
        slide.region(0, 0, 0, min(16, slide.shape[0]), min(16, slide.shape[1]))
    except UnreadableSlide:
        pass


def _intact():
    import tempfile
    from pathlib import Path

    small = RGB[:64, :96]
    with tempfile.TemporaryDirectory() as folder:
        at = Path(folder)
        yield "flat", written.flat(at / "a.tif", small, compression="lzw").read_bytes()
        yield "raw", written.flat(at / "b.tif", small).read_bytes()
        yield "tiled", written.tiled(at / "c.tif", [small, written.halved(small)]).read_bytes()
        yield "ome", written.ome(at / "d.ome.tif", [small, written.halved(small)]).read_bytes()


_INTACT = dict(_intact())


# ------------------------------------------------------------------ damage in the middle
def boxes(step=64):
    for row in range(0, 300, step):
        for column in range(0, 420, step):
            yield 0, row, column, min(step, 300 - row), min(step, 420 - column)


def broken_boxes(slide):
    broken = []
    for box in boxes():
        try:
            slide.region(*box)
        except UnreadableSlide:
            broken.append(box[1:3])
    return broken


@pytest.mark.parametrize(
    "make",
    [
        lambda path: written.tiled(path, LEVELS),
        lambda path: written.aperio(path, RGB),
        lambda path: written.ome(path, LEVELS, compression="jpeg"),
    ],
    ids=["tiled", "aperio", "ome"],
)
def test_of_a_broken_tile_only_that_tile_is_refused(tmp_path, make):
    path = make(tmp_path / "slide.tif")
    intact = open_slide(path)
    before = {box: intact.region(*box) for box in boxes()}
    intact.close()
    slide = open_slide(written.overwritten(path, 9))
    assert broken_boxes(slide) == [(64, 128)]
    assert broken_boxes(slide) == [(64, 128)]  # and again: the rest goes on to be readable
    for box, wanted in before.items():
        if box[1:3] != (64, 128):
            np.testing.assert_array_equal(slide.region(*box), wanted)


def test_what_a_scanner_never_stored_is_white(tmp_path):
    for make in (lambda path: written.tiled(path, LEVELS), lambda path: written.aperio(path, RGB)):
        path = tmp_path / "sparse.svs"
        path.unlink(missing_ok=True)
        slide = open_slide(written.never_written(make(path), 9))
        assert (slide.region(0, 64, 128, 64, 64) == 255).all()
        beside = (0, 64, 192, 64, 64)
        np.testing.assert_array_equal(slide.region(*beside), by_openslide(path, *beside))
        assert broken_boxes(slide) == []


def test_of_a_broken_strip_only_its_rows_are_refused(tmp_path):
    path = written.flat(tmp_path / "flat.tif", RGB, compression="lzw")
    slide = open_slide(written.overwritten(path, 5))  # rows 80 to 95
    assert {row for row, _ in broken_boxes(slide)} == {64}
    np.testing.assert_array_equal(slide.region(0, 96, 0, 100, 420), RGB[96:196])


@pytest.mark.parametrize("compression", [None, "lzw"])
def test_of_a_file_cut_short_what_lies_before_the_cut_is_shown(tmp_path, compression):
    path = written.flat(tmp_path / "flat.tif", RGB, compression=compression, bigtiff=True)
    slide = open_slide(written.cut(path, 8))  # rows 128 to 143
    np.testing.assert_array_equal(slide.region(0, 0, 0, 128, 420), RGB[:128])
    with pytest.raises(UnreadableSlide, match="part of"):
        slide.region(0, 130, 0, 16, 420)


def test_of_a_tiled_file_cut_short_what_lies_before_the_cut_is_shown(tmp_path):
    path = written.directory_first(tmp_path / "stream.tif", RGB)
    slide = open_slide(written.cut(path, 9))
    np.testing.assert_array_equal(slide.region(0, 0, 0, 64, 420), RGB[:64])
    assert len(broken_boxes(slide)) == 26
    assert any("OpenSlide refuses" in note for note in slide.notes)
    assert str(tmp_path) not in " ".join(slide.notes)


def test_threads_that_meet_a_broken_tile_do_not_disturb_the_others(tmp_path):
    path = written.tiled(tmp_path / "slide.tif", LEVELS)
    intact = open_slide(path)
    wanted = {box: intact.region(*box) for box in boxes()}
    intact.close()
    slide = open_slide(written.overwritten(path, 9))

    def read(box):
        try:
            return np.array_equal(slide.region(*box), wanted[box])
        except UnreadableSlide:
            return box[1:3] == (64, 128)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(read, list(boxes()) * 20))


def test_after_a_broken_tile_the_slide_is_opened_once_more_and_not_for_each_read(
    tmp_path, monkeypatch
):
    path = written.overwritten(written.tiled(tmp_path / "slide.tif", LEVELS), 9)
    slide = open_slide(path)
    opened, real = [], openslide.OpenSlide
    monkeypatch.setattr(openslide, "OpenSlide", lambda path: opened.append(path) or real(path))
    assert broken_boxes(slide) == [(64, 128)]
    assert len(opened) == 2  # to try the tile again, and to go on


def test_a_piece_that_announces_a_huge_jpeg_is_refused_before_it_is_decoded(tmp_path):
    path = written.flat(tmp_path / "flat.tif", RGB, compression="jpeg")
    offset, count = written.piece(path, 5)
    data = bytearray(path.read_bytes())
    start = data.index(b"\xff\xc0", offset, offset + count)
    data[start + 5 : start + 9] = b"\xff\x00\xff\x00"
    path.write_bytes(data)
    slide = open_slide(path)
    with pytest.raises(UnreadableSlide, match="part of") as caught:
        slide.region(0, 80, 0, 16, 16)
    assert "JPEG of 65280 x 65280" in caught.value.detail


@pytest.mark.parametrize(
    "make",
    [
        lambda path: written.tiled(path, LEVELS),
        lambda path: written.flat(path, RGB, compression="lzw"),
        lambda path: written.flat(path, RGB),
    ],
    ids=["openslide", "strips", "raw"],
)
def test_many_threads_read_what_one_reads(tmp_path, make):
    slide = open_slide(make(tmp_path / "slide.tif"))
    wanted = {box: hashlib.sha256(slide.region(*box)).digest() for box in boxes(50)}
    with ThreadPoolExecutor(8) as pool:
        read = list(
            pool.map(lambda box: hashlib.sha256(slide.region(*box)).digest(), list(wanted) * 4)
        )
    assert read == list(wanted.values()) * 4


def test_a_slide_closed_while_others_read_refuses_and_does_not_crash(tmp_path):
    for make in (written.flat, lambda path, rgb: written.tiled(path, [rgb])):
        path = tmp_path / "slide.tif"
        path.unlink(missing_ok=True)
        slide = open_slide(make(path, RGB))
        begun, stop = threading.Event(), threading.Event()

        def read(slide=slide, begun=begun, stop=stop):
            while not stop.is_set():
                try:
                    slide.region(0, 0, 0, 300, 420)
                except UnreadableSlide as problem:
                    return "closed" in problem.what
                begun.set()
            return False

        with ThreadPoolExecutor(4) as pool:
            readers = [pool.submit(read) for _ in range(4)]
            begun.wait(10)
            slide.close()
            assert all(reader.result(20) for reader in readers)
        stop.set()


def test_a_file_that_vanishes_while_open_is_a_problem_at_worst(tmp_path):
    path = written.overwritten(written.tiled(tmp_path / "slide.tif", LEVELS), 9)
    slide = open_slide(path)
    path.unlink()
    with pytest.raises(UnreadableSlide):
        slide.region(0, 64, 128, 64, 64)  # broken, so that the file is opened again
    with pytest.raises(UnreadableSlide):
        slide.region(0, 0, 0, 64, 64)
