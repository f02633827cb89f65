"""What the verdict bar says of the bench: words from the report, chosen by what is known."""

from dataclasses import dataclass
from typing import Literal

from onepixel_gui.attack.probe import Ended, Question
from onepixel_gui.classifier.card import Card, Serving
from onepixel_gui.qt.gallery.tile_rows import Finding
from onepixel_gui.qt.session import Session
from onepixel_gui.qt.view import Activity, Findings, spent
from onepixel_gui.report import wording

DOING: dict[Activity, str] = {
    "search": "Searching",
    "guided": "Guided search",
    "sweep": "Sweeping",
}


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
    sought = found.latest in ("search", "guided")
    held = sought and found.ended is not None and not found.ended.flipped
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
    if found.began is not None and sought:
        return Told(wording.stopped(found.began, found.stopped), None, doubts, "")
    confidence = wording.percent(question.clean)
    sentence = f"The classifier answers {question.answer}: P({question.subject}) is {confidence}."
    hint = "R searches for one pixel · G with gradients · M maps every position"
    return Told(sentence, None, doubts, hint)


def hint(session: Session, *, loading: bool, slide: bool = False) -> str:
    """What to do next while there is nothing to tell.

    loading: a classifier is on its way.  slide: there is one in sight.
    """
    if session.tile is None and slide:
        asked = session.classifier is not None
        return "Click a tile of the slide" + (", or press S to scan it." if asked else ".")
    if session.tile is None:
        return "Drop tiles, a folder or a checkpoint anywhere on the window."
    if loading:
        return "The classifier is loading …"
    if session.classifier is None:
        return "Drop a checkpoint anywhere on the window."
    return "The classifier has not answered about this tile."


def why_not_guided(card: Card, *, prepared: bool = True) -> str:
    """Why this classifier cannot be searched with gradients, "" where it can.

    prepared: what orders the candidates is known, or known to be of no use.
    """
    if not card.white_box:
        return f"{card.name} is a black box: guided search needs gradients and is not offered"
    if not prepared:
        return f"{card.name} is being prepared: guided search is offered in a moment"
    return ""


def classifier_words(card: Card, serving: Serving) -> tuple[str, str]:
    """What the reader calls the classifier, and what of its work is saved, "" when not known."""
    device = serving.device.upper()
    return f"{card.name} · {card.weights / 1e6:.2f} M weights · {device}", serving.shortcut


def _fine_print(found: Findings, ended: Ended) -> str:
    assert found.began is not None
    how = wording.mark(found.began.settings)
    cost = f"{spent(ended.queries, ended.previews)} in {ended.seconds:.1f} s"
    return f"confirmed by a full pass · {how} · {cost}"


def finding(found: Findings, question: Question | None = None) -> Finding | None:
    """What the gallery shows of a tile; None when nothing was run. question: asked of it."""
    if found.ended is not None and found.ended.flipped:
        return Finding("flipped", found.ended.confidence, found.guided)
    if found.sensitivity is not None:
        swept = found.sensitivity.swept
        flips = found.sensitivity.map.flipping_positions
        reached = swept.lowest_confidence if swept.question.downward else swept.highest_confidence
        return Finding("flipped" if flips else "held", reached)
    if found.ended is not None:
        return Finding("held", found.ended.confidence, found.guided)
    if found.stopped is not None and found.stopped.best:
        return Finding("stopped", found.stopped.confidence, found.guided)
    if found.painted is not None and found.painted.done and question is not None:
        return Finding("stopped", found.painted.reached(question))
    return None
