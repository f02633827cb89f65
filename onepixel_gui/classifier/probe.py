"""Tiles behind the Probe door: candidates on windows where they pay, otherwise dense."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from onepixel_gui.attack.probe import Candidates, Floats, Question, Readings
from onepixel_gui.classifier import fitting, reading
from onepixel_gui.classifier.card import Card
from onepixel_gui.classifier.classifier import Classifier
from onepixel_gui.classifier.incremental import Incremental
from onepixel_gui.classifier.pace import Pace
from onepixel_gui.classifier.screening import Preview
from onepixel_gui.classifier.several import Group
from onepixel_gui.classifier.windows import Batch, Memory, together
from onepixel_gui.problems import Problem
from onepixel_gui.tiles.tile import Tile, Window

_TOP = 5  # likeliest classes told of a tile


class _Look:
    """A classifier looking at T tiles. Not for two threads at once: candidates share a buffer."""

    def __init__(
        self, classifier: Classifier, windows: Sequence[Window], rgb: Tensor, *, dense: bool
    ) -> None:
        """rgb: (T, H, W, 3) uint8, the windows of the tiles."""
        self.classifier, self.windows, self.rgb = classifier, windows, rgb
        self.scaled = classifier.colours.scaled(rgb)
        self.resized = tuple(self.scaled.shape[2:]) != classifier.card.input_size
        self.ways = classifier.ways  # read once: they may be swapped meanwhile
        self.shortcut = None if dense or self.resized else self.ways.shortcut
        self._parts: Sequence[_Look] = ()
        self._clean = self.scaled.permute(0, 2, 3, 1).contiguous()  # (T, H, W, 3)
        self._memories: dict[Incremental, Memory] = {}
        self._corners = np.array([(window.row, window.column) for window in windows])

    @classmethod
    def joined(cls, parts: "Sequence[_Look]") -> "_Look":
        """One look at the tiles of all, in their order, which remembers what they remember."""
        windows = [window for part in parts for window in part.windows]
        first, rgb = parts[0], torch.cat([part.rgb for part in parts])
        look = cls(first.classifier, windows, rgb, dense=first.shortcut is None)
        look.ways, look.shortcut, look._parts = first.ways, first.shortcut, parts
        return look

    def memory(self, way: Incremental) -> Memory:
        """The clean activations that a way cuts its windows from, kept as long as this look."""
        if way not in self._memories:
            parts = [part.memory(way) for part in self._parts]
            with torch.inference_mode():
                self._memories[way] = together(parts) if parts else way.remember(self.scaled)
        return self._memories[way]

    @cached_property
    def _buffer(self) -> Tensor:
        blank = self.scaled[:1].repeat(self.classifier.pace.batch, 1, 1, 1)
        return blank.contiguous(memory_format=self.classifier.layout)

    @property
    def chunk(self) -> int:
        return (self.shortcut or self.classifier).pace.chunk

    def outputs(self, which: NDArray[np.intp] | None, candidates: Candidates) -> Tensor:
        """(N,) index of the tile, None for the only one; (N, k, 5) -> (N, C), on the device."""
        moved = self._moved(which, candidates)
        tiles = None if which is None else torch.from_numpy(which)
        pixels = moved.shape[1]
        if self.shortcut is None:
            return self._asked(tiles, moved, Group(np.arange(len(moved)), None))
        if pixels == 1:
            return self._asked(tiles, moved, Group(np.arange(len(moved)), self.shortcut))
        assert self.ways.several is not None
        rows, columns = moved[:, :, 0].numpy(), moved[:, :, 1].numpy()
        groups = [group for group in self.ways.several.groups(rows, columns) if len(group.of)]
        answers = torch.cat([self._asked(tiles, moved, group) for group in groups])
        order = torch.from_numpy(np.concatenate([group.of for group in groups]))
        return torch.empty_like(answers).index_copy_(0, order.to(answers.device), answers)

    def _asked(self, tiles: Tensor | None, moved: Tensor, group: Group) -> Tensor:
        """(M, C) outputs of one group of candidates."""
        device, pace = self.classifier.device, self.classifier.pace
        if group.way is not None:
            assert self.shortcut is not None
            pace = self.shortcut.pace
        of = torch.from_numpy(_filled(group.of, pace) if moved.shape[1] == 1 else group.of)
        mine = moved[of].to(device)
        whose = None if tiles is None else tiles[of].to(device)
        if group.way is None:
            return self.classifier.in_batches(
                len(mine), lambda part: self._dense(whose, mine, part), pace
            )[: len(group.of)]
        way, apart = group.way, group.apart
        if mine.shape[1] > 1:  # several windows, or wider ones, take several times the room
            pace = replace(pace, batch=max(1, pace.batch // mine.shape[1]))
        self.memory(way)  # before lanes would make it side by side

        def work(part: slice) -> Tensor:
            asked = None if whose is None else whose[part]
            return self.windowed(way, asked, mine[part], apart=apart)

        return self.classifier.in_batches(len(mine), work, pace)[: len(group.of)]

    def ordinary(self, which: NDArray[np.intp] | None, candidates: Candidates) -> Tensor:
        """The same by an ordinary forward pass of each whole uint8 tile."""
        moved = self._moved(which, candidates)
        tiles = (
            torch.zeros(len(moved), dtype=torch.long) if which is None else torch.from_numpy(which)
        )

        def work(part: slice) -> Tensor:
            painted = self.rgb[tiles[part]]
            order = torch.arange(len(painted))
            for pixel in moved[part].unbind(dim=1):
                painted[order, pixel[:, 0], pixel[:, 1]] = pixel[:, 2:].to(torch.uint8)
            return self.classifier.outputs(self.classifier.colours.scaled(painted))

        return self.classifier.in_batches(len(moved), work)

    def _moved(self, which: NDArray[np.intp] | None, candidates: Candidates) -> Tensor:
        """(N, k, 5) long, in positions of the window."""
        moved = np.array(candidates, np.int64)
        moved[..., :2] -= self._corners[0 if which is None else which[:, None]]
        return torch.from_numpy(moved)

    @torch.inference_mode()
    def windowed(
        self, way: Incremental, tiles: Tensor | None, moved: Tensor, *, apart: bool
    ) -> Tensor:
        """(N, k, 5) -> (N, C), with a window for each pixel or one for all."""
        count, pixels = moved.shape[:2]
        if apart or way.windowed.span == 1:
            whose = None if tiles is None else tiles.repeat_interleave(pixels)
            batch, windows = self._batch(whose, moved.flatten(0, 1), self.memory(way))
            batch.per = pixels
            return way(batch, windows).float()
        span, (height, width) = way.windowed.span, self.scaled.shape[2:]
        rows, columns = moved[:, :, 0].amin(dim=1), moved[:, :, 1].amin(dim=1)
        top, left = rows.clamp(max=height - span), columns.clamp(max=width - span)
        inside = torch.arange(span, device=moved.device)
        down, right = (top[:, None] + inside)[:, :, None], (left[:, None] + inside)[:, None, :]
        whose = torch.zeros_like(rows) if tiles is None else tiles
        windows = self._clean[whose[:, None, None], down, right].permute(0, 3, 1, 2)
        order = torch.arange(count, device=moved.device)
        for pixel in moved.unbind(dim=1):
            place = pixel[:, 0] - top, pixel[:, 1] - left
            windows[order, :, place[0], place[1]] = self.classifier.colours.of(pixel[:, 2:])
        return way(Batch(rows, columns, tiles, self.memory(way)), windows).float()

    def alone(self, candidates: Candidates, memory: Memory) -> tuple[Batch, Tensor]:
        """(N, 1, 5) of the only tile -> a batch, and its (N, 3, 1, 1) scaled colours."""
        moved = self._moved(None, candidates).to(self.classifier.device)
        return self._batch(None, moved[:, 0], memory)

    def _batch(self, which: Tensor | None, pixel: Tensor, memory: Memory) -> tuple[Batch, Tensor]:
        batch = Batch(pixel[:, 0], pixel[:, 1], which, memory)
        return batch, self.classifier.colours.of(pixel[:, 2:])[:, :, None, None]

    def _dense(self, tiles: Tensor | None, moved: Tensor, part: slice) -> Tensor:
        pixels = [
            (p[:, 0], p[:, 1], self.classifier.colours.of(p[:, 2:])) for p in moved[part].unbind(1)
        ]
        if tiles is not None:
            painted = self.scaled[tiles[part]].contiguous(memory_format=self.classifier.layout)
            return self._painted(painted, pixels)
        painted = self._buffer[: len(moved[part])]
        try:
            return self._painted(painted, pixels)
        finally:
            order = torch.arange(len(painted), device=moved.device)
            for row, column, _ in pixels:
                painted[order, :, row, column] = self._clean[0, row, column]

    def _painted(self, tiles: Tensor, pixels: Sequence[tuple[Tensor, Tensor, Tensor]]) -> Tensor:
        order = torch.arange(len(tiles), device=tiles.device)
        for row, column, colour in pixels:
            tiles[order, :, row, column] = colour
        return self.classifier.outputs(tiles, fast=True)


def _filled(of: NDArray[np.intp], pace: Pace) -> NDArray[np.intp]:
    """The last repeated until the last batch is full, where batches are of a fixed size."""
    short = -len(of) % pace.batch if pace.fixed else 0
    return np.append(of, np.repeat(of[-1:], short)) if short else of


class TileProbe:
    """An `attack.probe.Probe`: one classifier looking at one tile."""

    def __init__(
        self, classifier: Classifier, tile: Tile, *, subject: str = "", dense: bool = False
    ) -> None:
        """See `Classifier.probe`. Raises TileTooSmall, WrongSize, Problem."""
        window = fitting.window(classifier.card, tile)
        rgb = torch.from_numpy(fitting.cut(tile, window))[None]
        self._classifier, self._look = classifier, _Look(classifier, [window], rgb, dense=dense)
        outputs = classifier.outputs(self._look.scaled)
        self._answer = int(classifier.answers(outputs)[0])
        self._subject = _subject(classifier, self._answer, subject)
        self.question = _question(
            classifier, outputs, self._answer, self._subject, self._look.windows[0]
        )

    @property
    def chunk(self) -> int:
        """Candidates that take about 0.06 s, in whole batches."""
        return self._look.chunk

    @property
    def preview_chunk(self) -> int:
        """Candidates that are previewed in about 0.06 s; 0 where previews are of no use."""
        screening = self._look.ways.screening
        return 0 if screening is None or self._look.resized else screening.pace.chunk

    def preview(self, candidates: Candidates) -> Floats:
        """(N, 1, 5) -> (N,) float32 logits, about: they order candidates and are never a result."""
        preview = self._preview

        def work(part: slice) -> Tensor:
            return preview(*self._look.alone(candidates[part], preview.memory))

        changes = self._classifier.in_batches(len(candidates), work, preview.pace)
        logits: Floats = (self.question.clean_logit + changes).cpu().numpy()
        return logits

    @cached_property
    def _preview(self) -> Preview:
        screening = self._look.ways.screening
        assert screening is not None
        return screening.of(
            self._look.scaled, lambda outputs: self._classifier.logits(outputs, self._subject)
        )

    def __call__(self, candidates: Candidates) -> Readings:
        """Ask a fast form of the network. Raises DeviceFull."""
        if not len(candidates):
            return _NOTHING
        return self._read(self._look.outputs(None, candidates))

    def confirm(self, candidates: Candidates) -> Readings:
        """An ordinary forward pass of each whole uint8 tile. Raises DeviceFull."""
        return self._read(self._look.ordinary(None, candidates)) if len(candidates) else _NOTHING

    def _read(self, outputs: Tensor) -> Readings:
        logits = self._classifier.logits(outputs, self._subject)
        answers = self._classifier.answers(outputs)
        flipped = answers != self._answer if self.question.downward else answers == self._subject
        return Readings(_numbers(logits).cpu().numpy(), flipped.cpu().numpy())


_NOTHING = Readings(np.empty(0, np.float32), np.empty(0, np.bool_))


class TileChorus:
    """An `attack.probe.Chorus`: one classifier looking at several tiles at once."""

    def __init__(self, probes: Sequence[TileProbe]) -> None:
        """probes: of one classifier; each goes on working alone."""
        self._look = _Look.joined([probe._look for probe in probes])
        self._classifier = probes[0]._classifier
        self._subjects = np.array([probe._subject for probe in probes])
        self._answers = np.array([probe._answer for probe in probes])
        self._downward = np.array([probe.question.downward for probe in probes])

    @property
    def chunk(self) -> int:
        """Candidates of all tiles together that take about 0.06 s."""
        return self._look.chunk

    def __call__(self, which: NDArray[np.intp], candidates: Candidates) -> Readings:
        """Raises DeviceFull."""
        if not len(candidates):
            return _NOTHING
        outputs = self._look.outputs(which, candidates)
        answers = self._classifier.answers(outputs).cpu().numpy()
        subjects = self._subjects[which]
        logits = np.empty(len(candidates), np.float32)
        for subject in np.unique(subjects):
            told = self._classifier.logits(outputs, int(subject))
            mine = subjects == subject
            logits[mine] = _numbers(told).cpu().numpy()[mine]
        left, reached = answers != self._answers[which], answers == subjects
        return Readings(logits, np.where(self._downward[which], left, reached))


def _subject(classifier: Classifier, answer: int, wanted: str) -> int:
    card = classifier.card
    if len(card.classes) <= 2:
        return card.classes.index(card.subject)
    return card.classes.index(wanted) if wanted in card.classes else answer


def _question(
    classifier: Classifier, outputs: Tensor, answer: int, subject: int, window: Window
) -> Question:
    card = classifier.card
    logit = float(_numbers(classifier.logits(outputs, subject))[0])
    return Question(
        subject=card.classes[subject],
        rival="another class" if len(card.classes) > 2 else card.rival,
        answer=card.classes[answer],
        clean=float(1 / (1 + np.exp(-np.float64(logit)))),
        clean_logit=logit,
        threshold=card.threshold,
        window=window,
        top=_top(card, outputs),
    )


def _top(card: Card, outputs: Tensor) -> tuple[tuple[str, float], ...]:
    if len(card.classes) <= 2:
        return ()
    best = reading.probabilities(card, outputs)[0].topk(min(_TOP, len(card.classes)))
    names = [card.classes[index] for index in best.indices.tolist()]
    return tuple(zip(names, best.values.tolist(), strict=True))


def _numbers(logits: Tensor) -> Tensor:
    """The same; raises Problem where the network overflowed, because no result can rest on that."""
    if bool(torch.isfinite(logits).all()):
        return logits
    raise Problem(
        "The classifier's answer about this tile is not a number.",
        "Check the scaling on the classifier's card, or choose another checkpoint.",
    )
