"""Python's collector runs in the main thread only."""

import gc
import threading
import weakref

import pytest

from onepixel_gui.qt.jobs import Sweeper


# ------------------------------------------------------------------ the collector
def test_a_sweeper_collects_cycles_in_the_main_thread_only(qtbot):
    class Knot:
        def __init__(self):
            self.me = self

    sweeper = Sweeper(every_ms=1)
    assert not gc.isenabled()
    knot = Knot()
    where = []
    weakref.finalize(knot, lambda: where.append(threading.get_ident()))
    del knot
    qtbot.waitUntil(lambda: bool(where))
    assert where == [threading.get_ident()]
    sweeper.close()


def test_a_sweeper_leaves_old_objects_alone_while_a_run_is_on(qtbot, monkeypatch):
    collected = []
    monkeypatch.setattr(gc, "collect", collected.append)
    busy = [True]
    sweeper = Sweeper(every_ms=1, busy=lambda: busy[0])
    qtbot.waitUntil(lambda: len(collected) > 60)
    assert set(collected) == {0}
    busy[0] = False
    qtbot.waitUntil(lambda: set(collected) == {0, 1, 2})
    sweeper.close()


@pytest.mark.parametrize("automatic", [True, False])
def test_a_closed_sweeper_leaves_the_collector_as_it_found_it(qapp, automatic):
    del qapp
    (gc.enable if automatic else gc.disable)()
    sweeper = Sweeper()
    assert not gc.isenabled()
    sweeper.close()
    assert gc.isenabled() is automatic
    gc.disable()
