"""What is remembered between two starts: settings of the search, look, and the window's place."""

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal

from platformdirs import user_config_path
from PySide6.QtCore import QByteArray, QSettings

from onepixel_gui.attack.probe import Guidance, Settings


@dataclass(frozen=True, slots=True)
class Preferences:
    """population, generations, seed, to_the_end: of the search (attack.probe.Settings)."""

    population: int = 400
    generations: int = 100
    seed: int = 0
    to_the_end: bool = False
    device: str = "auto"
    palette: Literal["corners", "27"] = "corners"
    theme: Literal["dark", "light"] = "dark"

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


class Memory:
    """Preferences and window state in one readable .ini file; a damaged value counts as unset."""

    def __init__(self, file: Path | None = None) -> None:
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

    def geometry(self) -> QByteArray | None:
        value = self._store.value("window/geometry")
        return value if isinstance(value, QByteArray) else None

    def keep_geometry(self, geometry: QByteArray) -> None:
        self._store.setValue("window/geometry", geometry)
        self._store.sync()


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
    )
