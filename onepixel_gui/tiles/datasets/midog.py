"""MIDOG 2021, 2022 and ++: one JSON for all images.

`bbox` holds the corners x1, y1, x2, y2 of a box, not COCO's width and height; a mitosis at the
border may have corners outside its image.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from onepixel_gui.outbox import printable
from onepixel_gui.problems import UnusableDataset
from onepixel_gui.tiles.datasets.dataset import MITOSIS, Field, Mark, refusal
from onepixel_gui.tiles.datasets.detection import LOOK_ALIKE, Finds, per_image
from onepixel_gui.tiles.datasets.places import Elsewhere
from onepixel_gui.tiles.datasets.tables import rows
from onepixel_gui.tiles.folders import Looked, Pace, Tree

LARGEST = 64 << 20  # bytes; that of MIDOG++ has 5 million
_FARTHEST = 10_000_000  # pixels
_MOST_FILES = 20
_NEGATIVE = re.compile(r"\b(not?\b|non|hard|imposter|negative|look)")
_SPLIT = "datasets_xvalidation.csv"
_REMEDY = "Copy it again from where it came, then open it once more."


def recognises(tree: Tree) -> bool:
    """There is a JSON that is named after the set, or that speaks of images and annotations."""
    return any(_speaks(path) for path in _jsons(tree))


def in_folder(root: Path, tree: Tree, elsewhere: Elsewhere) -> Generator[Looked, None, Finds]:
    """The JSON with most annotations, of several that can be read. Raises UnusableDataset."""
    held: list[tuple[Path, Mapping[str, Any]]] = []
    refused: list[UnusableDataset] = []
    for path in filter(_speaks, _jsons(tree)):
        yield Looked(len(held), printable(path.name))
        try:
            held.append((path, parsed(path)))
        except UnusableDataset as cause:
            refused.append(cause)
    if not held:
        raise refused[0]
    path, told = max(held, key=lambda each: len(each[1]["annotations"]))
    split = next(
        (Path(branch.path) / _SPLIT for branch in tree.branches if _SPLIT in branch.names), None
    )
    found = yield from finding(root, path, told, (Elsewhere(root, tree), elsewhere), split)
    found.notes += [f"{each.what} It was left out." for each in refused]
    if len(held) > 1:
        left = ", ".join(printable(other.name) for other, _ in held if other != path)
        found.notes.append(f"Of several JSON files {printable(path.name)} was used, not {left}.")
    return found


def _jsons(tree: Tree) -> Iterator[Path]:
    """The first few of a tree; with thousands of them each belongs to a picture."""
    return islice(
        (
            Path(branch.path) / name
            for branch in tree.branches
            if ".json" in branch.kinds
            for name in branch.names
            if name.lower().endswith(".json")
        ),
        _MOST_FILES,
    )


def _speaks(path: Path) -> bool:
    if "midog" in path.name.casefold():
        return True
    try:
        with path.open("rb") as file:
            head = file.read(1 << 16)
            file.seek(max(0, path.stat().st_size - (1 << 16)))
            both = head + file.read(1 << 16)
    except OSError:
        return False
    return b'"images"' in both and (b'"annotations"' in both or b'"bbox"' in both)


def finding(
    root: Path,
    path: Path,
    told: Mapping[str, Any],
    around: Sequence[Elsewhere],
    split: Path | None = None,
) -> Generator[Looked, None, Finds]:
    """Images and marks of the JSON at `path`.

    around:  where its images are sought.
    split:   a table that says which slides are meant for training and which for testing.
    """
    found = Finds("midog", _title(told), root)
    marks, faults = yield from _marks(told, printable(path.name))
    missing: list[str] = []
    tumours: Counter[str] = Counter()
    pace = Pace()
    for number, image in enumerate(told["images"]):
        parts = _parts(image)
        if not parts:
            faults += 1
            continue
        name = printable(parts[-1])
        if pace.due():
            yield Looked(number, name)
        # Only ever a file that was listed: the JSON's own path may lead anywhere.
        where = next((at for each in around if (at := each.find(*parts))), None)
        if where is None:
            missing.append(name)
        tumours[str(image.get("tumor_type") or "")] += 1
        seen = marks.get(str(image.get("id")))
        found.add(name, _field(image, where, path.parent / parts[-1], seen))
    if missing:
        found.missing.append(per_image("image", missing, len(found.fields)))
    found.notes += [*_notes(found, tumours, faults), *(_split(split) if split else ())]
    return found


def _field(
    image: Mapping[str, Any], where: Path | None, expected: Path, marks: Sequence[Mark] | None
) -> Field:
    name = printable(expected.name)
    return Field(
        where or expected,
        name.rpartition(".")[0] or name,
        tuple(marks or ()),
        where is not None,
        _shape(image),
        labelled=marks is not None,
    )


def _parts(image: object) -> list[str]:
    """The path of an image as the JSON gives it, none of it leading upwards; [] for no image."""
    file = image.get("file_name") if isinstance(image, dict) else None
    if not isinstance(file, str) or "\0" in file:
        return []
    return [part for part in file.replace("\\", "/").split("/") if part not in ("", ".", "..")]


def parsed(path: Path) -> Mapping[str, Any]:
    """The JSON, known to hold lists of images and annotations. Raises UnusableDataset."""
    name = printable(path.name)
    try:
        if not path.is_file():  # reading a pipe could wait for ever
            raise FileNotFoundError(str(path))
        if path.stat().st_size > LARGEST:
            remedy = "Choose the JSON that came with the images, or one for fewer images."
            raise refusal(f"{name} is larger than {LARGEST >> 20} MB.", remedy)
        data = path.read_bytes()
        told = json.loads(data)
    except OSError as cause:
        remedy = "Check that it is there and that you may read it."
        raise refusal(f"{name} could not be read.", remedy, repr(cause)) from cause
    except RecursionError as cause:
        raise refusal(f"{name} is nested too deeply to be a data set.", _REMEDY) from cause
    except ValueError as cause:
        what = f"{name} is no valid JSON."
        if not data.rstrip().endswith(b"}"):
            what = f"{name} is no valid JSON, and seems to be cut short."
        raise refusal(what, _REMEDY, repr(cause)[:500]) from cause
    if not isinstance(told, dict) or not all(
        isinstance(told.get(key), list) for key in ("images", "annotations")
    ):
        what = f"{name} holds no list of images and annotations."
        raise refusal(what, "Choose the JSON that came with the images of MIDOG.")
    return told


def _title(told: Mapping[str, Any]) -> str:
    info = told.get("info")
    words = str(info.get("description") if isinstance(info, dict) else "")[:200]
    if "MIDOG++" in words:
        return "MIDOG++"
    year = next((year for year in ("2021", "2022", "2025") if year in words), "")
    return (
        f"MIDOG {year}".strip() if "MIDOG" in words.upper() else "Slides with boxes (as in MIDOG)"
    )


def _labels(told: Mapping[str, Any]) -> dict[str, str]:
    """Category id -> label; what resembles a mitosis and is none is said in many ways."""
    labels = {"1": MITOSIS, "2": LOOK_ALIKE}
    categories = told.get("categories")
    for each in categories if isinstance(categories, list) else ():
        if isinstance(each, dict) and isinstance(name := each.get("name"), str):
            negative = _NEGATIVE.search(name.casefold()) is not None
            known = negative or "mito" in name.casefold()
            label = (LOOK_ALIKE if negative else MITOSIS) if known else printable(name[:80])
            labels[str(each.get("id"))] = label
    return labels


def _marks(
    told: Mapping[str, Any], name: str
) -> Generator[Looked, None, tuple[dict[str, list[Mark]], int]]:
    """Marks by image id, and how many boxes are none."""
    labels, marks, faults = _labels(told), dict[str, list[Mark]](), 0
    pace = Pace()
    for number, each in enumerate(told["annotations"]):
        if not number % 1024 and pace.due():
            yield Looked(number, name)
        centre = _centre(each.get("bbox")) if isinstance(each, dict) else None
        label = labels.get(str(each.get("category_id"))) if isinstance(each, dict) else None
        if centre is None or label is None:
            faults += 1
            continue
        marks.setdefault(str(each.get("image_id")), []).append(Mark(*centre, label))
    return marks, faults


def _centre(box: object) -> tuple[int, int] | None:
    """(row, column) of the middle of a box of corners."""
    if not isinstance(box, list) or len(box) != 4:
        return None
    if not all(isinstance(one, int | float) and _plausible(one) for one in box):
        return None
    left, top, right, bottom = box
    if right <= left or bottom <= top:  # a width and a height would come out so
        return None
    return math.floor((top + bottom) / 2), math.floor((left + right) / 2)


def _plausible(number: float) -> bool:
    return abs(number) <= _FARTHEST  # false for what is not a number, too


def _shape(image: Mapping[str, Any]) -> tuple[int, int] | None:
    height, width = image.get("height"), image.get("width")
    if isinstance(height, int) and isinstance(width, int) and min(height, width) > 0:
        return (height, width) if max(height, width) <= _FARTHEST else None
    return None


def _notes(found: Finds, tumours: Counter[str], faults: int) -> list[str]:
    notes = []
    if faults:
        entries = "1 entry of the JSON is" if faults == 1 else f"{faults:,} entries of the JSON are"
        notes.append(f"{entries} no box of two corners or no image, and left out.")
    bare = sum(not each.labelled for each in found.fields)
    if bare:
        images = "1 image has" if bare == 1 else f"{bare:,} images have"
        notes.append(f"{images} no annotation at all and may not have been looked at.")
    named = {tumour: count for tumour, count in tumours.items() if tumour}
    if named:
        told = ", ".join(f"{printable(each[:60])} ({count})" for each, count in named.items())
        notes.append(f"Tumour types: {told}.")
    return notes


def _split(path: Path) -> Sequence[str]:
    """What the table of the authors' split says, in words."""
    counts: Counter[str] = Counter()
    separator, column = ";", None
    for _, fields in rows(path, separator):
        if column is None:
            words = [word.casefold() for word in fields]
            if "slide" not in words or "dataset" not in words:
                return ()
            column = words.index("dataset")
        elif len(fields) > column:
            counts[fields[column]] += 1
    told = ", ".join(f"{count:,} {printable(word[:20])}" for word, count in counts.items())
    return [f"The authors' split, for all their slides: {told}."] if told else []
