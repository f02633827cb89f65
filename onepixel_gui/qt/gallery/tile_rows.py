"""The rows of the gallery: what is known of each tile, which pass the filter, in which order."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QStringListModel, Qt, Signal
from PySide6.QtGui import QImage, QPixmap

from onepixel_gui.analysis.filtering import Expression
from onepixel_gui.analysis.selection import Facts, Indices, Key, Outcome, ordered, passing
from onepixel_gui.qt.view import legible
from onepixel_gui.tiles.entries import Entries, Listing

Index = QModelIndex | QPersistentModelIndex

THUMBNAIL = 56  # points
KEPT_BYTES = 48 * 2**20  # of thumbnails, as they are drawn
_SHARPEST = 2.0  # pixels per point that thumbnails are kept at; sharper screens enlarge them
ROW_ROLE = Qt.ItemDataRole.UserRole


@dataclass(frozen=True, slots=True)
class Finding:
    """What a run brought the confidence to.

    guided: by a white-box search, whose count of queries compares with no other.
    """

    outcome: Outcome
    confidence: float
    guided: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """What is known of one tile. finding: None while no run has ended."""

    name: str
    label: str | None
    case: str
    answer: str
    confidence: float | None
    finding: Finding | None
    why: str
    judged: bool  # the label is one of the classifier's classes
    listed: bool  # on the reader's own list

    @property
    def disagrees(self) -> bool:
        """The answer is not the ground truth."""
        return self.judged and bool(self.answer) and self.answer != self.label

    @property
    def why_line(self) -> str:
        """The reason without the name, which stands above it."""
        return self.why.removeprefix(self.name).strip()

    @property
    def finding_words(self) -> str:
        if self.why:
            return "not usable"
        return self.finding.outcome if self.finding else "not run"

    @property
    def answer_line(self) -> str:
        if self.confidence is None:
            return ""
        return f"{self.answer} {_brief(self.confidence)}"

    @property
    def finding_line(self) -> str:
        found, word = self.finding, self.finding_words
        if found is None or self.why:
            return word
        return f"{word} → {_brief(found.confidence)}"

    @property
    def facts(self) -> tuple[str, ...]:
        """The row in words, one thing each."""
        parts = [self.name, f"label {self.label}" if self.label else "no label"]
        if self.case:
            parts.append(f"case {self.case}")
        if self.confidence is not None:
            parts.append(f"answer {self.answer_line}")
        parts.append(self.why or self.finding_line.replace("→", "to"))
        if self.finding is not None and self.finding.guided:
            parts.append("found by a guided, white-box search")
        if self.listed:
            parts.append("on your list")
        return tuple(parts)

    @property
    def sentence(self) -> str:
        """The row for a screen reader."""
        return ", ".join(self.facts)


def _brief(confidence: float) -> str:
    return legible(confidence, 2 if confidence >= 1e-3 else 1)


class TileRows(QStringListModel):
    """The rows of a list of tiles that pass; `order` says which tile stands in which row.

    QStringListModel only for its counting in C++: 200,000 rows are listed in 0.03 s, where an
    abstract model in Python, or a QSortFilterProxyModel with a filter in Python, takes 0.4 s
    each time. Its strings stay empty.

    News of a row are told by `looks_changed` and not by `dataChanged`, at which a list view lays
    out all of its rows again.
    """

    looks_changed = Signal(int)  # a row to be painted again

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.pixels_per_point = 1.0
        self.expression: Expression | None = None
        self.key: Key = "order"
        self.descending = False
        self._findings: dict[int, Finding] = {}
        self._unreadable: dict[int, str] = {}
        self._thumbnails: OrderedDict[int, QPixmap] = OrderedDict()
        self._bytes = 0
        self._places: NDArray[np.int32] | None = None
        self.listing: Listing = Entries()
        self.facts = Facts((), (), ())
        self.order: Indices = np.zeros(0, np.intp)

    @property
    def entries(self) -> Sequence[tuple[str, str | None]]:
        """(name, label) of every tile of the list."""
        return list(zip(self.listing.names, self.listing.labels, strict=True))

    @property
    def count(self) -> int:
        """Tiles of the list, whether they pass or not."""
        return self.facts.count

    @property
    def flipped(self) -> int:
        return self.facts.flipped

    def replace(self, listing: Listing) -> None:
        """Another list; nothing of the old one is kept."""
        classes, self.listing = self.facts.classes, listing
        self.facts = Facts(listing.names, listing.labels, listing.cases)
        self._thumbnails.clear()
        self._bytes = 0
        self.forget_results(classes)

    def forget_results(self, classes: tuple[str, ...] = ()) -> None:
        """What a classifier said, or refused, belongs to that classifier; the pictures stay.

        classes: those of the next one; other labels are neither right nor wrong.
        """
        self.facts.forget(classes)
        self._findings.clear()
        self._unreadable.clear()
        self.apply()

    # ------------------------------------------------------------------ which, and in which order
    def apply(self) -> None:
        """Filter and sort by what is known now."""
        facts = self.facts
        passes = passing(self.expression, facts)
        self._put(ordered(facts, passes, self.key, descending=self.descending))

    def join(self) -> None:
        """Rows that pass by now come in; those that no longer do stay until `apply`."""
        passes = passing(self.expression, self.facts)
        passes[self.order] = False
        new = np.flatnonzero(passes)
        if len(new):
            self._insert(self._with(new), len(self.order))

    def _with(self, new: Indices) -> Indices:
        """In the order of the list, or last where it is sorted by something else."""
        joined = np.concatenate([self.order, new])
        if self.key != "order":
            return joined
        joined.sort()
        return joined[::-1] if self.descending else joined

    def _put(self, order: Indices) -> None:
        self.order, self._places = order, None
        if len(order) != self.rowCount():
            self.setStringList([""] * len(order))

    def _insert(self, order: Indices, at: int) -> None:
        """What is on screen stays there, where it stands before row `at`."""
        more = len(order) - len(self.order)
        self.order, self._places = order, None
        self.insertRows(at, more)

    def place(self, tile: int) -> int | None:
        """The row in which a tile stands, None when filtered out."""
        if not 0 <= tile < self.count:
            return None
        if self._places is None:
            self._places = np.full(self.count, -1, np.int32)
            self._places[self.order] = np.arange(len(self.order))
        at = int(self._places[tile])
        return None if at < 0 else at

    def beside(self, tile: int, by: int) -> int | None:
        """The row so many further on, or back, from a tile that may be filtered out."""
        if not len(self.order):
            return None
        at = self.place(tile)
        if at is None and self.key == "order" and not self.descending:
            at = int(np.searchsorted(self.order, tile)) - (by > 0)
        elif at is None:
            at = -1 if by > 0 else len(self.order)
        return min(max(at + by, 0), len(self.order) - 1)

    # ------------------------------------------------------------------ one row
    def row_of(self, tile: int) -> Row:
        facts, label = self.facts, self.listing.labels[tile]
        confidence = float(facts.confidences[tile])
        return Row(
            self.listing.names[tile],
            label,
            self.listing.cases[tile],
            facts.answers.word(tile),
            None if np.isnan(confidence) else confidence,
            self._findings.get(tile),
            self._unreadable.get(tile, ""),
            label in facts.classes,
            bool(facts.listed[tile]),
        )

    def thumbnail(self, tile: int) -> QPixmap | None:
        return self._thumbnails.get(tile)

    @property
    def lacking(self) -> Indices:
        """Tiles that pass and that no classifier has answered or refused, as they stand."""
        return self.facts.unscored(self.order)

    # ------------------------------------------------------------------ the reader's own list
    @property
    def listed(self) -> tuple[int, ...]:
        """Ascending."""
        return tuple(np.flatnonzero(self.facts.listed).tolist())

    def set_listed(self, tiles: Indices, listed: bool) -> None:
        self.facts.listed[tiles] = listed

    # ------------------------------------------------------------------ news
    def set_answer(self, tile: int, answer: str, confidence: float) -> None:
        if 0 <= tile < self.count:
            self.facts.set_answer(tile, answer, confidence)
            self._tell(tile)

    def set_answers(
        self, tiles: Indices, answers: NDArray[np.integer], confidences: NDArray[np.float32]
    ) -> None:
        """Of many at once; nothing is told, and rows join when `join` is called."""
        inside = (tiles >= 0) & (tiles < self.count)
        self.facts.set_answers(tiles[inside], answers[inside], confidences[inside])

    def set_finding(self, tile: int, finding: Finding) -> None:
        if 0 <= tile < self.count:
            self._findings[tile] = finding
            self.facts.set_result(tile, finding.outcome, guided=finding.guided)
            self._tell(tile)

    def set_findings(self, findings: Mapping[int, Finding]) -> None:
        """Of many at once, where nothing newer is known; rows join when `join` is called."""
        for tile, finding in findings.items():
            if 0 <= tile < self.count and tile not in self._findings:
                self._findings[tile] = finding
                self.facts.set_result(tile, finding.outcome, guided=finding.guided)

    def forget_findings(self) -> None:
        """What runs brought; answers stay."""
        found = np.fromiter(self._findings, np.intp, len(self._findings))
        self._findings.clear()
        self.facts.forget_results(found)
        self.apply()

    def ranges(self, tiles: Sequence[int]) -> list[range]:
        """The rows in which these tiles stand, joined where they are neighbours."""
        places = sorted(at for at in map(self.place, tiles) if at is not None)
        joined: list[range] = []
        for at in places:
            if joined and at <= joined[-1].stop:
                joined[-1] = range(joined[-1].start, at + 1)
            else:
                joined.append(range(at, at + 1))
        return joined

    def set_unreadable(self, tile: int, why: str) -> None:
        if 0 <= tile < self.count:
            self._unreadable[tile] = why
            self.facts.set_unusable(tile)
            self._tell(tile)

    def set_thumbnail(self, tile: int, rgb: NDArray[np.uint8]) -> None:
        """Late ones for a longer list that is gone are dropped."""
        if not 0 <= tile < self.count:
            return
        before = self._thumbnails.pop(tile, None)
        self._bytes -= 0 if before is None else _bytes(before)
        pixmap = self._thumbnails[tile] = _pixmap(rgb, min(self.pixels_per_point, _SHARPEST))
        self._bytes += _bytes(pixmap)
        while self._bytes > KEPT_BYTES:
            self._bytes -= _bytes(self._thumbnails.popitem(last=False)[1])
        at = self.place(tile)
        if at is not None:
            self.looks_changed.emit(at)

    def _tell(self, tile: int) -> None:
        """Repaint the row, or let it join; rows leave only when the filter is applied again."""
        at = self.place(tile)
        if at is not None:
            self.looks_changed.emit(at)
        elif passing(self.expression, self.facts, tile)[0]:
            order = self._with(np.array([tile]))
            self._insert(order, int(np.flatnonzero(order == tile)[0]))

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not 0 <= index.row() < len(self.order):
            return None
        tile = int(self.order[index.row()])
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self.listing.names[tile]
            case Qt.ItemDataRole.AccessibleTextRole:
                return self.row_of(tile).sentence
            case Qt.ItemDataRole.ToolTipRole:
                return "\n".join(self.row_of(tile).facts)
            case _ if role == ROW_ROLE:
                return self.row_of(tile)
            case _:
                return None


def _bytes(pixmap: QPixmap) -> int:
    return 4 * pixmap.width() * pixmap.height()


def _pixmap(rgb: NDArray[np.uint8], pixels_per_point: float) -> QPixmap:
    rgb = np.ascontiguousarray(rgb)
    height, width = rgb.shape[:2]
    image = QImage(rgb.data, width, height, 3 * width, QImage.Format.Format_RGB888)
    edge = round(THUMBNAIL * pixels_per_point)
    scaled = image.scaled(
        edge,
        edge,
        Qt.AspectRatioMode.KeepAspectRatio,
        Qt.TransformationMode.SmoothTransformation,
    )
    pixmap = QPixmap.fromImage(scaled if scaled is not image else image.copy())
    pixmap.setDevicePixelRatio(pixels_per_point)
    return pixmap
