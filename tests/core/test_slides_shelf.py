"""Slides on loan are opened once, shared, renewed when their file changed, closed when unused."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from onepixel_gui.problems import UnreadableSlide
from onepixel_gui.tiles.shelf import Shelf
from onepixel_gui.tiles.slides import borrowed
from tests.core import slide_files as written


class Kept:
    def __init__(self, path):
        self.path, self.closed = path, 0

    def close(self):
        self.closed += 1


@pytest.fixture
def opened():
    return []


@pytest.fixture
def shelf(opened):
    def opener(path):
        if not path.exists():
            raise UnreadableSlide("It is gone.", "Look for it.")
        opened.append(Kept(path))
        return opened[-1]

    return Shelf(opener, 2)


def files(folder, count):
    paths = [folder / f"{number}.tif" for number in range(count)]
    for path in paths:
        path.write_bytes(b"x")
    return paths


def test_it_is_opened_once_for_all_who_borrow_it(tmp_path, shelf, opened):
    (path,) = files(tmp_path, 1)
    with shelf.borrowed(path) as one, shelf.borrowed(path) as two:
        assert one is two
    with shelf.borrowed(path) as three:
        assert three is one
    assert len(opened) == 1
    assert not opened[0].closed


def test_the_longest_unused_is_closed_when_there_are_too_many(tmp_path, shelf, opened):
    one, two, three = files(tmp_path, 3)
    for path in (one, two, one, three):
        with shelf.borrowed(path):
            pass
    assert [kept.closed for kept in opened] == [0, 1, 0]


def test_what_is_being_read_is_closed_only_after_its_last_reader(tmp_path, shelf):
    one, two, three = files(tmp_path, 3)
    with shelf.borrowed(one) as slide:
        for path in (two, three):
            with shelf.borrowed(path):
                pass
        assert slide.closed == 0
    assert slide.closed == 1


def test_of_two_readers_the_first_to_finish_closes_nothing(tmp_path, shelf):
    (path,) = files(tmp_path, 1)
    with shelf.borrowed(path) as slide:
        with shelf.borrowed(path):
            shelf.clear()
        assert slide.closed == 0
    assert slide.closed == 1


def test_a_file_that_changed_is_opened_anew(tmp_path, shelf):
    (path,) = files(tmp_path, 1)
    with shelf.borrowed(path) as before:
        path.write_bytes(b"changed")
        with shelf.borrowed(path) as after:
            assert after is not before
        assert before.closed == 0
    assert before.closed == 1
    assert after.closed == 0


def test_a_file_that_vanished_is_asked_for_again_and_refused(tmp_path, shelf, opened):
    (path,) = files(tmp_path, 1)
    with shelf.borrowed(path):
        pass
    path.unlink()
    for _ in range(2):
        with pytest.raises(UnreadableSlide), shelf.borrowed(path):
            pass
    files(tmp_path, 1)
    with shelf.borrowed(path) as again:
        assert again is opened[-1]


def test_threads_that_want_the_same_open_it_once(tmp_path, opened):
    (path,) = files(tmp_path, 1)
    both = threading.Barrier(4)

    def opener(path):
        opened.append(Kept(path))
        return opened[-1]

    shelf = Shelf(opener, 2)

    def borrow(_):
        both.wait(10)
        with shelf.borrowed(path) as kept:
            return kept

    with ThreadPoolExecutor(4) as pool:
        assert len({id(kept) for kept in pool.map(borrow, range(4))}) == 1
    assert len(opened) == 1


def test_a_slow_slide_does_not_hold_up_another(tmp_path):
    slow, fast = files(tmp_path, 2)
    go = threading.Event()

    def opener(path):
        if path == slow:
            go.wait(10)
        return Kept(path)

    shelf = Shelf(opener, 2)
    with ThreadPoolExecutor(1) as pool:

        def wait():
            with shelf.borrowed(slow) as kept:
                return kept

        waiting = pool.submit(wait)
        with shelf.borrowed(fast):
            assert not waiting.done()
        go.set()
        assert waiting.result(10).path == slow


def test_clearing_closes_what_nobody_reads(tmp_path, shelf, opened):
    one, two = files(tmp_path, 2)
    with shelf.borrowed(one) as reading:
        with shelf.borrowed(two):
            pass
        shelf.clear()
        assert [kept.closed for kept in opened] == [0, 1]
    assert reading.closed == 1


def test_borrowing_under_load_closes_each_exactly_once(tmp_path, shelf, opened):
    paths = files(tmp_path, 5)

    def borrow(number):
        with shelf.borrowed(paths[number * 7 % 5]) as kept:
            assert kept.closed == 0
            return kept.path == paths[number * 7 % 5]

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(borrow, range(400)))
    shelf.clear()
    assert all(kept.closed == 1 for kept in opened)


def test_a_borrowed_slide_follows_its_file(tmp_path):
    rgb = written.field(64, 64)
    path = written.flat(tmp_path / "slide.tif", rgb)
    with borrowed(path) as slide:
        np.testing.assert_array_equal(slide.region(0, 0, 0, 64, 64), rgb)
    written.flat(path, 255 - rgb)
    os.utime(path, ns=(1, 1))
    with borrowed(path) as slide:
        np.testing.assert_array_equal(slide.region(0, 0, 0, 64, 64), 255 - rgb)
