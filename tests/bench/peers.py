"""One-pixel searches of others, with their known faults handled so that they run.

SciPy's differential evolution is what an able programmer would write in an afternoon, with the
protocol of Su et al.; torchattacks and ART are the two libraries that ship the attack.
"""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from onepixel_gui.attack.probe import Candidates
from onepixel_gui.attack.search import as_candidates
from onepixel_gui.classifier.classifier import Classifier
from onepixel_gui.classifier.colours import levels as table_of
from onepixel_gui.tiles.tile import Tile
from tests.bench.engines import Ask, Engine, Floats, eager
from tests.bench.rounds import Clock
from tests.bench.speed import centre, scaled

POPULATION = 400


@dataclass(frozen=True)
class Hunt:
    """What one search came to.

    evaluations, seconds:  spent until it returned.
    flipped:    an ordinary forward pass of the uint8 tile that it returned answers otherwise.
    seen:       evaluations until the network had first answered otherwise, None when it never did.
    reached:    its best is as good as the exhaustive optimum; None where that was not asked.
    """

    evaluations: int
    seconds: float
    flipped: bool
    seen: int | None = None
    reached: bool | None = None


# (seed, evaluations it may spend, logit to go on for or None to stop at the first flip)
Hunter = Callable[[int, int, float | None], Hunt]


class Scene:
    """One classifier looking at one tile, for whoever brings a search of their own."""

    def __init__(self, classifier: Classifier, tile: Tile, clock: Clock) -> None:
        self.classifier, self.tile, self.clock = classifier, tile, clock
        self.rgb = centre(tile, classifier.card.input_size)
        question = classifier.probe(tile).question
        self.window, self.downward = question.window, question.downward
        self.subject = classifier.card.classes.index(question.subject)
        outputs = classifier.outputs(classifier.colours.scaled(torch.from_numpy(self.rgb[None])))
        self.answer = int(classifier.answers(outputs)[0])

    def flips(self, rgb: NDArray[np.floating[Any]]) -> bool:
        """Whether a returned tile, (H, W, 3) in 0-255, still flips the answer at 8 bits."""
        whole = np.clip(np.rint(rgb), 0, 255).astype(np.uint8)
        outputs = self.classifier.outputs(
            self.classifier.colours.scaled(torch.from_numpy(whole[None]))
        )
        return int(self.classifier.answers(outputs)[0]) != self.answer

    def better(self, logit: float, goal: float) -> bool:
        """As good as `goal`, to float rounding."""
        return logit <= goal + 1e-3 if self.downward else logit >= goal - 1e-3

    @property
    def inputs(self) -> tuple[Tensor, Tensor]:
        """(slope, offset), each (3, 1, 1): every scaling of ours is linear in 0-1."""
        levels = torch.from_numpy(table_of(self.classifier.card))
        offset = levels[:, 0, None, None]
        return levels[:, 255, None, None] - offset, offset


class Watched(nn.Module):
    """The network as libraries want it: RGB up to `top`, two or more classes; it counts.

    With probabilities it suits ART, which would minimise a raw logit.
    """

    def __init__(self, scene: Scene, top: float, probabilities: bool) -> None:
        super().__init__()
        self.scene, self.top, self.probabilities = scene, top, probabilities
        self.slope, self.offset = scene.inputs
        self.network = scene.classifier.ordinary
        self.evaluations = 0
        self.seen: int | None = None

    def forward(self, images: Tensor) -> Tensor:
        outputs = self.network(images / self.top * self.slope + self.offset)
        if self.seen is None:
            flips = self.scene.classifier.answers(outputs) != self.scene.answer
            if bool(flips.any()):
                self.seen = self.evaluations + int(flips.int().argmax()) + 1
        self.evaluations += len(images)
        if outputs.shape[1] == 1:
            outputs = torch.cat([torch.zeros_like(outputs), outputs], dim=1)
        return torch.softmax(outputs, dim=1) if self.probabilities else outputs


