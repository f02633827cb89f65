"""The look that several panes of the campaign view share."""

from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from onepixel_gui.qt.theme import Theme


def tick_palette(theme: Theme) -> QPalette:
    """For boxes to tick: Fusion outlines them in a shade of the ground, which a card swallows."""
    palette = QPalette(QApplication.palette())
    palette.setColor(QPalette.ColorRole.Window, QColor(theme.faint))
    return palette


def bar_sheet(theme: Theme) -> str:
    """Of a thin progress bar."""
    return (
        f"QProgressBar {{ background: {theme.edge}; border: none; border-radius: 2px; }}"
        f"QProgressBar::chunk {{ background: {theme.accent}; border-radius: 2px; }}"
    )
