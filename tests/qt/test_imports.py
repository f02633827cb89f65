"""What the desktop does to the imports of everybody else: nothing."""

import importlib
import linecache
from pathlib import Path

import pytest

import onepixel_gui.qt.app


def test_no_module_is_read_a_second_time_when_it_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert onepixel_gui.qt.app
    names = [f"module_{number}_beside_qt" for number in range(3)]
    for name, after in zip(names, [*names[1:], "json"], strict=True):
        (tmp_path / f"{name}.py").write_text(f"import {after}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.import_module(names[0])
    assert not [path for path in linecache.cache if Path(path).parent == tmp_path]
