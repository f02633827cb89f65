"""The campaign view: what to do, left; how far it is and every run, right."""

from collections.abc import Callable

from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from onepixel_gui.analysis.selection import Facts
from onepixel_gui.qt.campaign.builder import BuilderPane
from onepixel_gui.qt.campaign.progress_pane import ProgressPane
from onepixel_gui.qt.campaign.runs_pane import RunsPane
from onepixel_gui.qt.preferences import Preferences
from onepixel_gui.qt.theme import Theme

_BUILDER = 330  # points
_PROGRESS = 312  # points at least: all its lines, and one row of cells


class CampaignPage(QWidget):
    """Arranges three panes; decides nothing."""

    def __init__(
        self,
        preferences: Preferences,
        facts: Callable[[], Facts],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setAccessibleName("Campaign")
        self.builder = BuilderPane(preferences, facts)
        self.progress, self.runs = ProgressPane(), RunsPane()
        self.builder.setFixedWidth(_BUILDER)
        right = QVBoxLayout()
        right.setSpacing(10)
        right.addWidget(self.progress, 5)
        right.addWidget(self.runs, 6)
        for pane in (self.progress, self.runs):
            pane.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
        self.progress.setMinimumHeight(_PROGRESS)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        row.addWidget(self.builder)
        row.addLayout(right, 1)

    def set_theme(self, theme: Theme) -> None:
        for pane in (self.builder, self.progress, self.runs):
            pane.set_theme(theme)
