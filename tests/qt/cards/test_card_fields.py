"""The fields of a card say what they hold and where from, and what is typed is on the card."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QLabel, QToolButton

from tests.qt.cards.cards import CARD, SOURCES, choose, inspection, named, rename, retype, shown

pytestmark = pytest.mark.usefixtures("checkpoint")  # torch is there, and out of the collector's way


# ------------------------------------------------------------------ what is shown
def test_what_the_file_says_of_itself_stands_above_the_fields(make):
    dialog = make(inspection(notes=("tiny.pt.card.toml was not used.",)))
    assert shown(dialog, "File") == "tiny.pt"
    assert shown(dialog, "Format") == "PyTorch state dict"
    assert shown(dialog, "Size") == "1.3 MB"
    assert shown(dialog, "Parameters") == "1,234"
    assert shown(dialog, "SHA-256") == CARD.sha256[:12]
    assert named(dialog, "SHA-256").toolTip() == CARD.sha256
    assert "tiny.pt.card.toml was not used." in shown(dialog, "Notes on the checkpoint")
    (network,) = (
        each for each in dialog.findChildren(QLabel) if each.accessibleName() == "Network"
    )
    assert network.text().startswith("Tiny network, exact: the names and shapes")


def test_a_file_that_brings_its_network_says_so(make):
    dialog = make(inspection(replace(CARD, architecture="TorchScript"), fits=()))
    (network,) = (
        each for each in dialog.findChildren(QLabel) if each.accessibleName() == "Network"
    )
    assert network.text() == "TorchScript: the file brings its network along"


def test_the_hash_can_be_selected_with_the_mouse(make):
    flags = named(make(), "SHA-256").textInteractionFlags()
    assert flags & Qt.TextInteractionFlag.TextSelectableByMouse


def test_the_card_is_not_changed_by_being_shown(make):
    dialog = make()
    assert dialog.card == CARD
    assert dict(dialog.card.sources) == SOURCES


def test_what_was_assumed_is_marked_and_says_where_it_comes_from(make):
    dialog = make()
    for field, assumed, source in (
        ("Name", False, "stated in the file"),
        ("Input size", False, "asked of the network"),
        ("Scaling", True, "what such networks were trained with"),
        ("Threshold", True, ""),
    ):
        assert bool(shown(dialog, f"{field} is assumed")) == assumed
        assert shown(dialog, f"Source of {field.lower()}") == source


# ------------------------------------------------------------------ editing
TYPED = [
    ("Name", "Our network", "name", "Our network"),
    ("Input height in pixels", "224", "input_size", (224, 16)),
    ("Input width in pixels", "96", "input_size", (16, 96)),
    ("Threshold", "0.25", "threshold", 0.25),
    ("Resolution in micrometres per pixel", "0.5", "mpp", 0.5),
]
CHOSEN = [
    ("Class in question", "normal", "subject", "normal"),
    ("Channel order", "BGR, blue first", "order", "BGR"),
    ("Scaling", "−1 to 1", "scaling", "minus-one-to-one"),
    ("Scaling", "0 to 255", "scaling", "zero-to-255"),
    ("Scaling", "ImageNet mean and std", "scaling", "imagenet"),
    ("Scaling", "Caffe mean", "scaling", "caffe"),
    ("Outputs", "Log-softmax", "outputs", "log-softmax"),
    ("Outputs", "Softmax", "outputs", "softmax"),
    ("Outputs", "Sigmoid", "outputs", "sigmoid"),
    ("Tiles of another size", "Refuse", "fitting", "refuse"),
    ("Tiles of another size", "Resize", "fitting", "resize"),
]


def test_what_is_typed_is_on_the_card(make):
    for control, text, field, value in TYPED:
        dialog = make()
        retype(named(dialog, control), text)
        assert dialog.card == replace(CARD, **{field: value})
        assert dialog.card.sources[field] == "edited"


def test_a_resolution_can_be_left_open_but_not_be_nonsense(make):
    dialog = make(inspection(replace(CARD, mpp=0.25)))
    field = named(dialog, "Resolution in micrometres per pixel")
    assert field.text() == "0.25"
    retype(field, "40")
    assert dialog.card is None
    retype(field, "")
    assert dialog.card == CARD


def test_what_is_chosen_is_on_the_card(make):
    dialog = make()
    for control, text, field, value in CHOSEN:
        choose(named(dialog, control), text)
        assert dialog.card == replace(CARD, **{field: value})
        assert dialog.card.sources[field] == "edited"
        reset = {"subject": "class in question", "order": "channel order"}
        named(dialog, f"Reset {reset.get(field, control.lower())}").click()


def test_a_field_that_was_edited_says_so_and_can_be_reset(make):
    dialog = make()
    back = named(dialog, "Reset scaling")
    assert not back.isVisibleTo(dialog)
    choose(named(dialog, "Scaling"), "Caffe mean")
    assert shown(dialog, "Source of scaling") == "edited"
    assert not shown(dialog, "Scaling is assumed")
    assert "what such networks were trained with" in back.toolTip()
    assert isinstance(back, QToolButton)
    back.click()
    assert dialog.card == CARD
    assert dict(dialog.card.sources) == SOURCES
    assert shown(dialog, "Scaling is assumed")
    assert not back.isVisibleTo(dialog)


@pytest.mark.parametrize("field", ["name", "input size", "threshold", "classes"])
def test_each_field_goes_back_to_what_it_was(make, field):
    dialog = make()
    retype(named(dialog, "Name"), "x")
    retype(named(dialog, "Input height in pixels"), "none")
    retype(named(dialog, "Threshold"), "2")
    rename(dialog, 0, "benign")
    for each in ("name", "input size", "threshold", "classes"):
        back = named(dialog, f"Reset {each}")
        assert back.isVisibleTo(dialog)
        if each != field:
            back.click()
    assert dialog.card != CARD
    named(dialog, f"Reset {field}").click()
    assert dialog.card == CARD


def test_the_formula_of_a_scaling_stands_below_it(make):
    dialog = make()
    for preset, formula in (
        ("0 to 1", "v / 255"),
        ("−1 to 1", "v / 255 × 2 − 1"),
        ("0 to 255", "v as it is"),
        (
            "ImageNet mean and std",
            "(v / 255 − mean) / std, for red, green, blue:\nmean 0.485, 0.456",
        ),
        ("Caffe mean", "v − mean, for red, green, blue: mean 123.68, 116.779, 103.939"),
        ("Own mean and std", "(v / 255 − mean) / std"),
    ):
        choose(named(dialog, "Scaling"), preset)
        seen = [each.text() for each in dialog.findChildren(QLabel) if each.isVisibleTo(dialog)]
        assert any(formula in text for text in seen)


def test_the_formulas_are_those_that_are_computed():
    from onepixel_gui.classifier.colours import levels

    def told(scaling, **more):
        return levels(replace(CARD, scaling=scaling, **more))[:, [0, 255]]

    for scaling in ("zero-to-one", "minus-one-to-one", "zero-to-255", "imagenet", "caffe"):
        mean, std = START[scaling]
        same = told("custom", mean=mean, std=std)
        assert np.allclose(told(scaling), same, atol=1e-3), scaling


START = {
    "zero-to-one": ((0.0,) * 3, (1.0,) * 3),
    "minus-one-to-one": ((0.5,) * 3, (0.5,) * 3),
    "zero-to-255": ((0.0,) * 3, (0.003921569,) * 3),
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "caffe": ((0.48502, 0.457957, 0.407604), (0.003921569,) * 3),
}


@pytest.mark.parametrize("scaling", START)
def test_own_figures_start_from_those_of_the_preset(make, scaling):
    dialog = make(inspection(replace(CARD, scaling=scaling)))
    box = named(dialog, "Scaling")
    box.setCurrentIndex(box.findText("Own mean and std"))
    assert dialog.card.scaling == "custom"
    assert (dialog.card.mean, dialog.card.std) == START[scaling]


def test_own_means_and_spreads_are_kept_in_the_order_red_green_blue(make):
    dialog = make()
    assert not named(dialog, "Mean of red").isVisibleTo(dialog)
    choose(named(dialog, "Scaling"), "Own mean and std")
    for place, channel in enumerate(("red", "green", "blue"), 1):
        retype(named(dialog, f"Mean of {channel}"), f"0.{place}")
        retype(named(dialog, f"Std of {channel}"), f"0.0{place}")
    assert dialog.card.mean == (0.1, 0.2, 0.3)
    assert dialog.card.std == (0.01, 0.02, 0.03)


def test_the_wheel_scrolls_past_a_box_without_turning_it(make):
    box = named(make(), "Scaling")
    wheel = QWheelEvent(
        QPointF(5, 5), QPointF(5, 5), QPoint(), QPoint(0, -120), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(box, wheel)
    assert box.currentText() == "0 to 1"
