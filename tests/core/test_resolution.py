"""Micrometres per pixel are believed where a microscope can have them, and said otherwise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onepixel_gui.tiles import resolution

OME = (
    '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Image><Pixels SizeX="4" '
    "{}/></Image></OME>"
)


@pytest.mark.parametrize(
    ("said", "mpp"),
    [
        ('PhysicalSizeX="0.25" PhysicalSizeY="0.25"', 0.25),
        ('PhysicalSizeX="250" PhysicalSizeXUnit="nm" PhysicalSizeY="0.25"', 0.25),
        ('PhysicalSizeX="0.00025" PhysicalSizeXUnit="mm" PhysicalSizeY="0.25"', 0.25),
        (
            'PhysicalSizeX="0.5" PhysicalSizeXUnit="µm" PhysicalSizeY="0.5" '
            'PhysicalSizeYUnit="\u03bcm"',
            0.5,
        ),
        ('PhysicalSizeX="0.25" PhysicalSizeXUnit="pixel" PhysicalSizeY="0.25"', None),
        ('PhysicalSizeX="0.25"', None),
        ('PhysicalSizeX="wide" PhysicalSizeY="0.25"', None),
        ("", None),
    ],
)
def test_ome_sizes_are_read_with_their_units(said, mpp):
    found, note = resolution.of_ome(OME.format(said))
    assert found == mpp
    assert bool(note) == (mpp is None)


@pytest.mark.parametrize(
    "xml",
    [
        "",
        "no xml",
        "<OME>",
        '<!DOCTYPE x [<!ENTITY a "aaaa">]><OME>&a;</OME>',
        "<OME/>",
        "\0",
    ],
)
def test_what_is_no_ome_xml_says_nothing(xml):
    assert resolution.of_ome(xml) == (None, resolution.UNKNOWN)


@pytest.mark.parametrize(
    ("unit", "across", "down", "mpp"),
    [
        (3, (40_000, 1), (40_000, 1), 0.25),
        (2, (50_800, 1), (101_600, 2), 0.5),
        (3, 40_000.0, 40_000, 0.25),
        (2, (72, 1), (72, 1), None),
        (1, (40_000, 1), (40_000, 1), None),
        (3, (0, 1), (40_000, 1), None),
        (3, (1, 0), (40_000, 1), None),
        (3, None, None, None),
        (3, "40000", (), None),
        ("3", (40_000, 1), (40_000, 1), None),
        (3, float("nan"), float("inf"), None),
    ],
)
def test_tags_are_believed_where_a_microscope_can_have_them(unit, across, down, mpp):
    found, note = resolution.of_tags(unit, across, down)
    assert found == mpp
    assert bool(note) == (mpp is None)


def test_imagej_counts_pixels_per_micrometre():
    assert resolution.of_microns((4, 1), (4, 1)) == (0.25, "")


@given(
    across=st.one_of(st.none(), st.floats(1e-6, 1e6)),
    down=st.one_of(st.none(), st.floats(1e-6, 1e6)),
)
def test_whatever_is_judged_is_plausible_or_unknown_with_a_reason(across, down):
    mpp, note = resolution.judged(across, down)
    if mpp is None:
        assert note
    else:
        assert resolution.PLAUSIBLE[0] <= mpp <= resolution.PLAUSIBLE[1]
        assert min(across, down) * 0.999 <= mpp <= max(across, down) * 1.001
        assert bool(note) == (max(across, down) > 1.011 * min(across, down)) or (
            1.009 < max(across, down) / min(across, down) < 1.011
        )


@pytest.mark.parametrize(
    ("said", "mpp"),
    [
        ({"openslide.mpp-x": "0.25", "openslide.mpp-y": "0.25"}, 0.25),
        ({"openslide.mpp-x": "0.25"}, None),
        ({"openslide.mpp-x": "-1", "openslide.mpp-y": "0.25"}, None),
        ({"openslide.mpp-x": "nan", "openslide.mpp-y": "0.25"}, None),
        ({}, None),
    ],
)
def test_openslides_properties_are_judged_alike(said, mpp):
    assert resolution.of_openslide(said)[0] == mpp
