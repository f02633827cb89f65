"""A scan in words, as plain values and as a table that is a data set itself."""

import csv
import io
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from onepixel_gui.classifier.card import Card, Serving
from onepixel_gui.classifier.scan import Candidate, ScanBegan, ScanEnded
from onepixel_gui.outbox import printable
from onepixel_gui.report.provenance import provenance_of_scan
from onepixel_gui.report.wording import counted, percent
from onepixel_gui.tiles.cutting import half
from onepixel_gui.tiles.slides import Slide

# As data sets name them: the centre, so that tiles of any size can be cut there.
COLUMNS = ("slide", "centre_row", "centre_column", "label", "confidence", "answer")


@dataclass(frozen=True, slots=True)
class ScanExhibit:
    """A scan that ended, and whose it was. command: the command line that repeats it, or ""."""

    slide: Slide
    card: Card
    serving: Serving
    began: ScanBegan
    ended: ScanEnded
    command: str = ""


def summary(shown: ScanExhibit) -> str:
    """One sentence: how many candidates, out of how many tiles."""
    began, ended, card = shown.began, shown.ended, shown.card
    candidates = counted(len(ended.candidates), "candidate", "candidates")
    found = [f"{candidates} for {printable(began.subject)}"]
    if len(card.classes) == 2:
        sure = sum(each.confidence >= card.threshold for each in ended.candidates)
        found.append(f"{sure:,} of them from {percent(card.threshold)} on")
    tiles = f"{counted(began.total, 'tile', 'tiles')} of {printable(shown.slide.name)}"
    if began.skipped:
        tiles += f" ({began.skipped:,} without tissue left out)"
    return f"{', '.join(found)}, in {tiles}; {counted(ended.queries, 'query', 'queries')}."


def lines(shown: ScanExhibit) -> list[str]:
    """The summary, each candidate, best first, then each note."""
    found = [summary(shown)]
    if shown.ended.candidates:
        found.append(f"{'row':>8} {'column':>8}  confidence   (centre, level-0 px)")
    for candidate in shown.ended.candidates:
        row, column = centre(shown, candidate)
        told = f"{row:>8} {column:>8}  {percent(candidate.confidence)}"
        found.append(f"{told}  {printable(candidate.answer)}")
    return [*found, *(f"Note: {note}" for note in (*shown.began.notes, *shown.ended.notes))]


def centre(shown: ScanExhibit, candidate: Candidate) -> tuple[int, int]:
    """Level-0 (row, column) of the middle of a candidate's tile."""
    grid = shown.began.grid
    down, across = (half(edge, grid.downsample) for edge in grid.shape)
    return candidate.row + down, candidate.column + across


def as_values(shown: ScanExhibit) -> dict[str, object]:
    """JSON-ready. The keys are a promise to scripts; more may be added, none renamed."""
    began, ended = shown.began, shown.ended
    candidates = []
    for each in ended.candidates:
        row, column = centre(shown, each)
        candidates.append(asdict(each) | {"centre_row": row, "centre_column": column})
    return {
        "slide": shown.slide.name,
        "subject": began.subject,
        "tiles": began.total,
        "skipped": began.skipped,
        "damaged": ended.damaged,
        "queries": ended.queries,
        "grid": asdict(began.grid),
        "candidates": candidates,
        "notes": [*began.notes, *ended.notes],
        "provenance": provenance_of_scan(
            shown.slide, shown.card, shown.serving, ended, command=shown.command
        ),
    }


def table(shown: ScanExhibit, folder: Path) -> bytes:
    """CSV of the candidates, best first; label is left empty, for somebody who knows.

    folder: where the table will lie: the slide's path in it is relative to that.
    """
    path = shown.slide.path.absolute()
    try:
        name = Path(os.path.relpath(path, folder.absolute())).as_posix()
    except ValueError:  # another drive
        name = path.as_posix()
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for each in shown.ended.candidates:
        writer.writerow([name, *centre(shown, each), "", f"{each.confidence:.9g}", each.answer])
    return text.getvalue().encode("utf-8", "surrogateescape")
