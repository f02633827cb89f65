"""A card in words: every value with where it comes from, and nothing twice."""

from dataclasses import replace
from pathlib import Path

import pytest

from onepixel_gui.classifier.card import Card, Fit, Inspection, Serving
from onepixel_gui.narration import card_lines
from onepixel_gui.report import cards

FITS = (
    Fit("resnet18", "ResNet-18", 2, True, "The file names it. The names of all weights agree."),
    Fit("resnet_other", "Another ResNet", 2, False, "The shapes agree in their order."),
)
STATED, HABIT = "stated in the file", "what torchvision's weights were trained with"


def seen(fits=FITS, sources=None, **facts) -> Inspection:
    card = Card(
        "net", "net.pt", "ab" * 32, "resnet18", 11_177_538, ("normal", "mitosis"), "mitosis",
        (64, 48), "zero-to-one", format="PyTorch state dict", sources=sources or {},
    )  # fmt: skip
    return Inspection(Path("net.pt"), 44_700_000, fits, replace(card, **facts))


def fact(label: str, **facts) -> cards.Fact:
    return next(each for each in cards.facts(seen(**facts)) if each.label == label)


def test_a_card_is_told_in_one_order_with_one_line_for_each_label():
    labels = [each.label for each in cards.facts(seen())]
    assert labels == [
        *("File", "SHA-256", "Network", "Parameters", "Input", "Resolution", "Scaling"),
        *("Classes", "Output", "Other sizes", "Gradients"),
    ]


def test_values_have_units_and_the_hash_is_whole():
    told = {each.label: each.value for each in cards.facts(seen())}
    assert told["File"] == "PyTorch state dict · 44.7 MB"
    assert told["SHA-256"] == "ab" * 32
    assert told["Parameters"] == "11,177,538"
    assert told["Input"] == "64 × 48 px (height × width) · RGB"
    assert told["Classes"] == "normal, mitosis · positive: mitosis"
    assert told["Output"] == "logits · answers mitosis from 0.5 on"


def test_a_resolution_that_nobody_stated_is_that_of_the_slide():
    assert fact("Resolution").value == "as scanned: nobody said"
    told = fact("Resolution", mpp=0.25, sources={"mpp": HABIT})
    assert (told.value, told.source, told.doubtful) == ("0.25 µm/px", HABIT, False)


def test_a_loaded_network_has_the_last_word():
    before = seen(classes=(), subject="")
    after = replace(before.card, classes=("a", "b", "c"), subject="b", doubts=("odd",))
    told = {each.label: each.value for each in cards.facts(before, after)}
    assert told["Classes"] == "a, b, c · in question: b"


@pytest.mark.parametrize(
    ("sources", "source"),
    [
        ({}, ""),
        ({"input_size": STATED, "order": STATED}, STATED),
        ({"input_size": STATED, "order": HABIT}, f"size: {STATED} · order: {HABIT}"),
        ({"input_size": STATED}, STATED),
        ({"order": STATED}, f"order: {STATED}"),
        ({"scaling": HABIT}, ""),
    ],
)
def test_a_source_is_told_once_or_each_with_the_part_it_is_of(sources, source):
    assert fact("Input", sources=sources).source == source


@pytest.mark.parametrize(
    ("source", "doubtful"),
    [
        ("assumed", True),
        ("assumed, as the file leaves it open", True),
        ("the mean and spread of CIFAR-10, assumed", True),
        (STATED, False),
        ("the card nobody-assumed-it.card.toml", False),
        ("", False),
    ],
)
def test_what_nobody_stated_is_doubtful(source, doubtful):
    assert fact("Scaling", sources={"scaling": source}).doubtful is doubtful
    assert fact("Output", sources={"threshold": source}).doubtful is doubtful


def test_a_network_that_only_may_be_the_one_is_doubtful():
    assert fact("Network").source == "exact: the file names it; the names of all weights agree"
    assert not fact("Network").doubtful
    likely = fact("Network", fits=FITS[1:])
    assert likely == cards.Fact(
        "Network", "Another ResNet", "likely: the shapes agree in their order", True
    )
    own = fact("Network", fits=(), architecture="compiled")
    assert (own.value, own.source, own.doubtful) == ("compiled", "comes with the file", False)


