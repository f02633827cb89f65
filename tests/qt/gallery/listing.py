"""Tiles of a gallery, and ways to use its controls."""

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QLabel, QWidget

from onepixel_gui.qt.panes.gallery import GalleryPane

CLASSES = ("normal", "mitosis")
CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def shown(qtbot: Any, size: tuple[int, int] = (230, 700)) -> GalleryPane:
    pane = GalleryPane()
    qtbot.addWidget(pane)
    pane.resize(*size)
    with qtbot.waitExposed(pane):
        pane.show()
    return pane


def words(widget: QWidget) -> str:
    """All that can be read on a widget."""
    return " ".join(label.text() for label in widget.findChildren(QLabel) if not label.isHidden())


def apply(qtbot: Any, gallery: GalleryPane, text: str) -> list[str]:
    gallery.filter.setText(text)
    qtbot.keyClick(gallery.filter, Qt.Key.Key_Return)
    return names(gallery)


def names(gallery: GalleryPane) -> list[str]:
    return [gallery.rows.index(row).data() for row in range(gallery.rows.rowCount())]


def row_picture(gallery: GalleryPane, index: int, *, whole: bool = False) -> QImage:
    """A row, or its thumbnail, as it is drawn."""
    frame = gallery.list.visualRect(gallery.rows.index(index))
    if not whole:
        frame.setWidth(64)
    return gallery.list.viewport().grab(frame).toImage()
