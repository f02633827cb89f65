"""What packaging/bootstrap.py promises, as far as it can be asked without installing anything."""

import ast
import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

PACKAGING = Path(__file__).parents[2] / "packaging"
SCRIPT = PACKAGING / "bootstrap.py"
GL = {"libGL.so.1": "libgl1", "libEGL.so.1": "libegl1"}


@pytest.fixture(autouse=True)
def beside_the_scripts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Imports find the scripts as they find each other, and do not last."""
    monkeypatch.syspath_prepend(str(PACKAGING))
    yield
    for name in ("bootstrap", "this_system"):
        sys.modules.pop(name, None)


@pytest.fixture
def system() -> ModuleType:
    return importlib.import_module("this_system")


@pytest.fixture
def bootstrap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """packaging/bootstrap.py, looking at a small checkout in a temporary folder."""
    module = importlib.import_module("bootstrap")
    (tmp_path / "packaging").mkdir()
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    (tmp_path / module.PINS).write_text("torch==2.13.0\n")
    venv = tmp_path / ".venv"
    venv.mkdir()
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "VENV", venv)
    for name in ("LOG", "LOCK", "STAMP", "UNFINISHED"):
        monkeypatch.setattr(module, name, venv / f"bootstrap.{name.lower()}")
    return module


def pretend_installed(bootstrap: Any, extra: str) -> None:
    """Leave in .venv what a finished installation leaves."""
    python = bootstrap.python_in(bootstrap.VENV)
    python.parent.mkdir(exist_ok=True)
    python.unlink(missing_ok=True)
    python.symlink_to(sys.executable)
    (bootstrap.VENV / "pyvenv.cfg").write_text(f"command = python -m venv {bootstrap.VENV}\n")
    stamp = bootstrap.fingerprint(bootstrap.ROOT, bootstrap.our_version())
    bootstrap.STAMP.write_text(f"{stamp} {extra}\n")


posix = pytest.mark.skipif(os.name == "nt", reason="makes an interpreter out of a symbolic link")


def test_only_the_standard_library_is_imported() -> None:
    for path in (SCRIPT, PACKAGING / "this_system.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in names:
                assert name.split(".")[0] in sys.stdlib_module_names | {"this_system"}


def test_an_old_python_can_read_the_script_and_so_its_message() -> None:
    for path in (SCRIPT, PACKAGING / "this_system.py"):
        ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 7))


def test_packaging_is_no_package_and_so_hides_none() -> None:
    assert not (PACKAGING / "__init__.py").exists()


def test_torch_is_pinned_without_a_build_and_its_pair_with_it() -> None:
    pins = (PACKAGING / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert {"torch==2.13.0", "torchvision==0.28.0"} <= set(pins)
    assert not any("://" in pin or "+" in pin for pin in pins if not pin.startswith("#"))


# -- the stamp ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["pyproject.toml", "packaging/constraints.txt"])
def test_the_fingerprint_follows_what_is_to_be_installed(bootstrap: Any, name: str) -> None:
    before = bootstrap.fingerprint(bootstrap.ROOT, "3.11.2")
    assert bootstrap.fingerprint(bootstrap.ROOT, "3.11.2") == before
    (bootstrap.ROOT / name).write_text("changed\n")
    assert bootstrap.fingerprint(bootstrap.ROOT, "3.11.2") != before


def test_the_fingerprint_follows_python_and_recipe(
    bootstrap: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = bootstrap.fingerprint(bootstrap.ROOT, "3.11.2")
    assert bootstrap.fingerprint(bootstrap.ROOT, "3.12.0") != before
    monkeypatch.setattr(bootstrap, "PIP", (*bootstrap.PIP, "--upgrade"))
    assert bootstrap.fingerprint(bootstrap.ROOT, "3.11.2") != before


@posix
def test_an_installation_for_developers_serves_users_but_not_the_reverse(bootstrap: Any) -> None:
    pretend_installed(bootstrap, "dev")
    assert bootstrap.is_installed("run")
    assert bootstrap.is_installed("dev")
    pretend_installed(bootstrap, "run")
    assert bootstrap.is_installed("run")
    assert not bootstrap.is_installed("dev")


@posix
def test_benches_leave_what_run_and_test_need_in_place(bootstrap: Any) -> None:
    pretend_installed(bootstrap, "bench")
    assert all(bootstrap.is_installed(extra) for extra in ("run", "dev", "bench"))
    pretend_installed(bootstrap, "dev")
    assert not bootstrap.is_installed("bench")


@posix
def test_the_stamp_of_an_extra_that_is_no_more_counts_as_not_installed(bootstrap: Any) -> None:
    pretend_installed(bootstrap, "everything")
    assert not bootstrap.is_installed("run")


def test_each_extra_asks_pip_for_all_that_the_one_before_it_had(bootstrap: Any) -> None:
    held: set[str] = set()
    for asked in bootstrap.EXTRAS.values():
        names = set(asked.removeprefix(".").strip("[]").split(",")) - {""}
        assert held <= names
        held = names


@pytest.mark.parametrize(
    ("command", "extra"), [("run", "run"), ("check", "dev"), ("test", "dev"), ("bench", "bench")]
)
def test_each_command_installs_its_own_extra_only(
    bootstrap: Any, monkeypatch: pytest.MonkeyPatch, command: str, extra: str
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(bootstrap.this_system, "lacking", lambda *_: {})
    monkeypatch.setattr(bootstrap.this_system, "lacking_venv", dict)
    monkeypatch.setattr(bootstrap, "install", asked.append)
    bootstrap.prepare(command, [])
    assert asked == [extra]


def test_a_bench_runs_in_the_users_folder_and_finds_the_checkout(
    bootstrap: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[list[str], dict[str, str]]] = []

    def called(words: list[str], env: dict[str, str]) -> int:
        calls.append((words, env))
        return 3

    monkeypatch.setattr(bootstrap, "prepare", lambda *_: None)
    monkeypatch.setattr(bootstrap.subprocess, "call", called)
    assert bootstrap.main(["bench", "--quick"]) == 3
    ((words, env),) = calls
    assert words[1:] == ["-P", "-m", "tests.bench.versus", "--quick"]
    assert env["PYTHONPATH"] == str(bootstrap.ROOT)


@posix
def test_a_python_that_does_not_start_counts_as_not_installed(bootstrap: Any) -> None:
    pretend_installed(bootstrap, "run")
    python = bootstrap.python_in(bootstrap.VENV)
    python.unlink()
    python.symlink_to(bootstrap.ROOT / "gone")
    assert not bootstrap.is_installed("run")
    assert bootstrap.flaw(bootstrap.VENV) == "its Python does not start"


@posix
def test_a_sound_environment_is_built_upon(bootstrap: Any) -> None:
    pretend_installed(bootstrap, "run")
    assert bootstrap.flaw(bootstrap.VENV) == ""


@posix
def test_a_moved_checkout_is_installed_anew(bootstrap: Any) -> None:
    pretend_installed(bootstrap, "run")
    (bootstrap.VENV / "pyvenv.cfg").write_text("command = python -m venv /elsewhere/.venv\n")
    assert bootstrap.flaw(bootstrap.VENV) == "the folder was moved or copied"


@posix
def test_an_interrupted_installation_leaves_no_stamp_and_is_made_anew(
    bootstrap: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend_installed(bootstrap, "run")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(bootstrap, "logged", interrupted)
    with pytest.raises(KeyboardInterrupt):
        bootstrap.install("dev")
    assert not bootstrap.is_installed("run")
    assert bootstrap.flaw(bootstrap.VENV) == "the last installation did not finish"


@posix
def test_a_refusal_by_pip_before_it_wrote_keeps_the_environment(
    bootstrap: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend_installed(bootstrap, "run")
    monkeypatch.setattr(bootstrap, "logged", lambda *_: (1, "ProxyError"))
    with pytest.raises(bootstrap.CannotGoOn, match="cannot be reached"):
        bootstrap.install("dev")
    assert not bootstrap.is_installed("run")
    assert bootstrap.flaw(bootstrap.VENV) == ""


def test_making_the_environment_anew_keeps_log_and_lock(
    bootstrap: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "logged", lambda *_: (0, ""))
    bootstrap.LOG.touch()
    (bootstrap.VENV / "lib").mkdir()
    with bootstrap.only_one():
        bootstrap.make_venv()
    left = {path.name for path in bootstrap.VENV.iterdir()}
    assert left == {bootstrap.LOG.name, bootstrap.LOCK.name, bootstrap.UNFINISHED.name}


def test_a_second_bootstrap_cannot_take_the_lock(bootstrap: Any) -> None:
    with bootstrap.only_one(), bootstrap.LOCK.open("a+b") as second:
        assert not bootstrap.locked(second)
    with bootstrap.LOCK.open("a+b") as third:
        assert bootstrap.locked(third)


# -- words for people ---------------------------------------------------------------------------


def test_the_report_of_missing_libraries_gives_the_exact_command(system: ModuleType) -> None:
    assert system.system_report(GL, apt=True).splitlines() == [
        "This system lacks libGL.so.1, libEGL.so.1. Run this, then try again:",
        "  sudo apt-get update && sudo apt-get install -y --no-install-recommends libgl1 libegl1",
    ]


def test_a_system_without_apt_is_told_the_libraries(system: ModuleType) -> None:
    report = system.system_report(GL, apt=False)
    assert "libGL.so.1, libEGL.so.1" in report
    assert "apt-get" not in report


def test_whoever_is_not_root_reads_the_command_and_gets_exit_code_1(
    bootstrap: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bootstrap.this_system, "lacking", lambda *_: GL)
    monkeypatch.setattr(bootstrap.this_system, "lacking_venv", dict)
    monkeypatch.setattr(bootstrap.os, "geteuid", lambda: 1000, raising=False)
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: f"/usr/bin/{name}")
    assert bootstrap.main(["run"]) == 1
    assert "sudo apt-get install -y --no-install-recommends libgl1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("OSError: [Errno 28] No space left on device", "The disk is full."),
        ("Failed to establish a new connection: [Errno -2]", "cannot be reached"),
        ("Temporary failure resolving 'deb.debian.org'", "cannot be reached"),
        ("something else", "pip could not install"),
    ],
)
def test_a_failed_installation_says_why_and_where_the_log_lies(
    bootstrap: Any, said: str, told: str
) -> None:
    message = bootstrap.explained("pip", said)
    assert told in message
    assert message.endswith(str(bootstrap.LOG))


def test_an_interruption_is_one_line_and_exit_code_130(
    bootstrap: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(bootstrap, "prepare", interrupted)
    assert bootstrap.main(["run"]) == 130
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_an_unknown_command_shows_the_four_known_ones() -> None:
    done = subprocess.run([sys.executable, SCRIPT, "rum"], capture_output=True, text=True)
    assert done.returncode == 2
    assert all(f"bootstrap.py {name}" in done.stderr for name in ("run", "check", "test", "bench"))


# -- display and platform -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("env", "platform", "shown"),
    [
        ({}, "linux", False),
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({"DISPLAY": ":0", "QT_QPA_PLATFORM": "offscreen"}, "linux", False),
        ({"QT_QPA_PLATFORM": "vnc"}, "linux", True),
        ({}, "win32", True),
        ({}, "darwin", True),
    ],
)
def test_a_window_is_shown_where_there_is_a_display(
    system: ModuleType, env: dict[str, str], platform: str, shown: bool
) -> None:
    assert system.has_display(env, platform) is shown


def test_without_a_display_the_demonstration_is_written_to_a_folder(bootstrap: Any) -> None:
    assert bootstrap.app_words([], display=False) == ["demo", "--out", "onepixel-demo"]
    assert bootstrap.app_words([], display=True) == []


@pytest.mark.parametrize("display", [True, False])
def test_words_reach_the_command_line_unchanged(bootstrap: Any, display: bool) -> None:
    assert bootstrap.app_words(["map", "a tile.png"], display) == ["map", "a tile.png"]


def test_windows_keeps_its_interpreter_in_scripts(bootstrap: Any) -> None:
    assert bootstrap.python_in(Path("v"), windows=True) == Path("v", "Scripts", "python.exe")
    assert bootstrap.python_in(Path("v"), windows=False) == Path("v", "bin", "python")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="system libraries of Linux")
def test_each_command_asks_only_for_the_libraries_it_uses(system: ModuleType) -> None:
    screen = {"DISPLAY": ":0"}
    assert system.needs("run", [], {}) == system.QT_LIBRARIES
    assert "libxcb-cursor.so.0" in system.needs("run", [], screen)
    assert system.needs("run", ["attack", "tile.png"], screen) == {}
    assert system.needs("check", [], {}) == {}
    assert system.needs("bench", [], {}) == {}
    assert {"Xvfb", "xauth", "libxcb-cursor.so.0"} <= set(system.needs("test", [], {}))
