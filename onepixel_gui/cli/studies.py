"""The study that a command fills."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onepixel_gui.study.store import Study


@contextmanager
def filled(path: Path, doing: str) -> "Iterator[Study]":
    """It is made if it is not there, and gone again where nothing came of it.

    doing: "an import", for others who want to write to it meanwhile.   Raises as `Study.open`.
    """
    new, empty = not path.exists(), False
    try:
        with closing(_opened(path, doing, new=new)) as study:
            try:
                yield study
            finally:
                empty = new and study.empty
    finally:
        if empty:
            path.unlink(missing_ok=True)


def _opened(path: Path, doing: str, *, new: bool) -> "Study":
    """A disk that is full from the start leaves a file without a byte, which goes as well."""
    from onepixel_gui.study.store import Study, UnusableStudy

    try:
        return Study.open(path, make=True, doing=doing)
    except UnusableStudy:
        if new and path.is_file() and not path.stat().st_size:
            path.unlink()
        raise
