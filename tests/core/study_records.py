"""Records of runs that nobody carried out, for studies that must hold them."""

import dataclasses

import numpy as np

from onepixel_gui.attack.attacks import Attack, Exhaustive, as_values
from onepixel_gui.attack.locality import Moved
from onepixel_gui.attack.probe import Advanced, Ended, Guidance, Pixel, Question, Settings, Swept
from onepixel_gui.classifier.card import Card, Serving
from onepixel_gui.classifier.propagation import Propagation
from onepixel_gui.study.record import Record
from onepixel_gui.study.store import Study
from onepixel_gui.tiles.tile import Tile, Window

CARD = Card(
    name="Mitosis",
    file="mitosis.safetensors",
    sha256="ab" * 32,
    architecture="small",
    weights=1000,
    classes=("normal", "mitosis"),
    subject="mitosis",
    input_size=(16, 16),
    scaling="zero-to-one",
    doubts=("The scaling was assumed.",),
    sources={"scaling": "assumed"},
)
SERVING = Serving("cpu", "A processor", 1, 64, "2.13.0", True)
SOFTWARE = {"torch": "2.13.0", "numpy": "2.0"}
SEARCH = Settings(population=20, generations=5, seed=3)
WINDOW = Window(0, 0, 16, 16)
PLAN = {
    "paths": ["/data/tiles"],
    "models": ["/models/mitosis.safetensors"],
    "attacks": [{"strategy": "sweep", "palette": "corners"}],
    "seeds": [0],
}


def tile(number: int = 0, edge: int = 16, **more) -> Tile:
    rgb = np.random.default_rng(number).integers(0, 256, (edge, edge, 3), np.uint8)
    values = {"name": f"tile_{number:04}.png", "label": "mitosis", "case": f"case {number % 7}"}
    return Tile(rgb=rgb, **(values | more))


def question(window: Window = WINDOW, clean: float = 0.8) -> Question:
    answer = "mitosis" if clean >= 0.5 else "normal"
    return Question(
        "mitosis", "normal", answer, clean, float(np.log(clean / (1 - clean))), 0.5, window
    )


def step(queries: int, seed: int = 0) -> Advanced:
    rng = np.random.default_rng(seed)
    cloud = rng.integers(0, 16, (20, 2)).astype(np.int16)
    return Advanced(queries, queries // 20, (Pixel(1, 2, (3, 4, 5)),), 0.7 - queries / 1e4, cloud)


def ended(flipped: bool = True, number: int = 0) -> Ended:
    return Ended(
        reason="flipped" if flipped else "budget spent",
        flipped=flipped,
        queries=100,
        first_flip=80 if flipped else None,
        best=(Pixel(number % 16, 5, (255, 255, 0)),),
        confidence=0.2 if flipped else 0.6,
        answer="normal" if flipped else "mitosis",
        curve=((20, 0.75), (40, 0.7), (100, 0.2 if flipped else 0.6)),
        seconds=0.25,
    )


def swept(number: int = 0, colours: int = 8, edge: int = 16) -> Swept:
    rng = np.random.default_rng(number)
    return Swept(
        question=question(),
        palette=rng.integers(0, 256, (colours, 3), np.uint8),
        logits=rng.normal(size=(edge, edge, colours)).astype(np.float32),
        flipped=rng.random((edge, edge, colours)) < 0.1,
        lowest=Pixel(3, 4, (0, 0, 0)),
        lowest_confidence=0.1,
        highest=Pixel(5, 6, (255, 255, 255)),
        highest_confidence=0.95,
        queries=edge * edge * colours,
        confirmations=12,
        seconds=1.5,
    )


def moved() -> Moved:
    rng = np.random.default_rng(1)
    return Moved(
        np.arange(12, dtype=np.int8) % 3,
        rng.integers(0, 16, (12, 2)).astype(np.int16),
        rng.random(12).astype(np.float32),
        rng.random(12) < 0.5,
    )


def propagation() -> Propagation:
    rng = np.random.default_rng(2)
    return Propagation(
        ("conv1", "pool", "ünderscored\nlayer"),
        np.array([1, 2, 16], np.float32),
        np.array([[16, 16], [8, 8], [1, 1]], np.int32),
        tuple(rng.random((edge, edge)).astype(np.float16) for edge in (16, 8, 1)),
        rng.random(3).astype(np.float32),
        rng.random(3).astype(np.float32),
    )


def record(number: int = 0, attack: Attack = SEARCH, **more) -> Record:
    """A finished run on the tile of that number; `more`: fields of a Record."""
    match attack:
        case Exhaustive():
            result = swept(number)
        case Guidance() | Settings():
            result = ended(number % 3 != 0, number)
    values = {
        "tile": tile(number),
        "card": CARD,
        "serving": SERVING,
        "attack": attack,
        "question": question(),
        "result": result,
        "trail": (step(0, 0), step(20, 1), step(100, 2)) if attack.strategy != "sweep" else (),
        "software": SOFTWARE,
        "begun": "2026-11-21T12:00:00Z",
        "seed": 0,
        "command": "onepixel-gui attack tile.png --seed 3",
        "strides": (2, 4),
    }
    return Record(**(values | more))


def reopened(study):
    study.close()
    return Study.open(study.path)


def plan(*attacks, seeds=(0,), models=1):
    return PLAN | {
        "attacks": [as_values(attack) for attack in attacks],
        "seeds": list(seeds),
        "models": [f"/models/{number}/mitosis.safetensors" for number in range(models)],
    }


def same(a, b):
    """Equal to the last bit and in kind, whatever they are made of."""
    if isinstance(a, np.ndarray):
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        np.testing.assert_array_equal(a, b)
        assert not b.flags.writeable
    elif dataclasses.is_dataclass(a):
        assert type(a) is type(b)
        for field in dataclasses.fields(a):
            same(getattr(a, field.name), getattr(b, field.name))
    elif isinstance(a, tuple):
        assert isinstance(b, tuple)
        assert len(a) == len(b)
        for one, other in zip(a, b, strict=True):
            same(one, other)
    elif isinstance(a, float) and a != a:
        assert b != b
    else:
        assert a == b
        assert type(a) is type(b)
