"""The command line as scripts rely on it: words, exit codes, files and streams."""

import json
import signal
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from onepixel_gui import cli, terminal
from onepixel_gui.problems import Problem
from tests.core.networks import save_bench, save_codait

SMALL = ["--population", "60", "--generations", "60"]
PROVENANCE = {"software", "environment", "classifier", "tile", "question", "attack", "command"}


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    return save_bench(tmp_path_factory.mktemp("bench"))


@pytest.fixture
def go(bench, monkeypatch, capsys):
    """Run in-process: (exit code, stdout lines, stderr lines)."""
    monkeypatch.chdir(bench)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*words, **how):
        code = cli.run([str(word) for word in words], **how)
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return code, out.splitlines(), err.splitlines()

    return run


# ------------------------------------------------------------------ attack
def test_an_attack_that_flips_says_so_writes_its_json_and_exits_0(go, tmp_path):
    out = tmp_path / "a.json"
    code, said, errors = go("attack", "a.png", "--model", "weak.pt", *SMALL, "--json", out)
    assert (code, errors) == (0, [])
    assert said[0].startswith("Changing one pixel (row 1, column 2) moved the mitosis confidence")
    assert all(line.startswith("Doubt: ") for line in said[1:])
    found = json.loads(out.read_text("utf-8"))
    assert {"clean", "answer", "flipped", "queries", "confidence", "pixels", "provenance"} <= set(
        found
    )
    assert (found["flipped"], found["answer"], found["clean_answer"]) == (True, "normal", "mitosis")
    assert found["confidence"] < 0.5 < found["clean"]
    assert 0 < found["queries"] <= 3600
    (pixel,) = found["pixels"]
    assert set(pixel) == {"row", "column", "rgb_before", "rgb_after"}
    assert (pixel["row"], pixel["column"], pixel["rgb_before"]) == (1, 2, [0, 0, 0])
    assert pixel["rgb_after"][0] > 127


def test_an_attack_that_holds_says_so_and_exits_1(go, tmp_path):
    out = tmp_path / "a.json"
    code, said, _ = go("attack", "a.png", "--model", "sound.pt", *SMALL, "--json", out)
    assert code == 1
    assert said[0].startswith("No single pixel changed the answer in 3,600 queries")
    assert any("spent its budget" in line for line in said[1:])
    found = json.loads(out.read_text("utf-8"))
    assert (found["flipped"], found["queries"], found["first_flip"]) == (False, 3600, None)
    assert found["answer"] == found["clean_answer"]


def test_to_the_end_spends_the_budget_and_is_no_doubt_once_it_flipped(go, tmp_path):
    out = tmp_path / "a.json"
    words = ("attack", "a.png", "--model", "weak.pt", *SMALL, "--to-the-end", "--json", out)
    code, said, _ = go(*words)
    found = json.loads(out.read_text("utf-8"))
    assert (code, found["queries"], found["flipped"]) == (0, 3600, True)
    assert found["first_flip"] < 3600
    assert not any("spent its budget" in line for line in said)


def test_the_same_seed_gives_the_same_json_and_another_seed_another(go, tmp_path):
    for name, seed in (("1", 4), ("2", 4), ("3", 5)):
        words = ("attack", "a.png", "--model", "weak.pt", *SMALL, "--seed", seed)
        go(*words, "--json", tmp_path / name)
    first, again, other = (json.loads((tmp_path / name).read_text("utf-8")) for name in "123")
    for each in (first, again, other):
        for part in ("command", "environment", "attack"):
            each["provenance"].pop(part)
    assert first == again
    assert first["queries"] != other["queries"]


def test_the_provenance_has_the_command_with_names_and_without_folders(go, bench, tmp_path):
    out = tmp_path / "deep" / "a.json"
    out.parent.mkdir()
    words = ("attack", bench / "a.png", "--model", bench / "weak.pt", *SMALL, f"--json={out}")
    go(*words, "--device", "cpu")
    origin = json.loads(out.read_text("utf-8"))["provenance"]
    assert set(origin) >= PROVENANCE
    assert origin["command"] == (
        "onepixel-gui attack a.png --model weak.pt --population 60 --generations 60 "
        "--json=a.json --device cpu"
    )
    assert str(bench) not in out.read_text("utf-8")
    assert origin["attack"]["seed"] == 0


