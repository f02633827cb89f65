"""Which files of a folder are slides rather than tiles, without opening thousands of them."""

from collections.abc import Generator
from pathlib import Path

from onepixel_gui.outbox import printable
from onepixel_gui.tiles.datasets.dataset import Field
from onepixel_gui.tiles.datasets.sizes import shape_of
from onepixel_gui.tiles.files import is_picture
from onepixel_gui.tiles.folders import Looked, Pace, Tree
from onepixel_gui.tiles.slides import LONG_SIDE, SUFFIXES, is_slide

_EACH = 3_000  # pictures; of more only a sample is looked at first
_SAMPLE = 100

Place = tuple[int, int]  # number of the branch, number of the name in it


def slides_in(tree: Tree) -> Generator[Looked, None, dict[Place, Field]]:
    """The slides of a tree, by place.

    Of many pictures a sample is judged; where none of it is a slide, the others are none either.
    """
    pace = Pace()
    slides: dict[Place, Field] = {}
    pictures: list[Place] = []
    covers = _companions(tree)
    for number, branch in enumerate(tree.branches):
        hidden = branch.path in covers
        for place, name in enumerate(branch.names):
            if not place % 1024 and pace.due():
                yield Looked(len(pictures), printable(name))
            if is_picture(name):
                pictures.append((number, place))
            elif not hidden and name[name.rfind(".") :].lower() in SUFFIXES:
                slides[number, place] = _field(Path(branch.path) / name)
    step = 1 if len(pictures) <= _EACH else len(pictures) // _SAMPLE
    large = yield from _judged(tree, pictures[::step])
    if step > 1 and large:
        large = yield from _judged(tree, pictures)
    slides |= large
    return dict(sorted(slides.items()))


def _judged(tree: Tree, places: list[Place]) -> Generator[Looked, None, dict[Place, Field]]:
    pace = Pace()
    found: dict[Place, Field] = {}
    for count, (number, place) in enumerate(places):
        branch = tree.branches[number]
        name = branch.names[place]
        if pace.due():
            yield Looked(count, printable(name))
        path = Path(branch.path) / name
        shape = shape_of(path)
        # A tile's header costs 50 microseconds; only what may be a pyramid is opened.
        if shape is not None and (
            max(shape) > LONG_SIDE or (name.lower().endswith((".tif", ".tiff")) and is_slide(path))
        ):
            found[number, place] = _field(path, shape)
    return found


def _field(path: Path, shape: tuple[int, int] | None = None) -> Field:
    return Field(path, printable(path.stem), shape=shape)


def _companions(tree: Tree) -> frozenset[str]:
    """Folders that hold the data of a .mrxs slide beside them."""
    return frozenset(
        str(Path(branch.path) / name[:-5])
        for branch in tree.branches
        if ".mrxs" in branch.kinds
        for name in branch.names
        if name.lower().endswith(".mrxs")
    )
