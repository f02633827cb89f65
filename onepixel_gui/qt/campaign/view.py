"""Small frozen values that travel between the campaign's desk and its panes."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from onepixel_gui.attack.attacks import Attack
from onepixel_gui.study.plan import Advance, CampaignBegan, CampaignEnded, Estimate

Phase = Literal["idle", "estimating", "running", "paused", "stopping"]
Source = Literal["list", "passing", "mine", "elsewhere"]


@dataclass(frozen=True, slots=True)
class TilesKnown:
    """What a campaign can take its tiles from. listed, passing, mine: how many tiles.

    title:  of the list.  filter: the line of the list, "" for none or an unclear one.
    """

    title: str = ""
    listed: int = 0
    passing: int = 0
    mine: int = 0
    filter: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """What the builder says now.

    source:     whose tiles.  elsewhere: what was chosen besides the list.
    where:      the filter line, understood.
    workers:    None for what is quickest.   scheduler: of a cluster, "" for this machine.
    """

    source: Source
    elsewhere: tuple[Path, ...]
    where: str
    limit: int | None
    models: tuple[Path, ...]
    attacks: tuple[Attack, ...]
    seeds: tuple[int, ...]
    aftermath: bool
    workers: int | None
    scheduler: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How far it is. doing: a short word group for what is no campaign's own event yet."""

    phase: Phase = "idle"
    doing: str = ""
    began: CampaignBegan | None = None
    advance: Advance | None = None
    ended: CampaignEnded | None = None


@dataclass(frozen=True, slots=True)
class Estimated:
    """A dry run is over."""

    estimate: Estimate
    draft: Draft


@dataclass(frozen=True, slots=True)
class Listed:
    """A campaign of the study, as the chooser lists it."""

    number: int
    words: str
    unfinished: bool
