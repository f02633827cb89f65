"""Which class a file belongs to, by the names of the folders it lies in."""

from collections.abc import Sequence
from pathlib import Path

from onepixel_gui.outbox import printable

CLASS_WORDS = frozenset(
    [
        "mitosis",
        "normal",
        "nonmitosis",
        "non-mitosis",
        "tumor",
        "tumour",
        "benign",
        "malignant",
        "positive",
        "negative",
    ]
)
# Folders that divide a data set without saying what is in the pictures.
_PARTS = frozenset(
    ["train", "training", "test", "testing", "val", "valid", "validation", "images", "tiles"]
)


def label_of(folder: Path, below: Sequence[str] = ()) -> str | None:
    """The class of the files in `folder`, which lies `below` the opened folder.

    The nearest well-known class word wins, then the nearest name that is no part of a data set.
    The opened folder itself counts only when its name is a class word.
    """
    return _label(_opened(folder, below), _named(below), None)[0]


def labels_of(opened: Path, chains: Sequence[tuple[str, ...]]) -> list[tuple[str | None, str]]:
    """For each chain of folder names below the opened folder: class and case of the files there.

    Class words and parts count as for one file.  Where chains of one length hold no such word, the
    classes are on the level with the fewest names, and the nearest other name is the case.
    One class is no choice: a lone subfolder is a case or a slide, unless its name says otherwise.
    """
    named = [_named(chain) for chain in chains]
    level = _class_level(named)
    found = [_label(opened.absolute().name, names, level) for names in named]
    labels = {label for label, _ in found}
    lone = labels.pop() if len(labels) == 1 else None
    if lone is not None and lone.casefold() not in CLASS_WORDS:
        return [(None, lone)] * len(found)
    return found


def _opened(folder: Path, below: Sequence[str]) -> str:
    return folder.absolute().parents[len(below) - 1].name if below else folder.absolute().name


def _named(below: Sequence[str]) -> list[str]:
    return [name for name in below if name.casefold() not in _PARTS]


def _class_level(chains: Sequence[list[str]]) -> int | None:
    """Patients hold classes, or classes hold patients: of the two, classes are fewer."""
    long = {len(chain) for chain in chains if chain}
    if len(long) != 1 or (depth := long.pop()) < 2:
        return None
    if any(name.casefold() in CLASS_WORDS for chain in chains for name in chain):
        return None
    names = [{chain[level] for chain in chains if chain} for level in range(depth)]
    choices = [level for level in range(depth) if len(names[level]) > 1]
    return min(choices, key=lambda level: (len(names[level]), -level), default=None)


def _label(opened: str, names: list[str], level: int | None) -> tuple[str | None, str]:
    """Class and case."""
    words = [name for name in names if name.casefold() in CLASS_WORDS]
    if not names and opened.casefold() in CLASS_WORDS:
        return printable(opened), ""
    if not names:
        return None, ""
    label = words[-1] if words else names[-1 if level is None else level]
    others = [name for name in names if name != label] if words or level is not None else []
    return printable(label), printable(others[-1]) if others else ""
