"""What is remembered between two starts: settings, what was opened, and the window's place."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from math import isfinite
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

from platformdirs import user_config_path, user_data_path
from PySide6.QtCore import QByteArray, QSettings

from onepixel_gui.attack.probe import Guidance, Settings


@dataclass(frozen=True, slots=True)
class Preferences:
    """population, generations, seed, to_the_end: of the search (attack.probe.Settings).

    slide_memory: MB of a slide's pixels that its viewer may keep.
    """

    population: int = 400
    generations: int = 100
    seed: int = 0
    to_the_end: bool = False
    device: str = "auto"
    palette: Literal["corners", "27"] = "corners"
    theme: Literal["dark", "light"] = "dark"
    slide_memory: int = 512

    @property
    def settings(self) -> Settings:
        """Of the black-box search."""
        return Settings(
            population=self.population,
            generations=self.generations,
            seed=self.seed,
            to_the_end=self.to_the_end,
        )

    @property
    def guidance(self) -> Guidance:
        """Of the guided search, which draws nothing at random and has no population."""
        return Guidance(to_the_end=self.to_the_end)

    def but(self, **changes: Any) -> "Preferences":
        """A copy with some values changed."""
        return replace(self, **changes)


SLIDE_MEMORY = (64, 65_536)  # MB, at least and at most
RECENT = 12  # classifiers that are remembered, and as many studies, and as slides and data sets
_CHECKPOINTS = 200  # of which it is remembered where they lay

_LONGEST = 5000  # letters of a word that is kept

Kind = Literal["slide", "data set", "study"]


class Remembered(Protocol):
    """Something that was used. path: where it lay.  used: seconds since 1970."""

    @property
    def path(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def used(self) -> float: ...


_Entry = TypeVar("_Entry", bound=Remembered)


@dataclass(frozen=True, slots=True)
class Recent:
    """A classifier that was used. path: of its checkpoint.  used: seconds since 1970."""

    path: str
    name: str
    sha256: str
    used: float

    @classmethod
    def now(cls, path: Path, name: str, sha256: str) -> "Recent":
        return cls(str(path), name, sha256, time.time())


@dataclass(frozen=True, slots=True)
class Opened:
    """A slide, data set or study that was opened.

    path:   of the file or folder.
    title:  what it is in words: "Aperio SVS", "Folders of classes".
    mark:   tells it from others when it is found elsewhere; "" where nothing does.
    used:   seconds since 1970.
    """

    path: str
    name: str
    kind: Kind
    title: str
    mark: str
    used: float

    @classmethod
    def now(cls, path: Path, name: str, kind: Kind, title: str, mark: str) -> "Opened":
        return cls(str(path), name, kind, title, mark, time.time())


class Memory:
    """Preferences and window state in one readable .ini file; a damaged value counts as unset.

    folder: where studies lie that nobody has given a place.
    """

    def __init__(self, file: Path | None = None) -> None:
        """file: for tests; their studies then lie beside it."""
        own = user_data_path("onepixel_gui", appauthor=False) if file is None else file.parent
        self.folder = own / "studies"
        file = file or user_config_path("onepixel_gui", appauthor=False) / "settings.ini"
        self._store = QSettings(str(file), QSettings.Format.IniFormat)

    def preferences(self) -> Preferences:
        told: dict[str, Any] = {}
        for field in fields(Preferences):
            default = field.default
            value = self._store.value(f"preferences/{field.name}")
            try:
                told[field.name] = _like(default, value)
            except ValueError:
                told[field.name] = default
        return _sane(Preferences(**told))

    def keep(self, preferences: Preferences) -> None:
        for field in fields(Preferences):
            self._store.setValue(f"preferences/{field.name}", getattr(preferences, field.name))
        self._store.sync()

    def recent(self) -> tuple[Recent, ...]:
        """Classifiers that were used, the latest first, at most RECENT."""
        return self._entries("recent/classifiers", _recent)

    def keep_recent(self, recent: Sequence[Recent]) -> None:
        self._keep_entries("recent/classifiers", [asdict(each) for each in recent])

    def opened(self) -> tuple[Opened, ...]:
        """Slides and data sets that were opened, the latest first, at most RECENT."""
        return self._entries("recent/opened", _opened)

    def keep_opened(self, opened: Sequence[Opened]) -> None:
        self._keep_entries("recent/opened", [asdict(each) for each in opened])

    def studies(self) -> tuple[Opened, ...]:
        """Studies that were opened, the latest first, at most RECENT."""
        return self._entries("recent/studies", _opened)

    def keep_studies(self, studies: Sequence[Opened]) -> None:
        self._keep_entries("recent/studies", [asdict(each) for each in studies])

    def checkpoints(self) -> dict[str, str]:
        """SHA-256 -> path where a checkpoint lay when it was last used, the latest last."""
        told = self._json("recent/checkpoints")
        pairs = told.items() if isinstance(told, dict) else ()
        return {key: path for key, path in pairs if len(key) == 64 and isinstance(path, str)}

    def keep_checkpoint(self, sha256: str, path: Path) -> None:
        known = self.checkpoints()
        known.pop(sha256, None)
        known[sha256] = str(path)
        self._keep_json("recent/checkpoints", dict(list(known.items())[-_CHECKPOINTS:]))

    def left_open(self) -> str:
        """Path of the study of a window that was ended without closing it; "" for none."""
        return str(self._store.value("study/open") or "")

    def keep_open(self, path: str) -> None:
        """path: "" when the study is closed."""
        self._store.setValue("study/open", path)
        self._store.sync()

    def _entries(self, key: str, read: Callable[[Any], _Entry | None]) -> tuple[_Entry, ...]:
        told = self._json(key)
        entries = told if isinstance(told, list) else []
        kept = [entry for each in entries if (entry := read(each)) is not None]
        return tuple(sorted(kept, key=lambda entry: -entry.used)[:RECENT])

    def _keep_entries(self, key: str, entries: list[dict[str, Any]]) -> None:
        self._keep_json(key, entries)

    def _json(self, key: str) -> Any:
        """None where it is damaged or was never kept."""
        try:
            return json.loads(str(self._store.value(key) or "null"))
        except (ValueError, RecursionError):
            return None

    def _keep_json(self, key: str, values: Any) -> None:
        self._store.setValue(key, json.dumps(values))
        self._store.sync()

    def geometry(self) -> QByteArray | None:
        value = self._store.value("window/geometry")
        return value if isinstance(value, QByteArray) else None

    def keep_geometry(self, geometry: QByteArray) -> None:
        self._store.setValue("window/geometry", geometry)
        self._store.sync()


def _recent(told: Any) -> Recent | None:
    """An entry of the list, None where it is damaged."""
    kept = _words_and_time(told, ("path", "name", "sha256"))
    if kept is None or len(kept[0][2]) != 64:
        return None
    (path, name, sha256), used = kept
    return Recent(path, name, sha256, used)


def _opened(told: Any) -> Opened | None:
    """An entry of the list, None where it is damaged."""
    kept = _words_and_time(told, ("path", "name", "title"))
    kinds: tuple[Kind, ...] = ("slide", "data set", "study")
    if kept is None:
        return None
    kind = next((each for each in kinds if each == told.get("kind")), None)
    mark = told.get("mark")
    if kind is None or not isinstance(mark, str) or len(mark) >= _LONGEST:
        return None
    (path, name, title), used = kept
    return Opened(path, name, kind, title, mark, used)


def _words_and_time(told: Any, keys: Sequence[str]) -> tuple[list[str], float] | None:
    """These words of an entry, the path first, and when it was used; None where one is damaged."""
    if not isinstance(told, dict):
        return None
    words = [told.get(key) for key in keys]
    try:
        used = float(told["used"])
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    sane = [word for word in words if isinstance(word, str) and 0 < len(word) < _LONGEST]
    if len(sane) < len(words) or "\0" in sane[0] or not isfinite(used):
        return None
    return sane, used


def _like(default: Any, value: Any) -> Any:
    """An .ini file holds text only: read it back as the default's type."""
    if value is None:
        return default
    if isinstance(default, bool):
        return str(value).lower() == "true"
    return type(default)(value)


def _sane(told: Preferences) -> Preferences:
    plain = Preferences()
    return Preferences(
        population=told.population if 3 <= told.population <= 100_000 else plain.population,
        generations=told.generations if 1 <= told.generations <= 100_000 else plain.generations,
        seed=told.seed if 0 <= told.seed < 2**31 else plain.seed,
        to_the_end=told.to_the_end,
        device=told.device,
        palette=told.palette if told.palette in ("corners", "27") else plain.palette,
        theme=told.theme if told.theme in ("dark", "light") else plain.theme,
        slide_memory=told.slide_memory if _in_bounds(told.slide_memory) else plain.slide_memory,
    )


def _in_bounds(megabytes: int) -> bool:
    low, high = SLIDE_MEMORY
    return low <= megabytes <= high
