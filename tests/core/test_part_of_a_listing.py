"""Some tiles of a list as a list of their own, and what a data set remembers of its opening."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onepixel_gui.attack.probe import Settings
from onepixel_gui.study.plan import Plan, plan_of, plan_values
from onepixel_gui.tiles.datasets import recognise
from onepixel_gui.tiles.entries import Part
from onepixel_gui.tiles.files import save


class Shelf:
    names = tuple(f"{n}.png" for n in range(9))
    labels = tuple("mitosis" if n % 2 else None for n in range(9))
    cases = tuple(f"p{n // 3}" for n in range(9))

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> str:
        return self.names[index]


@given(st.lists(st.integers(0, 8), max_size=20))
def test_a_part_is_these_entries_in_this_order(which: list[int]) -> None:
    part = Part(Shelf(), tuple(which))
    assert [part[n] for n in range(len(part))] == list(part.names)
    assert part.names == tuple(f"{n}.png" for n in which)
    assert part.labels == tuple(Shelf.labels[n] for n in which)
    assert part.cases == tuple(Shelf.cases[n] for n in which)
    with pytest.raises(IndexError):
        part[len(which)]


def test_a_data_set_remembers_what_was_opened(tmp_path: Path) -> None:
    for label in ("normal", "mitosis"):
        (tmp_path / label).mkdir()
        save(np.zeros((8, 8, 3), np.uint8), tmp_path / label / "a.png")
    parts = [tmp_path / "normal", tmp_path / "mitosis"]
    assert recognise(parts).paths == tuple(parts)
    assert recognise([tmp_path]).paths == (tmp_path,)


def test_plans_of_other_tiles_are_other_plans(tmp_path: Path) -> None:
    whole = Plan((tmp_path,), (tmp_path / "net.pt",), (Settings(),))
    some = Plan((tmp_path,), (tmp_path / "net.pt",), (Settings(),), picked=("a.png",))
    assert plan_values(whole) != plan_values(some)
    assert plan_of(plan_values(some)) == some
    older = {key: value for key, value in plan_values(whole).items() if key != "picked"}
    assert plan_of(older) == whole
