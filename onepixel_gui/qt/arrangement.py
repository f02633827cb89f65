"""How panes share the middle of the window: the bench, two classifiers, a slide, or a page."""

from collections.abc import Mapping, Sequence
from typing import Literal

from PySide6.QtWidgets import QGridLayout, QSizePolicy, QVBoxLayout, QWidget

from onepixel_gui.qt.panes.classes import ClassesPane

View = Literal["bench", "comparison", "slide", "campaign", "population"]
Pages = Mapping[View, QWidget]

_COLUMNS = ((18, 222), (29, 206), (39, 300), (21, 252))  # (share, least pixels)
_ROWS = ((66, 312), (34, 162))
_ROWS_OF_PAGE = ((66, 312), (34, 248))  # nothing is said below it, and the window stays as large
_ROWS_OF_SLIDE = ((44, 240), (56, 240))  # the tile is small, and there are many candidates


class Middle(QGridLayout):
    """The gallery, left; right of it the panes of one view.

    bench: five panes.  comparison: one pane in their place.  slide: the slide, and right of it the
    tile on the bench and the candidates.  campaign, population: a page of its own each.
    """

    def __init__(
        self,
        gallery: QWidget,
        panes: Sequence[QWidget],
        classes: ClassesPane,
        comparison: QWidget,
        slide: QWidget,
        candidates: QWidget,
        pages: Pages,
    ) -> None:
        """panes: tile, map, shift, search, periods.  pages: what fills a view alone."""
        super().__init__()
        tile, map_, shift, search, periods = self._panes = tuple(panes)
        self._tile, self._classes = tile, classes
        self._slide, self._candidates = slide, candidates
        self._pages: Pages = {"comparison": comparison, **pages}
        self.view: View = "bench"
        self._shown: tuple[View, bool] = ("bench", False)  # and whether the classes are offered
        self.setSpacing(10)
        self._tower = QWidget()  # the tile, and below it the classes where there are many
        tower = QVBoxLayout(self._tower)
        tower.setContentsMargins(0, 0, 0, 0)
        tower.setSpacing(10)
        tower.addWidget(tile, 1)
        tower.addWidget(classes)
        self.addWidget(gallery, 0, 0, 2, 1)
        self.addWidget(self._tower, 0, 1)
        self.addWidget(map_, 0, 2)
        self.addWidget(search, 1, 1)
        self.addWidget(periods, 1, 2)
        self.addWidget(shift, 0, 3, 2, 1)
        alone = tuple(self._pages.values())
        for pane in (gallery, slide, candidates, self._tower, *panes, *alone):
            # What a pane would like to be must not push its neighbours: the grid alone shares.
            pane.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
        for pane in (slide, candidates, *alone):
            pane.hide()
        for column, (share, least) in enumerate(_COLUMNS):
            self.setColumnStretch(column, share)
            self.setColumnMinimumWidth(column, least)
        self._share_rows()

    def _share_rows(self) -> None:
        rows = {"bench": _ROWS, "slide": _ROWS_OF_SLIDE}.get(self.view, _ROWS_OF_PAGE)
        for row, (share, least) in enumerate(rows):
            self.setRowStretch(row, share)
            self.setRowMinimumHeight(row, least)

    def show_view(self, view: View) -> None:
        """Show the panes of that view, and of no other; where they are shown, nothing moves."""
        shown = view, self._classes.offered
        if shown == self._shown:
            return
        self._shown, self.view = shown, view
        self._share_rows()
        # A hidden widget across cells would take the gaps between them: so it leaves the grid.
        page = self._pages.get(view)
        for pane in (*self._pages.values(), self._slide, self._candidates, self._tower):
            self.removeWidget(pane)
        if page is not None:
            self.addWidget(page, 0, 1, 2, 3)
        elif view == "slide":
            self.addWidget(self._slide, 0, 1, 2, 2)
            self.addWidget(self._candidates, 1, 3)
        if page is None:
            self.addWidget(self._tower, 0, 3 if view == "slide" else 1)
        for pane in self._panes:
            pane.setVisible(view == "bench" or (view == "slide" and pane is self._tile))
        self._classes.setVisible(page is None and self._classes.offered)
        self._tower.setVisible(page is None)
        for each in self._pages.values():
            each.setVisible(each is page)
        for pane in (self._slide, self._candidates):
            pane.setVisible(view == "slide")