def test_all_other_networks_that_fit_are_told_best_first():
    assert [each.value for each in cards.others(seen())] == ["Another ResNet"]
    assert cards.others(seen(fits=())) == ()


def test_what_only_the_network_knows_is_not_made_up():
    sources = {"classes": "assumed"}
    asked = "asked of the network when it is loaded"
    told = fact("Classes", sources=sources, classes=(), subject="")
    assert (told.value, told.source, told.doubtful) == (asked, "", False)
    assert fact("Output", sources=sources, classes=(), subject="").value == asked
    known = {**sources, "outputs": STATED}
    assert fact("Output", sources=known, classes=(), subject="").value == "logits"


def test_own_figures_of_scaling_are_told():
    told = fact("Scaling", scaling="custom", mean=(0.4914, 0.4822, 0.4465), std=(0.25, 0.5, 1.0))
    assert "mean 0.4914, 0.4822, 0.4465; spread 0.25, 0.5, 1" in told.value
    assert "red, green, blue" in told.value


def test_of_many_classes_six_are_named_and_long_names_are_cut():
    names = tuple(f"class {i}" for i in range(1000))
    told = fact("Classes", classes=names, subject="class 999").value
    assert told.endswith("class 5 and 994 more · in question: class 999")
    long = "x" * 60
    told = fact("Classes", classes=("normal", long), subject=long).value
    assert told == f"normal, {'x' * 31}… · positive: {'x' * 31}…"


def test_a_black_box_says_what_it_cannot_offer():
    assert "white box" in fact("Gradients").value
    assert "not offered" in fact("Gradients", white_box=False).value


def test_letters_of_a_stranger_cannot_break_a_line():
    evil = "mitosis\n\x1b[2J\u202e"
    for each in cards.facts(seen(classes=("a", evil), subject=evil, sources={"classes": evil})):
        assert (each.value + each.source).isprintable()
    named = seen(name=evil, sources={"name": STATED}, file="net\n.pt").card
    assert cards.title(named).isprintable()


def test_a_name_that_somebody_gave_comes_before_the_files():
    assert cards.title(seen(sources={"name": STATED}, name="Mitosis of ours").card) == (
        "Mitosis of ours, from net.pt"
    )
    assert cards.title(seen(sources={"name": "assumed"}).card) == "net.pt"


def test_a_running_network_tells_what_is_saved_and_where_it_runs():
    serving = Serving("cuda:0", "a card", 1, 2048, "0", True, "Saves 64 % of the work.")
    assert [each.value for each in cards.served(serving)] == [
        "Saves 64 % of the work.",
        "cuda:0 · a card · 2,048 tiles at once",
    ]
    alike = cards.served(replace(serving, device_name="cuda:0", batch=1, shortcut=""))
    assert [each.value for each in alike] == [
        "not known what of the arithmetic is saved",
        "cuda:0 · 1 tile at once",
    ]


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (829_636, "830 kB"), (99_949, "99.9 kB"),
     (999_499, "999 kB"), (999_500, "1.0 MB"), (102_530_333, "103 MB"), (4 << 30, "4.29 GB")],
)  # fmt: skip
def test_sizes_are_told_as_file_managers_do(count, words):
    assert cards.size(count) == words


def test_lines_of_a_terminal_are_aligned_and_in_letters_that_every_terminal_has():
    inspected = seen(
        scaling="minus-one-to-one",
        classes=("normal", "x" * 60),
        subject="normal",
        mpp=0.25,
        sources={"scaling": "assumed", "input_size": STATED, "order": HABIT},
    )
    lines = card_lines("net.pt", cards.facts(inspected), ("One.\nTwo.",))
    assert lines[0] == "net.pt"
    assert lines[1] == "File         PyTorch state dict; 44.7 MB"
    assert "Input        64 x 48 px (height x width); RGB" in lines[5]
    assert lines[5].endswith(f"[size: {STATED}; order: {HABIT}]")
    assert lines[6] == "Resolution   0.25 um/px"
    assert lines[7] == "Scaling      -1 to 1: v / 127.5 - 1  [assumed]"
    assert lines[-1] == "Note: One.\\nTwo."
    assert all(line.isascii() for line in lines)
