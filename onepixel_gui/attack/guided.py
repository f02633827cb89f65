"""The guided search: white-box, because a preview from gradients puts its candidates in order."""

import time
from collections.abc import Generator, Iterator

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.attack.evolution import Doubles
from onepixel_gui.attack.probe import (
    Advanced,
    Began,
    Candidates,
    Ended,
    Event,
    Guidance,
    Probe,
)
from onepixel_gui.attack.sweep import CORNERS, every_colour, previewed
from onepixel_gui.attack.tally import Tally
from onepixel_gui.problems import Problem
from onepixel_gui.tiles.tile import Window

Pixels = NDArray[np.int16]  # (N, 5) rows of (row, column, red, green, blue)
Places = NDArray[np.int16]  # (N, 2) rows of (row, column), in the tile

_COLOURS = 2  # corners tried at a position before it has shown what it is worth
_CENTRES = 16  # best positions that are followed: every corner there, the best colours around
_REACH = 2  # pixels around: networks that halve their maps answer alike at every second one
_NEXT = 256  # candidates of the preview that are tried at once
_ABREAST = 4  # positions whose colours are refined side by side
_STRIDE = 128  # first step of a colour channel; halved until it is 1


def guided(probe: Probe, guidance: Guidance) -> Generator[Event]:
    """Preview every position with every corner of the RGB cube, then ask about the best few.

    An event after each chunk; candidates count one by one in the order asked, so `queries` and
    the outcome do not depend on the chunk.  Nothing is drawn at random.  Raises Problem where the
    probe has no preview.
    """
    started = time.perf_counter()
    if not probe.preview_chunk:
        raise Problem(
            "This classifier has no preview: its layers are hidden, or their gradients too weak.",
            "Use the black-box search instead.",
        )
    yield Began(probe.question, guidance)
    run = _Guided(probe, guidance)
    yield from run.preview()
    for _ in range(guidance.pixels):
        yield from run.add_pixel()
    yield run.ended(time.perf_counter() - started)


class _Guided:
    """The state of one guided search between two events."""

    def __init__(self, probe: Probe, guidance: Guidance) -> None:
        self._probe, self._guidance = probe, guidance
        self._tally = Tally(probe, guidance.to_the_end)
        self._previews = self._turn = 0
        self._ranked: Pixels = np.empty((0, 5), np.int16)  # everything previewed, see `_spread`
        self._base: Pixels = self._tally.fittest
        self._tried = _Tried(self._base)

    def preview(self) -> Iterator[Advanced]:
        """Estimate every position of the window with every corner, and rank them."""
        window, at_once = self._probe.question.window, self._probe.preview_chunk
        everywhere = every_colour(np.argwhere(np.ones(window.shape, np.bool_)), CORNERS, window)
        estimates = np.empty(len(everywhere), np.float32)
        for start in range(0, len(everywhere), at_once):
            part = slice(start, start + at_once)
            estimates[part] = previewed(self._probe, everywhere[part])
            self._previews = min(part.stop, len(everywhere))
            yield self._advanced(everywhere[:0, 0], whole=part.stop >= len(everywhere))
        order = np.argsort(self._tally.fitness(estimates), kind="stable")
        self._ranked = _spread(everywhere[order, 0])

    def add_pixel(self) -> Iterator[Advanced]:
        """Look for one more pixel beside the fittest found so far; nothing once it is over.

        Where the turn before found nothing fitter, this one goes on down the ranking.
        """
        if self._tally.over:
            return
        self._turn += 1
        if len(self._tally.fittest) > len(self._base):
            self._base = self._tally.fittest
            self._tried = _Tried(self._base)
        guidance, onward = self._guidance, self._onward()
        yield from self._spend(guidance.shortlist, onward)
        yield from self._spend(guidance.neighbours, self._followed(onward))
        yield from self._spend(guidance.refinements, self._refined())

    def _spend(self, left: int, proposals: Iterator[Pixels]) -> Iterator[Advanced]:
        """Ask about what is proposed and new, until so many are spent or the search is over."""
        while left and not self._tally.over:
            pixels = next(proposals, None)
            if pixels is None:
                return
            fresh = self._tried.fresh(pixels)[:left]
            yield from self._ask(fresh)
            left -= len(fresh)

    def _onward(self) -> Iterator[Pixels]:
        """Down the preview: what was not asked yet, a few at once."""
        for start in range(0, len(self._ranked), _NEXT):
            part = self._ranked[start : start + _NEXT]
            while len(fresh := self._tried.fresh(part)):
                yield fresh

    def _followed(self, onward: Iterator[Pixels]) -> Iterator[Pixels]:
        """Around what the answers have shown to be best; where all of that is known, onward."""
        window, tried = self._probe.question.window, self._tried
        while True:
            centres = tried.places()[:_CENTRES]
            around = _neighbours(centres, window, tried)
            best = tried.fresh(np.concatenate([_cornered(centres), around]))
            if not len(best):
                best = next(onward, best)
            if not len(best):
                return
            yield best

    def _refined(self) -> Iterator[Pixels]:
        """Colours between the corners, at the best positions."""
        places = self._tried.places()
        for start in range(0, len(places), _ABREAST):
            yield from _recoloured(places[start : start + _ABREAST], self._tried)

    def _ask(self, pixels: Pixels) -> Iterator[Advanced]:
        """Ask about each pixel beside those of the base, until the search is over."""
        before = self._tally.queries
        for start in range(0, len(pixels), self._probe.chunk):
            part = pixels[start : start + self._probe.chunk]
            candidates = _beside(self._base, part)
            readings = self._probe(candidates)
            self._tally.take(candidates, readings)
            self._tried.add(part, self._tally.fitness(readings.logits))
            asked = self._tally.queries - before
            yield self._advanced(pixels[:asked], whole=asked == len(pixels))
            if self._tally.over:
                return

    def _advanced(self, asked: Pixels, *, whole: bool) -> Advanced:
        cloud = asked[:, :2].copy()
        cloud.setflags(write=False)
        tally = self._tally
        return Advanced(
            tally.queries, self._turn, tally.best, tally.confidence, cloud, self._previews, whole
        )

    def ended(self, seconds: float) -> Ended:
        """The outcome, by an ordinary forward pass of the whole tile."""
        return self._tally.ended(seconds, self._tally.records, self._previews)


