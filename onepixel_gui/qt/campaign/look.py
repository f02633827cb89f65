"""The look that several panes of the campaign view share."""

from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QApplication, QComboBox, QWidget

from onepixel_gui.qt.theme import Theme


class Choice(QComboBox):
    """As quiet as a line to write in; the style sheet takes its arrow, this draws one."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(8)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        group = QPalette.ColorGroup.Normal if self.isEnabled() else QPalette.ColorGroup.Disabled
        painter.setPen(QPen(self.palette().color(group, QPalette.ColorRole.PlaceholderText), 1.5))
        x, y = self.width() - 14.0, self.height() / 2 - 1.5
        painter.drawPolyline([QPointF(x - 4, y), QPointF(x, y + 4), QPointF(x + 4, y)])


def tick_palette(theme: Theme) -> QPalette:
    """For boxes to tick: Fusion outlines them in a shade of the ground, which a card swallows."""
    palette = QPalette(QApplication.palette())
    palette.setColor(QPalette.ColorRole.Window, QColor(theme.faint))
    return palette


def choice_sheet(theme: Theme) -> str:
    """Of a combo box: as quiet as a line to write in."""
    return (
        f"QComboBox {{ background: {theme.field}; border: 1px solid {theme.edge};"
        " border-radius: 6px; padding: 4px 8px; }"
        f"QComboBox:focus {{ border: 1px solid {theme.accent}; }}"
        "QComboBox::drop-down { border: none; width: 24px; }"
        f"QComboBox:disabled {{ color: {theme.faint}; }}"
    )


def bar_sheet(theme: Theme) -> str:
    """Of a thin progress bar."""
    return (
        f"QProgressBar {{ background: {theme.edge}; border: none; border-radius: 2px; }}"
        f"QProgressBar::chunk {{ background: {theme.accent}; border-radius: 2px; }}"
    )
