"""Measures the window in a process of its own: how soon it is seen, how lively it stays.

Run as `python -m tests.qt.alive start TIME` or `... sweep`; tells one line of JSON.  Settings are
kept where XDG_CONFIG_HOME and the like say, so that the caller can keep them apart.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

_SWEPT = 5.0  # seconds of a sweep that are looked at


def start(born: float) -> None:
    """The application as it really starts, up to the first paint. born: time.time() before."""
    from PySide6.QtCore import QEvent, QObject, QTimer
    from PySide6.QtGui import QGuiApplication

    from onepixel_gui.qt import app

    class Painter(QObject):
        """Waits until the window has been painted once, then ends the application."""

        told = False

        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            if not self.told and event.type() == QEvent.Type.Paint and watched.isWidgetType():
                Painter.told = True
                QTimer.singleShot(0, self.tell)
            return False

        def tell(self) -> None:
            facts = {"seconds": time.time() - born, "torch": "torch" in sys.modules}
            print(json.dumps(facts), flush=True)
            QGuiApplication.instance().quit()

    # run_window makes the application itself; the filter goes on as soon as there is one.
    make = app.make_application

    def watched() -> Any:
        application = make()
        application.installEventFilter(Painter(application))
        return application

    app.make_application = watched
    app.run_window()


def sweep() -> None:
    """The demonstration swept and searched on the CPU, with a 16 ms timer in the window."""
    from PySide6.QtCore import QEventLoop, Qt, QTimer

    from onepixel_gui.qt.app import make_application
    from onepixel_gui.qt.preferences import Memory
    from onepixel_gui.qt.window import Window

    make_application()
    from onepixel_gui.attack.probe import Pixel, Responded

    window = Window(Memory())
    window.commands.set_preferences(window.commands.preferences.but(device="cpu"))
    window.show()
    window.commands.open_demonstration()
    session = window.session

    def live(until: Any, most: float = 60.0) -> float:
        began, loop, poll = time.perf_counter(), QEventLoop(), QTimer()

        def look() -> None:
            if until() or time.perf_counter() - began > most:
                loop.quit()

        poll.setTimerType(Qt.TimerType.PreciseTimer)
        poll.timeout.connect(look)
        poll.start(2)
        loop.exec()
        return time.perf_counter() - began

    def rest() -> None:
        live(lambda: session.question is not None and window.jobs == 0)

    def end(activity: str) -> float:
        """Seconds from Stop to the worker's rest."""
        assert session.activity == activity, "the run was over before it could be stopped"
        asked = time.perf_counter()
        window.commands.stop()
        live(lambda: window.jobs == 0)
        return time.perf_counter() - asked

    answered: list[Pixel] = []

    def ask(red: int) -> float:
        """Seconds from the choice of a colour to its confidence on the screen."""
        pixel = Pixel(30, 22, (red, 128, 0))
        asked = time.perf_counter()
        window.shift.pixel_wished.emit(pixel)
        live(lambda: pixel in answered, 5.0)
        return time.perf_counter() - asked

    rest()
    idle = _memory()  # the classifier is loaded, nothing has run
    session.happened.connect(
        lambda event: answered.append(event.pixel) if isinstance(event, Responded) else None
    )
    window.commands.sweep()  # warms up what only the first run pays
    live(lambda: session.activity is None, 1.0)
    window.commands.stop()
    rest()
    glances = sorted(ask(red) for red in range(9))

    gaps: list[float] = []
    last, peak, done = [0.0], [idle], [0]
    beat = QTimer(window)
    beat.setTimerType(Qt.TimerType.PreciseTimer)

    def tick() -> None:
        now = time.perf_counter()
        gaps.append(now - last[0])
        last[0] = now
        if len(gaps) % 8 == 0:
            peak[0] = max(peak[0], _memory())

    def heard(event: Any) -> None:
        first.setdefault(session.activity or "", time.perf_counter() - began[0])
        done[0] = getattr(event, "done", done[0])

    beat.timeout.connect(tick)
    session.happened.connect(heard)
    first: dict[str, float] = {}
    stops, began = [], [time.perf_counter()]
    window.commands.sweep()
    last[0] = time.perf_counter()
    beat.start(16)
    lasted = live(lambda: session.activity is None, _SWEPT)
    rate = done[0] / lasted
    beat.stop()
    window.commands.sweep()  # anew: a fast machine may be through
    busy_glances = sorted(ask(red) for red in range(100, 109))
    stops.append(end("sweep"))
    for _ in range(3):
        began[0] = time.perf_counter()
        window.commands.set_preferences(window.commands.preferences.but(to_the_end=True))
        window.commands.run()
        live(lambda: session.activity is None, 0.4)
        stops.append(end("search"))
    gaps.sort()
    print(
        json.dumps(
            {
                "p95": gaps[int(0.95 * len(gaps))],
                "median": gaps[len(gaps) // 2],
                "worst": gaps[-1],
                "ticks": len(gaps),
                "first_sweep": first["sweep"],
                "first_search": first["search"],
                "stop": max(stops),
                "glance": glances[len(glances) // 2],
                "busy_glance": busy_glances[len(busy_glances) // 2],
                "worst_glances": [glances[-1], busy_glances[-1]],
                "rate": rate,
                "idle_mb": idle / 1e6,
                "peak_mb": peak[0] / 1e6,
            }
        ),
        flush=True,
    )
    window.close()


def _memory() -> int:
    """Bytes resident now; 0 where the system does not say."""
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[1]) * 4096 if statm.exists() else 0


if __name__ == "__main__":
    if sys.argv[1] == "start":
        start(float(sys.argv[2]))
    else:
        sweep()
