"""Which attack: the closed union of what can be done to a tile, as values that can be kept."""

import hashlib
import json
from collections.abc import Generator, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, ClassVar, Literal, assert_never

from onepixel_gui.attack.guided import guided
from onepixel_gui.attack.probe import Event, Guidance, Probe, Settings
from onepixel_gui.attack.search import search
from onepixel_gui.attack.sweep import PALETTES, sweep


@dataclass(frozen=True, slots=True)
class Exhaustive:
    """A sweep: every position with every colour. palette: a key of `sweep.PALETTES`."""

    strategy: ClassVar[Literal["sweep"]] = "sweep"
    access: ClassVar[Literal["black-box"]] = "black-box"
    palette: str = "corners"


Attack = Settings | Guidance | Exhaustive


def carried_out(probe: Probe, attack: Attack) -> Generator[Event]:
    """The events of that attack on that tile."""
    match attack:
        case Settings():
            return search(probe, attack)
        case Guidance():
            return guided(probe, attack)
        case Exhaustive():
            return sweep(probe, PALETTES[attack.palette])
        case _:
            assert_never(attack)


def seeded(attack: Attack, seed: int) -> Attack:
    """The same with that seed; of an attack that draws nothing at random, itself."""
    return replace(attack, seed=seed) if isinstance(attack, Settings) else attack


def draws(attack: Attack) -> bool:
    """Whether its outcome depends on a seed."""
    return isinstance(attack, Settings)


def tile_seed(study_seed: int, tile_sha256: str, attack: Attack) -> int:
    """The seed of one run, 0 to 2**63 - 1.

    It depends on nothing else, so that order, workers and restarts change no result.
    """
    words = json.dumps(as_values(seeded(attack, 0)), sort_keys=True)
    digest = hashlib.sha256(f"{study_seed}:{tile_sha256}:{words}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


# ------------------------------------------------------------------ as values
_KINDS: dict[str, type[Attack]] = {kind.strategy: kind for kind in (Settings, Guidance, Exhaustive)}


def as_values(attack: Attack) -> dict[str, object]:
    """JSON-ready."""
    return {"strategy": attack.strategy, **asdict(attack)}


def attack_of(values: Mapping[str, Any]) -> Attack:
    """What `as_values` told. Raises ValueError for what no attack of this version is."""
    kind = _KINDS.get(str(values.get("strategy")))
    if kind is None:
        raise ValueError(f"no attack: {values.get('strategy')!r}")
    known = {field.name: field.type for field in fields(kind)}
    given = {name: value for name, value in values.items() if name != "strategy"}
    if set(given) - set(known):
        raise ValueError(f"{kind.__name__} has no {', '.join(sorted(set(given) - set(known)))}")
    made = kind(**given)
    if isinstance(made, Exhaustive) and made.palette not in PALETTES:
        raise ValueError(f"no palette: {made.palette!r}")
    return made
