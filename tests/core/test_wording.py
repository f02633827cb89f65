"""What a reader is told: by class names, without misleading rounding, never more than was found."""

from dataclasses import replace

import numpy as np
import pytest

from onepixel_gui.analysis.sensitivity import sensitivity
from onepixel_gui.attack.probe import (
    Advanced,
    Began,
    Ended,
    Guidance,
    Painted,
    Pixel,
    Question,
    Settings,
    Swept,
)
from onepixel_gui.classifier.card import Card, Serving
from onepixel_gui.report.captions import caption_attack
from onepixel_gui.report.provenance import (
    commit,
    method_of_search,
    method_of_sweep,
    provenance,
    without_folders,
)
from onepixel_gui.report.wording import (
    decimal,
    doubts,
    mark,
    method,
    palette_name,
    percent,
    stopped,
    sweep_stopped,
    sweep_verdict,
    verdict,
)
from onepixel_gui.tiles.tile import Tile, Window

CORNERS = np.array([[r, g, b] for r in (0, 255) for g in (0, 255) for b in (0, 255)], np.uint8)
YELLOW = Pixel(28, 26, (255, 255, 0))


def question(clean=0.98844, threshold=0.5, window=None):
    answer = "mitosis" if clean >= threshold else "normal"
    logit = float(np.log(clean / (1 - clean)))
    window = window or Window(0, 0, 64, 64)
    return Question("mitosis", "normal", answer, clean, logit, threshold, window)


def ended(confidence=0.1595, flipped=True, best=(YELLOW,), queries=10_400):
    reason = "flipped" if flipped else "budget spent"
    answer = "normal" if flipped else "mitosis"
    first = 1_600 if flipped else None
    return Ended(reason, flipped, queries, first, best, confidence, answer, (), 9.1)


def swept(asked, flips=(), lowest=0.1595, highest=0.9968, palette=CORNERS):
    height, width = asked.window.shape
    logits = np.full((height, width, len(palette)), asked.clean_logit, np.float32)
    flipped = np.zeros(logits.shape, bool)
    for row, column in flips:
        flipped[row, column, -1] = True
    total = logits.size
    return Swept(asked, palette, logits, flipped, YELLOW, lowest, YELLOW, highest, total, 9, 1.0)


CARD = Card(
    "IBM MAX mitosis detector", "m.hdf5", "ab" * 32, "codait_mitosis", 112_585,
    ("normal", "mitosis"), "mitosis", (64, 64), "minus-one-to-one",
)  # fmt: skip
SERVING = Serving("cpu", "a processor", 2, 64, "2.13.0", True)


def tile(size=64, **facts):
    return Tile("true.png", np.zeros((size, size, 3), np.uint8), **facts)


# ------------------------------------------------------------------ numbers
@pytest.mark.parametrize(
    ("confidence", "text"),
    [
        (0.98844, "98.8 %"),
        (0.5, "50.0 %"),
        (0.001, "0.1 %"),
        (5.0892e-05, "0.0051 %"),
        (1.247e-04, "0.012 %"),
        (4.29e-07, "4.3e-05 %"),
        (0.0, "under 1e-12 %"),
        (0.99988, "99.988 %"),
        (1.0, "over 99.9999 %"),
    ],
)
def test_a_confidence_reads_with_sensible_digits(confidence, text):
    assert percent(confidence) == text


def test_no_confidence_short_of_the_ends_reads_as_an_end():
    for exponent in np.linspace(-30, -0.31, 400):
        low = 10.0**exponent
        assert percent(low) not in ("0 %", "0.0 %", "0.00 %")
        assert not percent(1 - low).startswith("100")
        assert not decimal(1 - low).startswith("1")
        assert not decimal(low).startswith("0.000")


def test_a_confidence_just_under_the_threshold_does_not_read_as_the_threshold():
    assert percent(0.4998, beside=(0.5,)) == "49.98 %"
    assert decimal(0.49998, beside=(0.5,)) == "0.49998"


def test_two_confidences_that_differ_read_differently():
    assert percent(0.98844, beside=(0.98841,)) != percent(0.98841, beside=(0.98844,))


# ------------------------------------------------------------------ a search
def test_a_flip_is_told_with_place_numbers_and_the_new_answer():
    assert verdict(Began(question(), Settings()), ended(0.1599)) == (
        "Changing one pixel (row 28, column 26) moved the mitosis confidence "
        "from 98.8 % to 16.0 %: the answer changed to normal."
    )


def test_holding_is_told_with_its_budget_and_never_called_robust():
    text = verdict(Began(question(), Settings()), ended(0.71, flipped=False, queries=40_000))
    assert text == (
        "No single pixel changed the answer in 40,000 queries; the best moved the mitosis "
        "confidence from 98.8 % to 71.0 % (row 28, column 26)."
    )
    assert "robust" not in text


