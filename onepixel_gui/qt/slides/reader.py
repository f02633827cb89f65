"""Reads slides for a view of them: on threads of its own, what is wanted most first."""

import os
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from threading import Condition, Lock
from typing import Any

from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtGui import QImage

from onepixel_gui.problems import Problem, UnreadableSlide
from onepixel_gui.qt.detached import Detached
from onepixel_gui.qt.jobs import Job
from onepixel_gui.qt.slides.part_cache import LIMIT, PartCache
from onepixel_gui.qt.slides.parts import Broken, Part, Wish, covered
from onepixel_gui.tiles.slides import Slide, open_slide

# Threads that read parts at the same time. One core is the window's: where there are two, a second
# reader made the slowest twentieth of frames take 29 ms instead of 16.
THREADS = max(1, min(2, (os.cpu_count() or 1) - 1))
_THUMBNAIL = 1024  # px along its longer edge
_YIELDING = 0.2  # seconds that preparing coarse levels lets parts be read first, before each step

Opener = Callable[[Path], Slide]
Pixels = Any  # an (h, w, 3) uint8 array


class _Handover:
    """A slide on its way from the thread that opened it: closed by whoever lets it fall."""

    def __init__(self, slide: Slide) -> None:
        self._slide: Slide | None = slide
        self._turn = Lock()

    def claim(self) -> Slide | None:
        """Once; None from then on."""
        with self._turn:
            slide, self._slide = self._slide, None
            return slide

    def drop(self) -> None:
        slide = self.claim()
        if slide is not None:
            slide.close()


@dataclass(frozen=True, slots=True, eq=False)
class _Read:
    part: Part
    image: QImage | Broken


@dataclass(frozen=True, slots=True, eq=False)
class _Overview:
    image: QImage


@dataclass(frozen=True, slots=True)
class _Step:
    """How far the coarse levels of a flat picture are; that they are ready is always told."""

    done: int
    total: int

    @property
    def droppable(self) -> bool:
        return self.done < self.total


@dataclass(frozen=True, slots=True)
class _Grown:
    """More levels can be read than before."""


class _Queue:
    """Parts to be read, most wanted first; a few threads take from it."""

    def __init__(self, threads: int) -> None:
        self._turn, self._threads = Condition(), threads
        self._wanted: list[Part] = []
        self._taken: set[Part] = set()
        self._readers = 0

    def replace(self, wanted: list[Part]) -> int:
        """The newest wish. Returns how many more threads it employs: start them."""
        with self._turn:
            self._wanted = [part for part in wanted if part not in self._taken]
            self._wanted.reverse()  # the last is taken first
            more = min(self._threads - self._readers, len(self._wanted))
            self._readers += more
            return more

    def take(self) -> Part | None:
        """None when nothing is wanted: then this thread counts no more."""
        with self._turn:
            if not self._wanted:
                self._leave()
                return None
            part = self._wanted.pop()
            self._taken.add(part)
            return part

    def arrived(self, part: Part) -> None:
        """It may be wanted again."""
        with self._turn:
            self._taken.discard(part)

    def failed(self) -> None:
        """A thread ends though more is wanted."""
        with self._turn:
            self._leave()

    def wait_for_calm(self) -> None:
        """What is not urgent lets the others go first, for a while."""
        with self._turn:
            self._turn.wait_for(lambda: self._readers == 0, _YIELDING)

    def _leave(self) -> None:
        self._readers -= 1
        self._turn.notify_all()


@dataclass(eq=False)
class _Desk:
    """An open slide, what is wanted of it, and how many jobs still look at it."""

    slide: Slide
    queue: _Queue
    jobs: int = 0


