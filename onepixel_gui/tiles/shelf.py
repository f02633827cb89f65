"""Open slides on loan: opened once, shared by all who read, closed when long unused."""

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar


class Closable(Protocol):
    def close(self) -> None: ...


Kept = TypeVar("Kept", bound=Closable)


@dataclass(slots=True)
class _Loan(Generic[Kept]):
    """state: of its file when it was opened, so that a changed file is opened anew."""

    kept: Kept
    state: tuple[int, int] | None
    readers: int = 0
    off: bool = False


class Shelf(Generic[Kept]):
    """At most `most` open files beside those being read just now. For any number of threads."""

    def __init__(self, opener: Callable[[Path], Kept], most: int) -> None:
        self._opener, self._most = opener, most
        self._loans: OrderedDict[Path, _Loan[Kept]] = OrderedDict()
        self._opening: dict[Path, threading.Lock] = {}
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def borrowed(self, path: Path) -> Iterator[Kept]:
        """What the opener makes of `path`; stays open while it is borrowed. Raises as it does."""
        loan = self._taken(path)
        try:
            yield loan.kept
        finally:
            with self._lock:
                loan.readers -= 1
                done = loan.off and loan.readers == 0
            if done:
                loan.kept.close()

    def clear(self) -> None:
        """Closes what nobody reads now, and the rest as soon as it was read."""
        with self._lock:
            closing = [self._pushed_out(path) for path in list(self._loans)]
        _close(closing)

    def _taken(self, path: Path) -> _Loan[Kept]:
        state = _state(path)
        loan = self._held(path, state)
        if loan is not None:
            return loan
        with self._lock:
            turn = self._opening.setdefault(path, threading.Lock())
        with turn:  # two threads that want the same slide open it once; others do not wait
            loan = self._held(path, state)
            if loan is not None:
                return loan
            loan = _Loan(self._opener(path), state, readers=1)
            with self._lock:
                closing = [self._pushed_out(path)] if path in self._loans else []
                self._loans[path] = loan
                while len(self._loans) > self._most:
                    closing.append(self._pushed_out(next(iter(self._loans))))
                self._opening.pop(path, None)
        _close(closing)
        return loan

    def _held(self, path: Path, state: tuple[int, int] | None) -> _Loan[Kept] | None:
        with self._lock:
            loan = self._loans.get(path)
            if loan is None or loan.state != state:
                return None
            loan.readers += 1
            self._loans.move_to_end(path)
            return loan

    def _pushed_out(self, path: Path) -> _Loan[Kept] | None:
        """The loan when it can be closed at once; else its last reader closes it."""
        loan = self._loans.pop(path)
        loan.off = True
        return loan if loan.readers == 0 else None


def _close(loans: list[_Loan[Kept] | None]) -> None:
    for loan in loans:
        if loan is not None:
            loan.kept.close()


def _state(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except (OSError, ValueError):  # the opener says it better
        return None
    return status.st_mtime_ns, status.st_size
