"""Which view fills the middle of the window, and how to leave it."""

from collections.abc import Mapping
from typing import Protocol

from PySide6.QtCore import QObject, Signal, SignalInstance

from onepixel_gui.qt.arrangement import Middle, View
from onepixel_gui.qt.second import Second
from onepixel_gui.qt.slides.desk import SlideDesk


class Page(Protocol):
    """A desk with a view of its own over many tiles."""

    shown: SignalInstance

    @property
    def visible(self) -> bool: ...
    def show(self, visible: bool) -> None: ...


class Views(QObject):
    """A page stands before the comparison, that before the slide, the slide before the bench."""

    changed = Signal(str)  # View

    def __init__(
        self, middle: Middle, second: Second, slides: SlideDesk, pages: Mapping[View, Page]
    ) -> None:
        super().__init__(second)
        self._middle, self._second, self._slides = middle, second, slides
        self._pages = pages
        for shown in (second.shown, slides.shown, *(page.shown for page in pages.values())):
            shown.connect(lambda _visible: self.arrange())

    @property
    def page(self) -> View | None:
        """The one in view, over many tiles; None while the tile is looked at."""
        return next((view for view, page in self._pages.items() if page.visible), None)

    @property
    def view(self) -> View:
        if self._second.visible:
            beneath: View = "comparison"
        else:
            beneath = "slide" if self._slides.visible else "bench"
        return self.page or beneath

    def arrange(self) -> None:
        """Show the panes of what is in view now."""
        self._middle.show_view(self.view)
        self.changed.emit(self.view)

    def leave(self) -> None:
        """What stood behind the page is seen again."""
        for page in self._pages.values():
            page.show(False)

    def toggle(self, view: View) -> None:
        """To that page, or from it back to what stood behind it."""
        visible = self.page == view
        self.leave()
        if view in self._pages and not visible:
            self._pages[view].show(True)

    def to_bench(self) -> None:
        """Whatever is in view."""
        self.leave()
        self._second.show(False)
        self._slides.show(False)

    def toggle_slide(self) -> None:
        """To the slide, or back; the comparison stands before it."""
        if self.page is not None and self._slides.visible:
            self.leave()
            return
        self.leave()
        self._second.show(False)
        self._slides.toggle()
