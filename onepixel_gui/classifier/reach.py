"""How far a changed pixel reaches: along one axis of a feature map, for every place it may be at.

Everything here is whole numbers, exact, and separate for rows and columns, because all windowed
layers are (convolution, pooling, padding).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Reach:
    """What of one axis of a map can change, for each place of a change in the input.

    first, last:  (L,) per input place, the outermost map positions touched, both included;
    first > last where nothing is.
    length:       positions of the map along this axis.
    """

    first: Whole
    last: Whole
    length: int

    @classmethod
    def of_input(cls, length: int, span: int = 1) -> "Reach":
        """The input itself: `span` neighbouring positions from each place on."""
        first = np.minimum(np.arange(length), max(0, length - span))
        return cls(first, np.minimum(first + span, length) - 1, length)

    @cached_property
    def size(self) -> int:
        """Positions of the window that holds every touched position, wherever the change is."""
        return int(max(1, (self.last - self.first).max() + 1))

    @cached_property
    def start(self) -> Whole:
        """(L,) where the window of `size` begins, always inside the map."""
        start: Whole = np.clip(self.first, 0, self.length - self.size)
        return start

    @cached_property
    def key(self) -> tuple[bytes, int, int]:
        """Equal for equal windows."""
        return self.start.tobytes(), self.size, self.length

    def through(self, kernel: int, stride: int, before: int, dilation: int, length: int) -> "Reach":
        """Of a layer that slides over this map, `before` positions of padding ahead of it."""
        width = dilation * (kernel - 1)
        first = -((width - before - self.first) // stride)  # a division that rounds up
        last = (self.last + before) // stride
        first, last = np.maximum(first, 0), np.minimum(last, length - 1)
        none = (self.first > self.last) | (first > last)
        return Reach(np.where(none, 1, first), np.where(none, 0, last), length)

    def padded(self, before: int, after: int) -> "Reach":
        """Of the same map with positions added around it."""
        return Reach(self.first + before, self.last + before, before + self.length + after)

    def beside(self, *others: "Reach") -> "Reach":
        """Of maps of one length, joined position by position."""
        everyone = [self, *others]
        empty = [reach.first > reach.last for reach in everyone]
        firsts = [np.where(e, self.length, r.first) for e, r in zip(empty, everyone, strict=True)]
        lasts = [np.where(e, -1, r.last) for e, r in zip(empty, everyone, strict=True)]
        return Reach(np.min(firsts, axis=0), np.max(lasts, axis=0), self.length)


@dataclass(frozen=True, eq=False)
class Take:
    """Which positions of a map a layer reads for its window, and where the changed ones lie there.

    places:  (L, P) map positions to read; outside 0..length-1 lies padding.
    pasted:  (L, w) where each position of the map's own window goes among the P; -1 for nowhere.
    """

    places: Whole
    pasted: Whole
    length: int

    @classmethod
    def between(
        cls,
        source: Reach,
        target: Reach,
        kernel: int = 1,
        stride: int = 1,
        before: int = 0,
        dilation: int = 1,
    ) -> "Take":
        """What the window of `target` needs of `source`; a join is a kernel of 1.

        A kernel of 1 reads only every `stride`th position, so that the layer itself has stride 1.
        """
        step = stride if kernel == 1 else 1
        reads = (target.size - 1) * (stride // step) + dilation * (kernel - 1) + 1
        begin = target.start * stride - before
        places = begin[:, None] + step * np.arange(reads)
        offset = source.start[:, None] + np.arange(source.size) - begin[:, None]
        pasted = np.where((offset % step == 0) & (offset >= 0), offset // step, -1)
        return cls(places, np.where(pasted < reads, pasted, -1), source.length)

    @cached_property
    def trivial(self) -> bool:
        """The window itself is all that is read."""
        whole = np.arange(self.pasted.shape[1])
        return self.places.shape == self.pasted.shape and bool((self.pasted == whole).all())
