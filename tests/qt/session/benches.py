"""A session with a stand-in classifier, and all that it told."""

from dataclasses import dataclass, field
from typing import Any

from onepixel_gui.attack.probe import (
    Advanced,
    Began,
    Ended,
    Painted,
    SweepBegan,
    Swept,
)
from onepixel_gui.problems import Problem
from onepixel_gui.qt.preferences import Preferences
from onepixel_gui.qt.session import Session
from onepixel_gui.qt.view import Findings
from tests.qt.doubles import StandInClassifier, tile

SMALL = Preferences(population=24, generations=4, to_the_end=True)
SEARCHED, SWEPT_ = (Began, Advanced, Ended), (SweepBegan, Painted, Swept)


@dataclass
class Bench:
    """A session on lanes of its own, and everything it told."""

    qtbot: Any
    session: Session
    lanes: list[Any]
    told: list[Any] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    busy: list[Any] = field(default_factory=list)
    found: list[Findings] = field(default_factory=list)

    def until(self, holds):
        self.qtbot.waitUntil(lambda: bool(holds()), timeout=20_000)

    def rest(self):
        """Let everything that is under way end."""
        self.until(lambda: not any(lanes.busy for lanes in self.lanes))

    def of(self, *kinds):
        return [event for event in self.told if isinstance(event, kinds)]

    def open(self, classifier=None, on=None):
        self.session.set_tile(on or tile())
        self.session.set_classifier(classifier or StandInClassifier())
        self.until(lambda: self.session.question is not None)
        self.rest()
        self.told.clear()
        return self.session.classifier
