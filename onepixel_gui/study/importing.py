"""Results that the command line wrote as JSON, made records again as far as they carry enough."""

import io
import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.attack.attacks import Attack, Exhaustive
from onepixel_gui.attack.probe import (
    Ended,
    Guidance,
    Perturbation,
    Pixel,
    Question,
    Settings,
    Swept,
)
from onepixel_gui.attack.sweep import PALETTES
from onepixel_gui.classifier.card import Card, Serving
from onepixel_gui.outbox import printable
from onepixel_gui.problems import Problem
from onepixel_gui.study.record import Record
from onepixel_gui.tiles.tile import Tile, Window

_MOST = 1 << 28  # bytes of one result; a map of 4,096 colours on a large tile stays below
_SURE = 17.0  # log-odds at which a float32 confidence can hardly be told from 0 or 1
_UNKNOWN = float("nan")
RECOMPUTED = "The log-odds of this map were computed from its confidences."

Picture = NDArray[np.uint8]


class UnusableResult(Problem):
    """A file that is no result, or one that says too little to be kept."""


@dataclass(frozen=True, slots=True, eq=False)
class Arrays:
    """A map that was written as NPZ. scores: (H, W, K) confidences; palette: (K, 3) uint8."""

    scores: NDArray[np.float32]
    palette: NDArray[np.uint8]
    window: tuple[int, int, int, int]


def result_in(path: Path) -> Mapping[str, Any]:
    """The values of a JSON result. Raises UnusableResult."""
    try:
        with path.open("rb") as file:
            told = json.loads(file.read(_MOST))
    except (OSError, ValueError, RecursionError) as cause:
        raise _unusable(path, "cannot be read as JSON", detail=repr(cause)) from cause
    if not isinstance(told, dict) or not isinstance(told.get("provenance"), dict):
        raise _unusable(path, "is no result of `attack` or `map`")
    return told


def arrays_in(path: Path) -> Arrays:
    """A map as `map --out` writes it. Raises UnusableResult."""
    try:
        if path.stat().st_size > _MOST:
            raise ValueError("too large")
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
            scores, palette = file["scores"], file["palette"]
            window = tuple(int(value) for value in file["window"])
        if scores.ndim != 3 or scores.dtype != np.float32 or len(window) != 4:
            raise ValueError("no map")
        if palette.shape != (scores.shape[2], 3) or palette.dtype != np.uint8:
            raise ValueError("no palette")
    except (OSError, ValueError, LookupError, TypeError, EOFError, zipfile.BadZipFile) as cause:
        raise _unusable(path, "holds no map of this program", detail=repr(cause)) from cause
    return Arrays(scores, palette, window)


def wanted_tile(told: Mapping[str, Any]) -> tuple[str, str]:
    """Name and sha256 of the tile that a result is about; "" where it does not say."""
    tile = told["provenance"].get("tile")
    known = tile if isinstance(tile, dict) else {}
    return str(known.get("name", "")), str(known.get("sha256", ""))


def record_from(
    path: Path, told: Mapping[str, Any], rgb: Picture, maps: Sequence[Arrays]
) -> Record:
    """rgb: the pixels of its tile. maps: of these the one of a sweep. Raises UnusableResult."""
    try:
        return _record(path, told, rgb, maps)
    except (LookupError, ValueError, TypeError, AttributeError) as cause:
        raise _unusable(path, "says too little to be kept", detail=repr(cause)) from cause


def _record(path: Path, told: Mapping[str, Any], rgb: Picture, maps: Sequence[Arrays]) -> Record:
    source = told["provenance"]
    tile, card = _tile(source["tile"], rgb), _card(source["classifier"])
    question = _question(source, card)
    attack = _attack(source["attack"])
    _expect_inside(_pixels(told), tile)
    result = (
        _swept(path, told, question, _matching(path, told, question.window, maps))
        if isinstance(attack, Exhaustive)
        else _ended(told, source["attack"])
    )
    return Record(
        tile=tile,
        card=card,
        serving=_serving(source["environment"]),
        attack=attack,
        question=question,
        result=result,
        software=_software(source),
        command=str(source.get("command", "")),
    )


# ------------------------------------------------------------------ who was asked
def _tile(told: Mapping[str, Any], rgb: Picture) -> Tile:
    slide = told.get("slide") or {}
    row, column = told["origin"]
    mpp = told.get("um_per_px")
    return Tile(
        name=str(told["name"]),
        rgb=rgb,
        label=told["label"] if told.get("label") is None else str(told["label"]),
        mpp=None if mpp is None else float(mpp),
        origin=(int(row), int(column)),
        downsample=float(slide.get("downsample", 1.0)),
        slide=str(slide.get("name", "")),
        slide_hash=str(slide.get("hash", "")),
        case=str(told.get("case", "")),
        source_sha256=str(told.get("source_sha256", "")),
        lossy=bool(told.get("lossy", False)),
        notes=tuple(map(str, told.get("notes", ()))),
    )


def _card(told: Mapping[str, Any]) -> Card:
    values = {**told, "mpp": told.get("um_per_px")}
    tuples = ("classes", "input_size", "mean", "std", "doubts")
    values |= {name: tuple(values[name]) for name in tuples if name in values}
    return Card(**{each.name: values[each.name] for each in fields(Card) if each.name in values})


