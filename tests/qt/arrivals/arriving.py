"""A bench on which checkpoints arrive, and what is known of one that did."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event as Gate
from typing import Any

from onepixel_gui.classifier.card import Inspection
from onepixel_gui.classifier.opening import Step
from onepixel_gui.problems import Problem, UnusableCheckpoint
from onepixel_gui.qt.arrival_card import ArrivalCard
from onepixel_gui.qt.arrivals import Arrivals
from onepixel_gui.qt.session import Session
from onepixel_gui.qt.view import Arrival
from tests.qt.doubles import FITS, StandInClassifier, card

ONE, OTHER = Path("one.pt"), Path("other.pt")
REFUSED = UnusableCheckpoint("one.pt is damaged.", "Fetch the file again.")


@dataclass
class Bench:
    """A session with arrivals, wired as in the window, and all that was told."""

    qtbot: Any
    session: Session
    arrivals: Arrivals
    lanes: list[Any]
    shown: list[Any] = field(default_factory=list)
    ready: list[Any] = field(default_factory=list)
    second: list[Any] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    moved: list[Problem] = field(default_factory=list)
    prepared: list[Any] = field(default_factory=list)

    def until(self, holds):
        self.qtbot.waitUntil(lambda: bool(holds()), timeout=20_000)

    def rest(self):
        self.until(lambda: not any(lanes.busy for lanes in self.lanes))

    def bring(self, path=ONE, device="cpu", **how):
        self.arrivals.bring(path, device, **how)
        self.rest()
        return self.arrivals.arrival

    @property
    def state(self):
        """Everything that lies on the bench."""
        s = self.session
        return s.tile, s.classifier, s.checkpoint, s.question, s.findings, s.cursor, s.activity


class Preparing(StandInClassifier):
    """Is prepared in many steps once its gate is open; `given_up` when it was not to the end."""

    def __init__(self, shortcut: str) -> None:
        super().__init__(shortcut="Windows are being prepared.")
        self.prepared, self.begun, self.given_up, self.breaks = False, False, False, None
        self.saves, self.steps = shortcut, Gate()

    def preparing(self):
        self.begun = True
        try:
            while not self.steps.wait(0.001):
                yield Step("Preparing windows")
            if self.breaks is not None:
                raise self.breaks
        except GeneratorExit:
            self.given_up = True
            raise
        self.serving = replace(self.serving, shortcut=self.saves)
        self.prepared = True


def inspection(**facts) -> Inspection:
    sources = {"classes": "assumed", "input_size": "stated in the file", "order": "assumed"}
    known = replace(card("one"), format="PyTorch state dict", weights=11_177_538, sources=sources)
    return Inspection(ONE, 44_700_000, FITS, replace(known, **facts), ("A prefix was taken off.",))


def ready(**facts) -> Arrival:
    seen = inspection(**facts)
    classifier = StandInClassifier(shortcut="Saves 64 % of the work.")
    classifier.card = seen.card
    return Arrival(ONE, inspection=seen, classifier=classifier)


def seen(window) -> ArrivalCard:
    return window.findChild(ArrivalCard)
