"""Everything that a checkpoint does not say, as fields to edit, each with where it comes from."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from onepixel_gui.classifier.card import Card
from onepixel_gui.classifier.opening import ASKED, ASSUMED, STATED
from onepixel_gui.classifier.sidecar import COARSEST, FINEST
from onepixel_gui.qt.cards import editors
from onepixel_gui.qt.cards.classes import ClassNames, ClassTable, restyle
from onepixel_gui.qt.cards.editors import Editor
from onepixel_gui.qt.choice import Choice
from onepixel_gui.qt.theme import Line

EDITED = "edited"
_FILE_NAME = "the file's name"
_CERTAIN = frozenset([STATED, ASKED, EDITED, _FILE_NAME])

_WRONG = {
    "name": "Enter a name of 1 to 200 letters.",
    "subject": "Choose one of the classes.",
    "input_size": "Enter whole numbers of pixels, from 1 to 4096.",
    "mean": "Enter three means as numbers with a decimal point.",
    "std": "Enter three numbers above 0, with a decimal point.",
    "threshold": "Enter a number above 0 and below 1, such as 0.5.",
    "mpp": f"Enter {FINEST:g} to {COARSEST:g} µm per pixel, or nothing.",
}


class _Row(QWidget):
    """A label, an editor, where its value comes from, and the way back to it."""

    def __init__(self, title: str, editor: Editor) -> None:
        super().__init__()
        self.title, self.editor = title, editor
        self.kept: dict[str, Any] | None = None  # as read when the card was shown
        self.source = self.unused = ""  # unused: why the field does not count now
        self._note = QLabel(wordWrap=True)
        self._label, self._mark = QLabel(title), QLabel("assumed")
        self._source, self._wrong = Line(), QLabel(wordWrap=True)
        self.reset = QToolButton()
        self._prepare()
        head = QHBoxLayout()
        head.setSpacing(6)
        head.addWidget(self._label)
        head.addWidget(self._mark)
        head.addWidget(self._source, 1)
        head.addWidget(self.reset)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        layout.addLayout(head)
        for part in (editor.widget, self._note, self._wrong):
            layout.addWidget(part)

    def _prepare(self) -> None:
        for label in (self._source, self._note, self._wrong):  # they repeat words of strangers
            label.setTextFormat(Qt.TextFormat.PlainText)
        self._label.setObjectName("field")
        self._label.setBuddy(self.editor.widget)
        self._mark.setObjectName("mark")
        self._mark.setAccessibleName(f"{self.title} is assumed")
        self._mark.setToolTip("Nobody said so: check it with tiles whose labels you know")
        self._note.setObjectName("faint")
        self._note.hide()
        self._source.setObjectName("faint")
        self._source.setAccessibleName(f"Source of {self.title.lower()}")
        self._wrong.setObjectName("doubt")
        self._wrong.setAccessibleName(f"What is wrong with {self.title.lower()}")
        self.reset.setText("↺ reset")
        self.reset.setAccessibleName(f"Reset {self.title.lower()}")
        self._label.setMinimumHeight(20)  # nothing below shall jump when the button comes

    @property
    def edited(self) -> bool:
        return self.kept is not None and self.editor.read() != self.kept

    def show_source(self) -> None:
        """Certain ones stay quiet; what was assumed says so until it is edited."""
        edited, certain = self.edited, is_certain(self.source)
        assumed = not (certain or edited or self.unused)
        self._mark.setVisible(assumed)
        told = "" if assumed and self.source == ASSUMED else self.source
        self._source.setText(self.unused or (EDITED if edited else told))
        self.editor.widget.setEnabled(not self.unused)
        self.reset.setVisible(edited)
        self.reset.setToolTip(f"Back to what it was ({self.source})")
        restyle(self._label, "certain", certain and not edited)

    def show_note(self, sentence: str) -> None:
        self._note.setText(sentence)
        self._note.setVisible(bool(sentence))

    def show_wrong(self, sentences: Mapping[str, str]) -> None:
        """sentences: field -> what is wrong with it."""
        self._wrong.setText(" ".join(sentences.values()))
        self._wrong.setVisible(bool(sentences))
        for name, widgets in self.editor.outlined.items():
            for widget in widgets:
                restyle(widget, "wrong", name in sentences)

    def forget(self) -> None:
        if self.kept is not None:
            self.editor.write(self.kept)


class CardFields(QWidget):
    """The form. It knows what was typed, and leaves it to the reader of cards whether it holds."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.classes = ClassNames(self)
        self._table = ClassTable(self.classes)
        self._subject = Choice("Class in question").of(self.classes)
        self._writing = True  # nothing is told before a card is shown
        self._rows = tuple(_Row(title, editor) for title, editor in self._editors())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2, 2, 8, 2)
        layout.setSpacing(11)
        for row in self._rows:
            layout.addWidget(row)
            row.reset.clicked.connect(lambda _=False, row=row: self._forget(row))
        layout.addStretch(1)
        self.classes.edited.connect(self._tell)
        self.setFocusProxy(self._rows[0].editor.widget)

    def _editors(self) -> tuple[tuple[str, Editor], ...]:
        tell = self._tell
        self._subject.currentIndexChanged.connect(lambda _: tell())
        classes = Editor(
            self._table, ("classes",), self._read_classes, self._write_classes,
            {"classes": [self._table.table]},
        )  # fmt: skip
        subject = Editor(
            self._subject, ("subject",), self._read_subject, self._write_subject,
            {"subject": [self._subject]},
        )  # fmt: skip
        other = "Tiles of another size"
        return (
            ("Name", editors.line("name", "Name", tell)),
            ("Classes", classes),
            ("Class in question", subject),
            ("Input size", editors.size(tell)),
            ("Resolution", editors.resolution(tell)),
            ("Scaling", editors.scaling(tell)),
            ("Channel order", editors.choice("order", "Channel order", editors.ORDERS, tell)),
            ("Outputs", editors.choice("outputs", "Outputs", editors.OUTPUTS, tell)),
            ("Threshold", editors.line("threshold", "Threshold", tell)),
            (other, editors.choice("fitting", other, editors.FITTINGS, tell)),
        )

    # -------------------------------------------------------------- values
    def show_card(self, card: Card) -> None:
        """Begin anew from a card; its values are what `reset` goes back to."""
        self._writing = True
        self._table.set_free(not card.classes)
        values = {name: getattr(card, name) for row in self._rows for name in row.editor.fields}
        for row in self._rows:
            row.editor.write(values)
            row.kept = row.editor.read()
            row.source = _source(card, row.editor.fields[0])
        self._table.fit()
        self._writing = False
        self._tell()

    def take(self, values: Mapping[str, Any]) -> None:
        """Write fields as the reader would."""
        self._writing = True
        for row in self._rows:
            if set(row.editor.fields) & set(values):
                row.editor.write({**row.editor.read(), **values})
        self._writing = False
        self._tell()

    @property
    def values(self) -> dict[str, Any]:
        """By the names of `Card`; unchecked, numbers as they were typed."""
        return self._named(self._rows)

    @property
    def edited(self) -> dict[str, Any]:
        """Those of `values` that are not as they were."""
        return self._named([row for row in self._rows if row.edited])

    def _named(self, rows: Iterable[_Row]) -> dict[str, Any]:
        told: dict[str, Any] = {}
        for row in rows:
            told |= row.editor.read()
        if "subject" in told:
            names, place = self.classes.names, told["subject"]
            told["subject"] = names[place] if 0 <= place < len(names) else ""
        return told

    def show_wrong(self, names: Collection[str]) -> str:
        """Outline the fields of these names, with a sentence under each; what they are called."""
        for row in self._rows:
            row.show_wrong({f: self._sentence(f) for f in row.editor.fields if f in names})
        wrong = [row for row in self._rows if set(row.editor.fields) & set(names)]
        return ", ".join(row.title.lower() for row in wrong)

    def _sentence(self, name: str) -> str:
        if name == "classes":
            return self.classes.trouble() or "Give each output a name of its own."
        return _WRONG.get(name, "Choose another value.")

    def _forget(self, row: _Row) -> None:
        row.forget()
        row.editor.widget.setFocus()

    def _tell(self) -> None:
        if not self._writing:
            self._tell_notes()
            for row in self._rows:
                row.show_source()
            self._table.fit()
            self.changed.emit()

    def _tell_notes(self) -> None:
        """What subject and threshold mean with these very classes."""
        rows = {row.editor.fields[0]: row for row in self._rows}
        subject, count = self.values["subject"], self.classes.rowCount()
        which = "The positive class of the two: its" if count == 2 else "Its"
        rows["subject"].show_note(f"{which} confidence, P({subject}), is followed." * bool(subject))
        threshold = rows["threshold"]
        threshold.unused = "not used with three or more classes" if count > 2 else ""
        counts = bool(subject) and not threshold.unused
        threshold.show_note(f"The answer is {subject} from this P({subject}) on." * counts)

    # -------------------------------------------------------------- classes
    def _read_classes(self) -> dict[str, Any]:
        return {"classes": self.classes.names}

    def _write_classes(self, values: Mapping[str, Any]) -> None:
        self.classes.replace(values["classes"])

    def _read_subject(self) -> dict[str, Any]:
        """Its place, which stays when the class is given another name."""
        return {"subject": self._subject.currentIndex()}

    def _write_subject(self, values: Mapping[str, Any]) -> None:
        told, names = values["subject"], self.classes.names
        if isinstance(told, str):
            told = names.index(told) if told in names else -1
        self._subject.setCurrentIndex(told)


def _source(card: Card, field: str) -> str:
    source = card.sources.get(field, ASSUMED)
    return _FILE_NAME if (field, source) == ("name", ASSUMED) else source


def is_certain(source: str) -> bool:
    """The file, its network or the reader said so: nothing was taken from habit."""
    return source in _CERTAIN or source.startswith("the card ")
