"""Studies that exist in memory only, with effects planted in them: for figures and tables."""

import hashlib

import numpy as np

from onepixel_gui.attack.attacks import Exhaustive
from onepixel_gui.attack.probe import Ended, Pixel, Question, Settings
from onepixel_gui.attack.sweep import CORNERS
from onepixel_gui.classifier.card import Card, Serving
from onepixel_gui.report.population.examined import examine
from onepixel_gui.study.record import Record
from onepixel_gui.study.store import Group
from onepixel_gui.tiles.tile import Tile, Window
from tests.core.planted import Effects, changed, nuclei, planted
from tests.core.planted_maps import moved_to, sensitive, spread, swept

CARD = Card(
    "demonstration", "demo.safetensors", "ab" * 32, "codait_mitosis", 112_585,
    ("normal", "mitosis"), "mitosis", (64, 64), "minus-one-to-one",
)  # fmt: skip
SERVING = Serving("cpu", "a processor", 2, 64, "2.13.0", True)
STRIDES = (2, 4, 8)


def outcomes_of(tiles=400, *, share=0.4, seeds=1, cases=12, seed=0, both=True):
    """Mitoses of which `share` flip at the centre, to far colours; normal tiles that hold."""
    effects = Effects(share=share, centre=0.5, colour=0.5, case_flips=0.5)
    found = planted(tiles, effects, cases=cases, seeds=seeds, seed=seed)
    rng = np.random.default_rng(seed)
    mitosis = found.answer == 1 if both else np.ones(len(found), bool)
    flipped = found.flipped & (mitosis | (rng.random(len(found)) < 0.02))
    answer = np.where(mitosis, 1, 0)
    clean = np.where(
        mitosis, 1 - 0.4 * rng.random(len(found)) ** 2, 0.3 * rng.random(len(found)) ** 4
    )
    clean = np.clip(clean, 1e-5, 1 - 1e-5)
    moved = np.where(mitosis, clean * (1 - 0.5 * rng.random(len(found))), clean * 2)
    reached = np.where(mitosis, 0.5 * rng.random(len(found)), 0.5 + 0.4 * rng.random(len(found)))
    queries = np.where(flipped, found.queries, 40_000)
    return changed(
        found, answer=answer, label=answer, flipped=flipped, clean=clean,
        clean_logit=np.log(clean) - np.log1p(-clean),
        confidence=np.where(flipped, reached, np.maximum(moved, 0.5 * mitosis)),
        after=np.where(flipped, 1 - answer, answer), queries=queries,
        first_flip=np.where(flipped, found.first_flip, -1),
        position=np.where((mitosis & flipped)[:, None], found.position // 2 * 2, found.position),
    )  # fmt: skip


class Planted:
    """What an analysis asks of a study."""

    def __init__(self, outcomes, *, sweeps=0, aftermaths=True):
        self.made, self._sweeps, self._aftermaths = outcomes, sweeps, aftermaths
        settings = Exhaustive() if sweeps else Settings()
        self.group = Group(1, 1, CARD, settings, len(outcomes), outcomes.window, STRIDES)

    def outcomes(self, group):
        assert group is self.group
        return self.made

    def aftermaths(self, _group):
        rng = np.random.default_rng(1)
        flips = self.made.run[self.made.flipped] if self._aftermaths else []
        for run in flips[:60]:
            layers = ((32, 32), (32, 32), (16, 16), (16, 16), (8, 8), (8, 8), (1, 1))
            found = spread(rng, shapes=layers[:3])
            yield int(run), moved_to(rng, (0.2, 0.6, 0.05)), found

    def sweeps(self, _group):
        rng = np.random.default_rng(2)
        for row in range(min(self._sweeps, len(self.made))):
            downward = bool(self.made.downward[row])
            yield int(self.made.run[row]), _swept(rng, self.made.window, downward)

    def picture(self, tile):
        """With the colours that the runs of this tile met."""
        rgb, runs = nuclei(tile % 17), self.made.tile == tile
        rgb[*self.made.position[runs].T] = self.made.colour_before[runs]
        return rgb

    def run(self, _number):
        tile = Tile("t.png", self.picture(3))
        asked = Question("mitosis", "normal", "mitosis", 0.9, 2.2, 0.5, Window(0, 0, 64, 64))
        ended = Ended("flipped", True, 10, 5, (Pixel(1, 2, (255, 255, 0)),), 0.2, "normal", (), 1.0)
        return Record(tile, CARD, SERVING, Settings(), asked, ended, software={"torch": "2.13.0"})

    def hashes(self, tiles):
        return tuple(
            sorted(
                hashlib.sha256(bytes([n % 256, n // 256])).hexdigest() for n in set(tiles.tolist())
            )
        )


def _swept(rng, window, downward):
    """Even rows are more sensitive; one yellow pixel near the centre flips half of the tiles."""
    size = np.abs(2 - sensitive(rng, window, period=2, effect=1.0).logits[..., 0])
    sign = 1 if downward else -1
    clean = 2.0 * sign
    logits = clean - sign * size[..., None] * rng.random((*window, 8)) * 0.3
    flips = np.zeros((*window, 8), bool)
    if downward:
        flips[window[0] // 2, window[1] // 2, 6] = rng.random() < 0.5
        flips[window[0] // 2 - 2 : window[0] // 2 + 4 : 2, window[1] // 2 + 2, 6] = (
            rng.random(3) < 0.3
        )
    return swept(np.where(flips, -sign, logits), clean_logit=clean, palette=CORNERS, flipped=flips)


def examined_of(source, **words):
    work = examine(source, source.group, study="planted.onepixel", **words)
    try:
        while True:
            next(work)
    except StopIteration as end:
        return end.value


def records_of(outcomes, attack=None):
    """The runs as a study keeps them."""
    base = [nuclei(seed) for seed in range(17)]
    for row in range(len(outcomes)):
        rgb = base[int(outcomes.tile[row]) % 17].copy()
        down, right = (int(each) for each in outcomes.position[row])
        rgb[down, right] = outcomes.colour_before[row]
        rgb[0, :2] = [[outcomes.tile[row] >> shift & 255 for shift in (0, 8, 16)], rgb[0, 1]]
        yield _record(outcomes, row, rgb, attack)


def _record(outcomes, row, rgb, attack):
    names, case = outcomes.classes, int(outcomes.case[row])
    tile = Tile(
        f"tile-{int(outcomes.tile[row])}.png", rgb, label=names[outcomes.label[row]],
        case=outcomes.cases[case] if case >= 0 else "",
    )  # fmt: skip
    flipped, answer = bool(outcomes.flipped[row]), names[outcomes.answer[row]]
    clean, logit = float(outcomes.clean[row]), float(outcomes.clean_logit[row])
    asked = Question("mitosis", "normal", answer, clean, logit, 0.5, Window(0, 0, 64, 64))
    down, right = (int(each) for each in outcomes.position[row])
    colour = tuple(int(each) for each in outcomes.colour_after[row])
    first = int(outcomes.first_flip[row])
    ended = Ended(
        "flipped" if flipped else "budget spent", flipped, int(outcomes.queries[row]),
        first if first >= 0 else None, (Pixel(down, right, colour),),
        float(outcomes.confidence[row]), names[outcomes.after[row]], (), 1.0,
    )  # fmt: skip
    return Record(
        tile, CARD, SERVING, attack or Settings(seed=int(outcomes.tile[row])), asked, ended,
        software={"torch": "2.13.0"}, begun="2026-01-01T00:00:00Z",
        seed=int(outcomes.seed[row]), strides=STRIDES,
    )  # fmt: skip
