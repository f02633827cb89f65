"""What a data set is, whatever its files: tiles with labels, and the slides they lie on."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from onepixel_gui.problems import UnusableDataset
from onepixel_gui.tiles.entries import Entries, Listing

MITOSIS, NORMAL = "mitosis", "normal"


@dataclass(frozen=True, slots=True)
class Sampling:
    """How tiles are cut from slides whose mitoses are marked. Our choices, kept with results.

    shape:        (H, W) of a tile, in its own pixels.
    mpp:          micrometres per pixel wanted, None for pixels as they are stored.
    normals:      normal tiles per mitosis of the same slide, 0 for none.
    distance:     least distance of a sampled normal centre from any mitosis centre, in level-0
                  pixels; 60 is what CODAIT's program takes when nothing else is said.
    seed:         the same seed gives the same normal tiles, slide by slide.
    look_alikes:  where the set marks hard negatives, these are the normal tiles.
    """

    shape: tuple[int, int] = (64, 64)
    mpp: float | None = None
    normals: int = 1
    distance: int = 60
    seed: int = 0
    look_alikes: bool = True

    def __post_init__(self) -> None:
        if min(self.shape) < 1 or self.normals < 0 or self.distance < 0 or self.seed < 0:
            raise ValueError(f"no sampling: {self}")


DEFAULT = Sampling()


@dataclass(frozen=True, slots=True)
class Mark:
    """Ground truth on a slide: the centre in level-0 pixels, and what lies there."""

    row: int
    column: int
    label: str


@dataclass(frozen=True, slots=True)
class Field:
    """One slide or image of a data set.

    case:      patient or case, "" when unknown.
    marks:     what was annotated on it.
    present:   the image is there; else `path` is where it was expected.
    shape:     (H, W) of level 0, None when nobody said.
    labelled:  somebody looked for marks, even where none was found.
    """

    path: Path
    case: str = ""
    marks: tuple[Mark, ...] = ()
    present: bool = True
    shape: tuple[int, int] | None = None
    labelled: bool = False


@dataclass(frozen=True, eq=False)
class Dataset:
    """A data set as it was found; nothing but names, headers and tables has been read.

    kind:      a short word that never changes: "tupac", "midog", "class folders", ...
    title:     what the reader calls it.
    root:      the folder or file that was opened.
    entries:   the tiles, lazily.
    fields:    slides and images to look at as a whole; () where there are only tiles.
    counts:    tiles per label, in order of first appearance; "" for those without.
    missing:   what is not there though it should be, one sentence each.
    notes:     what was decided or doubted, one sentence each.
    sampling:  how tiles were cut, None where nothing is cut.
    paths:     what was opened to find it, () where nobody said.
    """

    kind: str
    title: str
    root: Path
    entries: Listing = field(default_factory=Entries)
    fields: Sequence[Field] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    sampling: Sampling | None = None
    paths: tuple[Path, ...] = ()

    @cached_property
    def marked(self) -> Mapping[str, int]:
        """Marks per label on all fields, also on those whose image is missing."""
        return Counter(mark.label for each in self.fields for mark in each.marks)

    @cached_property
    def cases(self) -> tuple[str, ...]:
        """Patients, cases or slides that tiles and fields name, each once, sorted."""
        named = set(self.entries.cases) | {each.case for each in self.fields}
        return tuple(sorted(named - {""}))


def refusal(what: str, remedy: str, detail: str = "") -> UnusableDataset:
    return UnusableDataset(what, remedy, detail=detail)


def counted(labels: Sequence[str | None]) -> dict[str, int]:
    """Tiles per label, in order of first appearance."""
    return dict(Counter(label or "" for label in labels))
