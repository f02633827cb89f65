"""Clean answers to many tiles, asked in batches: the same as one probe after the other gives."""

import time
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.classifier import fitting
from onepixel_gui.classifier.card import Card
from onepixel_gui.problems import DeviceFull, Problem
from onepixel_gui.tiles.tile import Tile

if TYPE_CHECKING:
    from onepixel_gui.classifier.classifier import Classifier

Cut = NDArray[np.uint8]
Reading = Callable[[], Tile]  # raises Problem for what cannot be read

_PACE = 0.1  # seconds between two events while tiles are read


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """keys: (N,) of the tiles.  answers: (N,) index into the card's classes.

    confidences: (N,) float32 in 0-1, in the card's subject; of three and more classes in the one
    that is answered.
    """

    droppable: ClassVar[bool] = False
    keys: NDArray[np.intp]
    answers: NDArray[np.int32]
    confidences: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Refused:
    """One tile that has no answer."""

    droppable: ClassVar[bool] = False
    index: int
    problem: Problem


@dataclass(frozen=True, slots=True)
class Waited:
    """Nothing to tell yet; whoever stops asking here loses nothing."""

    droppable: ClassVar[bool] = True


def scoring(
    classifier: "Classifier", tiles: Iterable[tuple[int, Reading]]
) -> Generator[Scored | Refused | Waited]:
    """Ask about each tile once; to cancel is to stop asking. Raises DeviceFull.

    tiles: key and how it is read, which happens here.
    """
    most, last = classifier.serving.batch, time.monotonic()
    waiting: dict[tuple[int, ...], list[tuple[int, Cut]]] = {}  # by shape: one batch has one
    for key, read in tiles:
        try:
            tile = read()
            cut = fitting.cut(tile, fitting.window(classifier.card, tile))
        except Problem as problem:
            yield Refused(key, problem)
            continue
        alike = waiting.setdefault(cut.shape, [])
        alike.append((key, cut))
        if len(alike) >= most:
            yield from _asked(classifier, waiting.pop(cut.shape))
            last = time.monotonic()
        elif time.monotonic() - last > _PACE:
            yield Waited()
            last = time.monotonic()
    for alike in waiting.values():
        yield from _asked(classifier, alike)


def _asked(
    classifier: "Classifier", batch: list[tuple[int, Cut]]
) -> Generator[Scored | Refused | Waited]:
    try:
        probabilities = classifier(np.stack([cut for _, cut in batch]))
    except DeviceFull:
        raise
    except Problem as problem:
        for key, _ in batch:
            yield Refused(key, problem)
        return
    keys = np.array([key for key, _ in batch], np.intp)
    sound = np.isfinite(probabilities).all(axis=1)
    if sound.any():
        yield Scored(keys[sound], *read(classifier.card, probabilities[sound]))
    for key in keys[~sound].tolist():
        yield Refused(
            key,
            Problem(
                "The classifier's answer about this tile is not a number.",
                "Check the scaling on the classifier's card, or choose another checkpoint.",
            ),
        )


def read(
    card: Card, probabilities: NDArray[np.float32]
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """(N, K) probabilities -> (N,) classes answered, (N,) confidences, as a probe tells them."""
    if len(card.classes) > 2:
        answers = probabilities.argmax(axis=1).astype(np.int32)
        return answers, np.take_along_axis(probabilities, answers[:, None], axis=1)[:, 0]
    subject = card.classes.index(card.subject)
    confidences = probabilities[:, subject]
    positive = confidences >= np.float32(card.threshold)
    return np.where(positive, subject, 1 - subject).astype(np.int32), confidences
