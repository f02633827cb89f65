"""The file of a study: opened, locked, brought forward, written whole or not at all, left tidy."""

import contextlib
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from onepixel_gui.outbox import printable
from onepixel_gui.problems import Problem
from onepixel_gui.study import schema
from onepixel_gui.study.holding import Hold, held, hold
from onepixel_gui.study.trouble import UnusableStudy, explained, no_study, told, told_of_reading

_PATIENCE = 5.0  # seconds to wait for a reader that blocks a writer
_PAGE = 8192  # bytes; maps and pictures are large
_LARGEST = 1 << 30  # bytes of one value: a damaged length must not ask for more
_ONLY_READING = "{name} is opened for reading: its folder or file does not allow writing."
_NEWER = "{name} was written by a newer version of this program and is opened for reading."
_CUT_OFF = "What was written last to {name} cannot be read in a folder that only allows reading."

_MANNER = (
    "trusted_schema = OFF",  # a file from elsewhere is data
    "cell_size_check = ON",
    "foreign_keys = ON",
    "synchronous = FULL",
    "fullfsync = ON",
)


class Database:
    """One connection, used by one thread at a time."""

    def __init__(
        self, path: Path, connection: sqlite3.Connection, hold: Hold | None, *, newer: bool = False
    ) -> None:
        """hold: None for reading only.  newer: because a newer version wrote it."""
        self.path, self._newer = path, newer
        self._connection: sqlite3.Connection | None = connection
        self._hold = hold
        self._lock = threading.RLock()
        self._inode = _inode(path)

    @property
    def writable(self) -> bool:
        return self._hold is not None

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Raises UnusableStudy."""
        with self._lock, told_of_reading(self.path):
            yield self._open()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: durable when it is left, undone when anything is raised inside."""
        with self._lock, told(self.path):
            connection = self._open()
            if not self.writable:
                raise self._refusal()
            self._expect_there()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """What cannot be tidied up now (a full disk) is tidied up by the next that opens it."""
        with self._lock:
            connection, self._connection = self._connection, None
            if connection is None:
                return
            with contextlib.suppress(sqlite3.Error):
                if self.writable:
                    _tidy(connection)
            with contextlib.suppress(sqlite3.Error):
                connection.close()
            if self._hold is not None:
                self._hold.release()
            else:
                _tidy_after_reading(self.path)

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            raise UnusableStudy(
                f"{printable(self.path.name)} has been closed.", "Open the study again."
            )
        return self._connection

    def _refusal(self) -> UnusableStudy:
        """Of the first change to what is opened for reading: a copy of a newer study helps none."""
        name = printable(self.path.name)
        if self._newer:
            return UnusableStudy(
                f"{name} was written by a newer version of this program, and this one only reads "
                "it.",
                "Use the newer version to add to it, or begin a new study.",
            )
        return UnusableStudy(
            f"{name} is opened for reading only.", "Save a copy of it, and write to the copy."
        )

    def _expect_there(self) -> None:
        """A file that was moved or deleted would go on being written, and be gone at the end."""
        if self._inode is not None and _inode(self.path) != self._inode:
            raise UnusableStudy(
                f"{printable(self.path.name)} is not where it was: it was moved, deleted or its "
                "drive is gone.",
                "Put it back or connect the drive again, or save a copy elsewhere.",
            )


def opened(path: Path, *, make: bool, reading: bool, doing: str) -> tuple[Database, list[str]]:
    """The file, and what the reader should know. Raises UnusableStudy, StudyHeld."""
    try:
        path = Path(os.path.realpath(path))
        _expect_study(path, make and not reading)
        right = None if reading else hold(path, doing)
    except (OSError, ValueError) as cause:
        raise explained_os(path, cause) from cause
    if right is None:
        if not reading and not path.exists():
            raise UnusableStudy(
                f"{printable(path.name)} cannot be made: its folder does not allow writing.",
                "Choose a folder where you may write.",
                detail=printable(str(path)),
            )
        return _for_reading(path, [] if reading else [_said(_ONLY_READING, path)])
    try:
        return _for_writing(path, right)
    except BaseException:
        right.release()
        raise


def _expect_study(path: Path, make: bool) -> None:
    if path.is_dir():
        raise no_study(path, "is a folder")
    if not path.exists():
        if make:
            _expect_place(path)
            return
        raise UnusableStudy(
            f"{printable(path.name)} is not there.",
            "Check the name and whether its drive is connected.",
            detail=printable(str(path)),
        )
    if not path.is_file():
        raise no_study(path, "is no file")
    with path.open("rb") as file:
        head = file.read(100)
    if not head and not make and not _beside(path, "-journal").exists():
        raise no_study(path, "is empty")
    # A file of another program is not even touched.  A journal: its making was cut off.
    unknown = head[:16] != b"SQLite format 3\0" or head[68:72] != _APPLICATION
    if head and unknown and not _beside(path, "-journal").exists():
        raise no_study(path, "is no study of this program")


