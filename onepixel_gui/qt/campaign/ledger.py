"""Every run of one campaign as columns that grow: 100,000 are sorted and filtered at once."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.analysis.filtering import Expression
from onepixel_gui.analysis.selection import RESULTS, Facts, passing
from onepixel_gui.study.plan import RunKept, TileRefused
from onepixel_gui.tiles.folders import natural

Bools = NDArray[np.bool_]
Indices = NDArray[np.intp]
Field = Literal[
    "tile", "label", "answer", "after", "clean", "confidence", "queries", "result",
    "classifier", "attack",
]  # fmt: skip
State = Literal["waiting", "running", "held", "flipped", "refused"]

STATES: tuple[State, ...] = ("waiting", "running", "held", "flipped", "refused")
WAITING, RUNNING, HELD, FLIPPED, REFUSED = range(5)
_FLIPPED, _HELD, _NOT_USABLE = (RESULTS.index(word) for word in ("flipped", "held", "not usable"))
_COLUMNS: dict[str, type[np.generic]] = {
    "task": np.int32,
    "run": np.int64,
    "label": np.int32,
    "case": np.int32,
    "answer": np.int32,
    "after": np.int32,
    "clean": np.float32,
    "confidence": np.float32,
    "queries": np.int64,
    "result": np.int8,
    "classifier": np.int32,
    "attack": np.int32,
}
_TEXTS = ("label", "case", "answer", "after", "classifier", "attack")
_FIRST = 256  # rows that there is room for at first


class Words:
    """A few texts as numbers; "" is -1."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self._codes: dict[str, int] = {"": -1}

    def code(self, word: str | None) -> int:
        known = self._codes.get(word or "")
        if known is None:
            known = self._codes[word or ""] = len(self.words)
            self.words.append(word or "")
        return known

    def word(self, code: int) -> str:
        return self.words[code] if code >= 0 else ""

    def ranks(self) -> NDArray[np.int32]:
        """(words + 1,) place of each in natural order; the last, for what is not known, -1."""
        order = sorted(range(len(self.words)), key=lambda code: natural(self.words[code]))
        places = np.full(len(self.words) + 1, -1, np.int32)
        places[order] = np.arange(len(order))
        return places


