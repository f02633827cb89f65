"""torch's library can be loaded before torch is imported."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from onepixel_gui.classifier import library


def lines(program: str) -> list[str]:
    words = [sys.executable, "-c", textwrap.dedent(program)]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_library_is_loaded_and_torch_is_not_imported() -> None:
    assert lines(
        """
        import sys
        from pathlib import Path
        from onepixel_gui.classifier.library import load_beside

        load_beside()
        print("torch" in sys.modules, "libtorch_cpu" in Path("/proc/self/maps").read_text())
        """
    ) == ["False", "True"]


@pytest.mark.parametrize("found", [None, "nowhere"])
def test_without_torch_nothing_happens(
    found: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Spec:
        origin = str(tmp_path / "torch" / "__init__.py")

    monkeypatch.delitem(sys.modules, "torch", raising=False)
    monkeypatch.setattr(library, "find_spec", lambda _name: Spec() if found else None)
    library.load_beside()
    assert "torch" not in sys.modules


def test_what_is_imported_is_not_loaded_again(monkeypatch: pytest.MonkeyPatch) -> None:
    sought: list[str] = []
    monkeypatch.setitem(sys.modules, "torch", sys)
    monkeypatch.setattr(library, "find_spec", sought.append)
    library.load_beside()
    assert not sought
