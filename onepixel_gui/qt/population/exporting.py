"""Figures and the table of numbers of a population, written in the background."""

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QDialog, QFileDialog, QMenu, QWidget

from onepixel_gui.qt.dialogs import StyleDialog
from onepixel_gui.qt.session import Session

if TYPE_CHECKING:
    from onepixel_gui.report.population.examined import Examined
    from onepixel_gui.report.population.exhibit import PopulationExhibit

_KINDS = "Figures (*.pdf *.svg *.png *.tiff *.tif)"


@dataclass(frozen=True, slots=True)
class _Wrote:
    files: tuple[Path, ...]


class Exporter(QObject):
    """Offers what can be drawn of what was examined, and says why the rest cannot."""

    noted = Signal(str)

    def __init__(self, session: Session, window: QWidget) -> None:
        super().__init__(window)
        self._session, self._window = session, window
        self.menu = QMenu(window)
        self.menu.setToolTipsVisible(True)

    def offer(self, examined: "Examined | None") -> None:
        """None: nothing was examined yet."""
        self.menu.clear()
        if examined is None:
            return
        from onepixel_gui.report.population.exhibit import exhibits

        drawn, lacking = exhibits(examined)
        for each in drawn:
            action = self.menu.addAction(f"{_named(each.template, each.title)}…")
            action.triggered.connect(lambda _on=False, each=each: self._ask_figure(each))
        for missing in lacking:
            action = self.menu.addAction(_named(missing.template, missing.direction))
            action.setEnabled(False)
            action.setToolTip(missing.why)
        self.menu.addSeparator()
        table = self.menu.addAction("All numbers as a table…")
        table.triggered.connect(lambda _on=False: self._ask_table(examined))

    def _ask_figure(self, exhibit: "PopulationExhibit") -> None:
        asked = StyleDialog(self._window)
        if asked.exec() != QDialog.DialogCode.Accepted:
            return
        start = f"{exhibit.stem}.pdf"
        name, _ = QFileDialog.getSaveFileName(self._window, "Write the figure", start, _KINDS)
        if name:
            self.write_figure(Path(name), exhibit, asked.width_mm, asked.dpi)

    def _ask_table(self, examined: "Examined") -> None:
        name, _ = QFileDialog.getSaveFileName(
            self._window, "Write the numbers", "numbers.csv", "Tables (*.csv)"
        )
        if name:
            self.write_table(Path(name), examined)

    def write_figure(
        self,
        path: Path,
        exhibit: "PopulationExhibit",
        width_mm: Literal[89, 183],
        dpi: Literal[300, 600],
    ) -> None:
        """With its caption and provenance beside it."""

        def work() -> Generator[_Wrote]:
            from onepixel_gui.report.exhibit import Style
            from onepixel_gui.report.figure import export

            yield _Wrote(export(exhibit, path, Style(width_mm, dpi)))

        self._session.export(work, self._tell)

    def write_table(self, path: Path, examined: "Examined") -> None:
        """Every number of every figure, with intervals, tests and n."""

        def work() -> Generator[_Wrote]:
            from onepixel_gui.outbox import write_whole
            from onepixel_gui.report.population.exhibit import exhibits, plain_name
            from onepixel_gui.report.population.numbers import table
            from onepixel_gui.report.population.tabulated_maps import numbers

            group = examined.group
            name = f"{plain_name(group.card.name) or 'classifier'}-{group.settings.strategy}"
            rows = [row for exhibit in exhibits(examined)[0] for row in numbers(exhibit)]
            write_whole(path, table([(name, rows)]))
            yield _Wrote((path,))

        self._session.export(work, self._tell)

    def _tell(self, wrote: _Wrote) -> None:
        self.noted.emit(f"Wrote {' and '.join(each.name for each in wrote.files)}")


def _named(template: str, direction: str) -> str:
    """ "Colours, mitosis to normal"; direction: "all" where there is one figure for all."""
    name = template.capitalize()
    return name if direction == "all" else f"{name}, {direction}"