class Ledger:
    """tasks: names of the campaign's tiles.   total: runs planned.

    classifiers, attacks: what the plan's indices are called.
    """

    def __init__(
        self,
        tasks: Sequence[str] = (),
        total: int = 0,
        classifiers: Sequence[str] = (),
        attacks: Sequence[str] = (),
    ) -> None:
        self.tasks, self.total, self.count = tasks, total, 0
        self.texts = {name: Words() for name in _TEXTS}
        self._called = {"classifier": tuple(classifiers), "attack": tuple(attacks)}
        self._columns = {name: np.zeros(_FIRST, kind) for name, kind in _COLUMNS.items()}
        self._done = np.zeros(len(tasks), np.int32)  # runs of each tile
        self._flips = np.zeros(len(tasks), np.int32)
        self._refused = np.zeros(len(tasks), bool)
        self._ranks: NDArray[np.int32] | None = None
        self.why: dict[int, str] = {}  # row -> why its tile cannot be used
        self._why: dict[int, str] = {}  # and the same by task

    def column(self, name: str) -> NDArray[Any]:
        """(N,) as known so far; read it, do not keep it."""
        return self._columns[name][: self.count]

    def text(self, name: str, row: int) -> str:
        if name == "tile":
            return self.tasks[int(self._columns["task"][row])]
        return self.texts[name].word(int(self._columns[name][row]))

    def number(self, name: str, row: int) -> float:
        return float(self._columns[name][row])

    def run(self, row: int) -> int:
        """Its number in the study, -1 for a tile that was refused."""
        return int(self._columns["run"][row])

    def row_of(self, run: int) -> int | None:
        found = np.flatnonzero(self.column("run") == run)
        return int(found[0]) if len(found) else None

    def row_of_task(self, task: int) -> int | None:
        """The first of its runs; a flip goes first."""
        rows = np.flatnonzero(self.column("task") == task)
        if not len(rows):
            return None
        flips = rows[self.column("result")[rows] == _FLIPPED]
        return int(flips[0] if len(flips) else rows[0])

    def result(self, row: int) -> str:
        return RESULTS[int(self._columns["result"][row])]

    # ------------------------------------------------------------------ growing
    def add(self, news: Sequence[RunKept | TileRefused]) -> None:
        for event in news:
            self._make_room(1)
            values = self._kept(event) if isinstance(event, RunKept) else self._refusal(event)
            for name, value in values.items():
                self._columns[name][self.count] = value
            self.count += 1
            if 0 <= event.task < len(self.tasks):
                self._done[event.task] += 1
                self._flips[event.task] += isinstance(event, RunKept) and event.flipped
                self._refused[event.task] |= isinstance(event, TileRefused)

    def _kept(self, kept: RunKept) -> dict[str, float]:
        texts = {"label": kept.label, "case": kept.case, "answer": kept.answer, "after": kept.after}
        texts |= {"classifier": self._name("classifier", kept.model)}
        texts |= {"attack": self._name("attack", kept.attack)}
        return {
            "task": kept.task,
            "run": kept.run,
            **{name: self.texts[name].code(word) for name, word in texts.items()},
            "clean": kept.clean,
            "confidence": kept.confidence,
            "queries": kept.queries,
            "result": _FLIPPED if kept.flipped else _HELD,
        }

    def _refusal(self, refused: TileRefused) -> dict[str, float]:
        self.why[self.count] = self._why[refused.task] = refused.problem.what
        nothing = {name: float("nan") for name in ("clean", "confidence")}
        return {
            "task": refused.task,
            "run": -1,
            **dict.fromkeys(_TEXTS, -1),
            **nothing,
            "queries": 0,
            "result": _NOT_USABLE,
        }

    def _name(self, kind: str, index: int) -> str:
        called = self._called[kind]
        return called[index] if 0 <= index < len(called) else str(index + 1)

    def _make_room(self, more: int) -> None:
        room = len(self._columns["run"])
        if self.count + more > room:
            size = max(2 * room, self.count + more)
            for name, column in self._columns.items():
                grown = np.zeros(size, column.dtype)
                grown[: self.count] = column[: self.count]
                self._columns[name] = grown

    def take(self, columns: Mapping[str, NDArray[Any]], words: Mapping[str, Sequence[str]]) -> None:
        """Many rows at once. columns: of those of `Ledger`; words: what codes of texts mean."""
        more = len(columns["run"])
        self._make_room(more)
        for name, values in columns.items():
            if name in words:
                table = np.array([*map(self.texts[name].code, words[name]), -1], np.int32)
                values = table[values]
            self._columns[name][self.count : self.count + more] = values
        self.count += more
        tasks, results = columns["task"], columns["result"]
        known = (tasks >= 0) & (tasks < len(self.tasks))
        np.add.at(self._done, tasks[known], 1)
        np.add.at(self._flips, tasks[known & (results == _FLIPPED)], 1)
        self._refused[tasks[known & (results == _NOT_USABLE)]] = True

    # ------------------------------------------------------------------ which, in which order
    def passing(self, expression: Expression | None, start: int = 0) -> Bools:
        """(N - start,) of the rows from there on."""
        if expression is None:
            return np.ones(self.count - start, bool)
        rows = slice(start, self.count)
        names = [self.tasks[task] for task in self._columns["task"][rows].tolist()]
        facts = Facts(names, self._texts("label", rows), self._texts("case", rows))
        facts.forget(self.texts["answer"].words)
        facts.answers.codes[:] = self._columns["answer"][rows]
        facts.confidences[:] = self._columns["clean"][rows]
        facts.results[:] = self._columns["result"][rows]
        facts.guided[:] = self._guided(rows)
        return passing(expression, facts)

    def _texts(self, name: str, rows: slice) -> list[str]:
        words = [*self.texts[name].words, ""]
        return [words[code] for code in self._columns[name][rows].tolist()]

    def _guided(self, rows: slice) -> Bools:
        words = [*self.texts["attack"].words, ""]
        guided = np.array([word.startswith("guided") for word in words])
        return guided[self._columns["attack"][rows]]

    def keys(self, field: Field) -> NDArray[Any]:
        """(N,) numbers that grow in the wanted order; below 0 or NaN where nothing is known."""
        if field == "tile":
            ranks: NDArray[Any] = self._task_ranks()[self.column("task")]
            return ranks
        if field in self.texts:
            places: NDArray[Any] = self.texts[field].ranks()[self.column(field)]
            return places
        return self.column(field)

    def prepare(self) -> None:
        """Put the names of the tiles in order; with 100,000 it takes a while."""
        self._task_ranks()

    def _task_ranks(self) -> NDArray[np.int32]:
        if self._ranks is None:
            keys = [natural(name) for name in self.tasks]
            self._ranks = np.empty(len(keys), np.int32)
            self._ranks[sorted(range(len(keys)), key=keys.__getitem__)] = np.arange(len(keys))
        return self._ranks

    # ------------------------------------------------------------------ of each tile
    def states(self, running: Sequence[int] = ()) -> NDArray[np.uint8]:
        """(tasks,) index into STATES. running: tiles at work, as far as that is told."""
        tasks = len(self.tasks)
        each = max(1, -(-self.total // tasks)) if tasks else 1
        states = np.full(tasks, WAITING, np.uint8)
        states[self._done > 0] = RUNNING
        inside = [task for task in running if 0 <= task < tasks]
        states[inside] = RUNNING
        states[self._done >= each] = HELD
        states[self._refused] = REFUSED
        states[self._flips > 0] = FLIPPED
        return states

    def tile_words(self, task: int) -> str:
        """ "mitosis_031.png: 1 of 2 runs flipped"."""
        name, done = self.tasks[task], int(self._done[task])
        flips = int(self._flips[task])
        if self._refused[task] and not flips:
            return f"{name}: {self._why[task]}"
        if not done:
            return f"{name}: waiting"
        if done == 1:
            return f"{name}: {'flipped' if flips else 'held'}"
        return f"{name}: {flips:,} of {done:,} runs flipped"
