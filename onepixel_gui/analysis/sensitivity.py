"""Everything a finished sweep says, in one frozen value for window, command line and figure."""

from collections.abc import Generator
from dataclasses import dataclass

from onepixel_gui.analysis.periodicity import Periods, periods
from onepixel_gui.analysis.spatial import ConfidenceMap, Profiles, confidence_map, profiles
from onepixel_gui.attack.probe import Event, Swept


@dataclass(frozen=True, slots=True, eq=False)
class Sensitivity:
    """A sweep and what follows from it; about 0.1 s of work for a 64 x 64 window."""

    swept: Swept
    map: ConfidenceMap
    profiles: Profiles
    periods: Periods


def sensitivity(swept: Swept) -> Sensitivity:
    """Examine a sweep; the null of the periods is drawn from a fixed seed."""
    condensed = confidence_map(swept)
    return Sensitivity(swept, condensed, profiles(condensed.change), periods(condensed.change))


def examined(events: Generator[Event]) -> Generator[Event | Sensitivity]:
    """A sweep as it goes on, and what follows from it once it is finished."""
    for event in events:
        yield event
        if isinstance(event, Swept):
            yield sensitivity(event)