class _Tried:
    """The pixels asked about beside one base, fittest first; of equals, the first asked."""

    def __init__(self, base: Pixels) -> None:
        self._taken = _place_codes(base)
        self._known: set[int] = set()  # codes
        self._pixels: Pixels = np.empty((0, 5), np.int16)
        self._fitness: Doubles = np.empty(0)
        self._places = _place_codes(self._pixels)

    def add(self, pixels: Pixels, fitness: Doubles) -> None:
        self._known.update(_codes(pixels).tolist())
        pixels = np.concatenate([self._pixels, pixels])
        fitness = np.concatenate([self._fitness, fitness])
        order = np.argsort(fitness, kind="stable")
        self._pixels, self._fitness = pixels[order], fitness[order]
        self._places = _place_codes(self._pixels)

    def fresh(self, pixels: Pixels) -> Pixels:
        """Those that were not asked, each once, in their order, at no position of the base."""
        pixels = pixels[~np.isin(_place_codes(pixels), self._taken)]
        first: dict[int, int] = {}
        for index, code in enumerate(_codes(pixels).tolist()):
            if code not in self._known:
                first.setdefault(code, index)
        return pixels[list(first.values())]

    def places(self) -> Places:
        """The positions, each once, by their fittest colour, best first."""
        first = np.unique(self._places, return_index=True)[1]
        return self._pixels[np.sort(first), :2]

    def fittest_at(self, place: Places, count: int) -> Pixels:
        """At most so many of the pixels asked about at one position, fittest first."""
        return self._pixels[np.flatnonzero(self._places == _place_codes(place[None]))[:count]]


def _recoloured(places: Places, tried: _Tried) -> Iterator[Pixels]:
    """Colours around the fittest at each position: one channel a step up or down, ever finer."""
    step = _STRIDE
    while step:
        before = _fittest(places, tried)
        yield _stepped(before, step)
        if np.array_equal(before, _fittest(places, tried)):
            step //= 2


def _fittest(places: Places, tried: _Tried) -> Pixels:
    """(N, 5): the fittest pixel at each of (N, 2) positions that were asked about."""
    return np.concatenate([tried.fittest_at(place, 1) for place in places])


def _stepped(pixels: Pixels, step: int) -> Pixels:
    """(N, 5) -> (6 N, 5): each colour channel up or down, within 0-255."""
    moves = np.zeros((6, 5), np.int16)
    moves[range(6), [2, 2, 3, 3, 4, 4]] = [step, -step] * 3
    moved = pixels[:, None] + moves
    moved[..., 2:] = np.clip(moved[..., 2:], 0, 255)
    return moved.reshape(-1, 5)


def _neighbours(centres: Places, window: Window, tried: _Tried) -> Pixels:
    """The positions around each, inside the window, in the colours that do best at it."""
    steps = np.arange(-_REACH, _REACH + 1, dtype=np.int16)
    around = np.stack(np.meshgrid(steps, steps, indexing="ij"), axis=-1).reshape(-1, 2)
    found = [np.empty((0, 5), np.int16)]
    for centre in centres:
        places = centre + around
        places = places[[window.holds(row, column) for row, column in places.tolist()]]
        for pixel in tried.fittest_at(centre, _COLOURS):
            found.append(np.concatenate([places, np.tile(pixel[2:], (len(places), 1))], axis=1))
    return np.concatenate(found)


def _spread(ranked: Pixels) -> Pixels:
    """(N, 5), best first: the first few colours of every position before all others."""
    codes = _place_codes(ranked)
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    nth = np.empty_like(order)  # how many colours of the same position are better
    nth[order] = np.arange(len(codes)) - np.repeat(starts, np.diff(starts, append=len(codes)))
    return ranked[np.argsort(nth >= _COLOURS, kind="stable")]


def _cornered(places: Places) -> Pixels:
    """Every corner of the RGB cube at each of (N, 2) positions of the tile."""
    return every_colour(places.astype(np.intp), CORNERS, Window(0, 0, 0, 0))[:, 0]


def _beside(base: Pixels, pixels: Pixels) -> Candidates:
    """(k, 5) and (N, 5) -> (N, k + 1, 5)."""
    same = np.broadcast_to(base, (len(pixels), *base.shape))
    return np.concatenate([same, pixels[:, None]], axis=1)


def _codes(pixels: Pixels) -> NDArray[np.int64]:
    """One number for each pixel."""
    wide = pixels.astype(np.int64)
    colour = (wide[:, 2] << 16) + (wide[:, 3] << 8) + wide[:, 4]
    return colour + (_place_codes(pixels) << 24)


def _place_codes(places: Places) -> NDArray[np.int64]:
    """One number for each position of (N, 2 or more)."""
    wide = places.astype(np.int64)
    return (wide[:, 0] << 16) + wide[:, 1]
