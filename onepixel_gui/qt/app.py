"""From the first line of Python to a window on the screen, and what happens when all else fails."""

import faulthandler
import logging
import os
import sys
import threading
import traceback
from collections.abc import Callable
from functools import partial
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

from platformdirs import user_log_path
from PySide6.QtCore import (
    QEvent,
    QMessageLogContext,
    QObject,
    QTimer,
    QtMsgType,
    Signal,
    qInstallMessageHandler,
)
from PySide6.QtWidgets import QApplication, QWidget

from onepixel_gui.problems import Unexpected
from onepixel_gui.qt.preferences import Memory
from onepixel_gui.qt.toolbar import SpaceBelongsToButtons
from onepixel_gui.qt.window import Window

_log = logging.getLogger("onepixel_gui")
# Said by the offscreen platform at every window; true, harmless and endless.
_NOISE = ("propagateSizeHints",)
# Seconds that a worker keeps the interpreter while the window waits for it.  It is given away at
# each call into Qt: with Python's 5 ms a view takes a third longer to change beside a busy worker.
_TURN = 0.001


def run_window(study: Path | None = None) -> int:
    """Open the window on the demonstration and stay until it is closed. study: to go on with."""
    file = start_log(user_log_path("onepixel_gui", appauthor=False))
    application = make_application()
    window = Window(Memory())
    catch_crashes(window, file)
    # The window is painted first; reading tiles and importing torch begin after that.
    _OncePainted(window, partial(_begin, window, study))
    window.show()
    code = application.exec()
    application.sendPostedEvents()  # what ended while the window closed says so
    if window.jobs:  # some hang in a stalled drive, and Qt would wait for their threads for ever
        logging.shutdown()
        os._exit(code)
    return code


def _begin(window: Window, study: Path | None) -> None:
    window.study.begin(study)
    window.commands.open_demonstration()


def make_application() -> QApplication:
    """The one QApplication, with our keys and quiet messages."""
    qInstallMessageHandler(_to_log)
    sys.setswitchinterval(_TURN)
    application = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(application, QApplication)
    application.setApplicationName("onepixel_gui")
    application.setApplicationDisplayName("onepixel_gui")
    SpaceBelongsToButtons(application)
    return application


def start_log(folder: Path) -> Path | None:
    """Log to a rotating file; a folder that cannot be written leaves only standard error."""
    handlers: list[logging.Handler] = [logging.StreamHandler()]
    file: Path | None = folder / "onepixel_gui.log"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handlers.append(
            RotatingFileHandler(folder / "onepixel_gui.log", maxBytes=1_000_000, backupCount=3)
        )
        faulthandler.enable((folder / "crash.log").open("a"))
    except OSError:
        file = None
        faulthandler.enable()
    handlers[0].setLevel(logging.ERROR)
    logging.basicConfig(
        level=logging.INFO,
        handlers=handlers,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    return file


class _OncePainted(QObject):
    """Does something when a widget has been painted for the first time."""

    def __init__(self, widget: QWidget, do: Callable[[], None]) -> None:
        super().__init__(widget)
        self._do = do
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint:
            watched.removeEventFilter(self)
            QTimer.singleShot(0, self._do)  # the rest of the window is painted before that
        return False


class _CrashBell(QObject):
    """Carries a bug from whichever thread it happened in to the window's thread."""

    rung = Signal(object)


def catch_crashes(window: Window, file: Path | None) -> Callable[[], None]:
    """A bug that nobody caught is logged in full and told in plain words; the window stays open.

    Returns what takes the hooks off again.
    """
    bell = _CrashBell(window)
    bell.rung.connect(window.show_problem)
    where = f"\n\nLog file: {file.name}" if file is not None else ""

    def tell(kind: type[BaseException], bug: BaseException, trail: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            window.close()
            return
        text = "".join(traceback.format_exception(kind, bug, trail))
        _log.error("nobody caught this:\n%s", text)
        bell.rung.emit(Unexpected(bug, detail=text + where))

    def tell_from_thread(told: threading.ExceptHookArgs) -> None:
        if told.exc_value is not None:
            tell(told.exc_type, told.exc_value, told.exc_traceback)

    before = sys.excepthook, threading.excepthook
    sys.excepthook, threading.excepthook = tell, tell_from_thread

    def restore() -> None:
        sys.excepthook, threading.excepthook = before

    return restore


def _to_log(kind: QtMsgType, _context: QMessageLogContext, message: str) -> None:
    if any(noise in message for noise in _NOISE):
        return
    level = logging.INFO if kind == QtMsgType.QtDebugMsg else logging.WARNING
    if kind in (QtMsgType.QtCriticalMsg, QtMsgType.QtFatalMsg):
        level = logging.ERROR
    _log.log(level, "Qt: %s", message)
