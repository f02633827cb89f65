"""Arrivals on devices that are full, foreign or gone, and of real files."""

import time
from dataclasses import replace

import pytest
from PySide6.QtWidgets import QComboBox, QDialog

from onepixel_gui.problems import DeviceFull, UnusableCheckpoint
from onepixel_gui.qt.arrival_card import ArrivalCard
from onepixel_gui.qt.dialogs import SettingsDialog, device_words
from onepixel_gui.qt.preferences import Preferences
from onepixel_gui.qt.view import Arrival
from tests.qt.arrivals.arriving import ONE, OTHER, inspection, ready
from tests.qt.doubles import tile


# ------------------------------------------------------------------ devices
def test_a_device_that_is_not_there_is_replaced_and_that_is_told(bench, door):
    door.here = ("cuda:0", "cpu")
    arrival = bench.bring(device="cuda:7")
    doubt = "This machine has no device named cuda:7. It runs on cuda:0 instead."
    assert arrival.classifier.card.doubts[0] == doubt
    assert not bench.moved
    bench.arrivals.take()
    assert [problem.what for problem in bench.moved] == [doubt]


def test_a_full_device_gives_way_to_the_best_other(bench, door):
    door.here, door.full = ("cuda:0", "cuda:1", "cpu"), {"cuda:0", "cuda:1"}
    arrival = bench.bring(device="cuda:1", at_once=True) or bench.ready[0][0]
    assert [device for _, device in door.opened] == ["cuda:1", "cuda:0", "cpu"]
    assert arrival.serving.device == "cpu"
    assert "It runs on cpu instead." in arrival.card.doubts[0]
    assert len(bench.moved) == 1


def test_a_classifier_that_no_device_has_room_for_is_refused(bench, door):
    door.full = {"cpu"}
    bench.bring(at_once=True)
    assert [type(problem) for problem in bench.problems] == [DeviceFull]
    assert not bench.ready


@pytest.mark.parametrize("device", ["auto", "cuda", "cuda:0"])
def test_the_device_that_was_wished_for_raises_no_doubt(bench, door, device):
    door.here = ("cuda:0", "cpu")
    assert bench.bring(device=device).classifier.card.doubts == ()


def test_another_device_keeps_the_edited_card_of_what_is_in_use(bench, door):
    bench.bring(at_once=True)
    bench.arrivals.again(replace(bench.session.classifier.card, threshold=0.25))
    bench.rest()
    door.here = ("cpu", "mps")
    bench.arrivals.move("mps")
    bench.rest()
    assert bench.session.classifier.serving.device == "mps"
    assert bench.session.classifier.card.threshold == 0.25


def test_another_device_while_looking_holds_for_what_is_in_use_as_well(bench, door):
    door.here = ("cpu", "mps")
    bench.bring(OTHER, at_once=True)
    bench.bring(ONE)
    bench.arrivals.move("mps")
    bench.rest()
    assert bench.arrivals.arrival.classifier.serving.device == "mps"
    assert bench.session.classifier.serving.device == "cpu"
    bench.arrivals.dismiss()
    bench.rest()
    assert bench.session.classifier.serving.device == "mps"
    assert bench.session.checkpoint == OTHER


def test_another_device_without_any_classifier_does_nothing(bench, door):
    bench.arrivals.move("mps")
    assert not bench.shown
    del door


def test_the_settings_name_each_device_with_its_maker_and_its_free_memory(qtbot, make_window):
    from onepixel_gui.classifier.devices import Device

    window = make_window()
    dialog = SettingsDialog(Preferences(device="cuda:1"), ("cpu",), window)
    box = next(b for b in dialog.findChildren(QComboBox) if b.accessibleName() == "Device")
    assert dialog.chosen().device == "cuda:1"
    dialog.show_devices(
        [Device("cuda:0", "NVIDIA L4", 12_300_000_000, 24_000_000_000), Device("cpu", "x", 1, 2)]
    )
    assert box.itemText(1) == "cuda:0 · NVIDIA L4 · free 12.3 of 24 GB"
    assert dialog.chosen().device == "cuda:1"
    assert box.currentText() == "cuda:1 · not on this machine"
    del qtbot


