"""A box to choose from that is as quiet as a line to write in."""

from PySide6.QtCore import QAbstractItemModel, QPointF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QPen, QWheelEvent
from PySide6.QtWidgets import QComboBox, QStyleOptionComboBox

from onepixel_gui.qt.theme import Theme

_AROUND = 44  # pixels of frame, padding and arrow


class Choice(QComboBox):
    """It is not turned by a wheel that wants to scroll past it, nor widened by its text."""

    def __init__(self, name: str = "") -> None:
        """name: for those who hear it."""
        super().__init__()
        self.setAccessibleName(name)
        self.setMinimumContentsLength(8)
        self.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )  # to measure a thousand names takes its time

    def of(self, model: QAbstractItemModel) -> "Choice":
        """The same box over a model that others share."""
        self.setModel(model)
        return self

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()

    def initStyleOption(self, option: QStyleOptionComboBox) -> None:  # noqa: N802
        """What has no room ends with an ellipsis: with a frame of its own it is just cut."""
        super().initStyleOption(option)
        end, room = Qt.TextElideMode.ElideRight, self.width() - _AROUND
        option.currentText = self.fontMetrics().elidedText(option.currentText, end, room)

    def paintEvent(self, event: QPaintEvent) -> None:
        """With a frame of its own a box loses the arrow of its style."""
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        group = QPalette.ColorGroup.Normal if self.isEnabled() else QPalette.ColorGroup.Disabled
        painter.setPen(QPen(self.palette().color(group, QPalette.ColorRole.PlaceholderText), 1.5))
        x, y = self.width() - 14.0, self.height() / 2 - 1.5
        painter.drawPolyline([QPointF(x - 4, y), QPointF(x, y + 4), QPointF(x + 4, y)])


def choice_sheet(theme: Theme) -> str:
    """Of its frame and ground."""
    return (
        f"QComboBox {{ background: {theme.field}; border: 1px solid {theme.edge};"
        " border-radius: 6px; padding: 4px 8px; }"
        f"QComboBox:focus {{ border: 1px solid {theme.accent}; }}"
        "QComboBox::drop-down { border: none; width: 24px; }"
        f"QComboBox:disabled {{ color: {theme.faint}; }}"
    )