def test_a_tile_larger_than_the_input_is_judged_by_its_centre_and_positions_are_of_the_tile(
    go, tmp_path
):
    out = tmp_path / "a.json"
    _, said, _ = go("attack", "large.png", "--model", "weak.pt", *SMALL, "--json", out)
    found = json.loads(out.read_text("utf-8"))
    (pixel,) = found["pixels"]
    assert 6 <= pixel["row"] < 14
    assert 11 <= pixel["column"] < 19
    assert any("sees only 8 × 8 px of it" in line for line in said)
    assert found["provenance"]["tile"]["window"] == [6, 11, 8, 8]


# ------------------------------------------------------------------ a guided attack
class Previewed:
    """A probe whose preview is the network itself."""

    preview_chunk = 100

    def __init__(self, probe):
        self._probe = probe
        self.question, self.chunk, self.confirm = probe.question, probe.chunk, probe.confirm

    def __call__(self, candidates):
        return self._probe(candidates)

    def preview(self, candidates):
        return self._probe(candidates).logits


@pytest.fixture
def previewed(monkeypatch):
    from onepixel_gui.classifier.classifier import Classifier

    plain = Classifier.probe

    def probe(self, tile, **how):
        return Previewed(plain(self, tile, **how))

    monkeypatch.setattr(Classifier, "probe", probe)


GUIDED = ("attack", "a.png", "--strategy", "guided", "--model")


@pytest.mark.usefixtures("previewed")
def test_a_guided_attack_says_white_box_and_counts_previews_apart(go, tmp_path):
    out = tmp_path / "a.json"
    code, said, errors = go(*GUIDED, "weak.pt", "--json", out)
    assert (code, errors) == (0, [])
    assert said[0].startswith("Changing one pixel (row 1, column 2) moved the mitosis confidence")
    assert said[0].endswith("(white-box search).")
    assert "n = 1 query of one tile, previews not counted" in said[1]
    assert "512 candidates" in said[1]
    assert "Not comparable with a black-box search, the protocol of the literature" in said[1]
    assert all(line.startswith("Doubt: ") for line in said[2:])
    found = json.loads(out.read_text("utf-8"))
    assert (found["strategy"], found["access"]) == ("guided", "white-box")
    assert (found["queries"], found["first_flip"], found["previews"]) == (1, 1, 512)
    how = found["provenance"]["attack"]
    assert how["access"] == "white-box"
    assert how["budget"] == how["shortlist"] + how["neighbours"] + how["refinements"]
    assert not any("white-box" in doubt for doubt in found["doubts"])


@pytest.mark.usefixtures("previewed")
def test_a_guided_attack_that_holds_exits_1_and_says_that_its_budget_is_spent(go, tmp_path):
    code, said, _ = go(*GUIDED, "sound.pt", "--figure", tmp_path / "f.png")
    assert code == 1
    assert "queries of a white-box search" in said[0]
    assert any("spent its budget" in line for line in said)
    caption = json.loads((tmp_path / "f.png.json").read_text("utf-8"))["caption"]
    assert "Guided search (white-box" in caption


def test_an_evolution_says_black_box_in_its_json(go, tmp_path):
    go("attack", "a.png", "--model", "weak.pt", *SMALL, "--json", tmp_path / "a.json")
    found = json.loads((tmp_path / "a.json").read_text("utf-8"))
    assert (found["strategy"], found["access"]) == ("evolution", "black-box")
    assert found["previews"] == 0


@pytest.mark.parametrize("option", ["--population", "--generations", "--seed"])
def test_an_option_without_effect_on_a_guided_attack_is_refused(go, option):
    code, said, errors = go(*GUIDED, "weak.pt", option, 7)
    assert (code, said) == (2, [])
    assert option in " ".join(errors)
    assert "belongs to --strategy evolution" in " ".join(errors)


def test_a_guided_attack_without_a_preview_leads_to_the_black_box_search(go, monkeypatch):
    from onepixel_gui.classifier.probe import TileProbe

    monkeypatch.setattr(TileProbe, "preview_chunk", 0)
    told = problem(go(*GUIDED, "weak.pt"))
    assert "no preview" in told
    assert "black-box search" in told


