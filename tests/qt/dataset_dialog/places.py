"""A desk with its card over a window, and all that was told."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from onepixel_gui.qt.datasets.card import DatasetCard
from onepixel_gui.qt.datasets.desk import DatasetDesk
from onepixel_gui.qt.detached import Detached
from tests.qt.dataset_stand_ins import Drive


@dataclass
class Place:
    """A desk with its card over a window, and all that was told."""

    qtbot: Any
    desk: DatasetDesk
    card: DatasetCard
    lanes: Detached
    drive: Drive
    folder: Path
    told: list[tuple[str, Any]] = field(default_factory=list)

    def bring(self, *names: str) -> None:
        self.desk.bring([self.folder / name for name in names])

    def until(self, holds) -> None:
        self.qtbot.waitUntil(lambda: bool(holds()), timeout=10_000)

    def known(self, *names: str) -> Any:
        """What is shown of these once they were looked at."""
        self.bring(*names)
        self.until(lambda: self.look is None or not self.look.busy)
        return self.look

    def again(self) -> Any:
        """What is shown after the looking that goes on."""
        self.until(lambda: not self.look.busy)
        return self.look

    @property
    def look(self):
        return self.desk.look


NAMES = ("tiles", "many", "tupac", "slides", "broken", "buggy", "slow")


def stall(place, name: str = "slow") -> None:
    place.bring(name)
    place.until(lambda: place.drive.asked and place.look.looked is not None)
