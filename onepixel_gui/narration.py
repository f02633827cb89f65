"""A run as lines of text, as JSON and as arrays: what the command line says and writes.

The keys of the JSON and of the NPZ are a promise to scripts; more may be added, none renamed.
"""

import io
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import assert_never

import numpy as np

from onepixel_gui.analysis.sensitivity import Sensitivity
from onepixel_gui.attack.probe import (
    Advanced,
    Began,
    Ended,
    Event,
    Painted,
    Pixel,
    Question,
    Responded,
    SweepBegan,
    Swept,
    confidence,
)
from onepixel_gui.outbox import printable
from onepixel_gui.report.cards import Fact
from onepixel_gui.report.exhibit import AttackExhibit, SweepExhibit
from onepixel_gui.report.wording import (
    doubts,
    method,
    percent,
    period,
    size,
    stopped,
    sweep_verdict,
    verdict,
)
from onepixel_gui.tiles.tile import Tile

Meter = Callable[[str, int, int], None]  # words, done, total; total 0 when nobody knows
_WIDEST = 40  # letters of a label; a longer one moves the value of its own line only
_TYPOGRAPHY = ((" · ", "; "), ("−", "-"), ("×", "x"), ("…", "..."), ("µm", "um"))


class Narrator:
    """Hears every event of one run, moves the meter, and keeps what will be said at the end."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._began: Began | None = None
        self._advanced: Advanced | None = None
        self._sweep: SweepBegan | None = None
        self._painted: Painted | None = None

    def take(self, event: Event) -> None:
        match event:
            case Began(budget=budget):
                self._began = event
                self._meter("Searching", 0, budget)
            case Advanced(queries=queries, confidence=best):
                assert self._began is not None
                self._advanced = event
                words = f"Searching, best {percent(best)}" if queries else "Previewing"
                self._meter(words, queries, self._began.budget)
            case SweepBegan(total=total):
                self._sweep = event
                self._meter("Sweeping", 0, total)
            case Painted(done=done, total=total):
                self._painted = event
                self._meter("Sweeping" if done else "Previewing", done, total)
            case Ended() | Swept() | Responded():
                pass  # told when the run is over, or asked for by a window only
            case _:
                assert_never(event)

    def stopped(self) -> str:
        """What was known when the reader stopped the run, as one sentence."""
        if self._sweep is not None and self._painted is not None:
            return _sweep_stopped(self._sweep.question, self._painted)
        if self._began is not None:
            return stopped(self._began, self._advanced)
        return "Stopped before anything was found."


def _sweep_stopped(question: Question, painted: Painted) -> str:
    if not painted.exact.any():
        return "Stopped before anything was found."
    low = float(confidence(painted.lowest[painted.exact]).min())
    high = float(confidence(painted.highest[painted.exact]).max())
    clean = question.clean
    return (
        f"Stopped after {painted.done:,} of {painted.total:,} queries; so far the "
        f"{question.subject} confidence ranges from {percent(low, beside=(clean, high))} to "
        f"{percent(high, beside=(clean, low))} (untouched {percent(clean, beside=(low, high))}), "
        "not confirmed."
    )


@contextmanager
def meter() -> Iterator[Meter]:
    """A progress line with time left on stderr; nothing at all where stderr is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
    from rich.progress import TimeRemainingColumn as TimeLeftColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _words, _done, _total: None
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.completed:,.0f} queries, time left"),
        TimeLeftColumn(),
    )
    # Results go to stdout as they are; by default rich would carry them over to its own console.
    with Progress(
        *columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False
    ) as bar:
        task = bar.add_task("Loading the classifier", total=None)
        yield lambda words, done, total: bar.update(
            task, description=words, completed=done, total=total or None
        )


# ------------------------------------------------------------------ lines
def attack_lines(exhibit: AttackExhibit) -> list[str]:
    """The verdict, how a white-box search came to it, then each doubt."""
    began, ended = exhibit.began, exhibit.ended
    how = [method(began, ended)] if began.settings.access == "white-box" else []
    return [verdict(began, ended), *how, *doubt_lines(_attack_doubts(exhibit))]


def _attack_doubts(exhibit: AttackExhibit) -> tuple[str, ...]:
    # A search told to go on spends its whole budget; that is no doubt once it has found a flip.
    reason = "flipped" if exhibit.ended.flipped else exhibit.ended.reason
    return doubts(exhibit.tile, exhibit.question, exhibit.card, reason)


def map_lines(exhibit: SweepExhibit) -> list[str]:
    """The verdict, what the periods say, then each doubt."""
    found = doubts(exhibit.tile, exhibit.question, exhibit.card)
    periods = exhibit.sensitivity.periods
    lines = [period(spectrum) for spectrum in (periods.row, periods.column)]
    return [sweep_verdict(exhibit.sensitivity), *lines, *doubt_lines(found)]


def doubt_lines(found: tuple[str, ...]) -> list[str]:
    return [f"Doubt: {doubt}" for doubt in found]