@pytest.mark.usefixtures("previewed")
def test_a_map_with_a_preview_is_the_same_map(go, tmp_path, monkeypatch):
    go("map", "a.png", "--model", "weak.pt", "--out", tmp_path / "1.npz")
    monkeypatch.setattr(Previewed, "preview_chunk", 0)
    go("map", "a.png", "--model", "weak.pt", "--out", tmp_path / "2.npz")
    assert (tmp_path / "1.npz").read_bytes() == (tmp_path / "2.npz").read_bytes()


# ------------------------------------------------------------------ map
def test_a_map_writes_json_and_arrays_and_exits_0(go, tmp_path):
    out, arrays = tmp_path / "m.json", tmp_path / "m.npz"
    words = ("map", "a.png", "--model", "weak.pt", "--json", out, "--out", arrays)
    code, said, errors = go(*words)
    assert (code, errors) == (0, [])
    assert said[0].startswith("1 of 64 positions flips the answer to normal")
    found = json.loads(out.read_text("utf-8"))
    assert {
        "clean", "lowest", "highest", "flipping_positions", "queries", "row_profile",
        "column_profile", "periods", "provenance",
    } <= set(found)  # fmt: skip
    assert set(found["lowest"]) == {"confidence", "row", "column", "rgb"}
    assert (found["lowest"]["row"], found["lowest"]["column"]) == (1, 2)
    assert (found["flipping_positions"], found["queries"]) == (1, 64 * 8)
    assert len(found["row_profile"]) == len(found["column_profile"]) == 8
    assert set(found["periods"]) == {"row", "column", "even_odd", "shuffles", "seed"}
    for axis in ("row", "column"):
        told = found["periods"][axis]
        assert set(told) == {"strongest_px", "share_of_shuffles_below", "beyond_95_percent"}
    with np.load(arrays) as held:
        kinds = {name: (held[name].shape, held[name].dtype.name) for name in held}
        assert kinds.pop("scores") == ((8, 8, 8), "float32")
        assert kinds.pop("palette") == ((8, 3), "uint8")
        assert kinds.pop("lowest") == kinds.pop("highest") == ((8, 8), "float32")
        assert held["window"].tolist() == [0, 0, 8, 8]
        assert held["clean"] == pytest.approx(found["clean"])
        assert np.array_equal(held["lowest"], held["scores"].min(axis=2))
        assert held["lowest"][1, 2] == pytest.approx(found["lowest"]["confidence"])


def test_a_map_in_which_nothing_flips_exits_0_as_well(go):
    code, said, _ = go("map", "a.png", "--model", "sound.pt")
    assert code == 0
    assert said[0].startswith("No position flips the answer")


def test_the_27_colours_are_a_palette(go, tmp_path):
    out = tmp_path / "m.npz"
    go("map", "a.png", "--model", "weak.pt", "--palette", "27", "--out", out)
    with np.load(out) as held:
        assert held["scores"].shape == (8, 8, 27)


def test_the_same_map_is_the_same_bytes(go, tmp_path):
    for name in ("1.npz", "2.npz"):
        go("map", "a.png", "--model", "weak.pt", "--out", tmp_path / name)
    assert (tmp_path / "1.npz").read_bytes() == (tmp_path / "2.npz").read_bytes()


# ------------------------------------------------------------------ figures
@pytest.mark.parametrize("words", [("attack", *SMALL), ("map",)])
def test_a_figure_is_written_with_its_sidecar(go, tmp_path, words):
    code, *_ = go(
        words[0], "a.png", "--model", "weak.pt", *words[1:], "--figure", tmp_path / "f.png"
    )
    assert code == 0
    with Image.open(tmp_path / "f.png") as picture:
        assert picture.width > 1000
    beside = json.loads((tmp_path / "f.png.json").read_text("utf-8"))
    assert beside["provenance"]["command"].startswith(f"onepixel-gui {words[0]} a.png")


# ------------------------------------------------------------------ score
def test_scores_come_in_the_order_asked_with_their_folder_where_one_was_opened(go, tmp_path, bench):
    for label in ("mitosis", "normal"):
        (tmp_path / "set" / label).mkdir(parents=True)
        (tmp_path / "set" / label / "same.png").write_bytes((bench / "a.png").read_bytes())
    out = tmp_path / "s.json"
    code, said, _ = go("score", "a.png", tmp_path / "set", "--model", "weak.pt", "--json", out)
    found = json.loads(out.read_text("utf-8"))
    assert code == 0
    assert [each["tile"] for each in found] == ["a.png", "mitosis/same.png", "normal/same.png"]
    assert [each["label"] for each in found] == [None, "mitosis", "normal"]
    assert all(each["confidence"] == pytest.approx(0.982, abs=1e-3) for each in found)
    assert {each["answer"] for each in found} == {"mitosis"}
    assert said[0] == "a.png: mitosis, 98.2 % mitosis confidence"


