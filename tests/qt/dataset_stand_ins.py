"""A reader of data sets that finds what a test tells it to, and stalls where it is told to."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event as Gate

from onepixel_gui.problems import Problem
from onepixel_gui.tiles.datasets import Dataset, Field, Looked, Mark, Sampling

_LONGEST = 20  # seconds that a closed gate holds a worker


class Tiles:
    """So many tiles; none of them is ever made."""

    cases: Sequence[str] = ()
    names: Sequence[str] = ()
    labels: Sequence[str | None] = ()

    def __init__(self, count: int) -> None:
        self.count = count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int, /):
        raise AssertionError("the dialog reads no tile")


MARKS = (Mark(10, 20, "mitosis"), Mark(40, 50, "mitosis"), Mark(70, 80, "look-alike"))


def plain(count: int = 6, **facts) -> Dataset:
    half = count // 2
    counts = {"mitosis": half, "normal": count - half}
    told = Dataset("class folders", "Folders of classes", Path("tiles"), Tiles(count), (), counts)
    return replace(told, **facts)


def detection(**facts) -> Dataset:
    """Three images, the last of them missing, with two mitoses and a look-alike each."""
    fields = tuple(Field(Path(f"{n:02}.tif"), f"{n:02}", MARKS, n < 3) for n in (1, 2, 3))
    told = Dataset(
        "tupac",
        "TUPAC16 auxiliary mitosis set",
        Path("tupac"),
        Tiles(8),
        fields,
        {"mitosis": 4, "normal": 4},
        ("1 of 3 images is missing: 03.tif.",),
        ("4 normal tiles were sampled.",),
        Sampling(),
    )
    return replace(told, **facts)


@dataclass
class Drive:
    """Stands in for `tiles.datasets.looking`.

    found:    name of a path -> what lies there, a Dataset or what is raised.
    stalled:  names of paths at which reading waits for the gate.
    asked:    (name, sampling, instead), in their order.
    """

    found: dict[str, Dataset | Exception] = field(default_factory=dict)
    stalled: set[str] = field(default_factory=set)
    asked: list[tuple[str, Sampling, Path | None]] = field(default_factory=list)
    gate: Gate = field(default_factory=Gate)

    def looking(
        self, paths: Sequence[Path], sampling: Sampling, *, instead: Path | None = None
    ) -> Generator[Looked, None, Dataset]:
        name = paths[0].name
        self.asked.append((name, sampling, instead))
        yield Looked(1, name)
        if name in self.stalled:
            assert self.gate.wait(_LONGEST), "the gate was never opened"
            yield Looked(2, name)
        told = self.found[name]
        if isinstance(told, Exception):
            raise told
        if told.sampling is None:
            return told
        normals = 4 * sampling.normals
        counts = {"mitosis": 4, "normal": normals}
        missing = told.missing if instead is None else ()
        return replace(
            told, entries=Tiles(4 + normals), counts=counts, sampling=sampling, missing=missing
        )


def refused(what: str = "broken holds no tiles.") -> Problem:
    return Problem(what, "Choose another folder.")
