"""How far a campaign goes, and who does the work: seeds, limit, workers, a cluster."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QGridLayout, QLabel, QLineEdit, QToolButton, QWidget

from onepixel_gui.qt.campaign.attacks_part import SeedLine, spin

_AFTERMATH = "Follow each flip up"
_AFTERMATH_HINT = (
    "After each flip by one pixel ask also where else its colour flips, and how it propagates\n"
    "through the network. For the figures on locality and propagation; costs little."
)
_CLUSTER_HINT = (
    "Address of a Dask scheduler, tcp://host:8786. Its workers read the checkpoints from the same "
    "paths as this machine. Empty: worker processes here."
)
UNCLEAR_SEEDS = "Write seeds as 0, or 0, 1, 2, or 0-4; a hundred at most."


class ExtentPart(QWidget):
    changed = Signal()

    def __init__(self, seed: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.seeds = SeedLine()
        self.seeds.setText(str(seed))
        self.limit = spin(0, 10_000_000, 0, "At most so many tiles, drawn at random by the seed")
        self.limit.setSpecialValueText("all tiles")
        self.workers = spin(0, 1024, 0, "Worker processes; auto: what is quickest here")
        self.workers.setSpecialValueText("auto")
        self.aftermath = QCheckBox(_AFTERMATH)
        self.aftermath.setChecked(True)
        self.aftermath.setToolTip(_AFTERMATH_HINT)
        self.aftermath.setAccessibleName(_AFTERMATH)
        self.cluster, self.scheduler = QToolButton(), QLineEdit()
        self._prepare_cluster()
        self._lay_out()
        self.seeds.textChanged.connect(lambda _: self.changed.emit())
        for field in (self.limit, self.workers):
            field.valueChanged.connect(lambda _: self.changed.emit())
        self.aftermath.toggled.connect(lambda _: self.changed.emit())
        self.scheduler.textChanged.connect(lambda _: self.changed.emit())

    def _prepare_cluster(self) -> None:
        self.cluster.setText("Cluster")
        self.cluster.setCheckable(True)
        self.cluster.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.cluster.setArrowType(Qt.ArrowType.RightArrow)
        self.cluster.setStyleSheet("border: none; background: transparent; padding: 2px 0;")
        self.cluster.setAccessibleName("Cluster")
        self.cluster.setToolTip("Have other machines do the work")
        self.cluster.toggled.connect(self._unfold)
        self.scheduler.setPlaceholderText("tcp://host:8786")
        self.scheduler.setAccessibleName("Address of a Dask scheduler")
        self.scheduler.setToolTip(_CLUSTER_HINT)
        self.scheduler.hide()

    def _lay_out(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(5)
        grid.addWidget(QLabel("Seeds"), 0, 0)
        grid.addWidget(self.seeds, 0, 1)
        grid.addWidget(QLabel("At most"), 0, 2)
        grid.addWidget(self.limit, 0, 3)
        grid.addWidget(self.aftermath, 1, 0, 1, 2)
        grid.addWidget(QLabel("Workers"), 1, 2)
        grid.addWidget(self.workers, 1, 3)
        grid.addWidget(self.cluster, 2, 0, 1, 2)
        grid.addWidget(self.scheduler, 2, 1, 1, 3)
        grid.setColumnStretch(1, 1)

    def _unfold(self, open_: bool) -> None:
        self.cluster.setArrowType(Qt.ArrowType.DownArrow if open_ else Qt.ArrowType.RightArrow)
        self.scheduler.setVisible(open_)
        self.workers.setEnabled(not open_)
        if open_:
            self.scheduler.setFocus()
        self.changed.emit()

    @property
    def address(self) -> str:
        """Of the cluster, "" for this machine."""
        return self.scheduler.text().strip() if self.cluster.isChecked() else ""

    @property
    def lacking(self) -> str:
        return "" if self.seeds.seeds else UNCLEAR_SEEDS
