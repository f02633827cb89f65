"""What is in sight is whole, however small the window and however long the words."""

from onepixel_gui.problems import Problem
from onepixel_gui.qt.dropping import DropCard
from tests.qt.doubles import Drag
from tests.qt.window.deeds import until

LONG = Problem(
    f"{'a_slide_with_a_very_long_name_' * 4}.svs cannot be read " + "because a tile is cut " * 6,
    "Copy the file again from the archive, and open the copy.",
    detail="a stack of calls",
)


def shrunken(qtbot, window):
    """As small as it may be."""
    window.resize(1, 1)
    until(qtbot, lambda: window.size() == window.minimumSizeHint())
    return window


def lowered(pane):
    """How much of it lies below what it has room for, px."""
    return pane.minimumSizeHint().height() - pane.height()


def test_no_pane_of_the_smallest_window_is_cut(qtbot, make_window):
    window = shrunken(qtbot, make_window())
    panes = window.tile, window.map, window.shift, window.search, window.periods
    assert [lowered(pane) for pane in panes if lowered(pane) > 0] == []


def test_a_page_needs_no_smaller_window_than_the_bench(qtbot, make_window):
    window = shrunken(qtbot, make_window())
    before = window.size()
    window.actions_by_name["campaign"].trigger()
    until(qtbot, lambda: window.campaign.page.isVisible())
    assert window.minimumSizeHint().height() >= before.height()


def test_a_message_of_many_lines_takes_its_room_from_the_window_not_from_the_panes(
    qtbot, make_window
):
    window = shrunken(qtbot, make_window())
    before = window.height()
    window.show_problem(LONG)
    until(qtbot, lambda: window.height() > before)
    until(qtbot, lambda: lowered(window.map) <= 0 and lowered(window.periods) <= 0)
    strip = window.messages
    assert strip.height() >= strip.heightForWidth(strip.width())


def test_what_a_drop_will_do_is_told_over_the_whole_window(make_window, pictures):
    window, drag = make_window(), Drag(*pictures[:2])
    assert drag.enter(window)
    assert window.findChild(DropCard).geometry() == window.rect()
