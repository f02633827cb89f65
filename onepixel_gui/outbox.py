"""Results out: whole or not at all. Imports only `problems` and the standard library."""

import contextlib
import errno
import os
import secrets
from pathlib import Path

from onepixel_gui.problems import NotWritten

_FULL = frozenset({errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)})
_BAD_NAME = frozenset({errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ})


def write_whole(path: Path, data: bytes) -> None:
    """Put `data` into `path`, so that a reader finds the old file or the whole new one.

    The bytes go to a hidden file in the same folder and reach the disk before they take the
    name, so neither a full disk nor a crash leaves half a result.  Folders are not created.
    Raises NotWritten; what was at `path` before is then untouched.
    """
    # A short name of its own: one derived from the target's could grow past the system's limit.
    draft = path.parent / f".{secrets.token_hex(8)}.part"
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        _fill(draft, data)
        os.replace(draft, path)  # noqa: PTH105 - the one call that swaps in a single step
    except (
        OSError,
        ValueError,
    ) as cause:  # ValueError: a null byte or a lone surrogate in the name
        raise _explained(path, cause) from cause
    finally:
        with contextlib.suppress(OSError, ValueError):
            draft.unlink()


def try_out(path: Path) -> None:
    """Raises NotWritten when a file could not be put there now."""
    draft, name = path.parent / f".{secrets.token_hex(8)}.part", printable(path.name)
    try:
        if path.is_dir():
            raise NotWritten(
                f"{name} cannot be written because it is a folder.", "Choose another file name."
            )
    except PermissionError:
        pass  # the draft finds out, and says it better
    except (OSError, ValueError) as refused:  # too long a name, or a null byte in it
        raise NotWritten(
            f"{name} cannot be written because this disk does not accept that file name.",
            "Choose a shorter name of letters, digits, hyphens and dots.",
            detail=repr(refused),
        ) from refused
    try:
        write_whole(draft, b"")
    except NotWritten as refused:
        what = refused.what.replace(draft.name, name)
        raise NotWritten(what, refused.remedy, detail=refused.detail) from refused
    finally:
        with contextlib.suppress(OSError, ValueError):
            draft.unlink()


def printable(text: str) -> str:
    """`text` with whatever cannot be shown or stored escaped: null bytes, line ends, odd bytes.

    A file's name may hold bytes that are no text; they must not break the message about them.
    """
    if text.isprintable():  # nearly always; 200,000 names are asked for at once
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def _fill(draft: Path, data: bytes) -> None:
    # "x" never follows a link that somebody placed here; the user's umask decides who may read.
    with draft.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _explained(path: Path, cause: OSError | ValueError) -> NotWritten:
    """The sentence and the remedy that fit why `path` could not be written."""
    name, folder = printable(path.name), printable(path.parent.name) or "the chosen folder"
    code = cause.errno if isinstance(cause, OSError) else errno.EINVAL
    detail = f"{type(cause).__name__} for {printable(str(path))}: {printable(str(cause))}"
    if code in _FULL:
        what = f"{name} was not written because the disk or your quota is full."
        remedy = "Free some space or choose another disk, then save again."
    elif code in (errno.EISDIR, errno.ENOTEMPTY):
        what = f"{name} was not written because a folder of that name is in its place."
        remedy = "Choose another file name, then save again."
    elif code in (errno.ENOENT, errno.ENOTDIR):
        what = f"{name} was not written because {folder} is not an existing folder."
        remedy = "Choose or create a folder that exists, then save again."
    elif code == errno.EROFS:
        what = f"{name} was not written because {folder} is on a disk that only allows reading."
        remedy = "Choose a folder on another disk, then save again."
    elif code in (errno.EACCES, errno.EPERM, errno.EBUSY):
        what = f"{name} was not written because {folder} or the old file does not allow it."
        remedy = "Close the file in other programs or choose another folder, then save again."
    elif code in _BAD_NAME:
        what = f"{name} was not written because this disk does not accept that file name."
        remedy = "Choose a shorter name of letters, digits, hyphens and dots, then save again."
    else:
        what = f"{name} was not written because the disk reported an error."
        remedy = "Check that the disk or network folder is connected, then save again."
    return NotWritten(what, remedy, detail=detail)
