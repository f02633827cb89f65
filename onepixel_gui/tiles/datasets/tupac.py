"""The auxiliary mitosis set of TUPAC16: as it is handed out, as CODAIT re-laid it, and the
alternative labels.

Tables hold one centre per line, `row,column` without a header; an empty or missing table means that
nothing was found on that image.
"""

import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from onepixel_gui.outbox import printable
from onepixel_gui.tiles.datasets.dataset import MITOSIS, Field
from onepixel_gui.tiles.datasets.detection import LOOK_ALIKE, Finds, per_image
from onepixel_gui.tiles.datasets.places import Elsewhere
from onepixel_gui.tiles.datasets.tables import Reader, centres
from onepixel_gui.tiles.folders import Branch, Looked, Pace, Tree

Key = tuple[str, str]  # case, image
Role = Literal["images", "test", "mitoses", "look-alikes"]

_NUMBERED = re.compile("[0-9]{1,3}")
_IMAGES = (".tif", ".tiff", ".svs", ".png", ".jpg", ".jpeg")
_ROLES: tuple[tuple[str, Role], ...] = (
    (r"mitoses_(train_)?image_data(_part_?\d+)?", "images"),
    (r"mitoses_test_image_data(_part_?\d+)?", "test"),
    (r"mitoses_(train_)?ground_truth", "mitoses"),
    (r"non_?mitoses_ground_truth", "look-alikes"),
)


@dataclass(slots=True)
class _Parts:
    """What lies where. Tables by the folder that holds them all."""

    images: dict[Key, Path] = field(default_factory=dict)
    test: dict[Key, Path] = field(default_factory=dict)
    mitoses: dict[str, dict[Key, Path]] = field(default_factory=dict)
    look_alikes: dict[str, dict[Key, Path]] = field(default_factory=dict)


def recognises(root: Path, tree: Tree) -> bool:
    """Some folder is named like a part of the set, and holds numbered cases."""
    return any(
        _place(root, branch) is not None and _NUMBERED.fullmatch(branch.below[-1])
        for branch in tree.branches
        if branch.below
    )


def finding(root: Path, tree: Tree, elsewhere: Elsewhere) -> Generator[Looked, None, Finds]:
    """Images, and their marks where there are tables."""
    parts = _parts(root, tree)
    found = Finds("tupac", "TUPAC16 auxiliary mitosis set", root)
    where, mitoses = _chosen(parts, found.notes)
    look_alikes = parts.look_alikes.get(str(Path(where).parent)) if where else None
    if look_alikes is None:
        look_alikes = next(iter(parts.look_alikes.values()), {})
    # Test images bear the same numbers: there, too, folders say which is which.
    moved = _parts(elsewhere.root, elsewhere.tree).images
    reader = Reader()
    labelled = bool(mitoses or look_alikes)
    keys = sorted({*parts.images, *mitoses, *look_alikes})
    missing: list[str] = []
    pace = Pace()
    for number, key in enumerate(keys):
        name = "/".join(key)
        if pace.due():
            yield Looked(number, name)
        marks = tuple(
            mark
            for table, label in ((mitoses.get(key), MITOSIS), (look_alikes.get(key), LOOK_ALIKE))
            if table is not None
            for mark in centres(reader.read(table), label, column_first=False)
        )
        path = parts.images.get(key) or moved.get(key) or elsewhere.find(key[0], f"{key[1]}.tif")
        if path is None:
            missing.append(name + ".tif")
        expected = Path(where or root).parent / "mitoses_image_data" / key[0] / f"{key[1]}.tif"
        present = path is not None
        found.add(name, Field(path or expected, key[0], marks, present, labelled=labelled))
    for key, path in sorted(parts.test.items()):
        found.add("test/" + "/".join(key), Field(path, f"test {key[0]}"))
    _tell(found, parts, mitoses, missing, len(keys))
    found.notes += reader.notes()
    return found


def _tell(
    found: Finds, parts: _Parts, mitoses: dict[Key, Path], missing: list[str], total: int
) -> None:
    if missing:
        found.missing.append(per_image("image", missing, total))
    if not mitoses:
        found.missing.append("There is no folder mitoses_ground_truth, so no mitosis is marked.")
    elif bare := [key for key in parts.images if key not in mitoses]:
        are = "image has no table and is" if len(bare) == 1 else "images have no table and are"
        found.notes.append(f"{len(bare):,} {are} taken to be without mitosis, as the set means it.")
    if parts.test:
        found.notes.append(f"The labels of the {len(parts.test):,} test images are not public.")


def _place(root: Path, branch: Branch) -> tuple[Role, str, str] | None:
    """(what a branch holds, the folder that holds all such cases, case); None for any other."""
    chain = (root.absolute().name, *branch.below)
    for at in range(len(chain) - 2, -1, -1):
        word = chain[at].casefold().replace("-", "_").replace(" ", "_")
        for pattern, role in _ROLES:
            if re.fullmatch(pattern, word):
                path = Path(branch.path)
                return role, str(path.parents[len(chain) - at - 2]), chain[-1]
    return None


def _parts(root: Path, tree: Tree) -> _Parts:
    parts = _Parts()
    for branch in tree.branches:
        place = _place(root, branch)
        if place is None and branch.below and _NUMBERED.fullmatch(branch.below[-1]):
            # A zip without a folder of its own, unpacked beside the others.
            above = str(Path(branch.path).parent)
            _sort(parts, "images", above, branch.below[-1], branch, _IMAGES)
            _sort(parts, "mitoses", above, branch.below[-1], branch, (".csv",))
        elif place is not None:
            role, above, case = place
            suffixes = _IMAGES if role in ("images", "test") else (".csv",)
            _sort(parts, role, above, case, branch, suffixes)
    return parts


def _sort(
    parts: _Parts, role: Role, above: str, case: str, branch: Branch, suffixes: Sequence[str]
) -> None:
    files = {}
    for name in branch.names:
        stem, dot, suffix = name.rpartition(".")
        if dot and "." + suffix.lower() in suffixes and _NUMBERED.fullmatch(stem):
            files[printable(case), stem] = Path(branch.path) / name
    if not files:
        return
    if role == "images":
        parts.images |= files
    elif role == "test":
        parts.test |= files
    elif role == "mitoses":
        parts.mitoses.setdefault(above, {}).update(files)
    else:
        parts.look_alikes.setdefault(str(Path(above).parent), {}).update(files)


def _chosen(parts: _Parts, notes: list[str]) -> tuple[str, dict[Key, Path]]:
    """The tables of mitoses to go by: of two for the same images, those that have look-alikes."""
    if not parts.mitoses:
        return "", {}
    order = sorted(
        parts.mitoses, key=lambda where: str(Path(where).parent) not in parts.look_alikes
    )
    first, *others = order
    rivals = [
        where for where in others if parts.mitoses[where].keys() & parts.mitoses[first].keys()
    ]
    merged = dict(parts.mitoses[first])
    for where in others:
        if not rivals:
            merged |= parts.mitoses[where]
    if rivals:
        used, left = (
            "/".join(map(printable, Path(where).parts[-2:])) for where in (first, rivals[0])
        )
        notes.append(
            f"Two folders hold labels of the same images: those of {used} were used, "
            f"those of {left} were not."
        )
    return first, merged