def test_the_devices_are_asked_for_while_the_settings_are_open(qtbot, make_window, monkeypatch):
    window, seen = make_window(), []

    def opened(dialog: SettingsDialog) -> int:
        dialog.show()
        box = next(b for b in dialog.findChildren(QComboBox) if b.accessibleName() == "Device")
        qtbot.waitUntil(lambda: "GB" in box.itemText(1))
        seen.append([box.itemData(index) for index in range(box.count())])
        dialog.close()
        return QDialog.DialogCode.Rejected

    monkeypatch.setattr(SettingsDialog, "exec", opened)
    window.actions_by_name["settings"].trigger()
    assert seen[0][0] == "auto"
    assert "cpu" in seen[0]


def test_this_machine_says_how_much_memory_is_free():
    from onepixel_gui.classifier import devices

    listed = devices.listed()
    assert [device.name for device in listed] == list(devices.available())
    assert all(0 < device.free <= device.total for device in listed)
    assert devices.in_order("no such")[0] == devices.available()[0]
    assert devices.in_order("cpu")[0] == "cpu"
    assert "GB" in device_words(listed[-1])


# ------------------------------------------------------------------ real files
def test_a_real_checkpoint_is_previewed_and_taken_with_its_path(bench, checkpoint):
    arrival = bench.bring(checkpoint)
    assert arrival.inspection.size == checkpoint.stat().st_size
    assert arrival.inspection.card.name == "corner"
    bench.arrivals.take()
    bench.session.set_tile(tile())
    bench.rest()
    assert bench.session.checkpoint == checkpoint
    assert bench.session.question.answer == "normal"  # 4 - 8 * 150 / 255 is below 0


def test_a_real_file_of_no_use_is_a_problem_with_its_name(bench, tmp_path):
    bad = tmp_path / "weights.pt"
    bad.write_bytes(b"\x80\x04not a network")
    assert bench.bring(bad) is None
    assert [type(problem) for problem in bench.problems] == [UnusableCheckpoint]
    assert "weights.pt" in bench.problems[0].what
    assert str(tmp_path) not in bench.problems[0].what


# ------------------------------------------------------------------ quick
def test_no_news_of_an_arrival_costs_the_window_50_ms(qapp, over):
    """The window's own time is counted, which other programs cannot take."""

    def worst() -> float:
        preview, spent = ArrivalCard(over), []
        news = (Arrival(ONE), Arrival(ONE, inspection=inspection()), ready(), None)
        for arrival in news:
            began = time.thread_time()
            preview.show_arrival(arrival, beside=True)
            qapp.processEvents()
            spent.append(time.thread_time() - began)
        return max(spent)

    assert min(worst() for _ in range(3)) < 0.05


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A state dict of 94 MB."""
    import torch

    from onepixel_gui.classifier.architectures import torchvision_models

    path = tmp_path_factory.mktemp("large") / "resnet50.pth"
    with torch.device("meta"):
        network = torchvision_models().resnet50(num_classes=2)
    weights = {
        key: torch.zeros(each.shape, dtype=each.dtype) for key, each in network.state_dict().items()
    }
    torch.save(weights, path)
    yield path
    path.unlink()


def test_a_hundred_megabytes_are_previewed_within_a_second(bench, large):
    def seconds() -> float:
        began = time.monotonic()
        bench.arrivals.bring(large, "cpu")
        bench.until(lambda: bench.arrivals.arrival.inspection)
        spent = time.monotonic() - began
        assert bench.arrivals.arrival.card.architecture == "resnet50"
        bench.arrivals.dismiss()
        return spent

    assert any(seconds() < 1 for _ in range(5))
    bench.rest()
