"""Tiles in, log-odds out: by a network's fast form as long as it says what the network says."""

from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from onepixel_gui.attack.probe import confidence
from onepixel_gui.classifier.classifier import Classifier
from onepixel_gui.classifier.scan import Floats

AGREEING = 1e-5  # in confidence: more, and the fast form is given up
_NEAR = 1e-4  # in confidence: what lies so near the threshold is asked of the ordinary form
_SAMPLE = 16  # tiles by which the forms are compared, first and then again and again
_CHUNK_BYTES = 8 << 20  # of tiles that are asked at once; several chunks lie ready
_MOST_TILES = 2048  # at once: cutting more takes longer than a reader should wait
_EVERY = 4  # of so many chunks one tile is kept for the next comparison

Tiles = NDArray[np.uint8]


@dataclass
class Asker:
    """One classifier asked about many tiles.

    subject:  index of the class in question.
    fast:     its fast form is asked; False once that said something else than the ordinary one.
    queries:  tiles asked so far, by either form.
    """

    classifier: Classifier
    subject: int
    fast: bool = True
    queries: int = 0
    _kept: list[tuple[Tiles, Floats]] = field(default_factory=list)
    _calls: int = 0

    @property
    def chunk(self) -> int:
        """Tiles that take about 0.06 s, and no more than are held lightly; whole batches."""
        height, width = self.classifier.card.input_size
        pace = self.classifier.pace
        room = min(_MOST_TILES, _CHUNK_BYTES // (3 * height * width))
        return min(pace.chunk, max(1, room // pace.batch) * pace.batch)

    def quickly(self, tiles: Tiles) -> Floats:
        """(N, H, W, 3) -> (N,) logits of the subject; `fast` may end here. Raises DeviceFull."""
        if not len(tiles):
            return np.empty(0, np.float32)
        if not self.fast:
            return self.surely(tiles)[0]
        logits = self._logits(self._outputs(tiles, fast=True))
        threshold = self.classifier.card.threshold
        close = np.flatnonzero(np.abs(confidence(logits) - threshold) <= _NEAR)
        logits[close] = self.surely(tiles[close])[0]
        self._compare(tiles, logits)
        return logits if self.fast else self.surely(tiles)[0]

    def surely(self, tiles: Tiles) -> tuple[Floats, NDArray[np.intp]]:
        """(logits of the subject, index of the class answered) by an ordinary forward pass."""
        if not len(tiles):
            return np.empty(0, np.float32), np.empty(0, np.intp)
        outputs = self._outputs(tiles, fast=False)
        return self._logits(outputs), self.classifier.answers(outputs).cpu().numpy()

    def _compare(self, tiles: Tiles, logits: Floats) -> None:
        """Ask the ordinary form too: of the first tiles, then of few among the many that follow."""
        if self._calls == 0:
            self._judge(tiles[:_SAMPLE], logits[:_SAMPLE])
        elif self._calls % _EVERY == 0:
            self._kept.append((tiles[:1].copy(), logits[:1]))
        self._calls += 1
        if len(self._kept) >= _SAMPLE:
            self.settle()

    def settle(self) -> None:
        """Judge by the tiles that were kept, however few."""
        if self._kept and self.fast:
            tiles, logits = (np.concatenate(each) for each in zip(*self._kept, strict=True))
            self._kept.clear()
            self._judge(tiles, logits)

    def _judge(self, tiles: Tiles, logits: Floats) -> None:
        sure = confidence(self.surely(tiles)[0])
        differences = np.abs(confidence(logits) - sure)
        self.fast = bool(np.all((differences <= AGREEING) | np.isnan(sure)))

    def _outputs(self, tiles: Tiles, *, fast: bool) -> Tensor:
        self.queries += len(tiles)
        classifier = self.classifier

        def work(part: slice) -> Tensor:
            scaled = classifier.colours.scaled(torch.from_numpy(tiles[part]))
            if fast:
                scaled = scaled.contiguous(memory_format=classifier.layout)
            return classifier.outputs(scaled, fast=fast)

        return classifier.in_batches(len(tiles), work)

    def _logits(self, outputs: Tensor) -> Floats:
        """NaN where the network gave no number."""
        logits: Floats = self.classifier.logits(outputs, self.subject).cpu().numpy()
        return np.where(np.isfinite(logits), logits, np.float32(np.nan))
