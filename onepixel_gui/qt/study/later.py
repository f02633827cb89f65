"""A page of many plots is made when it is first looked at: a window without it is seen sooner."""

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from PySide6.QtCore import QObject, Signal, SignalInstance
from PySide6.QtWidgets import QVBoxLayout, QWidget


class Desk(Protocol):
    """What a page is made with."""

    shown: SignalInstance

    @property
    def page(self) -> QWidget: ...
    @property
    def visible(self) -> bool: ...
    def show(self, visible: bool) -> None: ...


_Made = TypeVar("_Made", bound=Desk)


class Later(QObject, Generic[_Made]):
    """Stands for a desk until it is made, and for its page ever after.

    room: the place of the page.  desk: None until it is made.
    """

    shown = Signal(bool)

    def __init__(self, make: Callable[[], _Made], parent: QObject) -> None:
        super().__init__(parent)
        self._make = make
        self.desk: _Made | None = None
        self.room = QWidget()
        layout = QVBoxLayout(self.room)
        layout.setContentsMargins(0, 0, 0, 0)

    @property
    def visible(self) -> bool:
        return self.desk is not None and self.desk.visible

    def show(self, visible: bool) -> None:
        if visible or self.desk is not None:
            self.made().show(visible)

    def made(self) -> _Made:
        """The desk, from now on."""
        if self.desk is None:
            self.desk = self._make()
            layout = self.room.layout()
            assert layout is not None
            layout.addWidget(self.desk.page)
            self.desk.shown.connect(self.shown)
        return self.desk
