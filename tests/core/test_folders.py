"""Folders are listed whole, in order and held small, whatever lies in them."""

import gc
import os
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onepixel_gui.tiles.datasets import class_folders, looking, recognise
from onepixel_gui.tiles.datasets.columns import Coded
from onepixel_gui.tiles.folders import Branch, Packed, Tree, finished, natural, scanning
from onepixel_gui.tiles.labels import labels_of
from tests.core.dataset_files import picture


def plant(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def held(folder, **how):
    tree = finished(scanning(folder, **how))
    return {"/".join(branch.below): list(branch.names) for branch in tree.branches}


def test_a_folder_comes_before_what_it_holds_in_natural_order(tmp_path):
    plant(tmp_path, "b/2.png", "b/10.png", "b/c/x.txt", "a10/x", "a9/x", "top.csv", ".hid/x", ".y")
    assert list(held(tmp_path).items()) == [
        ("", ["top.csv"]),
        ("a9", ["x"]),
        ("a10", ["x"]),
        ("b", ["2.png", "10.png"]),
        ("b/c", ["x.txt"]),
    ]


def test_folders_too_deep_are_counted_and_not_entered(tmp_path):
    plant(tmp_path, "1/2/3/4/x.png")
    tree = finished(scanning(tmp_path, deepest=2))
    assert ([branch.below for branch in tree.branches], tree.cut) == ([(), ("1",), ("1", "2")], 1)


def test_a_subfolder_that_cannot_be_listed_is_named_and_passed_over(tmp_path, monkeypatch):
    plant(tmp_path, "good/a.png", "locked/b.png")
    scandir = os.scandir

    def guarded(path):
        if Path(path).name == "locked":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", guarded)
    found = recognise([tmp_path])
    assert list(found.entries.names) == ["a.png"]
    assert "1 folder could not be listed: locked." in found.notes


@pytest.mark.skipif(os.name == "nt", reason="links need a right of their own on Windows")
def test_links_that_lead_round_are_walked_once(tmp_path):
    plant(tmp_path, "a/x.png")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "again").symlink_to(tmp_path / "a")
    (tmp_path / "self").symlink_to("self")
    assert held(tmp_path) == {"": [], "a": ["x.png"]}


@pytest.mark.skipif(os.name == "nt", reason="Windows refuses such names")
def test_long_and_odd_names_survive_from_the_folder_to_the_tile(tmp_path):
    deep = tmp_path / ("d" * 200) / ("é中 " * 20)
    odd = ["x" * 251 + ".png", "tab\there.png", "😀.png", os.fsdecode(b"\xff\xfe.png")]
    for name in odd:
        picture(deep / "a.png", 8, 8)
        (deep / "a.png").rename(deep / name)
    found = recognise([tmp_path])
    assert len(str(deep / odd[0])) > 500
    assert sorted(found.entries.names) == sorted(
        ["x" * 251 + ".png", "tab\\there.png", "😀.png", "\\udcff\\udcfe.png"]
    )
    assert all(entry.read().shape == (8, 8) for entry in found.entries)


def test_many_files_are_sorted_in_short_steps_and_the_search_can_be_stopped(tmp_path):
    for i in range(45_000):
        os.close(os.open(tmp_path / f"tile_{i}.png", os.O_CREAT))
    (tree,) = held(tmp_path).values()
    assert tree == [f"tile_{i}.png" for i in range(45_000)]
    work = looking([tmp_path])
    assert next(work).seen > 0
    work.close()


@given(st.lists(st.text(max_size=12), max_size=40))
def test_packed_texts_are_those_that_were_packed(texts):
    packed = Packed(texts)
    assert list(packed) == texts
    assert [packed[i] for i in range(len(packed))] == texts
    assert packed[-3:] == texts[-3:]
    with pytest.raises(IndexError):
        packed[len(texts)]


@given(st.lists(st.one_of(st.none(), st.sampled_from(["a", "b", "é"])), max_size=30))
def test_coded_columns_hold_and_count_what_they_were_given(items):
    column = Coded.of(items)
    assert list(column) == items
    assert [column[i] for i in range(len(column))] == items
    assert column.counts == {item: items.count(item) for item in items}


@given(st.lists(st.text(alphabet="a1²٣0B", max_size=8), max_size=20))
def test_natural_order_never_fails_and_tells_all_names_apart(names):
    assert len({natural(name) for name in names}) == len(set(names))


CHAIN = st.lists(st.sampled_from(["train", "mitosis", "a", "b", "p1", "p2"]), max_size=4)


@given(st.lists(CHAIN.map(tuple), min_size=1, max_size=12))
def test_a_label_is_always_a_folder_above_the_file(chains):
    for chain, (label, case) in zip(chains, labels_of(Path("/data/x"), chains), strict=True):
        assert label is None or label in chain
        assert case in ("", *chain)


def test_a_listing_of_tiles_holds_numbers_and_names_and_no_paths(tmp_path):
    each = 10_000
    branches = [
        Branch.of(
            str(tmp_path / label), (label,), [f"tile_{i:07}_{label}.png" for i in range(each)]
        )
        for label in ("mitosis", "normal")
    ]
    gc.collect()
    tracemalloc.start()
    found = finished(class_folders.listing(tmp_path, Tree(tuple(branches))))
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert dict(found.counts) == {"mitosis": each, "normal": each}
    assert held / (2 * each) < 60_000_000 / 200_000
    assert found.entries[15_000].name == found.entries.names[15_000] == "tile_0005000_normal.png"
    assert list(found.entries.names)[-1] == "tile_0009999_normal.png"
