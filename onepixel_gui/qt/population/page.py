"""The population view: its panes, arranged."""

from PySide6.QtWidgets import QVBoxLayout, QWidget

from onepixel_gui.qt.theme import Theme


class PopulationPage(QWidget):
    """Arranges the panes; decides nothing."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Population")
        self.column = QVBoxLayout(self)

    def set_theme(self, theme: Theme) -> None:
        """Light or dark."""
        del theme