def _serving(told: Mapping[str, Any]) -> Serving:
    return Serving(
        device=str(told["device"]),
        device_name=str(told["device_name"]),
        threads=int(told["threads"]),
        batch=int(told["batch"]),
        torch=str(told["torch"]),
        deterministic=bool(told["deterministic"]),
    )


def _software(source: Mapping[str, Any]) -> dict[str, str]:
    environment = source["environment"]
    names = ("python", "torch", "numpy", "scipy", "scikit_image", "os")
    said = {name: str(environment[name]) for name in names if name in environment}
    return {"onepixel_gui": str(source["software"]["version"]), **said}


def _question(source: Mapping[str, Any], card: Card) -> Question:
    told = source["question"]
    others = [name for name in card.classes if name != told["subject"]]
    return Question(
        subject=str(told["subject"]),
        rival=others[0] if len(others) == 1 else "another class",
        answer=str(told["answer"]),
        clean=float(told["clean"]),
        clean_logit=float(told["clean_logit"]),
        threshold=float(told["threshold"]),
        window=Window(*map(int, source["tile"]["window"])),
    )


# ------------------------------------------------------------------ how, and what came of it
def _attack(told: Mapping[str, Any]) -> Attack:
    pixels, to_the_end = int(told.get("pixels", 1)), bool(told.get("to_the_end", False))
    if told.get("strategy") == Settings.strategy:
        return Settings(
            int(told["population"]),
            int(told["generations"]),
            float(told["F"]),
            pixels,
            int(told["seed"]),
            to_the_end,
        )
    if told.get("strategy") == Guidance.strategy:
        return Guidance(
            int(told["shortlist"]),
            int(told["neighbours"]),
            int(told["refinements"]),
            pixels,
            to_the_end,
        )
    palette = np.array(told["palette"])
    known = [name for name, colours in PALETTES.items() if np.array_equal(colours, palette)]
    return Exhaustive(known[0])


def _pixels(told: Mapping[str, Any]) -> Perturbation:
    if "pixels" in told:
        return tuple(_pixel(each, "rgb_after") for each in told["pixels"])
    return _pixel(told["lowest"], "rgb"), _pixel(told["highest"], "rgb")


def _pixel(told: Mapping[str, Any], colour: str) -> Pixel:
    red, green, blue = (int(value) for value in told[colour])
    if not all(0 <= value <= 255 for value in (red, green, blue)):
        raise ValueError("a colour outside 0-255")
    return Pixel(int(told["row"]), int(told["column"]), (red, green, blue))


def _expect_inside(pixels: Iterable[Pixel], tile: Tile) -> None:
    whole = Window(0, 0, *tile.shape)
    if not all(whole.holds(pixel.row, pixel.column) for pixel in pixels):
        raise ValueError("a pixel outside its tile")


def _ended(told: Mapping[str, Any], method: Mapping[str, Any]) -> Ended:
    first = told["first_flip"]
    return Ended(
        reason="flipped" if method["reason"] == "flipped" else "budget spent",
        flipped=bool(told["flipped"]),
        queries=int(told["queries"]),
        first_flip=None if first is None else int(first),
        best=_pixels(told),
        confidence=float(told["confidence"]),
        answer=str(told["answer"]),
        curve=tuple((int(queries), float(best)) for queries, best in told["curve"]),
        seconds=_UNKNOWN,
        previews=int(told.get("previews", 0)),
    )


def _matching(
    path: Path, told: Mapping[str, Any], window: Window, maps: Sequence[Arrays]
) -> Arrays:
    """The map that this result is about: of its window, and as many positions flip."""
    place = (window.row, window.column, window.height, window.width)
    threshold, clean = told["provenance"]["question"]["threshold"], told["clean"]
    for each in maps:
        flips = (each.scores >= threshold) != (clean >= threshold)
        if each.window == place and flips.any(axis=2).sum() == told["flipping_positions"]:
            return each
    raise UnusableResult(
        f"{printable(path.name)} tells of a map but does not hold it.",
        "Name the NPZ file that `map --out` wrote beside it.",
    )


def _swept(path: Path, told: Mapping[str, Any], question: Question, found: Arrays) -> Swept:
    if len(told["provenance"]["classifier"]["classes"]) > 2:
        raise _unusable(path, "is a map of many classes, which does not say what flips")
    scores = found.scores.astype(np.float64)
    with np.errstate(divide="ignore"):
        logits = np.clip(np.log(scores) - np.log1p(-scores), -_SURE, _SURE).astype(np.float32)
    lowest, highest = _pixels(told)
    return Swept(
        question=question,
        palette=found.palette,
        logits=logits,
        flipped=(found.scores >= question.threshold) != (question.clean >= question.threshold),
        lowest=lowest,
        lowest_confidence=float(told["lowest"]["confidence"]),
        highest=highest,
        highest_confidence=float(told["highest"]["confidence"]),
        queries=int(told["queries"]),
        confirmations=int(told["confirmations"]),
        seconds=_UNKNOWN,
    )


def _unusable(path: Path, why: str, *, detail: str = "") -> UnusableResult:
    return UnusableResult(
        f"{printable(path.name)} {why}.",
        "Write the result again with `attack --json`, or `map --json` and `--out`.",
        detail=detail,
    )


def recomputed(record: Record) -> bool:
    """Whether `RECOMPUTED` is to be said of it."""
    return isinstance(record.result, Swept)
