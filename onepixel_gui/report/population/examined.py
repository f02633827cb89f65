"""All analyses of one group of runs, once: what its figures, its table and its sentences share."""

import hashlib
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.analysis.population.before_after import BeforeAfter, before_after
from onepixel_gui.analysis.population.colours import Chromatic, chromatic
from onepixel_gui.analysis.population.darkness import Darkness, darkness, looked_at
from onepixel_gui.analysis.population.locality import Localities, Locality
from onepixel_gui.analysis.population.maps import MeanMap, MeanMaps
from onepixel_gui.analysis.population.metrics import Metrics, metrics
from onepixel_gui.analysis.population.outcomes import Outcomes
from onepixel_gui.analysis.population.periods import (
    Periodicities,
    Phases,
    PopulationPeriods,
    phases,
)
from onepixel_gui.analysis.population.places import Places, places
from onepixel_gui.analysis.population.propagated import MeanPropagation, Propagations
from onepixel_gui.analysis.population.rates import Rates, rates
from onepixel_gui.analysis.population.units import one_per_tile
from onepixel_gui.analysis.population.universal import Universal, Universals
from onepixel_gui.attack.locality import Moved
from onepixel_gui.attack.probe import Swept
from onepixel_gui.classifier.propagation import Propagation
from onepixel_gui.study.record import Record
from onepixel_gui.study.store import Group

DARK = 300  # tiles of a direction whose dark areas are looked for, unless told otherwise
APART = 2  # directions that are shown one by one; of more, all together


class Source(Protocol):
    """What is asked of a `Study`."""

    def outcomes(self, group: Group) -> Outcomes: ...

    def aftermaths(
        self, group: Group
    ) -> Iterator[tuple[int, Moved | None, Propagation | None]]: ...

    def sweeps(self, group: Group) -> Iterator[tuple[int, Swept]]: ...

    def picture(self, tile: int) -> NDArray[np.uint8]: ...

    def run(self, number: int) -> Record: ...

    def hashes(self, tiles: NDArray[np.int64]) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class Examining:
    """total 0: nobody knows how many."""

    droppable: ClassVar[bool] = True
    doing: str
    done: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Directed:
    """One direction of attack. darkness: None where no tile shows dark areas."""

    title: str
    outcomes: Outcomes
    rates: Rates
    chromatic: Chromatic
    places: Places
    darkness: Darkness | None

    @property
    def flipped(self) -> int:
        """Tiles."""
        return self.rates.overall.flipped

    @property
    def tiles(self) -> int:
        return self.rates.overall.n


@dataclass(frozen=True, eq=False)
class Examined:
    """directed: the one with most flips first; one of all runs together above `APART`.

    flips, tries:    phases of the pixels that flip, and of the best ones of all tiles.
    universal, maps, propagated:  by direction, () where there are no sweeps or no aftermath.
    strides:         of the classifier in tile pixels, () unknown.
    hashes:          sha256 of the tiles, sorted.   served: on what it ran, for provenance.
    """

    group: Group
    outcomes: Outcomes
    rates: Rates
    metrics: Metrics
    before_after: tuple[BeforeAfter, ...]
    directed: tuple[Directed, ...]
    flips: tuple[Phases, ...]
    tries: tuple[Phases, ...]
    universal: tuple[Universal, ...]
    maps: tuple[MeanMap, ...]
    periods: PopulationPeriods | None
    locality: Locality | None
    propagated: tuple[MeanPropagation, ...]
    strides: tuple[int, ...]
    hashes: tuple[str, ...]
    first: Record
    study: str = ""
    identity: str = ""

    @property
    def tiles(self) -> int:
        return self.rates.overall.n

    @property
    def leading(self) -> Directed:
        return self.directed[0]

    @property
    def hash_lines(self) -> bytes:
        """The sorted sha256s of all tiles, one a line."""
        return "".join(f"{each}\n" for each in self.hashes).encode()

    @cached_property
    def digest(self) -> str:
        """sha256 of `hash_lines`."""
        return hashlib.sha256(self.hash_lines).hexdigest()

    def map_of(self, title: str) -> MeanMap | None:
        return next((each for each in self.maps if each.title == title), None)


