"""What is done with study files in the background: opened, glanced at, copied, left."""

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from onepixel_gui.problems import NotWritten
from onepixel_gui.qt.recent import is_there
from onepixel_gui.study.holding import held
from onepixel_gui.study.store import Study, UnusableStudy

_DOING = "a window"


@dataclass(frozen=True, slots=True, eq=False)
class Arrived:
    """runs: how many it holds."""

    droppable: ClassVar[bool] = False
    study: Study
    runs: int


@dataclass(frozen=True, slots=True)
class Glanced:
    """A study that could be opened. runs: how many it holds.  held: somebody writes to it."""

    droppable: ClassVar[bool] = False
    path: Path
    runs: int
    held: bool


@dataclass(frozen=True, slots=True)
class Remarked:
    droppable: ClassVar[bool] = False
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Done:
    droppable: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class Offer:
    """words: what is known of a study.  button: what can be done with it, and at once."""

    words: str
    button: str
    path: Path
    reading: bool = False


def counted(runs: int) -> str:
    """ "1 run", "2,816 runs"."""
    return f"{runs:,} {'run' if runs == 1 else 'runs'}"


def opened(path: Path, *, make: bool, reading: bool) -> Generator[Arrived]:
    """make: with its folder, where there is none yet."""
    if make:
        _make_folder(path.parent)
    new = make and not is_there(path)
    yield from _arrived(Study.open(path, make=make, reading=reading, doing=_DOING), new=new)


def _arrived(study: Study, *, new: bool = False) -> Generator[Arrived]:
    try:
        yield Arrived(study, study.count())
    except BaseException:  # nobody wants it any more, or it cannot be read
        study.close()
        if new:
            study.path.unlink(missing_ok=True)
        raise


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as refused:
        raise NotWritten(
            f"The folder {folder.name} for new studies cannot be made.",
            "Choose New study… and a folder in which you may write.",
            detail=repr(refused),
        ) from refused


def glanced(path: Path) -> Generator[Glanced]:
    """Nothing is changed by that."""
    busy = held(path)
    study = Study.open(path, reading=True)
    try:
        runs = study.count()
    finally:
        study.close()
    yield Glanced(path, runs, busy)


def copied(study: Study, path: Path) -> Generator[Arrived]:
    """All that it holds by now, in a file that is opened then."""
    study.save_copy(path)
    yield from _arrived(Study.open(path, doing=_DOING))


def noted(study: Study, words: str, run: int) -> Generator[Done]:
    study.note(words, run)
    yield Done()


def remarks(study: Study, run: int) -> Generator[Remarked]:
    """Of a run, or of the whole study, oldest first."""
    yield Remarked(tuple(each.words for each in study.remarks() if each.run == run))


def left(study: Study, *, remove_empty: bool, remove: bool) -> Generator[Done]:
    """Close it. remove: its file goes, for all of it is elsewhere. Tells only if that is so."""
    gone = remove or (remove_empty and study.writable and _is_empty(study))
    study.close()
    if gone:
        study.path.unlink(missing_ok=True)
        yield Done()


def _is_empty(study: Study) -> bool:
    """A damaged one stays, whatever is left of it."""
    try:
        return study.empty
    except UnusableStudy:
        return False
