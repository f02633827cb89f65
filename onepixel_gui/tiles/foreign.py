"""The door to foreign libraries: what a reader is told when they fail on a foreign file."""

import contextlib
from collections.abc import Iterator

from onepixel_gui.outbox import printable
from onepixel_gui.problems import Problem, UnreadableSlide

COPY_AGAIN = "Copy the file again from where it came, then open it once more."


class Unsuited(Exception):
    """A TIFF that holds something else than 8-bit pieces known to tifffile; Pillow may know it."""


@contextlib.contextmanager
def door(name: str, part: str = "") -> Iterator[None]:
    """Foreign bytes meet foreign decoders in here: whatever is raised is about the file.

    part:  which part of it is read, "" for what all of it needs.
    """
    try:
        yield
    except (Problem, Unsuited, MemoryError):
        raise
    except OSError as cause:
        remedy = "Check that its disk or network folder is connected, then open it again."
        raise UnreadableSlide(
            f"{name} could not be read from its disk.", remedy, detail=repr(cause)
        ) from cause
    except Exception as cause:  # tifffile and its decoders raise nearly anything
        detail = f"{type(cause).__name__}: {printable(str(cause))}"
        if part:
            raise damaged(name, f"{part}: {detail}") from cause
        what = f"{name} is damaged or stored in a way that cannot be read."
        raise UnreadableSlide(what, COPY_AGAIN, detail=detail) from cause


def damaged(name: str, detail: str) -> UnreadableSlide:
    what = f"A part of {name} is damaged or missing and cannot be shown."
    remedy = "Copy the file again from where it came, or work on its other parts."
    return UnreadableSlide(what, remedy, detail=detail)
