"""Reading slides: what first, how much is kept, what happens when a drive stalls."""

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event as Gate
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPointF
from PySide6.QtGui import QImage

from onepixel_gui.problems import Problem, UnreadableSlide
from onepixel_gui.qt.panes.slide import SlidePane
from onepixel_gui.qt.slides.part_cache import PartCache
from onepixel_gui.qt.slides.parts import Broken, Part, SlideFacts, Wish
from onepixel_gui.qt.slides.reader import SlideReader
from onepixel_gui.qt.theme import DARK
from tests.qt.slide_doubles import StandInSlide, pixels, rgb_of

PARTS = tuple(Part(0, 1, row, column) for row in range(3) for column in range(4))
Made = Callable[..., SlideReader]


@pytest.fixture
def make_reader(qtbot: Any) -> Iterator[Made]:
    """Readers over stand-ins, by name; nothing of them may survive the test."""
    readers: list[SlideReader] = []

    def make(*slides: StandInSlide, limit: int = 2**29) -> SlideReader:
        by_name = {slide.name: slide for slide in slides}

        def opener(path: Path) -> StandInSlide:
            if path.name not in by_name:
                raise UnreadableSlide(f"{path.name} is no slide.", "Choose another file.")
            return by_name[path.name]

        readers.append(SlideReader(opener=opener, limit=limit, threads=2))
        return readers[-1]

    yield make
    for reader in readers:
        assert reader.close(5000), "a thread hangs"
        qtbot.waitUntil(lambda reader=reader: reader.busy == 0)


def opened(qtbot: Any, reader: SlideReader, slide: StandInSlide) -> None:
    with qtbot.waitSignals([reader.opened, reader.thumbnail]):
        reader.open(slide.path)
    qtbot.waitUntil(lambda: reader.busy == 0)


class Heard:
    """What a reader told of parts."""

    def __init__(self, reader: SlideReader) -> None:
        self.parts: dict[Part, QImage | Broken] = {}
        reader.read.connect(self.take)

    def take(self, part: Part, image: QImage | Broken) -> None:
        self.parts[part] = image

    def all_of(self, parts: Any) -> Callable[[], bool]:
        return lambda: set(parts) <= set(self.parts)


# ---------------------------------------------------------------- pixels
def test_a_part_holds_the_bytes_of_the_slide(qtbot: Any, make_reader: Made) -> None:
    slide = StandInSlide()
    reader = make_reader(slide)
    heard = Heard(reader)
    opened(qtbot, reader, slide)
    reader.wish(Wish(PARTS))
    qtbot.waitUntil(heard.all_of(PARTS))
    for part in PARTS:
        rows, columns = slice(part.row * 512, None), slice(part.column * 512, None)
        true = slide.rgb[rows, columns][:512, :512]
        image = heard.parts[part]
        assert isinstance(image, QImage)
        assert image.format() == QImage.Format.Format_RGB32
        assert np.array_equal(rgb_of(image), true)