class SlideReader(QObject):
    """Opens one slide at a time, and reads the parts of it that a view wishes for.

    A drive that stalls holds up nothing but the slide that lies on it: each slide has threads of
    its own, which are left behind where they hang.
    """

    opening = Signal(object)  # the Path; None when that was cancelled
    opened = Signal(object)  # a Slide; the one before is closed
    failed = Signal(object)  # a Problem: the slide could not be opened
    thumbnail = Signal(object)  # QImage of the whole slide
    read = Signal(object, object)  # Part, and QImage or Broken
    building = Signal(int, int)  # done of total: the coarse levels of a flat picture
    grown = Signal(object)  # the Slide, when more of its levels can be read

    def __init__(
        self,
        parent: QObject | None = None,
        opener: Opener = open_slide,
        limit: int = LIMIT,
        threads: int = THREADS,
    ) -> None:
        super().__init__(parent)
        self._opener, self._readers = opener, threads
        self._threads = Detached()
        self._cache = PartCache(limit)
        self._desk: _Desk | None = None
        self._pending: Job | None = None
        self._jobs: dict[Job, _Desk] = {}
        self._closed = False

    # ------------------------------------------------------------ which slide
    def open(self, path: Path) -> None:
        """Instead of what is being opened now; the slide that is open stays until it succeeds."""
        self._forget_pending()
        if self._closed:
            return
        job = Job(lambda: _opening(self._opener, path))
        self._pending = job
        job.happened.connect(lambda handover: self._take_slide(job, handover))
        job.failed.connect(lambda problem: self._refuse(job, problem))
        self.opening.emit(path)
        self._threads.add(job)

    def cancel(self) -> None:
        """Open nothing; the slide that was open before stays."""
        if self._pending is not None:
            self._forget_pending()
            self.opening.emit(None)

    def _forget_pending(self) -> None:
        if self._pending is not None:
            self._pending.stop()
            self._pending = None

    def _take_slide(self, job: Job, handover: _Handover) -> None:
        if job is not self._pending:
            handover.drop()
            return
        self._pending = None
        slide = handover.claim()
        if slide is None:
            return
        self._retire()
        desk = self._desk = _Desk(slide, _Queue(self._readers))
        self._cache.forget()
        self._cache.set_coarsest(len(slide.levels) - 1)
        self._start(desk, lambda: _preparing(slide, desk.queue))
        self.opened.emit(slide)

    def _refuse(self, job: Job, problem: Problem) -> None:
        if job is self._pending:
            self._pending = None
            self.failed.emit(problem)

    def _retire(self) -> None:
        """The slide that was open is closed as soon as nobody reads it."""
        desk, self._desk = self._desk, None
        if desk is None:
            return
        for job, mine in self._jobs.items():
            if mine is desk:
                job.stop()
        self._close_idle(desk)

    def _close_idle(self, desk: _Desk) -> None:
        if desk is not self._desk and desk.jobs == 0 and not self._closed:
            self._threads.add(Job(lambda: _closing(desk.slide)))

    # ------------------------------------------------------------ parts of it
    def wish(self, wish: Wish) -> None:
        """What is at hand is told at once; the rest is read, instead of what was wished before."""
        desk = self._desk
        if desk is None:
            return
        self._cache.keep((*wish.shown, *wish.missing))
        lacking = []
        for part in wish.missing:
            known = self._cache.get(part)
            if known is None:
                lacking.append(part)
            else:
                self.read.emit(part, known)
        self._queue_up(desk, lacking)

    def forget_broken(self) -> None:
        """What was broken is read again when it is wished for the next time."""
        self._cache.forget_broken()

    def set_limit(self, limit: int) -> None:
        """Bytes of pixels that may be kept."""
        self._cache.set_limit(limit)

    @property
    def limit(self) -> int:
        """Bytes of pixels that may be kept."""
        return self._cache.limit

    @property
    def held(self) -> int:
        """Bytes of pixels that are kept now."""
        return self._cache.held

    @property
    def busy(self) -> int:
        """Jobs running, those included that hang."""
        return self._threads.busy

    def _queue_up(self, desk: _Desk, lacking: list[Part]) -> None:
        for _ in range(desk.queue.replace(lacking)):
            self._start(desk, lambda: _reading(desk.slide, desk.queue))

    def _start(self, desk: _Desk, work: Callable[[], Generator[Any]]) -> None:
        job = Job(work)
        self._jobs[job] = desk
        desk.jobs += 1
        job.happened.connect(lambda event: self._take(desk, event))
        job.failed.connect(lambda problem: self._tell(desk, problem))
        job.finished.connect(lambda: self._end(job))
        self._threads.add(job)

    def _end(self, job: Job) -> None:
        desk = self._jobs.pop(job)
        desk.jobs -= 1
        self._close_idle(desk)

    def _tell(self, desk: _Desk, problem: Problem) -> None:
        if desk is self._desk:
            self.failed.emit(problem)

    def _take(self, desk: _Desk, event: object) -> None:
        if desk is not self._desk:
            return
        match event:
            case _Read(part=part, image=image):
                desk.queue.arrived(part)
                if self._cache.put(part, image):
                    self.read.emit(part, image)
                else:  # all that is kept is wanted more, and so it is with what would follow
                    desk.queue.replace([])
            case _Overview(image=image):
                self.thumbnail.emit(image)
            case _Step(done=done, total=total):
                self.building.emit(done, total)
            case _Grown():
                self._cache.set_coarsest(len(desk.slide.levels) - 1)
                self.grown.emit(desk.slide)

    def close(self, patience_ms: int = 500) -> bool:
        """Tell nothing any more; False when something hangs, which is left behind."""
        self._closed = True
        self._forget_pending()
        desk, self._desk = self._desk, None
        ended = self._threads.close(patience_ms)
        if desk is not None and ended:
            desk.slide.close()
        self._cache.forget()
        return ended