def test_an_unreadable_tile_does_not_keep_the_others_from_being_scored(go, tmp_path):
    out = tmp_path / "s.json"
    code, said, errors = go(
        "score", "a.png", "bad.png", "b.png", "--model", "weak.pt", "--json", out
    )
    assert code == 2
    assert len(said) == len(json.loads(out.read_text("utf-8"))) == 2
    assert len(errors) == 1
    assert errors[0].startswith("bad.png")


def test_a_score_line_says_when_only_the_centre_was_judged(go):
    _, said, _ = go("score", "large.png", "--model", "weak.pt")
    assert said[0].endswith("judged by its centre 8 × 8 of 30 × 20 px")


# ------------------------------------------------------------------ what goes wrong
def problem(result):
    code, said, errors = result
    assert code == 2
    assert said == []
    assert 1 <= len(errors) <= 2
    return " ".join(errors)


def test_a_bad_file_is_told_in_two_lines_without_a_traceback(go):
    assert "bad.png" in problem(go("attack", "bad.png", "--model", "weak.pt"))
    assert "nowhere.png does not exist" in problem(go("map", "nowhere.png", "--model", "weak.pt"))
    assert "is a folder" in problem(go("attack", ".", "--model", "weak.pt"))
    assert "bad.png is not a checkpoint" in problem(go("map", "a.png", "--model", "bad.png"))
    assert "no device named" in problem(
        go("map", "a.png", "--model", "weak.pt", "--device", "abacus")
    )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--json", "nowhere/a.json"), "not an existing folder"),
        (("--json", "."), "is a folder"),
        (("--json", "a.png"), "would overwrite"),
        (("--json", "weak.pt"), "would overwrite"),
        (("--json", "x" * 300), "does not accept that file name"),
        (("--figure", "f.gif"), "ends in .png, .tif, .tiff, .pdf or .svg"),
        (("--figure", "f"), "ends in .png"),
        (("--figure", "nowhere/f.png"), "not an existing folder"),
        (("--figure", "f.png", "--json", "f.png.json"), "would overwrite"),
        (("--out", "m.npz", "--json", "./m.npz"), "would overwrite"),
    ],
)
def test_a_result_that_could_not_be_written_is_told_before_any_work(
    go, monkeypatch, bench, words, told
):
    monkeypatch.setattr(cli.tiles, "watch", lambda *_: pytest.fail("worked first"))
    before = {path: path.read_bytes() for path in bench.iterdir() if path.is_file()}
    command = "map" if "--out" in words else "attack"
    assert told in problem(go(command, "a.png", "--model", "weak.pt", *words))
    assert {path: path.read_bytes() for path in bench.iterdir() if path.is_file()} == before


def test_a_disk_that_fills_up_during_the_work_leaves_the_old_file(go, tmp_path, monkeypatch):
    from onepixel_gui.problems import NotWritten

    out = tmp_path / "a.json"
    out.write_text("old")

    def full(path, _data):
        if path == out:
            raise NotWritten("The disk is full.", "Free some space.")

    monkeypatch.setattr(cli.tiles, "write_whole", full)
    code, said, errors = go("attack", "a.png", "--model", "weak.pt", *SMALL, "--json", out)
    assert (code, errors) == (2, ["The disk is full.", "Free some space."])
    assert said[0].startswith("Changing one pixel")
    assert out.read_text() == "old"


@pytest.mark.parametrize(
    "words",
    [
        ("dance",),
        ("attack",),
        ("attack", "a.png", "--population", "2"),
        ("map", "a.png", "--palette", "9"),
        ("attack", "a.png", "--colour", "red"),
    ],
)
def test_a_mistake_in_the_words_exits_2_and_names_it(go, words):
    code, said, errors = go(*words)
    assert (code, said) == (2, [])
    assert any("Usage: onepixel-gui" in line for line in errors)


def test_without_the_demonstration_in_place_the_remedy_names_model(go, monkeypatch, tmp_path):
    monkeypatch.setattr(terminal, "DEMO_CHECKPOINT", tmp_path / "nothing.safetensors")
    assert "--model" in problem(go("score", "a.png"))


