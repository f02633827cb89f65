"""Micrometres per pixel, from what files say about it: often nothing, sometimes nonsense."""

import math
import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any
from xml.etree import ElementTree

PLAUSIBLE = (0.05, 20.0)  # um per pixel: microscopes and scanners; 72 to 1,200 dpi lie outside
UNKNOWN = "The file does not say how many micrometres a pixel is, so it cannot be resampled."

_UNITS = {2: 25_400.0, 3: 10_000.0}  # um per inch and centimetre, by TIFF's ResolutionUnit
_LENGTHS = {"m": 1e6, "cm": 1e4, "mm": 1e3, "µm": 1.0, "μm": 1.0, "um": 1.0, "nm": 1e-3, "å": 1e-4}
_MOST_XML = 2**24


def judged(across: float | None, down: float | None) -> tuple[float | None, str]:
    """One resolution from that of columns and rows, and what the reader should know of it."""
    if across is None or down is None:
        return None, UNKNOWN
    plausible = all(PLAUSIBLE[0] <= each <= PLAUSIBLE[1] for each in (across, down))
    if not plausible:
        said = f"The file says {across:.4g} x {down:.4g} µm per pixel"
        return None, f"{said}, which no microscope has, so its resolution counts as unknown."
    mean = math.sqrt(across * down)
    if math.isclose(across, down, rel_tol=0.01):
        return round(mean, 6), ""
    said = f"Pixels are {across:.4g} µm wide and {down:.4g} µm high"
    return round(mean, 6), f"{said}; {mean:.4g} µm per pixel is used for both."


def of_openslide(properties: Mapping[str, str]) -> tuple[float | None, str]:
    """From OpenSlide's own properties."""
    return judged(*(_number(properties.get(f"openslide.mpp-{axis}")) for axis in "xy"))


def of_tags(unit: Any, across: Any, down: Any) -> tuple[float | None, str]:
    """From TIFF's ResolutionUnit, XResolution and YResolution, pixels per unit as fractions."""
    length = _UNITS.get(unit) if isinstance(unit, int) else None
    per_unit = _fraction(across), _fraction(down)
    if length is None or None in per_unit:
        return None, UNKNOWN
    return judged(*(length / each if each else None for each in per_unit))


def of_microns(across: Any, down: Any) -> tuple[float | None, str]:
    """From XResolution and YResolution as ImageJ writes them: pixels per micrometre."""
    per_unit = _fraction(across), _fraction(down)
    return judged(*(1 / each if each else None for each in per_unit))


def of_ome(xml: str) -> tuple[float | None, str]:
    """From OME-XML: PhysicalSizeX and -Y of its first picture, micrometres where no unit is."""
    # Entities could make a short text long; OME-XML has none.
    if len(xml) > _MOST_XML or re.search("<!(DOCTYPE|ENTITY)", xml):
        return None, UNKNOWN
    try:
        root = ElementTree.fromstring(xml)
    except (ElementTree.ParseError, ValueError):
        return None, UNKNOWN
    for pixels in root.iter():
        if pixels.tag.rpartition("}")[2] == "Pixels":
            return judged(*(_length(pixels.attrib, axis) for axis in "XY"))
    return None, UNKNOWN


def _length(said: Mapping[str, str], axis: str) -> float | None:
    size = _number(said.get(f"PhysicalSize{axis}"))
    unit = _LENGTHS.get(said.get(f"PhysicalSize{axis}Unit", "µm").lower())
    return None if size is None or unit is None else size * unit


def _number(said: str | None) -> float | None:
    try:
        number = float(said or "")
    except ValueError:
        return None
    return number if math.isfinite(number) and number > 0 else None


def _fraction(said: Any) -> float | None:
    try:
        if isinstance(said, tuple):
            number = float(Fraction(int(said[0]), int(said[1])))
        else:
            number = float(said)
    except (TypeError, ValueError, ArithmeticError, LookupError):
        return None
    return number if math.isfinite(number) and number > 0 else None
