"""Slides that OpenSlide reads."""

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import openslide
from numpy.typing import NDArray
from PIL import Image, ImageColor

from onepixel_gui.outbox import printable
from onepixel_gui.problems import UnreadableSlide
from onepixel_gui.tiles import resolution
from onepixel_gui.tiles.levels import Plane
from onepixel_gui.tiles.pyramid import Found
from onepixel_gui.tiles.tiffs import FirstPage

CACHE_BYTES = 64 * 2**20  # decoded pieces of all slides together

_FORMATS = {
    "aperio": "Aperio SVS",
    "dicom": "DICOM",
    "generic-tiff": "Tiled TIFF",
    "hamamatsu": "Hamamatsu",
    "leica": "Leica SCN",
    "mirax": "MIRAX",
    "philips-tiff": "Philips TIFF",
    "sakura": "Sakura SVSLIDE",
    "synthetic": "Synthetic",
    "trestle": "Trestle TIFF",
    "ventana": "Ventana",
    "zeiss": "Zeiss CZI",
}
_cache: list[openslide.OpenSlideCache] = []


def vendor(path: Path) -> str | None:
    """OpenSlide's word for the format, None for a file that is none of its own."""
    try:
        found: str | None = openslide.OpenSlide.detect_format(path)
    except (openslide.OpenSlideError, ValueError):
        return None
    return found


def found(path: Path, name: str, maker: str, page: FirstPage | None) -> Found:
    """What OpenSlide sees in a file. Raises UnreadableSlide.

    page:  what its first page says when it is a TIFF.
    """
    reader = _Reader(path, name)
    slide = reader.slide
    listed = slide.properties
    # A damaged file may name a property and then not have it.
    properties = {key: value for key in listed if (value := listed.get(key)) is not None}
    mpp, note = resolution.of_openslide(properties)
    notes = [note] if note else []
    if page is not None and page.orientation != 1:
        notes.append("The file asks to be turned or mirrored; it is shown as it is stored.")
    if _is_foreign(slide):
        notes.append("The file names a colour profile other than sRGB; its values were kept.")
    hashed = properties.get("openslide.quickhash-1")
    return Found(
        format=_FORMATS.get(maker, printable(maker)),
        hash=f"quickhash-1:{hashed}" if hashed else "",
        mpp=mpp,
        lossy=_lossy(maker, properties) if page is None else page.lossy,
        notes=tuple(notes),
        planes=tuple(_planes(reader, slide, properties)),
        close=reader.close,
    )


def _planes(
    reader: "_Reader", slide: openslide.OpenSlide, properties: Mapping[str, str]
) -> Iterator[Plane]:
    beneath = ImageColor.getrgb(f"#{properties.get('openslide.background-color', 'ffffff')}")
    for index, (width, height) in enumerate(slide.level_dimensions):
        down, across = (
            int(properties.get(f"openslide.level[{index}].tile-{edge}", "256"))
            for edge in ("height", "width")
        )
        downsample = slide.level_downsamples[index]
        yield _OpenSlidePlane(
            reader, index, (height, width), (down, across), downsample, beneath[:3]
        )


def _is_foreign(slide: openslide.OpenSlide) -> bool:
    try:
        profile = slide.color_profile
    except (OSError, TypeError):  # ImageCms refuses a damaged profile
        return True
    return profile is not None and b"sRGB" not in profile.tobytes().replace(b"\0", b"")


@dataclass(frozen=True)
class _OpenSlidePlane:
    """One level of a slide. downsample: OpenSlide's; beneath: the colour where nothing is."""

    reader: "_Reader"
    level: int
    shape: tuple[int, int]
    grain: tuple[int, int]
    downsample: float
    beneath: tuple[int, ...]

    def read(self, row: int, column: int, height: int, width: int) -> NDArray[np.uint8]:
        # OpenSlide takes level-0 places for all levels.
        place = round(column * self.downsample), round(row * self.downsample)
        picture = self.reader.read(place, self.level, (width, height))
        if picture.getchannel("A").getextrema() != (255, 255):
            whole = Image.new("RGB", picture.size, self.beneath)
            whole.paste(picture, None, picture)
            return np.asarray(whole)
        return np.asarray(picture.convert("RGB"))


class _Reader:
    """One slide, read by as many threads as like.

    A damaged part puts an OpenSlide handle into an error state for good, for whoever reads with
    it.  So what failed is tried once more with a handle of its own: only if that fails too, this
    very part is damaged, and others go on with a fresh handle.
    """

    def __init__(self, path: Path, name: str) -> None:
        self._path, self._name = path, name
        self._lock = threading.Lock()
        self._slide: openslide.OpenSlide | None = self._opened()

    @property
    def slide(self) -> openslide.OpenSlide:
        with self._lock:
            if self._slide is None:
                self._slide = self._opened()
            return self._slide

    def read(self, place: tuple[int, int], level: int, size: tuple[int, int]) -> Image.Image:
        """RGBA, size is (width, height). Raises UnreadableSlide."""
        shared = self.slide
        try:
            return shared.read_region(place, level, size)
        except openslide.OpenSlideError:
            self._drop(shared)
        try:
            return self._opened().read_region(place, level, size)
        except openslide.OpenSlideError as cause:
            raise UnreadableSlide(
                f"A part of {self._name} is damaged and cannot be shown.",
                "Copy the slide again from where it came, or work on its other parts.",
                detail=f"level {level}, column and row {place}: {printable(str(cause))}",
            ) from cause

    def close(self) -> None:
        with self._lock:
            self._slide = None  # it closes when the last thread that reads with it is done

    def _drop(self, broken: openslide.OpenSlide) -> None:
        with self._lock:
            if self._slide is broken:
                self._slide = None

    def _opened(self) -> openslide.OpenSlide:
        try:
            slide = openslide.OpenSlide(self._path)
            slide.set_cache(_shared_cache())
        except openslide.OpenSlideError as cause:
            raise UnreadableSlide(
                f"{self._name} is damaged, incomplete or stored in a way that cannot be read.",
                "Copy it again from where it came, together with the files that belong to it.",
                detail=printable(str(cause)),
            ) from cause
        return slide


def _shared_cache() -> openslide.OpenSlideCache:
    if not _cache:
        _cache.append(openslide.OpenSlideCache(CACHE_BYTES))
    return _cache[0]


def _lossy(maker: str, properties: Mapping[str, str]) -> bool:
    """Whether the slide was compressed with loss; what does not say so is taken to be."""
    if maker == "dicom":
        return properties.get("dicom.LossyImageCompression", "01") == "01"
    if maker == "mirax":
        kinds = [value for key, value in properties.items() if key.endswith("IMAGE_FORMAT")]
        return not kinds or any(kind.upper().startswith("JP") for kind in kinds)
    return True
