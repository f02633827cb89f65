"""The window with slides: looked at, walked over, put on the bench, scanned."""

from contextlib import closing
from pathlib import Path
from threading import Event as Gate

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QPushButton

from onepixel_gui.problems import UnreadableSlide
from onepixel_gui.qt.preferences import Preferences
from onepixel_gui.qt.window import Window
from onepixel_gui.tiles.slides import open_slide
from onepixel_gui.tiles.tile import Window as Rectangle
from tests.core import slide_files
from tests.qt.doubles import Drag

QUICK = Preferences(population=200, generations=20, theme="dark")
DARK_AT = (5, 9), (20, 30), (33, 2)  # tiles of 16 px, counted down and across
EDGE = 640


def until(qtbot, holds):
    # None would count as fulfilled, as if the callback had asserted something.
    qtbot.waitUntil(lambda: bool(holds()), timeout=20_000)


@pytest.fixture
def plane() -> np.ndarray:
    """Bright pink tissue with three dark tiles, which the corner network takes for mitoses."""
    rng = np.random.default_rng(3)
    rgb = rng.integers(0, 14, (EDGE, EDGE, 3)) + np.array([225, 120, 170])
    for down, across in DARK_AT:
        rows, columns = slice(16 * down, 16 * down + 16), slice(16 * across, 16 * across + 16)
        rgb[rows, columns] = rng.integers(0, 40, (16, 16, 3)) + np.array([20, 0, 40])
    return rgb.astype(np.uint8)


@pytest.fixture
def slide(tmp_path, plane) -> Path:
    half = slide_files.halved(plane)
    levels = [plane, half, slide_files.halved(half)]
    return slide_files.tiled(tmp_path / "a slide.tif", levels, compression="deflate")


@pytest.fixture
def window(qtbot, make_window, memory, slide, checkpoint) -> Window:
    """A slide in sight, and the corner network ready to be asked about it."""
    memory.keep(QUICK)
    window = make_window()
    window.commands.use_checkpoint(checkpoint)
    until(qtbot, lambda: window.session.classifier is not None)
    show(qtbot, window, slide)
    return window


def show(qtbot, window: Window, path: Path) -> None:
    with qtbot.waitSignal(window.slides.slide_changed, timeout=20_000):
        window.commands.open_paths([path])
    until(qtbot, lambda: window.slide.isVisible())


def on_bench(qtbot, window: Window, row: int, column: int) -> None:
    window.slides.put_on_bench(row, column)
    until(qtbot, lambda: window.session.tile and window.session.tile.origin == (row, column))
    until(qtbot, lambda: window.session.question is not None)


def scan(qtbot, window: Window) -> None:
    with qtbot.waitSignal(window.scans.scanner.ended, timeout=20_000):
        window.actions_by_name["scan"].trigger()


def test_a_dropped_slide_is_shown_and_the_bench_stays(qtbot, make_window, slide, pictures):
    window = make_window()
    window.commands.open_paths([pictures[0]])
    until(qtbot, lambda: window.session.tile is not None)
    before = window.session.tile
    drag = Drag(slide)
    assert drag.enter(window)
    with qtbot.waitSignal(window.slides.slide_changed, timeout=20_000):
        drag.drop(window)
    assert window.slides.slide.name == "a slide.tif"
    assert window.slide.isVisible()
    assert not window.map.isVisible()
    assert window.session.tile is before
    assert len(window.gallery.rows.entries) == 1