def peers(scene: Scene, batch: int, onnx: Engine | None, onnx_batch: int) -> dict[str, Hunter]:
    """Those that are installed."""
    found: dict[str, Hunter] = {
        "SciPy on torch": scipy_search(scene, eager(scene.classifier.ordinary), batch)
    }
    if onnx is not None:
        found["SciPy on ONNX Runtime"] = scipy_search(scene, onnx, onnx_batch)
    if find_spec("torchattacks"):
        found["torchattacks OnePixel"] = torchattacks_search(scene, batch)
    if find_spec("art"):
        found["ART PixelAttack"] = art_search(scene)
    return found


class Painter:
    """Candidates -> logits of the subject, through one buffer of at most `batch` tiles."""

    def __init__(self, scene: Scene, engine: Engine, batch: int) -> None:
        self._scene = scene
        clean = scaled(scene.classifier, scene.tile)
        self._clean, self._levels = clean, table_of(scene.classifier.card)
        self._buffer = np.repeat(clean, batch, axis=0)
        self._engine, self._asks = engine, dict[int, Ask]()

    def __call__(self, candidates: Candidates) -> tuple[Floats, NDArray[np.bool_]]:
        """(N, 1, 5) -> (N,) logits, (N,) whether the answer differs."""
        step = len(self._buffer)
        parts = [
            self._outputs(candidates[at : at + step]) for at in range(0, len(candidates), step)
        ]
        outputs, classifier = torch.from_numpy(np.concatenate(parts)), self._scene.classifier
        logits = classifier.logits(outputs, self._scene.subject).numpy()
        return logits, (classifier.answers(outputs) != self._scene.answer).numpy()

    def _outputs(self, part: Candidates) -> Floats:
        tiles, which = self._buffer[: len(part)], np.arange(len(part))
        tiles[...] = self._clean
        row, column = (
            part[:, 0, 0] - self._scene.window.row,
            part[:, 0, 1] - self._scene.window.column,
        )
        for channel in range(3):
            tiles[which, channel, row, column] = self._levels[channel, part[:, 0, 2 + channel]]
        if len(part) not in self._asks:
            self._asks[len(part)] = self._engine(tiles)
        return self._asks[len(part)]()


def scipy_search(scene: Scene, engine: Engine, batch: int) -> Hunter:
    """rand/1 with F 0.5 and no crossover, as Su et al.; one call per generation."""
    optimize: Any = import_module("scipy.optimize")
    paint = Painter(scene, engine, batch)
    sign = 1.0 if scene.downward else -1.0

    def hunt(seed: int, budget: int, goal: float | None) -> Hunt:
        run, rng = _Scipy(scene, paint, sign, goal), np.random.default_rng(seed)
        bounds = [_edges(scene.window.row, scene.window.height)]
        bounds += [_edges(scene.window.column, scene.window.width)] + [(0.0, 255.0)] * 3
        started = scene.clock.now()
        optimize.differential_evolution(
            run.objective,
            bounds,
            strategy="rand1bin",
            maxiter=budget // POPULATION - 1,
            popsize=POPULATION // len(bounds),
            mutation=0.5,
            recombination=1.0,
            init=_founders(rng, np.array(bounds)),
            tol=0.0,
            atol=-1.0,
            polish=False,
            vectorized=True,
            updating="deferred",
            rng=rng,
            callback=run.callback,
        )
        return run.hunt(scene.clock.now() - started)

    return hunt