def test_without_model_the_demonstrations_classifier_is_used(go, monkeypatch, tmp_path):
    told = {"name": "stand-in"}
    path = save_codait(tmp_path / "d.safetensors", told=told)
    monkeypatch.setattr(terminal, "DEMO_CHECKPOINT", path)
    assert "stand-in looks at 64 x 64 px" in problem(go("map", "a.png"))


def test_a_bug_is_told_in_two_lines_that_lead_to_the_log(go, monkeypatch, tmp_path):
    def broken(*_):
        raise RuntimeError("the flux capacitor")

    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr("platformdirs.user_log_path", lambda *_, **__: tmp_path / "log")
    monkeypatch.setattr(cli.tiles, "watch", broken)
    told = problem(go("map", "a.png"))
    log = tmp_path / "log" / "command-line.log"
    assert "RuntimeError" in told
    assert str(log) in told
    assert "flux capacitor" in log.read_text("utf-8")
    assert "Traceback" in log.read_text("utf-8")


# ------------------------------------------------------------------ stopping
@pytest.fixture
def heard():
    """Ctrl+C is heard, also where the tests were started in the background of a shell."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class Interrupted:
    """Somebody presses Ctrl+C at some event of a run."""

    def __init__(self, start, after):
        self.start, self.after = start, after

    def __call__(self, *words):
        for number, event in enumerate(self.start(*words)):
            if number == self.after:
                signal.raise_signal(signal.SIGINT)
            yield event


@pytest.mark.usefixtures("heard")
@pytest.mark.parametrize(
    ("command", "target", "told"),
    [
        ("attack", "search.search", "the best so far"),
        ("map", "sweep.sweep", "so far the mitosis confidence ranges from"),
    ],
)
def test_ctrl_c_exits_130_with_one_line_of_what_was_found(
    go, monkeypatch, tmp_path, command, target, told
):
    from onepixel_gui.attack import search, sweep

    start = {"search.search": search.search, "sweep.sweep": sweep.sweep}[target]
    monkeypatch.setattr(f"onepixel_gui.attack.{target}", Interrupted(start, after=3))
    out = tmp_path / "x.json"
    code, said, errors = go(command, "a.png", "--model", "sound.pt", "--json", out)
    assert (code, said, len(errors)) == (130, [], 1)
    assert errors[0].startswith("Stopped after ")
    assert told in errors[0]
    assert not out.exists()


@pytest.mark.usefixtures("heard", "previewed")
@pytest.mark.parametrize("words", [("map",), ("attack", "--strategy", "guided")])
def test_ctrl_c_during_the_preview_tells_no_number(go, monkeypatch, words):
    from onepixel_gui.attack import guided, sweep

    for module, start in ((sweep, "sweep"), (guided, "guided")):
        monkeypatch.setattr(module, start, Interrupted(getattr(module, start), after=2))
    code, said, errors = go(*words, "a.png", "--model", "sound.pt")
    assert (code, said, errors) == (130, [], ["Stopped before anything was found."])


@pytest.mark.usefixtures("heard")
def test_ctrl_c_while_the_classifier_loads_exits_130_with_one_line(go, monkeypatch):
    monkeypatch.setattr(terminal.Which, "open", lambda *_: signal.raise_signal(signal.SIGINT))
    assert go("score", "a.png") == (130, [], ["Stopped before the end."])
    assert go("map", "a.png") == (130, [], ["Stopped before anything was found."])


# ------------------------------------------------------------------ the rest
def test_version_and_help_answer_on_stdout_with_0(go):
    assert go("--version") == (0, ["onepixel-gui 0.1.0"], [])
    code, said, _ = go("--help")
    assert code == 0
    for command in ("attack", "map", "score", "demo"):
        assert any(command in line for line in said)
        assert go(command, "--help")[0] == 0


def test_the_demonstration_is_made_by_whoever_can_draw_a_window(go, tmp_path):
    seen = []

    def demo(folder, say):
        seen.append(folder)
        say("made")

    assert go("demo", "--out", tmp_path, demo=demo) == (0, ["made"], [])
    assert go("demo", demo=demo)[0] == 0
    assert seen == [tmp_path, Path("onepixel-demo")]

    def broken(_folder, _say):
        raise Problem("No window.", "Get one.")

    assert go("demo", demo=broken) == (2, [], ["No window.", "Get one."])