# ---------------------------------------------------------------- on other threads
def _opening(opener: Opener, path: Path) -> Generator[_Handover]:
    handover = _Handover(opener(path))
    try:
        yield handover
    except GeneratorExit:  # stopped: nobody will claim it
        handover.drop()
        raise


def _closing(slide: Slide) -> Generator[None]:
    slide.close()
    yield from ()


def _preparing(slide: Slide, queue: _Queue) -> Generator[_Step | _Grown | _Overview]:
    """The small picture of the whole comes last where all of a flat picture has to be read for it.

    So the reader sees how far that is.
    """
    at_once = all(level.ready for level in slide.levels)
    if at_once:
        yield from _overview(slide)
    yield from _building(slide, queue)
    if not at_once:
        yield from _overview(slide)


def _overview(slide: Slide) -> Generator[_Overview]:
    try:
        yield _Overview(screen_image(slide.thumbnail(_THUMBNAIL)))
    except UnreadableSlide:
        return  # its parts will show which of them are damaged


def _building(slide: Slide, queue: _Queue) -> Generator[_Step | _Grown]:
    ready = slide.levels
    for built in slide.building():
        yield _Step(built.done, built.total)
        if slide.levels != ready:
            ready = slide.levels
            yield _Grown()
        queue.wait_for_calm()
    if slide.levels != ready:
        yield _Grown()


def _reading(slide: Slide, queue: _Queue) -> Generator[_Read]:
    while (part := queue.take()) is not None:
        try:
            yield _Read(part, _image(slide, part))
        except BaseException:
            queue.failed()
            raise


def _image(slide: Slide, part: Part) -> QImage | Broken:
    box = covered(part, slide.levels[part.level].shape)
    try:
        rgb = slide.region(part.level, box.row, box.column, box.height, box.width)
    except Problem as problem:
        problem.__traceback__ = problem.__cause__ = problem.__context__ = None
        return Broken(problem)
    image = screen_image(rgb)
    if part.factor == 1:
        return image
    size = QSize(-(-box.width // part.factor), -(-box.height // part.factor))
    return image.scaled(
        size, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
    )


def screen_image(rgb: Pixels) -> QImage:
    """(h, w, 3) uint8 in the form that is drawn fastest; the colours stay what they are."""
    height, width = rgb.shape[:2]
    image = QImage(rgb.data, width, height, 3 * width, QImage.Format.Format_RGB888)
    return image.convertToFormat(QImage.Format.Format_RGB32)