def _founders(rng: np.random.Generator, bounds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Positions uniform, colours N(128, 127), which SciPy clips."""
    founders = rng.uniform(*bounds.T, size=(POPULATION, len(bounds)))
    founders[:, 2:] = rng.normal(128.0, 127.0, size=(POPULATION, 3))
    return founders


def _edges(start: int, length: int) -> tuple[float, float]:
    return float(start), float(np.nextafter(start + length, 0.0))


class _Scipy:
    """What SciPy calls, and what became of it."""

    def __init__(self, scene: Scene, paint: Painter, sign: float, goal: float | None) -> None:
        self._scene, self._paint, self._sign, self._goal = scene, paint, sign, goal
        self._spent, self._seen = 0, None
        self._best = np.inf
        self._flip: NDArray[np.int16] | None = None

    def objective(self, vectors: NDArray[np.float64]) -> NDArray[np.float64]:
        """(5, S) -> (S,)"""
        candidates = as_candidates(vectors.T)
        logits, flips = self._paint(candidates)
        if self._flip is None and flips.any():
            first = int(flips.argmax())
            self._seen, self._flip = self._spent + first + 1, candidates[first, 0]
        self._spent += len(candidates)
        fitness = self._sign * logits.astype(np.float64)
        self._best = min(self._best, float(fitness.min()))
        return fitness

    def callback(self, intermediate_result: Any) -> bool:  # noqa: ARG002 -- SciPy's word for it
        return self._reached() if self._goal is not None else self._flip is not None

    def _reached(self) -> bool:
        return self._goal is not None and self._scene.better(self._sign * self._best, self._goal)

    def hunt(self, seconds: float) -> Hunt:
        tile = self._scene.rgb.astype(np.float64)
        if self._flip is not None:
            row, column = self._flip[:2] - (self._scene.window.row, self._scene.window.column)
            tile[row, column] = self._flip[2:]
        reached = None if self._goal is None else self._reached()
        return Hunt(self._spent, seconds, self._scene.flips(tile), self._seen, reached)


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Both libraries draw from NumPy's global generator, whatever torch was told."""
    state = np.random.get_state()  # noqa: NPY002
    np.random.seed(seed)  # noqa: NPY002
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
    np.random.set_state(state)  # noqa: NPY002


def torchattacks_search(scene: Scene, batch: int) -> Hunter:
    """Stops at its first flip, with continuous colours that may not survive 8 bits."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        library: Any = import_module("torchattacks")
    image = torch.from_numpy(scene.rgb.astype(np.float32) / 255).permute(2, 0, 1)[None]

    def hunt(seed: int, budget: int, goal: float | None) -> Hunt:  # noqa: ARG001 -- it has no end
        watched = Watched(scene, 1.0, probabilities=False).eval()
        steps = budget // POPULATION - 1
        attack = library.OnePixel(watched, 1, steps, POPULATION, inf_batch=batch)
        with _seeded(seed):
            watched.evaluations, watched.seen, started = 0, None, scene.clock.now()
            found = attack(image, torch.tensor([scene.answer]))
            seconds = scene.clock.now() - started
        flipped = scene.flips(found[0].permute(1, 2, 0).numpy().astype(np.float64) * 255)
        return Hunt(watched.evaluations, seconds, flipped, watched.seen)

    return hunt


def art_search(scene: Scene) -> Hunter:
    """Stops at its first flip.

    Told one pixel, or it would bisect their number; given probabilities, or it would minimise a raw
    logit; given no label, because it refuses labels of two classes.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        estimators: Any = import_module("art.estimators.classification")
        attacks: Any = import_module("art.attacks.evasion")
    height, width = scene.window.shape
    image = scene.rgb.astype(np.float32).transpose(2, 0, 1)[None]

    def hunt(seed: int, budget: int, goal: float | None) -> Hunt:  # noqa: ARG001 -- it has no end
        watched = Watched(scene, 255.0, probabilities=True).eval()
        with _seeded(seed):
            estimator = estimators.PyTorchClassifier(
                watched,
                nn.CrossEntropyLoss(),
                (3, height, width),
                len(scene.classifier.card.classes),
                clip_values=(0.0, 255.0),
                device_type="cpu",
            )
            attack = attacks.PixelAttack(estimator, th=1, es=1, max_iter=budget // POPULATION - 1)
            watched.evaluations, watched.seen, started = 0, None, scene.clock.now()
            found = attack.generate(image)
            seconds = scene.clock.now() - started
        flipped = scene.flips(found[0].transpose(1, 2, 0).astype(np.float64))
        return Hunt(watched.evaluations, seconds, flipped, watched.seen)

    return hunt
