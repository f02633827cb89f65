"""What two classifiers say of a tile can be exported as a figure."""

import json

import pytest

from onepixel_gui.qt.dialogs import ExportChoice, ExportDialog
from onepixel_gui.qt.preferences import Preferences
from onepixel_gui.qt.window import Window
from tests.core.networks import Tiny, save_script

FIGURE = ExportChoice("comparison", 89, 300)
TWO = {
    "input": [16, 16],
    "scaling": "zero-to-one",
    "outputs": "logits",
    "classes": ["normal", "mitosis"],
}


def until(qtbot, holds):
    qtbot.waitUntil(lambda: bool(holds()), timeout=20_000)


@pytest.fixture
def compared(qtbot, make_window, memory, pictures, checkpoint, tmp_path) -> Window:
    """Two classifiers on a tile, both swept."""
    memory.keep(Preferences(device="cpu"))
    window = make_window()
    window.commands.open_paths([pictures[0]])
    window.commands.use_checkpoint(checkpoint)
    until(qtbot, lambda: window.session.question is not None and window.jobs == 0)
    second = save_script(Tiny(1, (16, 16), gain=0.1), tmp_path / "two.pt", TWO)
    window.commands.bring_checkpoint(second)
    until(qtbot, lambda: window.arrivals.arrival and window.arrivals.arrival.classifier)
    window.arrivals.take(as_second=True)
    comparison = window.second.comparison
    until(qtbot, lambda: comparison.ready and window.jobs == 0)
    assert "comparison" not in window.commands.templates()
    assert not window.actions_by_name["export"].isEnabled()
    with qtbot.waitSignal(comparison.compared, timeout=20_000):
        comparison.run(window.commands.preferences)
    until(qtbot, lambda: not comparison.busy and window.jobs == 0)
    return window


def test_a_comparison_that_is_seen_is_the_first_figure_that_is_offered(qtbot, compared):
    assert compared.second.visible
    assert compared.actions_by_name["export"].isEnabled()
    dialog = ExportDialog(compared.commands.templates(), compared)
    qtbot.addWidget(dialog)
    assert dialog.chosen().template == "comparison"
    compared.second.show(False)
    assert "comparison" not in compared.commands.templates()
    assert not compared.actions_by_name["export"].isEnabled()


def test_the_figure_tells_both_checkpoints_and_how_to_repeat_each_sweep(qtbot, compared, tmp_path):
    path = tmp_path / "both.svg"
    compared.commands.write_figure(path, FIGURE)
    until(qtbot, lambda: path.with_suffix(".svg.json").is_file() and compared.jobs == 0)
    source = json.loads(path.with_suffix(".svg.json").read_text("utf-8"))["provenance"]
    comparison = compared.second.comparison
    assert source["classifier"]["sha256"] == comparison.a.card.sha256
    assert source["second_classifier"]["sha256"] == comparison.b.card.sha256
    assert source["command"].endswith("--model corner.pt")
    assert source["second_command"].endswith("--model two.pt")
    assert source["compared"]["flip_both"] == comparison.compared_last.both


def test_no_command_is_told_that_would_not_repeat_it(compared):
    other = compared.commands.preferences.but(palette="27")
    compared.commands.set_preferences(other)
    assert compared.second.exhibit.commands == ("", "")


def test_another_tile_has_no_comparison_yet(qtbot, compared, pictures):
    compared.commands.open_paths([pictures[1]])
    until(qtbot, lambda: compared.session.tile.name == pictures[1].name)
    assert "comparison" not in compared.commands.templates()