def test_several_pixels_are_counted_and_placed():
    three = (YELLOW, Pixel(1, 2, (0, 0, 0)), Pixel(3, 4, (0, 0, 0)))
    began = Began(question(), Settings(pixels=3))
    text = verdict(began, ended(best=three))
    assert text.startswith("Changing 3 pixels (row 28, column 26; row 1, column 2; row 3,")
    assert verdict(began, ended(0.9, False, three)).startswith("No set of 3 pixels changed")
    four = verdict(began, ended(best=(*three, YELLOW)))
    assert "1 more" in four


def test_a_search_that_moved_nothing_says_so():
    text = verdict(Began(question(), Settings()), ended(question().clean, flipped=False))
    assert "left the mitosis confidence at 98.8 %" in text


def advanced(confidence):
    return Advanced(5_200, 13, (YELLOW,), confidence, np.zeros((0, 2), np.int16))


def test_a_stopped_sweep_says_how_far_it_came_and_that_nothing_is_confirmed():
    logits = np.zeros((4, 4), np.float32)
    part = Painted(2_208, 32_768, 4, logits - 1.658, logits + 5, logits, logits == 0)
    words = sweep_stopped(question(), part)
    assert words == (
        "Stopped after 2,208 of 32,768 queries on a grid of 4 px or finer; "
        "lowest mitosis confidence so far 16.0 %, not confirmed."
    )
    upward = sweep_stopped(question(clean=0.02), part)
    assert "highest mitosis confidence so far 99.3 %" in upward


def test_a_stopped_sweep_tells_no_number_that_was_only_previewed():
    logits, exact = np.full((4, 4), -1.658, np.float32), np.zeros((4, 4), bool)
    logits[0, 0], exact[1, 1] = -9.0, True  # the lowest is a preview
    part = Painted(8, 128, 1, logits, -logits, logits, exact)
    assert "confidence so far 16.0 %" in sweep_stopped(question(), part)
    assert "confidence so far 84.0 %" in sweep_stopped(question(clean=0.02), part)
    none = sweep_stopped(question(), replace(part, done=0, exact=np.zeros((4, 4), bool)))
    assert none == "Stopped before anything was asked."


def test_a_stopped_search_says_what_it_had_and_that_nothing_is_confirmed():
    began = Began(question(), Settings())
    assert stopped(began, None) == "Stopped before anything was found."
    held, crossed = stopped(began, advanced(0.7)), stopped(began, advanced(0.2))
    assert "5,200 of at most 40,000 queries" in held
    assert "may change" not in held
    assert "may change the answer to normal" in crossed
    assert held.endswith("not confirmed.")
    assert crossed.endswith("not confirmed.")
    upward = stopped(Began(question(5e-5), Settings()), advanced(0.7))
    assert "may change the answer to mitosis" in upward


# ------------------------------------------------------------------ a white-box search
def guided(**facts):
    began = Began(question(), Guidance())
    return began, replace(ended(queries=1_100), previews=32_768, first_flip=12, **facts)


def test_every_sentence_of_a_guided_search_says_white_box():
    began, flipped = guided()
    held = replace(flipped, flipped=False, answer="mitosis", reason="budget spent")
    assert verdict(began, flipped).endswith("the answer changed to normal (white-box search).")
    assert "in 1,100 queries of a white-box search; the best moved" in verdict(began, held)
    halfway = stopped(began, advanced(0.7))
    assert "of at most 2,816 queries of a white-box search; the best so far" in halfway
    assert mark(began.settings) == "guided, white-box"
    assert stopped(began, replace(advanced(0.7), queries=0, best=())).startswith(
        "Stopped before anything was found."
    )


def test_the_method_of_a_guided_search_counts_queries_and_previews_apart():
    said = method(*guided())
    for part in (
        "white-box", "gradients of the network put 32,768 candidates in order",
        "for each pixel the best 768, at most 1,792 around the best of these and at most 256 finer "
        "colours were evaluated",
        "n = 1,100 queries of one tile, first flip after 12, previews not counted",
        "Not comparable with a black-box search, the protocol of the literature",
    ):  # fmt: skip
        assert part in said


def test_the_method_of_an_evolution_says_black_box_and_its_seed():
    said = method(Began(question(), Settings(seed=3)), ended())
    assert said.startswith("Differential evolution (black-box; rand/1")
    assert said.endswith("seed 3: n = 10,400 queries of one tile, first flip after 1,600.")
    assert "white-box" not in said
    assert mark(Settings(seed=3)) == "seed 3"


def test_a_caption_says_which_access_its_search_had():
    began, found = guided()
    words = {"enlarged": "enlarged 4 x", "bar": "20 px"}
    assert "Guided search (white-box" in caption_attack(tile(), CARD, began, found, **words)
    plain = caption_attack(tile(), CARD, Began(question(), Settings()), ended(), **words)
    assert "(black-box;" in plain
    assert "white-box" not in plain


# ------------------------------------------------------------------ a sweep
def test_a_sweep_counts_the_positions_that_flip_and_names_the_extreme():
    found = sensitivity(swept(question(), flips=[(28, 26), (28, 28)]))
    assert sweep_verdict(found) == (
        "2 of 4,096 positions flip the answer to normal with one of 8 colours; lowest mitosis "
        "confidence 16.0 % (untouched 98.8 %) at row 28, column 26 with #FFFF00."
    )
    assert sweep_verdict(sensitivity(swept(question(), [(0, 0)]))).startswith(
        "1 of 4,096 positions flips"
    )


