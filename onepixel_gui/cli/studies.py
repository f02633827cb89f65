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
    from onepixel_gui.study.store import Study

    new, empty = not path.exists(), False
    try:
        with closing(Study.open(path, make=True, doing=doing)) as study:
            try:
                yield study
            finally:
                empty = new and study.empty
    finally:
        if empty:
            path.unlink(missing_ok=True)