def score_line(name: str, tile: Tile, question: Question) -> str:
    """One tile's answer, and which part of it was judged."""
    sure = f"{percent(question.clean, beside=(question.threshold,))} {question.subject} confidence"
    window = question.window
    part = (
        ""
        if tile.shape == window.shape
        else f", judged by its centre {size(window.shape)} of {size(tile.shape)} px"
    )
    others = [f"{percent(chance)} {other}" for other, chance in question.top[1:]]
    then = f"; then {', '.join(others)}" if others else ""
    return f"{name}: {question.answer}, {sure}{part}{then}"


# ------------------------------------------------------------------ JSON
def as_json(what: object) -> bytes:
    return (json.dumps(what, indent=2, ensure_ascii=False) + "\n").encode()


def attack_json(exhibit: AttackExhibit) -> dict[str, object]:
    ended, tile, question = exhibit.ended, exhibit.tile, exhibit.question
    settings = exhibit.began.settings
    return {
        "tile": tile.name,
        "strategy": settings.strategy,
        "access": settings.access,
        "subject": question.subject,
        "clean": question.clean,
        "answer": ended.answer,
        "clean_answer": question.answer,
        "flipped": ended.flipped,
        "queries": ended.queries,
        "previews": ended.previews,
        "first_flip": ended.first_flip,
        "confidence": ended.confidence,
        "pixels": [
            {
                "row": pixel.row,
                "column": pixel.column,
                "rgb_before": tile.rgb[pixel.row, pixel.column].tolist(),
                "rgb_after": list(pixel.rgb),
            }
            for pixel in ended.best
        ],
        "curve": [list(point) for point in ended.curve],
        "doubts": list(_attack_doubts(exhibit)),
        "provenance": exhibit.provenance,
    }


def map_json(exhibit: SweepExhibit) -> dict[str, object]:
    found, question = exhibit.sensitivity, exhibit.question
    swept = found.swept
    return {
        "tile": exhibit.tile.name,
        "subject": question.subject,
        "clean": question.clean,
        "answer": question.answer,
        "lowest": _extreme(swept.lowest, swept.lowest_confidence),
        "highest": _extreme(swept.highest, swept.highest_confidence),
        "flipping_positions": found.map.flipping_positions,
        "queries": swept.queries,
        "confirmations": swept.confirmations,
        "window": asdict(question.window),
        "row_profile": found.profiles.row.tolist(),
        "column_profile": found.profiles.column.tolist(),
        "periods": _periods(found),
        "doubts": list(doubts(exhibit.tile, question, exhibit.card)),
        "provenance": exhibit.provenance,
    }


def score_json(name: str, tile: Tile, question: Question) -> dict[str, object]:
    return {
        "tile": name,
        "confidence": question.clean,
        "answer": question.answer,
        "subject": question.subject,
        "label": tile.label,
        "window": asdict(question.window),
    }


def _extreme(pixel: Pixel, value: float) -> dict[str, object]:
    return {
        "confidence": value,
        "row": pixel.row,
        "column": pixel.column,
        "rgb": list(pixel.rgb),
    }


def _periods(found: Sensitivity) -> dict[str, object]:
    periods = found.periods
    spectra: dict[str, object] = {
        spectrum.axis: {
            "strongest_px": spectrum.strongest,
            "share_of_shuffles_below": spectrum.share,
            "beyond_95_percent": spectrum.beyond_null,
        }
        for spectrum in (periods.row, periods.column)
    }
    parity = {
        "row": list(found.profiles.row_parity),
        "column": list(found.profiles.column_parity),
    }
    return {**spectra, "even_odd": parity, "shuffles": periods.shuffles, "seed": periods.seed}


# ------------------------------------------------------------------ arrays
def map_npz(found: Sensitivity) -> bytes:
    """Confidences of a sweep, the same bytes for the same sweep.

    scores: (H, W, K) float32; palette: (K, 3) uint8; lowest, highest: (H, W) float32;
    window: (row, column, height, width) in the tile; clean: () float32.
    """
    swept = found.swept
    window = swept.question.window
    file = io.BytesIO()
    np.savez_compressed(
        file,
        allow_pickle=False,
        scores=confidence(swept.logits),
        palette=swept.palette,
        lowest=found.map.lowest,
        highest=found.map.highest,
        window=np.array([window.row, window.column, window.height, window.width]),
        clean=np.float32(swept.question.clean),
    )
    return file.getvalue()


# ------------------------------------------------------------------ cards
def card_lines(title: str, facts: Iterable[Fact], notes: Iterable[str]) -> list[str]:
    """A card as aligned lines, each value that needs it with its source in brackets."""
    shown = [*facts]
    width = min(_WIDEST, max(len(fact.label) for fact in shown))
    lines = [
        f"{fact.label:<{width}}  {fact.value}" + f"  [{fact.source}]" * bool(fact.source)
        for fact in shown
    ]
    return [_plain(line) for line in (title, *lines, *(f"Note: {note}" for note in notes))]


def _plain(line: str) -> str:
    """In letters that every terminal has, as far as they are ours."""
    for fine, plain in _TYPOGRAPHY:
        line = line.replace(fine, plain)
    return printable(line)
