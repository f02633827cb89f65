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
_NEXT = 256  # candidates of the preview that are tried when nothing is left to follow
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
            "This classifier has no preview, because no gradient leads through its network.",
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
        self._ranked: Pixels = np.empty((0, 5), np.int16)  # everything previewed, best first
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
            yield self._advanced(everywhere[:0, 0])
        order = np.argsort(self._tally.fitness(estimates), kind="stable")
        self._ranked = everywhere[order, 0]

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
        shortlist = self._tried.fresh(_spread(self._ranked))
        guidance, first = self._guidance, shortlist[: self._guidance.shortlist]
        yield from self._spend(len(first), iter([first]))
        yield from self._spend(guidance.neighbours, self._followed(shortlist))
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

    def _followed(self, shortlist: Pixels) -> Iterator[Pixels]:
        """Around what the answers have shown to be best; then further down the preview."""
        window, tried = self._probe.question.window, self._tried
        while True:
            centres = tried.places()[:_CENTRES]
            around = _neighbours(centres, window, tried)
            best = tried.fresh(np.concatenate([_cornered(centres), around]))
            if not len(best):
                best = tried.fresh(shortlist)[:_NEXT]
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
        for start in range(0, len(pixels), self._probe.chunk):
            part = pixels[start : start + self._probe.chunk]
            candidates = _beside(self._base, part)
            readings = self._probe(candidates)
            self._tally.take(candidates, readings)
            self._tried.add(part, self._tally.fitness(readings.logits))
            yield self._advanced(part)
            if self._tally.over:
                return

    def _advanced(self, asked: Pixels) -> Advanced:
        cloud = asked[:, :2].copy()
        cloud.setflags(write=False)
        tally = self._tally
        return Advanced(
            tally.queries, self._turn, tally.best, tally.confidence, cloud, self._previews
        )

    def ended(self, seconds: float) -> Ended:
        """The outcome, by an ordinary forward pass of the whole tile."""
        return self._tally.ended(seconds, self._tally.records, self._previews)


class _Tried:
    """The pixels asked about beside one base, and their fitness."""

    def __init__(self, base: Pixels) -> None:
        self._taken = _place_codes(base)
        self._pixels: Pixels = np.empty((0, 5), np.int16)
        self._fitness: Doubles = np.empty(0)

    def add(self, pixels: Pixels, fitness: Doubles) -> None:
        self._pixels = np.concatenate([self._pixels, pixels])
        self._fitness = np.concatenate([self._fitness, fitness])

    def fresh(self, pixels: Pixels) -> Pixels:
        """Those that were not asked, each once, in their order, at no position of the base."""
        codes = _codes(pixels)
        first = np.zeros(len(codes), np.bool_)
        first[np.unique(codes, return_index=True)[1]] = True
        known = np.isin(codes, _codes(self._pixels)) | np.isin(_place_codes(pixels), self._taken)
        return pixels[first & ~known]

    def places(self) -> Places:
        """The positions, each once, by their fittest colour, best first."""
        ranked = self._pixels[np.argsort(self._fitness, kind="stable")]
        first = np.unique(_place_codes(ranked), return_index=True)[1]
        return ranked[np.sort(first), :2]

    def colours_at(self, place: Places) -> NDArray[np.int16]:
        """(N, 3): the colours asked about at one position, fittest first."""
        here = np.flatnonzero((self._pixels[:, :2] == place).all(axis=1))
        colours: NDArray[np.int16] = self._pixels[here, 2:]
        return colours[np.argsort(self._fitness[here], kind="stable")]

    def fittest_at(self, places: Places) -> Pixels:
        """(N, 5): the fittest colour at each of (N, 2) positions that were asked about."""
        ranked = self._pixels[np.argsort(self._fitness, kind="stable")]
        codes, first = np.unique(_place_codes(ranked), return_index=True)
        return ranked[first[np.searchsorted(codes, _place_codes(places))]]


def _recoloured(places: Places, tried: _Tried) -> Iterator[Pixels]:
    """Colours around the fittest at each position: one channel a step up or down, ever finer."""
    step = _STRIDE
    while step:
        before = tried.fittest_at(places)
        yield _stepped(before, step)
        if np.array_equal(before, tried.fittest_at(places)):
            step //= 2


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
    found = []
    for centre in centres:
        places = centre + around
        places = places[[window.holds(row, column) for row, column in places.tolist()]]
        colours = tried.colours_at(centre)[:_COLOURS]
        pixels = np.empty((len(places), len(colours), 5), np.int16)
        pixels[..., :2], pixels[..., 2:] = places[:, None], colours
        found.append(pixels.reshape(-1, 5))
    return np.concatenate(found) if found else np.empty((0, 5), np.int16)


def _spread(ranked: Pixels) -> Pixels:
    """Of (N, 5), best first, those among the first few colours of their position."""
    order = np.argsort(_place_codes(ranked), kind="stable")
    codes = _place_codes(ranked)[order]
    starts = np.r_[0, np.flatnonzero(np.diff(codes)) + 1]
    nth = np.arange(len(codes)) - np.repeat(starts, np.diff(np.r_[starts, len(codes)]))
    kept: Pixels = ranked[np.sort(order[nth < _COLOURS])]
    return kept


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