def test_a_step_between_levels_is_the_mean_of_its_pixels(qtbot: Any, make_reader: Made) -> None:
    slide = StandInSlide(rgb=(pixels(700, 900) // 4 * 4), downsamples=(1,))
    reader = make_reader(slide)
    heard = Heard(reader)
    opened(qtbot, reader, slide)
    part = Part(0, 2, 0, 0)
    reader.wish(Wish((part,)))
    qtbot.waitUntil(heard.all_of([part]))
    image = heard.parts[part]
    assert isinstance(image, QImage)
    assert (image.height(), image.width()) == (350, 450)
    mean = slide.rgb.reshape(350, 2, 450, 2, 3).mean(axis=(1, 3))
    assert abs(rgb_of(image) - mean).max() <= 1


# ---------------------------------------------------------------- order
def test_the_newest_wish_is_read_next_and_stale_ones_never(qtbot: Any, make_reader: Made) -> None:
    slide = StandInSlide()
    reader = make_reader(slide)
    heard = Heard(reader)
    opened(qtbot, reader, slide)
    slide.gate.clear()
    reader.wish(Wish(PARTS[:8]))
    qtbot.waitUntil(lambda: len(slide.asked) == 2)  # both threads are held
    reader.wish(Wish(PARTS[8:]))
    slide.gate.set()
    qtbot.waitUntil(heard.all_of(PARTS[8:]))
    qtbot.waitUntil(lambda: reader.busy == 0)
    asked = [Part(level, 1, row // 512, column // 512) for level, row, column in slide.asked]
    assert set(asked[:2]) == set(PARTS[:2])
    assert set(asked[2:4]) == set(PARTS[8:10])
    assert set(asked[2:]) == set(PARTS[8:])


def test_what_was_read_is_told_again_at_once(qtbot: Any, make_reader: Made) -> None:
    slide = StandInSlide()
    reader = make_reader(slide)
    heard = Heard(reader)
    opened(qtbot, reader, slide)
    reader.wish(Wish(PARTS[:4]))
    qtbot.waitUntil(heard.all_of(PARTS[:4]))
    asked = len(slide.asked)
    heard.parts.clear()
    reader.wish(Wish(PARTS[:4]))
    assert heard.all_of(PARTS[:4])()
    assert len(slide.asked) == asked


def test_the_same_wish_twice_reads_nothing_twice(qtbot: Any, make_reader: Made) -> None:
    slide = StandInSlide()
    reader = make_reader(slide)
    heard = Heard(reader)
    opened(qtbot, reader, slide)
    slide.gate.clear()
    for _ in range(3):
        reader.wish(Wish(PARTS))
    slide.gate.set()
    qtbot.waitUntil(heard.all_of(PARTS))
    qtbot.waitUntil(lambda: reader.busy == 0)
    assert len(slide.asked) == len(PARTS)


# ---------------------------------------------------------------- damage
def test_a_broken_part_is_told_as_broken_and_the_rest_is_read(
    qtbot: Any, make_reader: Made
) -> None:
    slide = StandInSlide()
    slide.broken = {(0, 512, 512)}
    reader = make_reader(slide)
    heard = Heard(reader)
    opened(qtbot, reader, slide)
    with qtbot.assertNotEmitted(reader.failed):
        reader.wish(Wish(PARTS))
        qtbot.waitUntil(heard.all_of(PARTS))
    broken = [part for part, image in heard.parts.items() if isinstance(image, Broken)]
    assert broken == [Part(0, 1, 1, 1)]
    assert heard.parts[broken[0]].problem.remedy


def test_a_broken_part_is_read_again_only_on_demand(qtbot: Any, make_reader: Made) -> None:
    slide = StandInSlide()
    slide.broken = {(0, 512, 512)}
    part = Part(0, 1, 1, 1)
    reader = make_reader(slide)
    heard = Heard(reader)
    opened(qtbot, reader, slide)
    reader.wish(Wish((part,)))
    qtbot.waitUntil(heard.all_of([part]))
    qtbot.waitUntil(lambda: reader.busy == 0)
    slide.broken.clear()
    reader.wish(Wish((part,)))
    assert isinstance(heard.parts[part], Broken)
    assert len(slide.asked) == 1
    reader.forget_broken()
    reader.wish(Wish((part,)))
    qtbot.waitUntil(lambda: isinstance(heard.parts[part], QImage))


# ---------------------------------------------------------------- slides
def test_a_file_that_is_no_slide_fails_and_the_slide_before_stays(
    qtbot: Any, make_reader: Made
) -> None:
    slide = StandInSlide()
    reader = make_reader(slide)
    heard = Heard(reader)
    opened(qtbot, reader, slide)
    with qtbot.waitSignal(reader.failed) as told:
        reader.open(Path("/somewhere/notes.txt"))
    assert isinstance(told.args[0], Problem)
    reader.wish(Wish(PARTS[:1]))
    qtbot.waitUntil(heard.all_of(PARTS[:1]))


def test_another_slide_closes_the_one_before(qtbot: Any, make_reader: Made) -> None:
    first, second = StandInSlide("first.svs"), StandInSlide("second.svs")
    reader = make_reader(first, second)
    heard = Heard(reader)
    opened(qtbot, reader, first)
    reader.wish(Wish(PARTS))
    qtbot.waitUntil(heard.all_of(PARTS))
    opened(qtbot, reader, second)
    qtbot.waitUntil(first.closed.is_set)
    assert reader.held == 0
    assert not second.closed.is_set()


def test_closing_the_reader_closes_the_slide(qtbot: Any, make_reader: Made) -> None:
    slide = StandInSlide()
    reader = make_reader(slide)
    opened(qtbot, reader, slide)
    assert reader.close()
    assert slide.closed.is_set()


def test_a_stalled_drive_does_not_hold_up_another_slide(qtbot: Any, make_reader: Made) -> None:
    far, near = StandInSlide("far.svs"), StandInSlide("near.svs")
    reader = make_reader(far, near)
    heard = Heard(reader)
    opened(qtbot, reader, far)
    far.gate.clear()
    reader.wish(Wish(PARTS))
    qtbot.waitUntil(lambda: len(far.asked) == 2)
    with qtbot.waitSignal(reader.opened):
        reader.open(near.path)
    reader.wish(Wish(PARTS[:3]))
    qtbot.waitUntil(heard.all_of(PARTS[:3]))
    assert not far.closed.is_set()  # it is being read
    far.gate.set()
    qtbot.waitUntil(far.closed.is_set)
    assert set(heard.parts) == set(PARTS[:3])


def test_opening_that_stalls_can_be_cancelled(qtbot: Any, make_reader: Made) -> None:
    begun, gate, late = Gate(), Gate(), StandInSlide("late.svs")

    def stalled(_path: Path) -> StandInSlide:
        begun.set()
        assert gate.wait(20)
        return late

    near = StandInSlide("near.svs")
    reader = SlideReader(opener=stalled)
    told: list[object] = []
    reader.opening.connect(told.append)
    with qtbot.assertNotEmitted(reader.opened), qtbot.assertNotEmitted(reader.failed):
        reader.open(late.path)
        qtbot.waitUntil(begun.is_set)  # what is cancelled before is never opened
        reader.cancel()
        gate.set()
        qtbot.waitUntil(late.closed.is_set)
    assert told == [late.path, None]
    assert reader.close()
    qtbot.waitUntil(lambda: reader.busy == 0)
    other = make_reader(near)
    opened(qtbot, other, near)


def test_closing_does_not_wait_for_a_drive_that_stalls(qtbot: Any, make_reader: Made) -> None:
    slide = StandInSlide()
    reader = make_reader(slide)
    opened(qtbot, reader, slide)
    slide.gate.clear()
    reader.wish(Wish(PARTS))
    qtbot.waitUntil(lambda: len(slide.asked) == 2)
    assert not reader.close(10)
    slide.gate.set()


def test_coarse_levels_of_a_flat_picture_are_told_when_they_can_be_read(
    qtbot: Any, make_reader: Made
) -> None:
    slide = StandInSlide(flat=True)
    reader = make_reader(slide)
    told: list[tuple[int, int]] = []
    reader.building.connect(lambda done, total: told.append((done, total)))
    with qtbot.waitSignal(reader.grown) as grown:
        reader.open(slide.path)
    assert all(level.ready for level in grown.args[0].levels)
    qtbot.waitUntil(lambda: reader.busy == 0)
    assert told[-1] == (2, 2)


# ---------------------------------------------------------------- memory
def square(edge: int) -> QImage:
    return QImage(edge, edge, QImage.Format.Format_RGB32)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(("put", "get", "keep", "limit")),
            st.integers(0, 30),
            st.integers(1, 24),
        ),
        max_size=60,
    )
)
def test_the_cache_never_holds_more_than_its_limit_nor_miscounts(
    steps: list[tuple[str, int, int]],
) -> None:
    cache = PartCache(20_000)
    cache.set_coarsest(2)
    for word, n, edge in steps:
        part = Part(n % 3, 1, n, 0)
        if word == "put":
            kept = cache.put(part, square(edge))
            assert kept == isinstance(cache.get(part), QImage)
        elif word == "get":
            cache.get(part)
        elif word == "keep":
            cache.keep(Part(m % 3, 1, m, 0) for m in range(n, n + 5))
        else:
            cache.set_limit(edge * 1000)
        images = [cache.get(Part(m % 3, 1, m, 0)) for m in range(31)]
        assert cache.held == sum(i.sizeInBytes() for i in images if isinstance(i, QImage))
        assert cache.held <= cache.limit


def test_what_a_view_needs_outlives_what_it_does_not_and_the_coarsest_level_outlives_others() -> (
    None
):
    cache = PartCache(4 * 400)
    cache.set_coarsest(3)
    needed, coarsest, old, new = (Part(level, 1, 0, 0) for level in (0, 3, 1, 2))
    for part in (needed, coarsest, old, new):
        assert cache.put(part, square(10))
    cache.keep([needed])
    gone = []
    for n in range(4):
        cache.put(Part(0, 1, 9, n), square(10))
        cache.keep([needed, *(Part(0, 1, 9, m) for m in range(n + 1))])
        gone.append({p for p in (needed, coarsest, old, new) if cache.get(p) is None})
    assert gone == [{old}, {old, new}, {old, new, coarsest}, {old, new, coarsest}]


def test_what_has_no_room_beside_the_view_is_not_kept() -> None:
    cache = PartCache(1000)
    parts = [Part(0, 1, 0, n) for n in range(3)]
    cache.keep(parts)
    assert cache.put(parts[0], square(10))
    assert cache.put(parts[1], square(10))
    assert not cache.put(parts[2], square(10))
    assert cache.held == 800


def test_a_random_walk_stays_within_the_limit_and_shows_the_slide(
    qtbot: Any, make_reader: Made
) -> None:
    slide = StandInSlide(rgb=np.full((6000, 8000, 3), 90, np.uint8), downsamples=(1, 4))
    limit = 24 * 2**20
    reader = make_reader(slide, limit=limit)
    pane = SlidePane()
    qtbot.addWidget(pane)
    pane.set_theme(DARK)
    pane.canvas.setFixedSize(500, 400)
    pane.show()
    reader.opened.connect(lambda opened: pane.show_slide(SlideFacts.of(opened)))
    reader.read.connect(pane.take_part)
    reader.thumbnail.connect(pane.set_thumbnail)
    pane.parts_wished.connect(reader.wish)
    opened(qtbot, reader, slide)
    rng, most = np.random.default_rng(1), 0
    for step in range(60):
        sight = pane.canvas.sight.centred(rng.uniform(0, 6000), rng.uniform(0, 8000))
        pane.canvas.look(sight.zoomed(QPointF(250, 200), float(rng.normal(0, 2))))
        if step % 4 == 0:
            qtbot.waitUntil(lambda: reader.busy == 0)
        most = max(most, reader.held)
        shown = rgb_of(pane.canvas.grab().toImage())
        box = pane.canvas.sight.box(0, 0, *slide.shape)
        if box.contains(20, 200):
            assert (shown[200, 20] == 90).all()  # no hole
    assert limit / 2 < most <= limit
    pane.show_slide(None)