def test_a_click_puts_the_tile_under_the_mouse_on_the_bench_as_the_file_stores_it(
    qtbot, window, plane
):
    canvas = window.slide.canvas
    with qtbot.waitSignal(window.session.tile_changed, timeout=20_000):
        qtbot.mouseClick(
            canvas, Qt.MouseButton.LeftButton, pos=QPoint(canvas.width() // 2, canvas.height() // 2)
        )
    tile = window.session.tile
    row, column = tile.origin
    assert (row % 16, column % 16, tile.shape) == (0, 0, (16, 16))
    np.testing.assert_array_equal(tile.rgb, plane[row : row + 16, column : column + 16])
    assert (tile.slide, tile.mpp, tile.lossy) == ("a slide.tif", 0.25, False)
    assert tile.slide_hash == window.slides.slide.hash


def test_arrow_keys_walk_the_grid_and_enter_runs(qtbot, window):
    on_bench(qtbot, window, 16 * 5, 16 * 8)
    with qtbot.waitSignal(window.session.tile_changed, timeout=20_000):
        qtbot.keyClick(window.slide.canvas, Qt.Key.Key_Right)
    assert window.session.tile.origin == (16 * 5, 16 * 9)
    until(qtbot, lambda: window.session.question is not None)
    with qtbot.waitSignal(window.session.busy_changed) as busy:
        qtbot.keyClick(window.slide.canvas, Qt.Key.Key_Return)
    assert busy.args == ["search"]
    until(qtbot, lambda: window.session.activity is None)


def test_a_result_is_drawn_where_its_tile_lies_and_only_on_its_slide(
    qtbot, window, tmp_path, plane
):
    on_bench(qtbot, window, 16 * 5, 16 * 9)
    assert window.session.question.answer == "mitosis"
    window.actions_by_name["run"].trigger()
    until(qtbot, lambda: window.session.findings.ended and not window.session.activity)
    here = {Rectangle(80, 144, 16, 16): "flipped"}
    assert window.session.findings.ended.flipped
    assert window.slide.outcomes == here
    other = slide_files.flat(tmp_path / "other.tif", np.concatenate([plane, plane]))
    show(qtbot, window, other)
    assert window.slide.outcomes == {}


def test_another_classifier_forgets_what_the_one_before_said(qtbot, window, checkpoint, tmp_path):
    on_bench(qtbot, window, 16 * 5, 16 * 9)
    window.actions_by_name["run"].trigger()
    until(qtbot, lambda: window.session.findings.ended and not window.session.activity)
    scan(qtbot, window)
    other = tmp_path / "other.pt"
    other.write_bytes(checkpoint.read_bytes() + b"\0")
    other.write_bytes(checkpoint.read_bytes())
    with qtbot.waitSignal(window.session.classifier_changed, timeout=20_000):
        window.commands.use_checkpoint(other)
    assert window.slide.outcomes == {}


def test_keys_belong_to_the_slide_as_soon_as_it_is_shown(qtbot, window):
    assert window.focusWidget() is window.slide.canvas
    with qtbot.waitSignal(window.session.tile_changed, timeout=20_000):
        qtbot.keyClick(window.focusWidget(), Qt.Key.Key_Down)
    assert window.session.tile.slide == "a slide.tif"


def test_v_goes_to_the_tile_and_back(qtbot, window):
    on_bench(qtbot, window, 80, 144)
    qtbot.keyClick(window, Qt.Key.Key_V)
    assert not window.slide.isVisible()
    assert window.map.isVisible()
    qtbot.keyClick(window, Qt.Key.Key_V)
    assert window.slide.isVisible()
    assert window.tile.isVisible()
    assert not window.map.isVisible()


def test_a_scan_lists_the_dark_tiles_best_first_and_one_click_puts_one_on_the_bench(qtbot, window):
    qtbot.keyClick(window, Qt.Key.Key_S)
    until(qtbot, lambda: window.scans.scanner.result is not None)
    rows = window.candidates.rows
    sure = [index for index in range(rows.count) if (rows.row_of(index).confidence or 0) > 0.5]
    assert len(sure) >= len(DARK_AT)
    confidences = [rows.row_of(index).confidence for index in range(rows.count)]
    assert confidences == sorted(confidences, reverse=True)
    with qtbot.waitSignal(window.session.tile_changed, timeout=20_000):
        window.candidates.list.setCurrentIndex(rows.index(1))
    assert window.session.tile.name == rows.row_of(1).name
    until(qtbot, lambda: window.session.question is not None)
    assert window.session.question.clean == pytest.approx(rows.row_of(1).confidence, abs=1e-5)


def test_candidates_become_the_list_of_tiles(qtbot, window):
    scan(qtbot, window)
    count = window.candidates.rows.count
    with qtbot.waitSignal(window.shelf.opened):
        window.actions_by_name["list_candidates"].trigger()
    assert len(window.gallery.rows.entries) == count
    until(qtbot, lambda: window.session.tile is not None)
    assert window.session.tile.slide == "a slide.tif"


def test_a_drawn_region_is_all_that_is_scanned(qtbot, window):
    window.slide.region_drawn.emit(Rectangle(64, 128, 64, 64))
    scan(qtbot, window)
    grid = window.scans.scanner.result.grid
    assert (grid.rows * grid.step, grid.columns * grid.step) == (64, 64)


def test_an_earlier_scan_is_shown_again_when_its_slide_is(qtbot, window, slide, tmp_path, plane):
    scan(qtbot, window)
    before = window.scans.scanner.result
    show(qtbot, window, slide_files.flat(tmp_path / "other.tif", np.concatenate([plane, plane])))
    assert window.scans.scanner.result is None
    assert window.candidates.rows.count == 0
    show(qtbot, window, slide)
    assert window.scans.scanner.result is before
    assert window.candidates.rows.count == len(before.candidates)


def test_esc_stops_a_scan_and_keeps_what_it_painted(qtbot, window, monkeypatch):
    gate = Gate()
    hold(monkeypatch, gate)
    with qtbot.waitSignal(window.scans.scanner.scanned, timeout=20_000):
        window.actions_by_name["scan"].trigger()
    assert window.actions_by_name["stop"].isEnabled()
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert not window.scans.scanner.busy
    assert window.scans.scanner.result is None
    gate.set()
    until(qtbot, lambda: window.jobs == 0)
    assert window.scans.scanner.result is None


def test_a_window_can_be_closed_while_it_scans(qtbot, window, monkeypatch):
    gate = Gate()
    hold(monkeypatch, gate)
    with qtbot.waitSignal(window.scans.scanner.scanned, timeout=20_000):
        window.actions_by_name["scan"].trigger()
    gate.set()
    assert window.close()


def hold(monkeypatch, gate: Gate) -> None:
    """A scan that tells its first tiles and then waits at the gate."""
    from onepixel_gui.classifier.scan import Scanned
    from onepixel_gui.classifier.scanning.run import Run

    events = Run.events

    def held(self):
        for event in events(self):
            yield event
            if isinstance(event, Scanned):
                assert gate.wait(20)

    monkeypatch.setattr(Run, "events", held)


def test_a_slide_that_cannot_be_opened_is_a_message_and_the_one_before_stays(
    qtbot, window, tmp_path
):
    (tmp_path / "bad.svs").write_bytes(b"II*\0" + bytes(200))
    before = window.slides.slide
    with qtbot.waitSignal(window.slides.failed, timeout=20_000) as told:
        window.commands.open_paths([tmp_path / "bad.svs"])
    assert isinstance(told.args[0], UnreadableSlide)
    assert window.messages.isVisible()
    assert window.slides.slide is before
    assert before.region(0, 0, 0, 8, 8).shape == (8, 8, 3)


def test_opening_a_slide_on_a_stalled_drive_can_be_given_up(
    qtbot, window, slide, tmp_path, monkeypatch
):
    stalled, gate = tmp_path / "stalled.tif", Gate()
    stalled.write_bytes(slide.read_bytes())

    def opener(path):
        if path == stalled:
            assert gate.wait(20)
        return open_slide(path)

    monkeypatch.setattr(window.slides.reader, "_opener", opener)
    before = window.slides.slide
    with qtbot.waitSignal(window.slides.reader.opening, timeout=20_000):
        window.commands.open_paths([stalled])
    window.slide.cancel_wished.emit()
    with qtbot.waitSignal(window.slides.slide_changed, timeout=20_000):
        window.slides.open(0) if window.slides.fields[0].path != stalled else None
        window.commands.open_paths([slide])
    assert window.slides.slide.name == before.name
    gate.set()


def test_parts_on_a_drive_that_was_gone_are_read_on_demand_when_it_is_back(
    qtbot, make_window, slide, monkeypatch
):
    def unplugged(*_):
        raise UnreadableSlide("The drive is gone.", "Connect it again.")

    window = make_window()
    with closing(open_slide(slide)) as known:
        kind = type(known)
    again = next(b for b in window.slide.findChildren(QPushButton) if b.text() == "Try again")
    with monkeypatch.context() as gone:
        gone.setattr(kind, "region", unplugged)
        show(qtbot, window, slide)
        until(qtbot, again.isVisible)
    again.click()
    until(qtbot, lambda: not again.isVisible() and not window.slide.canvas.broken)


def test_a_large_picture_is_a_slide_and_a_small_one_a_tile(qtbot, make_window, tmp_path):
    window = make_window()
    Image.new("RGB", (1500, 40), (200, 100, 150)).save(tmp_path / "field.png")
    Image.new("RGB", (80, 40), (200, 100, 150)).save(tmp_path / "tile.png")
    show(qtbot, window, tmp_path / "field.png")
    with qtbot.waitSignal(window.session.tile_changed, timeout=20_000):
        window.commands.open_paths([tmp_path / "tile.png"])
    assert window.session.tile.shape == (40, 80)


def test_the_memory_for_slides_is_a_setting_that_holds_at_once(qtbot, window, memory):
    until(qtbot, lambda: window.slides.reader.held > 0)
    window.commands.set_preferences(QUICK.but(slide_memory=64))
    assert window.slides.reader.limit == 64 * 2**20
    assert memory.preferences().slide_memory == 64


@pytest.mark.usefixtures("window")
def test_a_slide_opened_once_is_offered_again(memory):
    (entry,) = [each for each in memory.opened() if each.kind == "slide"]
    assert entry.name == "a slide.tif"


def test_the_place_on_the_slide_is_told_with_the_tile_and_written_with_a_result(
    qtbot, window, tmp_path
):
    from onepixel_gui.qt.dialogs import ExportChoice

    on_bench(qtbot, window, 80, 144)
    assert "row 80, column 144" in window.facts
    window.actions_by_name["run"].trigger()
    until(qtbot, lambda: window.session.findings.ended and not window.session.activity)
    with qtbot.waitSignal(window.commands.noted, timeout=30_000):
        window.commands.write_figure(tmp_path / "figure.svg", ExportChoice("attack", 183, 300))
    written = next(tmp_path.glob("figure*.json")).read_text("utf-8")
    assert '"row": 80' in written
    assert "a slide.tif" in written


def test_what_is_found_on_a_slide_is_noted_at_no_tile_of_the_list(qtbot, window, pictures):
    window.commands.open_paths(pictures)
    until(qtbot, lambda: window.session.tile and window.session.tile.name == pictures[0].name)
    on_bench(qtbot, window, 80, 144)
    window.actions_by_name["run"].trigger()
    until(qtbot, lambda: window.session.findings.ended and window.session.activity is None)
    assert window.gallery.rows.row_of(0).finding is None
    window.gallery.tile_wished.emit(0)
    until(qtbot, lambda: window.session.tile.name == pictures[0].name)
    until(qtbot, lambda: window.session.question is not None)
    window.actions_by_name["run"].trigger()
    until(qtbot, lambda: window.session.findings.ended and window.session.activity is None)
    assert window.gallery.rows.row_of(0).finding is not None
