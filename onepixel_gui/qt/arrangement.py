"""How panes share the middle of the window: one classifier by its panes, or two side by side."""

from collections.abc import Sequence

from PySide6.QtWidgets import QGridLayout, QSizePolicy, QVBoxLayout, QWidget

from onepixel_gui.qt.panes.classes import ClassesPane

_COLUMNS = ((18, 222), (29, 206), (39, 300), (21, 252))  # (share, least pixels)
_ROWS = ((66, 312), (34, 150))


class Middle(QGridLayout):
    """The gallery, left; right of it five panes or, in their place, the comparison."""

    def __init__(
        self,
        gallery: QWidget,
        panes: Sequence[QWidget],
        classes: ClassesPane,
        comparison: QWidget,
    ) -> None:
        """panes: tile, map, shift, search, periods."""
        super().__init__()
        tile, map_, shift, search, periods = self._panes = tuple(panes)
        self._classes, self._comparison = classes, comparison
        self.setSpacing(10)
        below = QVBoxLayout()
        below.setSpacing(10)
        below.addWidget(tile, 1)
        below.addWidget(classes)
        self.addWidget(gallery, 0, 0, 2, 1)
        self.addLayout(below, 0, 1)
        self.addWidget(map_, 0, 2)
        self.addWidget(search, 1, 1)
        self.addWidget(periods, 1, 2)
        self.addWidget(shift, 0, 3, 2, 1)
        comparison.hide()
        for pane in (gallery, comparison, *panes):
            # What a pane would like to be must not push its neighbours: the grid alone shares.
            pane.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
        for column, (share, least) in enumerate(_COLUMNS):
            self.setColumnStretch(column, share)
            self.setColumnMinimumWidth(column, least)
        for row, (share, least) in enumerate(_ROWS):
            self.setRowStretch(row, share)
            self.setRowMinimumHeight(row, least)

    def show_comparison(self, visible: bool) -> None:
        for pane in self._panes:
            pane.setVisible(not visible)
        self._classes.setVisible(not visible and self._classes.offered)
        if visible:
            self.addWidget(self._comparison, 0, 1, 2, 3)
        else:  # a hidden widget across cells would take the gaps between them
            self.removeWidget(self._comparison)
        self._comparison.setVisible(visible)