def examine(
    source: Source,
    group: Group,
    *,
    study: str = "",
    identity: str = "",
    dark: int = DARK,
) -> Generator[Examining, None, Examined]:
    """study, identity: of the study, for provenance.

    dark: tiles of each direction whose dark areas are looked for, 0 for none.

    The group has at least one run.
    """
    yield Examining("Reading the runs")
    outcomes = source.outcomes(group)
    first = source.run(int(outcomes.run[0]))
    yield Examining("Counting")
    overall, counted = rates(outcomes), metrics(outcomes)
    both = before_after(outcomes)
    yield Examining("Looking at colours and places")
    directed = []
    for title, some in directions(outcomes):
        directed.append((yield from _directed(source, title, some, dark)))
    directed.sort(key=lambda each: -each.flipped)  # stable: at equal flips the commonest first
    universal, maps, periods = yield from _swept(source, group, outcomes)
    locality, propagated = yield from _aftermath(source, group, outcomes)
    yield Examining("Counting phases")
    return Examined(
        group, outcomes, overall, counted, both, tuple(directed),
        phases(outcomes.some(outcomes.flipped)), phases(outcomes),
        universal, maps, periods, locality, propagated,
        group.strides, source.hashes(outcomes.tile), first, study, identity,
    )  # fmt: skip


def directions(outcomes: Outcomes) -> list[tuple[str, Outcomes]]:
    """What is shown one by one: success and failure are compared within a direction only."""
    found = outcomes.directions
    if len(found) == 1:
        return [(found[0].title, outcomes)]
    if len(found) <= APART:
        return [(each.title, outcomes.some(each.which)) for each in found]
    return [("any answer to another", outcomes)]


def _directed(
    source: Source, title: str, some: Outcomes, dark: int
) -> Generator[Examining, None, Directed]:
    found = []
    if dark:
        for done, tile in enumerate(looked_at(some, source.picture, most=dark)):
            found.append(tile)
            yield Examining("Looking for dark areas", done + 1, min(dark, len(some)))
    seen = darkness(some, found) if found else None
    if seen is not None and not len(seen.runs):
        seen = None
    yield Examining("Looking at colours and places")
    return Directed(title, some, rates(some), chromatic(some), places(some), seen)


def _swept(
    source: Source, group: Group, outcomes: Outcomes
) -> Generator[
    Examining, None, tuple[tuple[Universal, ...], tuple[MeanMap, ...], PopulationPeriods | None]
]:
    """One map is held at a time."""
    if group.settings.strategy != "sweep":
        return (), (), None
    rows = {int(run): row for row, run in enumerate(outcomes.run)}
    universals, maps = Universals(len(outcomes.cases)), MeanMaps()
    periods = Periodicities(group.strides)
    done = 0
    for run, swept in source.sweeps(group):
        row = rows.get(run)
        if row is None:
            continue
        case = int(outcomes.case[row])
        universals.add(swept, int(outcomes.tile[row]), case)
        maps.add(swept)
        periods.add(swept, case)
        done += 1
        yield Examining("Adding up sweeps", done, len(outcomes))
    if not done:
        return (), (), None
    yield Examining("Looking for periods")
    return universals.result(), maps.result(), periods.result()


def _aftermath(
    source: Source, group: Group, outcomes: Outcomes
) -> Generator[Examining, None, tuple[Locality | None, tuple[MeanPropagation, ...]]]:
    """One flip of each tile counts: seeds of one tile are no independent flips."""
    outcomes = one_per_tile(outcomes)
    rows = {int(run): row for row, run in enumerate(outcomes.run)}
    localities, propagations = Localities(), Propagations()
    done, classes, asked = 0, outcomes.classes, 0
    for run, moved, propagation in source.aftermaths(group):
        row = rows.get(run)
        if row is None:
            continue
        if moved is not None:
            localities.add(moved, int(outcomes.case[row]))
            asked += 1
        if propagation is not None:
            before, after = int(outcomes.answer[row]), int(outcomes.after[row])
            propagations.add(propagation, classes[before], classes[after])
        done += 1
        yield Examining("Adding up aftermaths", done)
    return (localities.result() if asked else None), propagations.result()
