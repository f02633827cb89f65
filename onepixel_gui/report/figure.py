"""Results as figures for a report: PNG, TIFF, PDF or SVG, with caption and provenance inside.

The same inputs give the same bytes.  matplotlib is loaded by the first export, not by importing
this module, so that a window may prepare an exhibit at no cost.
"""

import json
import logging
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from onepixel_gui import __version__
from onepixel_gui.outbox import write_whole
from onepixel_gui.problems import NotWritten
from onepixel_gui.report.exhibit import (
    AttackExhibit,
    ComparisonExhibit,
    Exhibit,
    Style,
    SweepExhibit,
)
from onepixel_gui.report.wording import TIMES

if TYPE_CHECKING:
    from onepixel_gui.report.plates import Plate

__all__ = [
    "SUFFIXES",
    "AttackExhibit",
    "ComparisonExhibit",
    "Exhibit",
    "Style",
    "SweepExhibit",
    "export",
    "render",
]

_CREATOR = f"onepixel_gui {__version__}"
_PLAIN = str.maketrans({"µ": "u", "Δ": "d", TIMES: "x", "\N{MINUS SIGN}": "-", "⁻": "-"})


def export(exhibit: Exhibit, path: Path, style: Style | None = None) -> tuple[Path, ...]:
    """Write the figure to `path` and its caption and provenance to `<path>.json` beside it.

    The suffix decides the format: .png, .tif, .tiff, .pdf or .svg.  Returns the files written.
    Raises NotWritten; then neither file is left, and older ones are as they were.
    """
    style = style or Style()
    data, beside = render(exhibit, path.suffix, style)
    sidecar = path.with_suffix(path.suffix + ".json")
    before = _content(path)
    write_whole(path, data)
    try:
        write_whole(sidecar, beside)
    except NotWritten:
        _put_back(path, before)
        raise
    return path, sidecar


def render(exhibit: Exhibit, suffix: str, style: Style) -> tuple[bytes, bytes]:
    """The figure and its JSON sidecar as bytes. Raises NotWritten for an unknown suffix."""
    writer = _WRITERS.get(suffix.lower())
    if writer is None:
        given = f"The ending {suffix}" if suffix else "A name without an ending"
        raise NotWritten(
            f"{given} is not a figure format that can be written.",
            f"Choose a name that ends in {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}.",
        )
    _load()
    from onepixel_gui.report.plates import draw
    from onepixel_gui.report.sheet import drawing

    with drawing():
        plate = draw(exhibit, style)
        origin = exhibit.provenance
        short = json.dumps(_short(origin), sort_keys=True)
        data = writer(plate, short)
    return data, _sidecar(plate, exhibit, style, suffix)


def _load() -> None:
    # Without a writable home matplotlib keeps its font list in a temporary folder and says so
    # in the log, which helps no reader.
    log = logging.getLogger("matplotlib")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        import_module("onepixel_gui.report.plates")
    finally:
        log.setLevel(level)


# ------------------------------------------------------------------ formats
def _png(plate: "Plate", short: str) -> bytes:
    file = BytesIO()
    words = {"Software": _CREATOR, "Description": plate.caption, "Provenance": short}
    plate.sheet.figure.savefig(file, format="png", backend="agg", metadata=words)
    return file.getvalue()


def _tiff(plate: "Plate", short: str) -> bytes:
    raw, sheet = BytesIO(), plate.sheet
    sheet.figure.savefig(raw, format="rgba", backend="agg")
    picture = Image.frombytes("RGBA", sheet.pixels, raw.getvalue())
    tags = {270: _ascii(f"{plate.caption} {short}"), 305: _CREATOR}
    file, dpi = BytesIO(), sheet.dpi
    picture.convert("RGB").save(file, "TIFF", compression="tiff_lzw", dpi=(dpi, dpi), tiffinfo=tags)
    return file.getvalue()


def _pdf(plate: "Plate", short: str) -> bytes:
    file = BytesIO()
    words = {
        "Title": plate.title,
        "Subject": plate.caption,
        "Keywords": short,
        "Creator": _CREATOR,
        "Producer": _CREATOR,
        "CreationDate": None,
    }
    plate.sheet.figure.savefig(file, format="pdf", backend="pdf", metadata=words)
    return file.getvalue()


def _svg(plate: "Plate", short: str) -> bytes:
    file = BytesIO()
    words = {
        "Title": plate.title,
        "Description": plate.caption,
        "Source": short,
        "Creator": _CREATOR,
        "Date": None,
    }
    plate.sheet.figure.savefig(file, format="svg", backend="svg", metadata=words)
    # Journals set Arial where our font is missing; matplotlib only knows the fonts it has.
    return file.getvalue().replace(b"'DejaVu Sans'", b"Arial, Helvetica")


_WRITERS: dict[str, Callable[["Plate", str], bytes]] = {
    ".png": _png,
    ".tif": _tiff,
    ".tiff": _tiff,
    ".pdf": _pdf,
    ".svg": _svg,
}
SUFFIXES = tuple(_WRITERS)


def _ascii(words: str) -> str:
    """A TIFF tag holds seven-bit text."""
    return words.translate(_PLAIN).encode("ascii", "replace").decode("ascii")


# ------------------------------------------------------------------ what goes with it
def _short(origin: dict[str, object]) -> dict[str, object]:
    """What finds the result again, for inside the file."""
    parts = {name: origin[name] for name in ("software", "attack", "command")}
    wanted = {
        "classifier": ("file", "sha256"),
        "second_classifier": ("file", "sha256"),
        "tile": ("name", "sha256", "window"),
        "tiles": ("n", "sha256_of_all"),
        "study": ("name", "identity"),
    }
    for name, keys in wanted.items():
        facts = origin.get(name)
        if isinstance(facts, dict):
            parts[name] = {key: facts[key] for key in keys}
    return parts


def _sidecar(plate: "Plate", exhibit: Exhibit, style: Style, suffix: str) -> bytes:
    sheet = plate.sheet
    block = {
        "title": plate.title,
        "caption": plate.caption,
        "figure": {
            "template": plate.template,
            "format": suffix.lower().lstrip("."),
            "width_mm": style.width_mm,
            "height_mm": round(sheet.height, 1),
            "dpi": style.dpi,
        },
        "provenance": exhibit.provenance,
    }
    return (json.dumps(block, indent=2, ensure_ascii=False) + "\n").encode()


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes() if path.is_file() else None
    except OSError:
        return None


def _put_back(path: Path, before: bytes | None) -> None:
    with suppress(OSError, NotWritten):
        if before is None:
            path.unlink()
        else:
            write_whole(path, before)
