"""What the verdict bar says of the bench: words from the report, chosen by what is known."""

from dataclasses import dataclass
from typing import Literal

from onepixel_gui.attack.probe import Ended
from onepixel_gui.qt.session import Session
from onepixel_gui.qt.tile_rows import Finding
from onepixel_gui.qt.view import Findings
from onepixel_gui.report import wording


@dataclass(frozen=True, slots=True)
class Told:
    """flipped: None while nothing is known."""

    sentence: str
    flipped: bool | None
    doubts: tuple[str, ...]
    fine_print: str


def told(session: Session) -> Told | None:
    """The latest word on the tile, None when there is no classifier looking at one."""
    tile, question, classifier = session.tile, session.question, session.classifier
    if tile is None or question is None or classifier is None:
        return None
    found = session.findings
    held = found.latest == "search" and found.ended is not None and not found.ended.flipped
    reason: Literal["budget spent"] | None = "budget spent" if held else None
    doubts = wording.doubts(tile, question, classifier.card, reason)
    if found.latest == "sweep" and found.sensitivity is not None:
        swept = found.sensitivity.swept
        flipped = found.sensitivity.map.flipping_positions > 0
        fine = f"confirmed by a full pass · {swept.queries:,} queries in {swept.seconds:.1f} s"
        return Told(wording.sweep_verdict(found.sensitivity), flipped, doubts, fine)
    if found.latest == "sweep" and found.painted is not None:
        return Told(wording.sweep_stopped(question, found.painted), None, doubts, "")
    if found.began is not None and found.ended is not None:
        fine = _fine_print(found, found.ended)
        return Told(wording.verdict(found.began, found.ended), found.ended.flipped, doubts, fine)
    if found.began is not None and found.latest == "search":
        return Told(wording.stopped(found.began, found.stopped), None, doubts, "")
    confidence = wording.percent(question.clean)
    sentence = f"The classifier answers {question.answer}: P({question.subject}) is {confidence}."
    return Told(sentence, None, doubts, "R searches for one pixel · M maps every position")


def _fine_print(found: Findings, ended: Ended) -> str:
    assert found.began is not None
    seed = found.began.settings.seed
    return (
        f"confirmed by a full pass · seed {seed} · "
        f"{ended.queries:,} queries in {ended.seconds:.1f} s"
    )


def finding(found: Findings) -> tuple[Finding, float] | None:
    """("flipped" | "held" | "stopped", confidence) for the gallery; None when nothing was run."""
    if found.ended is not None and found.ended.flipped:
        return "flipped", found.ended.confidence
    if found.sensitivity is not None:
        swept = found.sensitivity.swept
        flips = found.sensitivity.map.flipping_positions
        reached = swept.lowest_confidence if swept.question.downward else swept.highest_confidence
        return ("flipped" if flips else "held"), reached
    if found.ended is not None:
        return "held", found.ended.confidence
    if found.stopped is not None:
        return "stopped", found.stopped.confidence
    return None
