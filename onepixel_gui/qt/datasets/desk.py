"""Where data sets are received: looked at in the background, asked about, and handed on."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, assert_never

from PySide6.QtCore import QObject, QTimer, Signal

from onepixel_gui.outbox import printable
from onepixel_gui.qt.datasets.card import DatasetCard
from onepixel_gui.qt.datasets.looking import Found, Looking, Lookout, Refused, Silent
from onepixel_gui.qt.datasets.view import Look, Wish, chosen, offers
from onepixel_gui.qt.detached import Detached
from onepixel_gui.qt.open_button import ask_where
from onepixel_gui.qt.recent import RecentlyOpened
from onepixel_gui.tiles.datasets import Dataset, Looked, Sampling, looking

_PLAIN = frozenset(["tiles", "class folders"])  # kinds of which there is nothing to tell
_SLIDES = "slides"  # the kind of what is nothing else
_SMALL = 20_000  # tiles
_GLANCE = 300  # ms that looking may take before it is shown
_PAUSE = 300  # ms after the last edit of the sampling


class DatasetDesk(QObject):
    """At most one drop is looked at; a new one replaces it.

    Nothing that is open changes before a signal says so: what is sent away, or refused, leaves no
    trace.
    """

    changed = Signal(object)  # Look or None
    ready_at_once = Signal(object)  # Dataset: plain tiles, there is nothing to ask
    tiles_wished = Signal(object)  # Dataset
    slides_wished = Signal(object)  # Dataset
    dismissed = Signal()

    def __init__(
        self,
        card: DatasetCard,
        lanes: Detached,
        *,
        opened: RecentlyOpened | None = None,
        look: Looking = looking,
    ) -> None:
        """opened: where what was used is remembered."""
        super().__init__(card)
        self.card, self._opened = card, opened
        self.look: Look | None = None
        self.lookout = Lookout(look, lanes, self)
        self._edits: dict[str, Any] = {}  # values of the sampling that the reader chose
        self._followed: dict[str, Any] = {}  # and those that the classifier gives
        self.glance = self._timer(_GLANCE, self._unveil)
        self.pause = self._timer(_PAUSE, self._begin)
        self._wire()

    def _timer(self, milliseconds: int, do: Callable[[], None]) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(milliseconds)
        timer.timeout.connect(do)
        return timer

    def _wire(self) -> None:
        card = self.card
        self.lookout.told.connect(self._heard)
        card.tiles_wished.connect(partial(self.open, "tiles"))
        card.slides_wished.connect(partial(self.open, "slides"))
        card.sampling_wished.connect(self.sample)
        card.location_wished.connect(self.locate)
        card.cancel_wished.connect(self.cancel)
        self.changed.connect(card.show_look)

    # -------------------------------------------------------------- wishes
    def set_classifier(self, shape: tuple[int, int] | None, mpp: float | None) -> None:
        """Tiles are cut as the classifier in use wants them, where the reader chose nothing else.

        shape: (H, W) of its input.  mpp: micrometres per pixel.  None where nobody said.
        """
        known = {"shape": shape, "mpp": mpp}
        self._followed = {name: value for name, value in known.items() if value is not None}
        self._resample()

    def bring(self, paths: Sequence[Path]) -> None:
        """Look at files and folders."""
        if paths:
            self._edits.clear()
            self._show(Look(tuple(paths), *self._sampling()))
            self._begin()

    def sample(self, name: str, value: object) -> None:
        """The reader wants another value of the sampling: look again, a moment after."""
        self._edits[name] = value
        self._resample()

    def open(self, wish: Wish) -> None:
        """Hand it on, now or as soon as it is known."""
        look = self.look
        if look is None:
            return
        if look.busy:
            self._show(replace(look, wish=wish))
        elif look.usable is not None and offers(look.usable, wish):
            self._hand_on(look.usable, wish)

    def locate(self) -> None:
        """Ask where it is now, or where the missing images are, and look again."""
        look = self.look
        if look is None:
            return
        found = ask_where(look.paths[0] if look.gone else None, self.card)
        if found is None or self.look is None:
            return
        if look.gone:
            self.bring([found])
        else:
            self._show(replace(self.look, instead=found))
            self._begin()

    def cancel(self) -> None:
        """Give it up, at once."""
        if self.look is not None:
            self._stop()
            self._show(None)
            self.dismissed.emit()

    def close(self) -> None:
        """From now on nothing that is under way is told."""
        self._stop()
        self.look = None

    # -------------------------------------------------------------- looking
    def _sampling(self) -> tuple[Sampling, dict[str, str]]:
        values = {**self._followed, **self._edits}
        return replace(Sampling(), **values), chosen(self._edits, self._followed)

    def _resample(self) -> None:
        """Show what is wished for now, and look again once the reader has paused."""
        look = self.look
        if look is None:
            return
        sampling, sources = self._sampling()
        cut = look.dataset is None or look.dataset.sampling is not None
        again = cut and sampling != look.sampling
        self._show(replace(look, sampling=sampling, sources=sources, busy=look.busy or again))
        if again:
            self.lookout.stop()
            self.pause.start()

    def _begin(self) -> None:
        look = self.look
        assert look is not None
        self._stop()
        self._show(replace(look, busy=True, looked=None, silent=False, problem=None, gone=False))
        if look.quiet:
            self.glance.start()
        self.lookout.begin(look.paths, look.sampling, look.instead)

    def _stop(self) -> None:
        self.lookout.stop()
        self.glance.stop()
        self.pause.stop()

    def _show(self, look: Look | None) -> None:
        self.look = look
        self.changed.emit(look)

    def _unveil(self) -> None:
        if self.look is not None:
            self._show(replace(self.look, quiet=False))

    def _heard(self, event: Looked | Silent | Found | Refused) -> None:
        look = self.look
        assert look is not None
        match event:
            case Looked():
                self._show(replace(look, looked=event, silent=False))
            case Silent():
                self._show(replace(look, silent=True))
            case Found(dataset=dataset):
                self._stop()
                self._found(dataset)
            case Refused(problem=problem, gone=gone):
                self._stop()
                known = replace(look, busy=False, silent=False, quiet=False, wish=None)
                self._show(replace(known, problem=problem, gone=gone))
            case _:
                assert_never(event)

    def _found(self, dataset: Dataset) -> None:
        look = self.look
        assert look is not None
        if _plain(dataset) and look.instead is None:
            self._hand_on(dataset, None)
        elif _slides_alone(dataset):
            self._hand_on(dataset, "slides")
        elif look.wish is not None and offers(dataset, look.wish):
            self._hand_on(dataset, look.wish)
        else:
            known = replace(look, busy=False, silent=False, quiet=False, wish=None)
            self._show(replace(known, dataset=dataset))

    def _hand_on(self, dataset: Dataset, wish: Wish | None) -> None:
        """wish: None for what needs no question."""
        look = self.look
        assert look is not None
        one_slide = dataset.kind == _SLIDES and len(dataset.fields) == 1  # noted once it is open
        if self._opened is not None and len(look.paths) == 1 and not one_slide:
            name = printable(dataset.root.name or str(dataset.root))
            self._opened.note(look.paths[0], name, "data set", dataset.title, dataset.kind)
        self._show(None)
        wishes = {"tiles": self.tiles_wished, "slides": self.slides_wished}
        (self.ready_at_once if wish is None else wishes[wish]).emit(dataset)


def _plain(dataset: Dataset) -> bool:
    """A small folder of tiles of which there is nothing to tell."""
    told = dataset.missing or dataset.notes or dataset.fields or dataset.sampling is not None
    return dataset.kind in _PLAIN and not told and 0 < len(dataset.entries) <= _SMALL


def _slides_alone(dataset: Dataset) -> bool:
    """Slides without tiles or tables beside them: there is nothing to ask."""
    return dataset.kind == _SLIDES and not dataset.missing and not len(dataset.entries)
