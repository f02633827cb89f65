"""A search that is over, watched again at a steady pace."""

from collections.abc import Iterator
from dataclasses import dataclass

from PySide6.QtCore import QObject, QTimer, Signal

from onepixel_gui.attack.probe import Advanced, Began, Ended, Event

_PACE = 80  # ms between two snapshots: 60 of them take five seconds
_LINGER = 600  # ms on the untouched tile, before the first


@dataclass(frozen=True, slots=True, eq=False)
class Story:
    """What can be told again of one search. ended: None of one that was stopped."""

    began: Began
    trail: tuple[Advanced, ...]
    ended: Ended | None

    @property
    def events(self) -> Iterator[Event]:
        yield self.began
        yield from self.trail
        if self.ended is not None:
            yield self.ended


class Replay(QObject):
    """Tells the events of a story one by one; `happened` is heard by the panes alone."""

    happened = Signal(object)  # attack.Event
    playing_changed = Signal(bool)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.story: Story | None = None
        self._left: list[Event] = []
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._tell)

    @property
    def playing(self) -> bool:
        return self._timer.isActive()

    def set_story(self, story: Story | None) -> None:
        """Of what lies on the bench now; what was playing ends."""
        self._end()
        self.story = story if story is not None and story.trail else None

    def play(self) -> None:
        """From the beginning."""
        if self.story is None:
            return
        self._left = list(self.story.events)
        self._tell_next()
        self._timer.start(_LINGER)
        self.playing_changed.emit(True)

    def stop(self) -> None:
        """To the end at once."""
        if self.playing and self._left:
            self.happened.emit(self._left[-1])
        self._end()

    def _tell(self) -> None:
        self._timer.setInterval(_PACE)
        self._tell_next()
        if not self._left:
            self._end()

    def _tell_next(self) -> None:
        self.happened.emit(self._left.pop(0))

    def _end(self) -> None:
        if self.playing:
            self._timer.stop()
            self._left = []
            self.playing_changed.emit(False)
