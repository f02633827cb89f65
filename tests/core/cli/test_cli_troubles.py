"""What goes wrong on the command line, and Ctrl+C: told in two lines, with its exit code."""

import signal

import pytest

from onepixel_gui import cli, terminal
from tests.core.cli.words import SMALL, problem
from tests.core.networks import save_codait


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
