"""What can go wrong with a study, in words; every error of SQLite passes through here."""

import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from onepixel_gui.outbox import printable
from onepixel_gui.problems import Problem


class UnusableStudy(Problem):
    """A file that is no study, or one that cannot be read or written any more."""


class StudyHeld(Problem):
    """Another program writes to this study; reading it is possible."""


class Absent(LookupError):
    """What was asked for was never kept: "run 7"."""


class Damaged(ValueError):
    """Something kept is not what was written."""


SALVAGE = "Rescue what can be read with `onepixel-gui import NEW.onepixel {name}`, or use a backup."
_NOT_A_STUDY = "Choose a file that ends in .onepixel and was made by this program."

# Primary result codes of SQLite -> what happened, and what to do. {name} is the file's.
_WORDS: dict[int, tuple[str, str]] = {
    sqlite3.SQLITE_FULL: (
        "{name} cannot be written because the disk or your quota is full.",
        "Free some space, then go on; everything before is in the file.",
    ),
    sqlite3.SQLITE_READONLY: (
        "{name} cannot be written because the file or its folder only allows reading.",
        "Save a copy in a folder where you may write, and go on there.",
    ),
    sqlite3.SQLITE_IOERR: (
        "{name} cannot be used because its disk or network drive reports an error.",
        "Check that the disk is connected, then open the study again.",
    ),
    sqlite3.SQLITE_CORRUPT: ("{name} is damaged: part of it cannot be read.", SALVAGE),
    sqlite3.SQLITE_NOTADB: ("{name} is no study of this program.", _NOT_A_STUDY),
    sqlite3.SQLITE_CANTOPEN: (
        "{name} cannot be opened.",
        "Check that the file is there and that its folder may be used, then try again.",
    ),
    sqlite3.SQLITE_PERM: (
        "{name} cannot be opened because you are not allowed to.",
        "Ask for the right to read and write it, or save a copy elsewhere.",
    ),
    sqlite3.SQLITE_BUSY: (
        "{name} is being used by another program.",
        "Close it there, then try again.",
    ),
    sqlite3.SQLITE_TOOBIG: (
        "Something is too large to be kept in {name}.",
        "Use smaller tiles, or a coarser palette.",
    ),
    sqlite3.SQLITE_NOMEM: (
        "There is not enough memory to read {name}.",
        "Close other programs, then try again.",
    ),
}
_OTHER = ("{name} is not laid out as a study of this version.", SALVAGE)


@contextmanager
def told(path: Path) -> Iterator[None]:
    """What SQLite says of that file inside becomes an UnusableStudy."""
    try:
        yield
    except (sqlite3.Error, sqlite3.Warning) as cause:
        raise explained(path, cause) from cause
    except Absent as cause:
        raise UnusableStudy(
            f"{printable(path.name)} holds no {cause.args[0]}.", "Choose one that is listed."
        ) from cause
    except (Damaged, UnicodeDecodeError) as cause:  # SQLite's own words may quote damaged bytes
        raise damaged(path, cause) from cause
    except OverflowError as cause:
        raise UnusableStudy(
            f"A number is too large to be kept in {printable(path.name)}.",
            "Use a seed of at most 18 digits.",
            detail=repr(cause),
        ) from cause


@contextmanager
def told_of_reading(path: Path) -> Iterator[None]:
    """The same where what was kept is made out: bytes that mean nothing are damage."""
    try:
        with told(path):
            yield
    except (zlib.error, ValueError, TypeError, LookupError, RecursionError) as cause:
        raise damaged(path, cause) from cause


def explained(path: Path, cause: Exception) -> UnusableStudy:
    """The sentence and the remedy that fit an error of SQLite."""
    code = getattr(cause, "sqlite_errorcode", None)
    what, remedy = _WORDS.get(code & 0xFF if isinstance(code, int) else -1, _OTHER)
    name = printable(path.name)
    detail = (
        f"{type(cause).__name__} {getattr(cause, 'sqlite_errorname', '')} for "
        f"{printable(str(path))}: {printable(str(cause))}"
    )
    return UnusableStudy(what.format(name=name), remedy.format(name=name), detail=detail)


def damaged(path: Path, cause: Exception) -> UnusableStudy:
    """Something kept in it cannot be what was written."""
    name = printable(path.name)
    what, remedy = _WORDS[sqlite3.SQLITE_CORRUPT]
    detail = f"{type(cause).__name__} in {printable(str(path))}: {printable(str(cause))}"
    return UnusableStudy(what.format(name=name), remedy.format(name=name), detail=detail)


def no_study(path: Path, why: str) -> UnusableStudy:
    """why: "is empty", "is a folder"."""
    return UnusableStudy(
        f"{printable(path.name)} {why}.", _NOT_A_STUDY, detail=printable(str(path))
    )
