"""The table of a campaign with 100,000 runs: a frame of scrolling, sorting, filtering.

Run as `python -m tests.bench.run_table [RUNS]`.  Offscreen; the study's reading is not in it (see
`tests.bench.study`).
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtWidgets import QApplication

from onepixel_gui.qt.app import make_application
from onepixel_gui.qt.campaign.runs_pane import RunsPane
from onepixel_gui.qt.theme import DARK, install
from tests.qt.campaign_doubles import large_ledger

COUNT, FRAMES = 100_000, 500


def timed(work: Callable[[], object]) -> float:
    """ms, with the painting that follows."""
    begin = time.perf_counter()
    work()
    QApplication.processEvents()
    return round((time.perf_counter() - begin) * 1000, 1)


def scroll(pane: RunsPane, distance: int) -> dict[str, float]:
    """ms of each of 500 frames at 60 Hz, down by so many points a frame."""
    bar, wall, own = pane.table.verticalScrollBar(), [], []
    loop, tick = QEventLoop(), QTimer()

    def frame() -> None:
        begin, spent = time.perf_counter(), time.thread_time()
        bar.setValue((bar.value() + distance) % bar.maximum())
        pane.table.viewport().repaint()
        wall.append((time.perf_counter() - begin) * 1000)
        own.append((time.thread_time() - spent) * 1000)
        if len(wall) == FRAMES:
            loop.quit()

    tick.timeout.connect(frame)
    tick.start(16)
    loop.exec()
    return {
        f"{what}_{name}": round(statistics.quantiles(taken, n=100)[cut], 2)
        for what, taken in (("wall", wall), ("cpu", own))
        for name, cut in (("p50", 49), ("p95", 94))
    }


def main(count: int) -> None:
    install(make_application(), DARK)
    pane = RunsPane()
    pane.resize(1440, 900)
    pane.show()
    made = large_ledger(count)
    told: dict[str, Any] = {"runs": count, "show_ms": timed(lambda: pane.show_ledger(made))}
    told["scroll_ms"] = {distance: scroll(pane, distance) for distance in (20, 400, 40_000)}
    for column in (0, 4, 6):
        told[f"sort_{column}_ms"] = timed(
            partial(pane.table.sortByColumn, column, Qt.SortOrder.AscendingOrder)
        )
    pane.filter.setText("result = flipped and confidence < 0.5")
    told["filter_ms"] = timed(pane.apply)
    print(json.dumps(told, indent=1))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else COUNT)
