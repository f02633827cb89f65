"""What a job finds out about a group of the study, step by step: first what is quick."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.analysis.population.outcomes import Outcomes
from onepixel_gui.qt.population.columns import Columns, columns
from onepixel_gui.study.store import Group, Study

if TYPE_CHECKING:
    from onepixel_gui.analysis.population.rates import Rates
    from onepixel_gui.report.population.examined import Examined

Key = tuple[int, int, tuple[int, int]]  # of a group: classifier, attack, window


@dataclass(frozen=True, slots=True)
class Grouped:
    """The groups of the study, largest first, and which of them is read; None of none."""

    groups: tuple[Group, ...]
    group: Group | None


@dataclass(frozen=True, slots=True, eq=False)
class Tabled:
    """The runs of a group as columns, one for each direction, the one with most flips first."""

    group: Group
    directions: tuple[Columns, ...]
    rates: "Rates"


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """Everything that is tested of it."""

    examined: "Examined"


@dataclass(frozen=True, slots=True, eq=False)
class Named:
    """run: (N,) ascending numbers; names: of their tiles."""

    run: NDArray[np.int64]
    names: tuple[str, ...]

    def of(self, run: int) -> str:
        at = int(np.searchsorted(self.run, run))
        return self.names[at] if at < len(self.run) and self.run[at] == run else ""


def key_of(group: Group) -> Key:
    """What tells a group from others, also when runs were added."""
    return group.classifier, group.attack, group.window


def reading(study: Study, wanted: Key | None) -> Generator[Any]:
    """Grouped, then Tabled, Known and Named of the wanted group, else of the largest."""
    groups = study.groups()
    group = next((each for each in groups if key_of(each) == wanted), None)
    group = group or next(iter(groups), None)
    yield Grouped(groups, group)
    if group is None:
        return
    from onepixel_gui.analysis.population.rates import rates
    from onepixel_gui.report.population.examined import directions, examine

    for slow in ("exhibit", "summary"):  # here, not in the window's own thread
        import_module(f"onepixel_gui.report.population.{slow}")

    source = _Once(study, study.outcomes(group))
    if not len(source.read):
        return
    some = [columns(title, part) for title, part in directions(source.read)]
    some.sort(key=lambda each: -int(each.flipped.sum()))
    yield Tabled(group, tuple(some), rates(source.read))
    examined = yield from examine(source, group, study=study.path.name, identity=study.identity)
    yield Known(examined)
    rows = study.rows()
    done = rows.run >= 0
    order = np.argsort(rows.run[done], kind="stable")
    names = np.array(rows.names, object)[done][order]
    yield Named(rows.run[done][order], tuple(names))


class _Once:
    """A study whose outcomes were read already: with 100,000 runs that takes a second."""

    def __init__(self, study: Study, read: Outcomes) -> None:
        self._study, self.read = study, read

    def outcomes(self, _group: Group) -> Outcomes:
        return self.read

    def aftermaths(self, group: Group) -> Iterator[Any]:
        return self._study.aftermaths(group)

    def sweeps(self, group: Group) -> Iterator[Any]:
        return self._study.sweeps(group)

    def picture(self, tile: int) -> NDArray[np.uint8]:
        return self._study.picture(tile)

    def run(self, number: int) -> Any:
        return self._study.run(number)

    def hashes(self, tiles: NDArray[np.int64]) -> tuple[str, ...]:
        return self._study.hashes(tiles)
