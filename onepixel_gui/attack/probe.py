"""The door an attack asks for, and the closed union of events that every attack tells."""

from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.tiles.tile import Window

Floats = NDArray[np.float32]
Candidates = NDArray[np.int16]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Pixel:
    """row, column: tile pixels from the top left. rgb: 0-255."""

    row: int
    column: int
    rgb: tuple[int, int, int]


Perturbation = tuple[Pixel, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Readings:
    """What the classifier said of N perturbed tiles.

    logits:   (N,) float32 log-odds of the subject, the class in question.
    flipped:  (N,) bool, the answer differs from that of the untouched tile.
    """

    logits: Floats
    flipped: Bools

    @property
    def confidences(self) -> Floats:
        """(N,) in 0-1: the logistic function of the logits."""
        return confidence(self.logits)


def confidence(logits: Floats) -> Floats:
    """The probability that a log-odds value stands for, 0-1, in float32 and without overflow."""
    return (0.5 + 0.5 * np.tanh(0.5 * logits.astype(np.float64))).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Question:
    """One classifier looking at one untouched tile: what an attack tries to change.

    subject:    the class in question, whose confidence is followed.
    rival:      what it is not: the other class of two, or "another class" of many.
    clean:      confidence in the subject, 0-1; clean_logit its log-odds.
    threshold:  confidence that parts the two answers (for many classes: where it usually does).
    window:     what the classifier sees of the tile; all positions lie inside it.
    top:        of three and more classes the five likeliest with their confidences, best first.
    """

    subject: str
    rival: str
    answer: str
    clean: float
    clean_logit: float
    threshold: float
    window: Window
    top: tuple[tuple[str, float], ...] = ()

    @property
    def downward(self) -> bool:
        """True when a flip means lowering the confidence in the subject."""
        return self.answer == self.subject

    @property
    def goal(self) -> str:
        """The answer that a flip leads to."""
        return self.rival if self.downward else self.subject


class Probe(Protocol):
    """A classifier looking at one tile. Device, batching, scaling and softmax stay behind it."""

    @property
    def question(self) -> Question: ...

    @property
    def chunk(self) -> int:
        """How many candidates to ask at once for an answer within about 0.1 s."""
        ...

    def __call__(self, candidates: Candidates) -> Readings:
        """candidates: (N, k, 5) int16 rows of (row, column, red, green, blue), colours 0-255."""
        ...

    def confirm(self, candidates: Candidates) -> Readings:
        """The same by an ordinary forward pass of each whole uint8 tile: what may be reported."""
        ...

    @property
    def preview_chunk(self) -> int:
        """How many candidates to preview at once within about 0.1 s; 0 where there is no preview.

        May take a second to prepare on first asking.
        """
        ...

    def preview(self, candidates: Candidates) -> Floats:
        """(N, 1, 5) -> (N,) float32 estimates of the logit, from gradients of the network.

        They put candidates in order and are never a result.
        """
        ...


class Chorus(Protocol):
    """One classifier looking at several tiles, so that one batch may hold candidates of all."""

    @property
    def chunk(self) -> int: ...

    def __call__(self, which: NDArray[np.intp], candidates: Candidates) -> Readings:
        """which: (N,) index of the tile that each candidate belongs to."""
        ...


# ------------------------------------------------------------------ events of a search
@dataclass(frozen=True, slots=True)
class Settings:
    """One search by differential evolution. Defaults: Su et al. (arXiv 1710.08864), section 4.

    population, generations: 400 x 100.  weight: F.  pixels: k, changed together.
    to_the_end: go on after the first flip and spend the whole budget.
    """

    strategy: ClassVar[Literal["evolution"]] = "evolution"
    access: ClassVar[Literal["black-box"]] = "black-box"
    population: int = 400
    generations: int = 100
    weight: float = 0.5
    pixels: int = 1
    seed: int = 0
    to_the_end: bool = False

    @property
    def budget(self) -> int:
        """Most queries this run may spend; the founders are the first generation."""
        return self.population * self.generations


@dataclass(frozen=True, slots=True)
class Guidance:
    """One guided search: white-box, because gradients of the network order its candidates.

    Ours, of no paper: never to be put in one table with black-box searches.
    shortlist:    how many of the previewed candidates are evaluated exactly, best first.
    neighbours:   how many more around the best of these, as long as that finds something new.
    refinements:  how many more may go into refining the colour of the best.
    pixels:       k; the second and later ones are added to the best so far, one by one.
    to_the_end:   go on after the first flip and spend the whole budget.
    """

    strategy: ClassVar[Literal["guided"]] = "guided"
    access: ClassVar[Literal["white-box"]] = "white-box"
    shortlist: int = 768
    neighbours: int = 1792
    refinements: int = 256
    pixels: int = 1
    to_the_end: bool = False

    @property
    def budget(self) -> int:
        """Most queries this run may spend; previews are counted apart."""
        return self.pixels * (self.shortlist + self.neighbours + self.refinements)


@dataclass(frozen=True, slots=True)
class Began:
    droppable: ClassVar[bool] = False
    question: Question
    settings: Settings | Guidance

    @property
    def budget(self) -> int:
        """Most queries this run may spend."""
        return self.settings.budget


@dataclass(frozen=True, slots=True, eq=False)
class Advanced:
    """cloud: (N, 2) int16 (row, column) of the population, read-only.

    generation:  of a guided search, which of its pixels is being looked for, from 1; 0 while
                 it previews.
    best, confidence:  () and that of the untouched tile before the first query.
    previews:  candidates whose logit was estimated, which are no queries.
    whole:     all that belongs together was asked: a generation, or what was proposed at once; how
               much is asked between two other events depends on the machine.
    """

    droppable: ClassVar[bool] = True
    queries: int
    generation: int
    best: Perturbation
    confidence: float
    cloud: NDArray[np.int16]
    previews: int = 0
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Ended:
    """What a search found. `confidence` and `flipped` are those of an ordinary forward pass.

    first_flip: queries spent when the first confirmed flip was seen, None when it held.
    curve:      (queries, best confidence so far) after each generation; of a guided search,
                whenever it improved.
    previews:   candidates whose logit was only estimated, never counted as queries.
    """

    droppable: ClassVar[bool] = False
    reason: Literal["flipped", "budget spent"]
    flipped: bool
    queries: int
    first_flip: int | None
    best: Perturbation
    confidence: float
    answer: str
    curve: tuple[tuple[int, float], ...]
    seconds: float
    previews: int = 0


# ------------------------------------------------------------------ events of a sweep
@dataclass(frozen=True, slots=True, eq=False)
class SweepBegan:
    """palette: (K, 3) uint8."""

    droppable: ClassVar[bool] = False
    question: Question
    palette: NDArray[np.uint8]
    total: int


@dataclass(frozen=True, slots=True, eq=False)
class Painted:
    """The map so far, in logits; the last of them is what is known of a sweep that was stopped.

    exact:  (H, W) bool, True where the classifier was asked about every colour.  Elsewhere the map
    shows a preview, or without one repeats the coarse neighbour: a sketch, never a result; NaN
    where there is none.
    lowest, highest:  (H, W) float32 over the palette.  change: (H, W) the signed logit change
    of largest size.  stride: edge of the coarsest block still unrefined, in pixels; 1 at the end.
    """

    droppable: ClassVar[bool] = True
    done: int
    total: int
    stride: int
    lowest: Floats
    highest: Floats
    change: Floats
    exact: Bools

    @property
    def queries(self) -> int:
        return self.done

    @property
    def asked(self) -> "Painted":
        """The same without the sketch."""
        lowest, highest, change = (
            np.where(self.exact, each, np.float32(np.nan))
            for each in (self.lowest, self.highest, self.change)
        )
        for each in (lowest, highest, change):
            each.setflags(write=False)
        return Painted(self.done, self.total, self.stride, lowest, highest, change, self.exact)

    def reached(self, question: Question) -> float:
        """The confidence furthest towards a flip where it was asked, 0-1; else the clean one.

        Nobody confirmed it.
        """
        if not self.exact.any():
            return question.clean
        known = (self.lowest if question.downward else self.highest)[self.exact]
        return float(confidence(np.asarray(known.min() if question.downward else known.max())))


@dataclass(frozen=True, slots=True, eq=False)
class Swept:
    """Every position of the window with every colour of the palette.

    logits:   (H, W, K) float32, in window positions.  flipped: (H, W, K) bool, confirmed.
    palette:  (K, 3) uint8.  lowest, highest: the extreme pixels, in tile positions, with
    confidences of an ordinary forward pass.
    queries:  H * W * K.  confirmations: ordinary passes spent on top, never counted as queries.
    """

    droppable: ClassVar[bool] = False
    question: Question
    palette: NDArray[np.uint8]
    logits: Floats
    flipped: Bools
    lowest: Pixel
    lowest_confidence: float
    highest: Pixel
    highest_confidence: float
    queries: int
    confirmations: int
    seconds: float


# ------------------------------------------------------------------ events of a glance
@dataclass(frozen=True, slots=True, eq=False)
class Responded:
    """How one position answers to colour.

    pixel, confidence:  the colour asked for, by an ordinary forward pass.
    levels:  (L,) uint8 values.  curves: (3, L) confidence when red, green or blue alone takes
    each level and the other two stay as in `pixel`.  The first word about a pixel comes without
    curves (L = 0), the second with them.
    """

    droppable: ClassVar[bool] = False
    pixel: Pixel
    confidence: float
    answer: str
    levels: NDArray[np.uint8]
    curves: Floats


Event = Began | Advanced | Ended | SweepBegan | Painted | Swept | Responded
