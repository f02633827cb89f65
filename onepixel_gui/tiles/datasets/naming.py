"""What the names of single tiles say: patient, slide, and the place they were cut from."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Told:
    """What one name says.

    slide:   name of the slide or region it was cut from, "" when not said.
    corner:  (row, column) of the top-left pixel, None when not said.
    centre:  (row, column) of the middle, None when not said.
    notes:   what the reader should know about the place.
    label:   the class, None when the name does not say.
    """

    case: str = ""
    slide: str = ""
    corner: tuple[int, int] | None = None
    centre: tuple[int, int] | None = None
    notes: tuple[str, ...] = ()
    label: str | None = None


NOTHING = Told()


@dataclass(frozen=True, slots=True)
class Naming:
    """A way to name tiles.

    kind, title:  of a data set whose tiles are named so.
    read:         what a file name says, None for one that is not named so.
    strict:       the pattern is so plain that every tile must follow it.
    """

    kind: str
    title: str
    read: Callable[[str], Told | None]
    strict: bool = False


CIFAR10 = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip

_CODAIT = re.compile(
    r"(\d)_(\d{1,3})_(\d{1,3})_(-?\d{1,6})_(-?\d{1,6})_(\d{1,3})_(-?\d{1,4})_(-?\d{1,4})_[^_]*\.\w+"
)
_IDC = re.compile(r"(\w+?)_idx(\d+)_x(\d{1,7})_y(\d{1,7})_class(\d+)\.\w+", re.ASCII)
_BREAKHIS = re.compile(r"SOB_([BM])_(\w+)[-_](\d\d-\w+)-(40|100|200|400)-\d+\.\w+", re.ASCII)
_TUPAC = re.compile(r"(\d\d)_(\d\d)_\d{1,5}\.\w+", re.ASCII)
_MIDOG = re.compile(r"MIDOG(?:21|22|25|\+\+)?_\d{1,6}\.\w+", re.ASCII)
_CIFAR = re.compile(r"cifar-?10_\w*?(\d)\.\w+", re.ASCII | re.IGNORECASE)
_PCAM = re.compile(r"\w*?(non-?metastatic|metastatic)\.\w+", re.ASCII | re.IGNORECASE)


def naming_of(names: Sequence[str]) -> Naming | None:
    """The way that these files are named, judged by a sample of at most 50; None for any other."""
    sample = [names[i] for i in range(0, len(names), max(1, len(names) // 50))]
    for each in _NAMINGS:
        said = sum(each.read(name) is not None for name in sample)
        if said == len(sample) or (not each.strict and said > len(sample) // 2):
            return each
    return None


def _codait(name: str) -> Told | None:
    match = _CODAIT.fullmatch(name)
    if match is None:
        return None
    _lab, case, region = match.groups()[:3]
    row, column, turned, down, right = map(int, match.groups()[3:])
    slide = f"{case}/{region}"
    if turned:
        what = f"The tile was turned by {turned}° when it was cut; its place is that of its middle."
        return Told(case, slide, centre=(row, column), notes=(what,))
    return Told(case, slide, centre=(row + down, column + right))


def _idc(name: str) -> Told | None:
    match = _IDC.fullmatch(name)
    if match is None:
        return None
    patient, index, x, y, label = match.groups()
    return Told(patient, f"{patient}_idx{index}", corner=(int(y), int(x)), label=label)


def _breakhis(name: str) -> Told | None:
    match = _BREAKHIS.fullmatch(name)
    return None if match is None else Told(match[3])


def _tupac(name: str) -> Told | None:
    match = _TUPAC.fullmatch(name)
    return None if match is None else Told(match[1], f"{match[1]}/{match[2]}")


def _midog(name: str) -> Told | None:
    return Told() if _MIDOG.fullmatch(name) else None


def _cifar(name: str) -> Told | None:
    match = _CIFAR.fullmatch(name)
    return None if match is None else Told(label=CIFAR10[int(match[1])])


def _pcam(name: str) -> Told | None:
    match = _PCAM.fullmatch(name)
    if match is None:
        return None
    return Told(label="normal" if match[1].casefold().startswith("non") else "tumor")


_NAMINGS = (
    Naming("codait", "CODAIT patches", _codait),
    Naming("idc", "Invasive ductal carcinoma tiles", _idc),
    Naming("breakhis", "BreaKHis tiles", _breakhis),
    Naming("midog tiles", "Tiles from MIDOG", _midog),
    Naming("cifar10", "CIFAR-10 as pictures", _cifar, strict=True),
    Naming("pcam tiles", "PatchCamelyon tiles", _pcam, strict=True),
    Naming("tupac tiles", "Tiles from TUPAC16", _tupac, strict=True),
)
