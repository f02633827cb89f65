"""Who writes to a study: a lock that dies with its process, and a line about who that is."""

import contextlib
import errno
import json
import os
import socket
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from onepixel_gui.outbox import printable
from onepixel_gui.study.trouble import StudyHeld

_LOCK, _HOLDER = ".lock", ".holder"
_LONGEST = 4096  # bytes that a line about a holder may have
_NO_WRITING = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


@dataclass(frozen=True, slots=True)
class Hold:
    """The right to write; `release` gives it back."""

    path: Path
    _lock: FileLock

    def release(self) -> None:
        """Leaves nothing behind. Again is no harm."""
        if not self._lock.is_locked:
            return
        _discard(_beside(self.path, _HOLDER))
        lock = _beside(self.path, _LOCK)
        if os.name != "nt":  # while it is held: who waits for it notices, and makes a new one
            _discard(lock)
        with contextlib.suppress(OSError):
            self._lock.release()
        if os.name == "nt":  # an open file cannot be removed there
            _discard(lock)


def hold(path: Path, doing: str) -> Hold | None:
    """The right to write to that study; None where the folder does not allow writing.

    Raises StudyHeld, OSError.
    """
    lock = FileLock(_beside(path, _LOCK), timeout=0, thread_local=False)
    try:
        lock.acquire()
    except Timeout as cause:
        raise _held(path) from cause
    except OSError as cause:
        if cause.errno in _NO_WRITING:
            return None
        raise
    _tell(path, doing)
    return Hold(path, lock)


def held(path: Path) -> bool:
    """Whether somebody writes to it now; no traces are left."""
    if not _beside(path, _LOCK).exists():
        return False
    try:
        found = hold(path, "")
    except (StudyHeld, OSError):
        return True
    if found is not None:
        found.release()
    return False


def _tell(path: Path, doing: str) -> None:
    about = {
        "process": os.getpid(),
        "host": socket.gethostname(),
        "since": datetime.now().astimezone().isoformat(timespec="seconds"),
        "doing": doing or "a window",
    }
    with contextlib.suppress(OSError):  # a full disk: the lock holds without words
        _beside(path, _HOLDER).write_text(json.dumps(about), "utf-8")


def _held(path: Path) -> StudyHeld:
    who = "another program"
    try:
        with _beside(path, _HOLDER).open("rb") as file:
            told = json.loads(file.read(_LONGEST))
        since = datetime.fromisoformat(str(told["since"])).astimezone()
        today = since.date() == datetime.now().astimezone().date()
        when = since.strftime("%H:%M" if today else "%Y-%m-%d %H:%M")
        where = printable(f"{told['doing']} on {told['host']}"[:200])
        who = f"{where} since {when} (process {int(told['process'])})"
    except (OSError, ValueError, LookupError, TypeError, OverflowError):
        pass  # just begun, or written by something else: what is said stays true
    name = printable(path.name)
    return StudyHeld(
        f"{name} is being written by {who}.", "Close it there, or open it for reading."
    )


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _discard(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()
