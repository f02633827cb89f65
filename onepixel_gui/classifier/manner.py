"""The manner in which a classifier is asked, as values that can be kept and handed to others.

How many candidates a pass holds and which layers run on windows is found by measuring, so that two
processes may choose differently; then they differ in float rounding, and a search may take another
turn.  A classifier that is given a manner measures nothing and asks exactly so.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from onepixel_gui.problems import Problem

_VERSION = 1

Form = Literal["graph", "copy", "ordinary"]


class UnfitManner(Problem):
    """A classifier cannot be asked in the manner that was given."""


@dataclass(frozen=True, slots=True)
class Asking:
    """batch: candidates per pass.  lanes: passes side by side.  chunk: a multiple of both."""

    batch: int
    lanes: int
    chunk: int


@dataclass(frozen=True, slots=True)
class Cut:
    """Windows over the first `steps` steps of the network."""

    steps: int
    asking: Asking


@dataclass(frozen=True, slots=True)
class Prices:
    """Seconds by which perturbations of several pixels choose their way; see `Costs`."""

    on_windows: tuple[float, ...]
    whole: tuple[float, ...]
    per_number: float


@dataclass(frozen=True, slots=True)
class Kernel:
    """How one convolution runs on maps of one size; every other is left to the library."""

    layer: str
    height: int
    width: int
    padded: bool
    batch: int
    way: str


@dataclass(frozen=True, slots=True)
class Manner:
    """All that decides how candidates are asked. Where it is the same, so is every bit told.

    That holds from process to process on processors of one kind, whatever the order of the
    candidates and their number at a time; `mark` tells whether another machine is of that kind.

    checkpoint: sha256 of the file.  device: "cpu", "cuda", "mps".  threads: of the processor.
    layout:     "channels-last" or "contiguous".  form: which form of the network searches.
    windows, preview, prices: None where there are none.
    shortcut:   one sentence on what is saved.  doubts: found when it was measured.
    alike_in_company: tiles may be asked together: it was tried, and changed no bit.
    mark:       hex digest of what was told about a painted tile.
    """

    checkpoint: str
    device: str
    threads: int
    layout: str
    form: Form
    dense: Asking
    windows: Cut | None
    preview: Cut | None
    prices: Prices | None
    kernels: tuple[Kernel, ...]
    shortcut: str
    doubts: tuple[str, ...]
    alike_in_company: bool
    mark: str


@dataclass(frozen=True, slots=True)
class Company:
    """Of searches: no part of a manner, because no bit depends on it.

    tiles: at once.  gain: queries per second, times those of one tile after the other.
    """

    tiles: int = 1
    gain: float = 1.0


ALONE = Company()


def as_values(manner: Manner) -> dict[str, object]:
    """JSON-ready."""
    return {"version": _VERSION, **asdict(manner)}


def of_values(values: Mapping[str, Any]) -> Manner:
    """What `as_values` told, also through JSON. Raises ValueError for what is no manner."""
    if values.get("version") != _VERSION:
        raise ValueError(f"no manner of this version: {values.get('version')!r}")
    given = {name: value for name, value in values.items() if name != "version"}
    try:
        prices = given["prices"]
        made = {
            "dense": Asking(**given["dense"]),
            "windows": _cut(given["windows"]),
            "preview": _cut(given["preview"]),
            "prices": prices
            and Prices(tuple(prices["on_windows"]), tuple(prices["whole"]), prices["per_number"]),
            "kernels": tuple(Kernel(**kernel) for kernel in given["kernels"]),
            "doubts": tuple(given["doubts"]),
        }
        return Manner(**{**given, **made})
    except (KeyError, TypeError) as unclear:
        raise ValueError(f"no manner: {unclear}") from unclear


def _cut(values: Mapping[str, Any] | None) -> Cut | None:
    return None if values is None else Cut(values["steps"], Asking(**values["asking"]))