def _expect_place(path: Path) -> None:
    """Where a new one may be made: other commands and the window know a study by its name."""
    if not path.parent.is_dir():  # a lock would make the folder
        raise UnusableStudy(
            f"The folder {printable(path.parent.name)} for {printable(path.name)} is not there.",
            "Make the folder, or choose another one.",
            detail=printable(str(path)),
        )
    if path.suffix.lower() != schema.SUFFIX:
        raise UnusableStudy(
            f"{printable(path.name)} is no name for a new study.",
            f"Choose a name that ends in {schema.SUFFIX}.",
        )


_APPLICATION = schema.APPLICATION.to_bytes(4, "big")


def _for_writing(path: Path, right: Hold) -> tuple[Database, list[str]]:
    with told(path):
        connection = _connected(path, "mode=rwc")
        try:
            version = _version(connection, path)
            if version > schema.VERSION:
                connection.close()
                right.release()
                return _for_reading(path, [])
            if version < schema.VERSION:
                _brought_forward(connection, version)
            connection.execute("PRAGMA journal_mode = WAL").fetchone()
            _expect_writable(connection)
        except sqlite3.OperationalError as cause:
            connection.close()
            if _code(cause) != sqlite3.SQLITE_READONLY:
                raise
            right.release()
            return _for_reading(path, [_said(_ONLY_READING, path)])
        except BaseException:
            connection.close()
            raise
    return Database(path, connection, right), []


def _brought_forward(connection: sqlite3.Connection, version: int) -> None:
    if version == 0:
        connection.execute(f"PRAGMA page_size = {_PAGE}")
    connection.execute("BEGIN IMMEDIATE")
    try:
        schema.bring_forward(connection, version)
        connection.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def _expect_writable(connection: sqlite3.Connection) -> None:
    """A file that only allows reading is opened without a word, and refuses the first change."""
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("ROLLBACK")


def _for_reading(path: Path, notes: list[str]) -> tuple[Database, list[str]]:
    wal = _beside(path, "-wal")
    with told(path):
        # A file that says WAL and has none beside it would get one: asked as one nobody changes.
        alone = _says_wal(path) and not wal.exists() and not held(path)
        connection = _connected(path, "immutable=1" if alone else "mode=ro")
        try:
            version = _version(connection, path)
        except sqlite3.OperationalError as cause:
            connection.close()
            if _code(cause) != sqlite3.SQLITE_CANTOPEN or not wal.exists():
                raise
            connection = _connected(path, "immutable=1")
            version = _version(connection, path)
            notes.append(_said(_CUT_OFF, path))
        except BaseException:
            connection.close()
            raise
    if version > schema.VERSION:
        notes.append(_said(_NEWER, path))
    elif version < schema.READABLE:
        connection.close()
        raise UnusableStudy(
            f"{printable(path.name)} was written by an older version of this program.",
            "Open it once for writing, in a folder that allows it; it is then brought forward.",
        )
    return Database(path, connection, None, newer=version > schema.VERSION), notes


def _connected(path: Path, how: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.as_uri()}?{how}",
        timeout=_PATIENCE,
        isolation_level=None,
        check_same_thread=False,
        uri=True,
    )
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LARGEST)
    try:
        for words in _MANNER:
            connection.execute(f"PRAGMA {words}")
    except BaseException:
        connection.close()
        raise
    return connection


def _version(connection: sqlite3.Connection, path: Path) -> int:
    """Of the schema; 0 of an empty file. Raises UnusableStudy for what is no study."""
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    application = int(connection.execute("PRAGMA application_id").fetchone()[0])
    pages = int(connection.execute("PRAGMA page_count").fetchone()[0])
    if (version, application, pages) == (0, 0, 0):
        return 0
    if application != schema.APPLICATION or version < 1:
        raise no_study(path, "is no study of this program")
    if not schema.well_laid(connection, version):
        raise explained(path, sqlite3.DatabaseError("its tables are not those of a study"))
    return version


def _tidy(connection: sqlite3.Connection) -> None:
    """One file, whatever is said of it elsewhere; a reader may still be looking, and be last."""
    connection.execute("PRAGMA busy_timeout = 0")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    connection.execute("PRAGMA journal_mode = DELETE").fetchone()


def _tidy_after_reading(path: Path) -> None:
    """Where the writer went first, or was killed, the last reader leaves one file."""
    if not _beside(path, "-wal").exists():
        return
    with contextlib.suppress(Problem, sqlite3.Error, OSError):
        right = hold(path, "a reader that tidies up")
        if right is None:
            return
        try:
            with contextlib.closing(_connected(path, "mode=rw")) as connection:
                _tidy(connection)
        finally:
            right.release()


def _says_wal(path: Path) -> bool:
    with contextlib.suppress(OSError), path.open("rb") as file:
        return file.read(20)[18:20] == b"\2\2"
    return False


def _code(cause: sqlite3.Error) -> int:
    return int(getattr(cause, "sqlite_errorcode", -1)) & 0xFF


def _inode(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if found.st_ino else None


def explained_os(path: Path, cause: OSError | ValueError) -> UnusableStudy:
    """What the system says of a file."""
    return UnusableStudy(
        f"{printable(path.name)} cannot be opened.",
        "Check its name, its folder and your rights to it, then try again.",
        detail=f"{type(cause).__name__} for {printable(str(path))}: {printable(str(cause))}",
    )


def _said(words: str, path: Path) -> str:
    return words.format(name=printable(path.name))


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)
