"""What is known of dropped paths while they are looked at, and the words for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from onepixel_gui.outbox import printable
from onepixel_gui.problems import Problem
from onepixel_gui.tiles.datasets import Dataset, Looked, Sampling

Wish = Literal["tiles", "slides"]

UNLABELLED = "no label"
_NEWS = "The drive has not answered for a while. Cancel works at once."
CLASSIFIER, READER = "as the classifier takes it", "chosen by you"
_DEFAULTS = {
    "shape": "our default, CODAIT's too",
    "mpp": "our default: pixels as stored",
    "normals": "our default",
    "distance": "our default, CODAIT's too",
    "seed": "our default",
    "look_alikes": "our default",
}


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """Paths and what is known of them so far; swapped whole, never edited.

    sampling:  how tiles are to be cut; `sources` says of each of its values whose choice it is.
    instead:   a folder in which missing images are sought, None for none.
    looked:    how far the present look is, None before its first word.
    busy:      it is being looked at, for the first time or again.
    silent:    nothing was heard of the drive for a while.
    dataset:   as it was found last; while it is looked at again, no more than a hint.
    problem:   why it cannot be opened like this.
    gone:      nothing lies at the paths any more.
    wish:      what the reader wants as soon as it is known.
    quiet:     nothing to show yet: most folders are known before anybody can read a word.
    """

    paths: tuple[Path, ...]
    sampling: Sampling
    sources: Mapping[str, str] = field(default_factory=dict)
    instead: Path | None = None
    looked: Looked | None = None
    busy: bool = True
    silent: bool = False
    dataset: Dataset | None = None
    problem: Problem | None = None
    gone: bool = False
    wish: Wish | None = None
    quiet: bool = True

    @property
    def usable(self) -> Dataset | None:
        """What may be opened now: it was found, and as wished."""
        return None if self.busy or self.problem is not None else self.dataset


def chosen(edits: Mapping[str, object], followed: Mapping[str, object]) -> dict[str, str]:
    """Whose choice each value of the sampling is. followed: values of the classifier."""
    told = {name: CLASSIFIER if name in followed else words for name, words in _DEFAULTS.items()}
    return {**told, **dict.fromkeys(edits, READER)}


def named(look: Look) -> str:
    """What is looked at, never a full path."""
    first = look.paths[0] if look.paths else Path()
    if look.dataset is not None and len(look.paths) < 2:
        first = look.dataset.root
    name = printable(first.name or str(first))
    return name if len(look.paths) < 2 else f"{name} and {len(look.paths) - 1:,} more"


def facts(dataset: Dataset) -> str:
    """ "40 of 43 images are here · 12 cases · marked: 71 mitosis, 84 normal"."""
    parts = []
    if len(dataset.entries) and dataset.sampling is None:
        parts.append(several(len(dataset.entries), "tile"))
    if dataset.fields:
        parts.append(_images(dataset))
    if dataset.cases:
        parts.append(several(len(dataset.cases), "case"))
    if dataset.marked:
        marks = ", ".join(f"{count:,} {label}" for label, count in dataset.marked.items())
        parts.append(f"marked: {marks}")
    return " · ".join(parts)


def _images(dataset: Dataset) -> str:
    whole, here = len(dataset.fields), sum(each.present for each in dataset.fields)
    return several(whole, "image") if here == whole else f"{here:,} of {whole:,} images are here"


def classes(dataset: Dataset) -> tuple[tuple[str, int], ...]:
    """(class, tiles) in the data set's own order."""
    return tuple((label or UNLABELLED, count) for label, count in dataset.counts.items())


def progress(look: Look) -> str:
    """What is being done, for the line above the buttons."""
    if look.problem is not None and not look.busy:
        return look.problem.remedy
    if not look.busy:
        return ""
    if look.silent:
        return _NEWS
    after = {
        "tiles": "Opened as soon as it is known · ",
        "slides": "Shown as soon as it is known · ",
    }
    begun = after[look.wish] if look.wish else ""
    doing = "Counting again" if look.dataset is not None else "Looking"
    if look.looked is None:
        return f"{begun}{doing} …"
    return f"{begun}{doing} into {look.looked.where} · {several(look.looked.seen, 'file')} seen"


def open_words(look: Look) -> str:
    """What the button for tiles says."""
    count = 0 if look.busy or look.dataset is None else len(look.dataset.entries)
    return f"Open {several(count, 'tile')}" if count else "Open tiles"


def slides_words(look: Look) -> str:
    """What the button for slides says."""
    here = 0 if look.dataset is None else sum(each.present for each in look.dataset.fields)
    return "Look at the slide" if here == 1 else "Look at the slides"


def first_choice(look: Look) -> Wish | None:
    """What Enter does: tiles, or where there are none slides; None where there is nothing."""
    if look.dataset is None:
        return "tiles" if look.busy else None
    wishes: tuple[Wish, ...] = ("tiles", "slides")
    return next((wish for wish in wishes if offers(look.dataset, wish)), None)


def offers(dataset: Dataset, wish: Wish) -> bool:
    """There is something of that to open."""
    if wish == "tiles":
        return len(dataset.entries) > 0
    return any(each.present for each in dataset.fields)


def several(count: int, word: str) -> str:
    """ "1 tile", "1,206 tiles"."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"
