"""One tile behind the Probe door: every candidate pays one dense forward pass."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from onepixel_gui.attack.probe import Candidates, Floats, Question, Readings
from onepixel_gui.classifier.classifier import Classifier
from onepixel_gui.problems import Problem
from onepixel_gui.tiles.tile import Tile, Window

_BREATH = 0.06  # seconds of work between two events


class TileProbe:
    """An `attack.probe.Probe`. Not for two threads at once: the candidates share one buffer."""

    def __init__(self, classifier: Classifier, tile: Tile, window: Window) -> None:
        self._classifier, self._window = classifier, window
        cut = tile.rgb[
            window.row : window.row + window.height, window.column : window.column + window.width
        ]
        self._rgb = torch.from_numpy(np.array(cut))
        clean = classifier.scaled(self._rgb[None])
        self._clean = clean[0].permute(1, 2, 0).contiguous()  # (H, W, 3)
        batch = classifier.serving.batch
        self._buffer = clean.repeat(batch, 1, 1, 1).contiguous(memory_format=classifier.layout)
        outputs = classifier.outputs(clean)
        self._answer = int(classifier.answers(outputs)[0])
        card = classifier.card
        many = len(card.classes) > 2
        self._subject = self._answer if many else card.classes.index(card.subject)
        subject = card.classes[self._subject]
        logit = float(_numbers(classifier.logits(outputs, self._subject))[0])
        self.question = Question(
            subject=subject,
            rival="another class" if many else card.rival,
            answer=card.classes[self._answer],
            clean=float(1 / (1 + np.exp(-np.float64(logit)))),
            clean_logit=logit,
            threshold=card.threshold,
            window=window,
        )

    @property
    def chunk(self) -> int:
        """Candidates that take about 0.06 s, in whole batches."""
        serving = self._classifier.serving
        return serving.batch * max(1, round(_BREATH / self._classifier.batch_seconds))

    @property
    def preview_chunk(self) -> int:
        return 0

    def preview(self, candidates: Candidates) -> Floats:
        raise NotImplementedError

    def __call__(self, candidates: Candidates) -> Readings:
        """Ask the fast form of the network. Raises DeviceFull."""
        moved = torch.from_numpy(np.asarray(candidates)).to(self._classifier.device).long()
        return self._read(len(moved), lambda part: self._asked(moved[part]))

    def confirm(self, candidates: Candidates) -> Readings:
        """An ordinary forward pass of each whole uint8 tile. Raises DeviceFull."""
        moved = torch.from_numpy(np.asarray(candidates)).long()
        moved[..., 0] -= self._window.row
        moved[..., 1] -= self._window.column

        def ordinary(part: slice) -> Tensor:
            rows = moved[part]
            tiles = self._rgb.repeat(len(rows), 1, 1, 1)
            which = torch.arange(len(rows))
            for pixel in rows.unbind(dim=1):
                tiles[which, pixel[:, 0], pixel[:, 1]] = pixel[:, 2:].to(torch.uint8)
            return self._classifier.outputs(self._classifier.scaled(tiles))

        return self._read(len(moved), ordinary)

    def _asked(self, moved: Tensor) -> Tensor:
        """Paint the candidates into the shared buffer, ask, and wipe them off again."""
        tiles = self._buffer[: len(moved)]
        which = torch.arange(len(moved), device=moved.device)
        pixels = [
            (p[:, 0] - self._window.row, p[:, 1] - self._window.column, p[:, 2:])
            for p in moved.unbind(1)
        ]
        channel = torch.arange(3, device=moved.device)
        for row, column, rgb in pixels:
            tiles[which, :, row, column] = self._classifier.levels[channel, rgb]
        try:
            return self._classifier.outputs(tiles, fast=True)
        finally:
            for row, column, _ in pixels:
                tiles[which, :, row, column] = self._clean[row, column]

    def _read(self, count: int, work: Callable[[slice], Tensor]) -> Readings:
        if count == 0:
            return Readings(np.empty(0, np.float32), np.empty(0, np.bool_))
        outputs = self._classifier.in_batches(count, work)
        logits = self._classifier.logits(outputs, self._subject)
        flipped = self._classifier.answers(outputs) != self._answer
        return Readings(_numbers(logits).cpu().numpy(), flipped.cpu().numpy())


def _numbers(logits: Tensor) -> Tensor:
    """The same; raises Problem where the network overflowed, because no result can rest on that."""
    if bool(torch.isfinite(logits).all()):
        return logits
    raise Problem(
        "The classifier's answer about this tile is not a number.",
        "Check the scaling on the classifier's card, or choose another checkpoint.",
    )