def test_a_sweep_without_a_flip_of_a_normal_tile_names_the_highest():
    text = sweep_verdict(sensitivity(swept(question(5.0892e-05), highest=1.247e-04)))
    assert text == (
        "No position flips the answer with any of 8 colours (32,768 queries); highest mitosis "
        "confidence 0.012 % (untouched 0.0051 %) at row 28, column 26 with #FFFF00."
    )


# ------------------------------------------------------------------ doubts
def test_doubts_name_a_wrong_clean_answer_only_when_the_label_is_a_class():
    assert any(
        "labelled normal" in d for d in doubts(tile(label="normal", mpp=0.25), question(), CARD)
    )
    for label in (None, "atypical", "mitosis"):
        assert doubts(tile(label=label, mpp=0.25), question(), CARD) == ()


def test_doubts_name_loss_budget_window_scale_and_notes():
    large = tile(80, lossy=True, notes=("Alpha was dropped.",))
    asked = question(window=large.centre(64, 64))
    said = " ".join(doubts(large, asked, CARD, "budget spent"))
    for part in ("JPEG", "PNG or TIFF", "may still exist", "rows 8 to 71", "Micrometres", "Alpha"):
        assert part in said
    assert "budget" not in " ".join(doubts(large, asked, CARD, "flipped"))


# ------------------------------------------------------------------ provenance
def test_provenance_holds_what_is_needed_to_repeat_a_search():
    began = Began(question(), Settings(seed=7, population=50))
    block = provenance(
        tile(label="mitosis", source_sha256="cd" * 32), began.question, CARD, SERVING,
        method_of_search(began, ended()), command="onepixel-gui attack /home/ann/true.png --seed 7",
    )  # fmt: skip
    attack, environment = block["attack"], block["environment"]
    assert (attack["seed"], attack["population"], attack["F"]) == (7, 50, 0.5)
    assert (attack["queries"], attack["first_flip"]) == (10_400, 1_600)
    assert (attack["strategy"], attack["access"]) == ("evolution", "black-box")
    assert block["classifier"]["sha256"] == "ab" * 32
    assert block["tile"]["window"] == [0, 0, 64, 64]
    assert environment["torch"] == "2.13.0"
    assert environment["numpy"] == np.__version__
    assert block["command"] == "onepixel-gui attack true.png --seed 7"


def test_provenance_of_a_guided_search_is_white_box_without_a_seed_and_its_previews_apart():
    attack = method_of_search(*guided())
    assert (attack["strategy"], attack["access"]) == ("guided", "white-box")
    assert (attack["queries"], attack["previews"], attack["budget"]) == (1_100, 32_768, 2_816)
    assert (attack["shortlist"], attack["neighbours"], attack["refinements"]) == (768, 1792, 256)
    assert attack["pixels"] == 1
    assert not {"seed", "population", "generations", "F"} & set(attack)
    assert "not with black-box" in attack["comparable"]


def test_provenance_of_a_sweep_labels_our_own_choices():
    method = method_of_sweep(swept(question()))
    assert method["palette_name"] == "8 corners of the RGB cube"
    assert method["our_choices"]
    grid = np.array(
        [[r, g, b] for r in (0, 127, 255) for g in (0, 127, 255) for b in (0, 127, 255)]
    )
    assert "3 x 3 x 3" in palette_name(swept(question(), palette=grid.astype(np.uint8)))
    assert palette_name(swept(question(), palette=CORNERS[:1])) == "1 chosen colour"


@pytest.mark.parametrize(
    ("command", "clean"),
    [
        ("attack '/home/ann lee/x y.png' --model /data/m.pt", "attack 'x y.png' --model m.pt"),
        (r"attack C:\Users\ann\x.png", "attack x.png"),
        ("map ~/a/x.png --json=/tmp/o.json", "map x.png --json=o.json"),
        ("map demo/mitosis/x.png --figure ./o.png", "map demo/mitosis/x.png --figure ./o.png"),
    ],
)
def test_a_stored_command_holds_no_folder_of_the_machine(command, clean):
    assert without_folders(command) == clean


def test_the_commit_is_a_hash_or_said_to_be_unknown():
    assert commit() == "unknown" or len(commit()) == 40


def test_a_caption_says_where_on_its_slide_a_tile_lies_and_of_which_case():
    words = {"enlarged": "enlarged", "bar": "5 µm"}
    found = ended()
    began = Began(question(), Settings())
    cut = replace(tile(), slide="A00_01.jpg", origin=(1024, 96), case="A00")
    said = caption_attack(cut, CARD, began, found, **words)
    assert "level-0 row 1,024, column 96 of A00_01.jpg, case A00;" in said
    assert "level-0" not in caption_attack(tile(), CARD, began, found, **words)
