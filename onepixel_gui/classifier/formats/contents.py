"""What a file says of itself, before any of it is believed or made into a network."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Source:
    """A checkpoint that was read whole. data: its bytes; sha256: their hex digest."""

    path: Path
    data: bytes
    sha256: str

    @property
    def name(self) -> str:
        return self.path.name


@dataclass(frozen=True, slots=True, eq=False)
class Contents:
    """format:     what a reader calls the kind, "PyTorch state dict".

    shapes:        name of each weight, without wrappers' prefixes -> its shape; empty where the
                   file brings its own network.
    stored:        numbers stored as weights; what else a training run left behind does not count.
    architecture:  the network, where the file names it or brings it along; "" where it is to be
                   recognised from `shapes`.
    told:          fields of `card.Card` that the file states, in plain Python values.
    sources:       field -> where it stands in the file, where that is not simply "stated in the
                   file".
    notes:         what the reader should know, one plain sentence each.
    white_box:     gradients of the network can be had.
    recipe:        what the kind's own `weights` or `network` wants to find again.
    """

    format: str
    stored: int
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    architecture: str = ""
    told: Mapping[str, Any] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    white_box: bool = True
    recipe: Any = None
