"""An attack and a sweep as figures show them."""

import hashlib

import numpy as np

from onepixel_gui.analysis.sensitivity import sensitivity
from onepixel_gui.attack.probe import (
    Began,
    Ended,
    Pixel,
    Question,
    Settings,
    Swept,
    confidence,
)
from onepixel_gui.classifier.card import Card, Serving
from onepixel_gui.report.figure import (
    AttackExhibit,
    SweepExhibit,
)
from onepixel_gui.tiles.tile import Tile

CORNERS = np.array([[r, g, b] for r in (0, 255) for g in (0, 255) for b in (0, 255)], np.uint8)
SERVING = Serving("cpu", "a processor", 2, 64, "2.13.0", True)


def card(subject="mitosis", rival="normal"):
    return Card(
        "demonstration", "demo.safetensors", "ab" * 32, "codait_mitosis", 112_585,
        (rival, subject), subject, (64, 64), "minus-one-to-one",
    )  # fmt: skip


def question_of(tile, clean_logit, window=64, subject="mitosis", rival="normal"):
    clean = float(confidence(np.array(clean_logit)))
    answer = subject if clean >= 0.5 else rival
    seen = tile.centre(min(window, tile.shape[0]), min(window, tile.shape[1]))
    return Question(subject, rival, answer, clean, clean_logit, 0.5, seen)


def painted(height=64, width=64, **facts):
    rgb = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    return Tile("true.png", rgb, **{"label": "mitosis", "mpp": 0.25, **facts})


def attack_exhibit(
    tile=None, *, clean=4.45, after=0.16, first=1_200, pixels=1, settings=None, **words
):
    tile = tile or painted()
    asked = question_of(tile, clean, **words)
    row, column = asked.window.row, asked.window.column
    best = tuple(Pixel(row + 28 + i, column + 26 + 2 * i, (255, 255, 0)) for i in range(pixels))
    flipped = first is not None
    steps = np.linspace(asked.clean, after, 100)
    curve = tuple((400 * (turn + 1), float(value)) for turn, value in enumerate(steps))
    ended = Ended(
        "flipped" if flipped else "budget spent", flipped, 40_000, first, best, after,
        asked.goal if flipped else asked.answer, curve, 9.0,
    )  # fmt: skip
    began = Began(asked, settings or Settings(seed=11, pixels=pixels, to_the_end=True))
    command = "onepixel-gui attack true.png --seed 11"
    classifier = card(asked.subject, asked.rival)
    return AttackExhibit(tile, asked, classifier, SERVING, began, ended, command)


def sweep_exhibit(tile=None, *, clean=4.45, quantity="lowest", **words):
    tile = tile or painted()
    asked = question_of(tile, clean, **words)
    height, width = asked.window.shape
    rng = np.random.default_rng(1)
    logits = clean + rng.normal(0, 0.3, (height, width, 8)).astype(np.float32)
    logits[::2, ::2] -= np.float32(np.sign(clean)) * 0.6
    logits[28:32:2, 26:30:2, 6] = -np.sign(clean)
    flipped = (logits < 0) != (clean < 0)
    pixel = Pixel(asked.window.row + 28, asked.window.column + 26, (255, 255, 0))
    other = Pixel(asked.window.row + 1, asked.window.column + 2, (0, 0, 255))
    low, high = (float(confidence(np.array(value))) for value in (logits.min(), logits.max()))
    swept = Swept(asked, CORNERS, logits, flipped, *(pixel, low, other, high), logits.size, 9, 20.0)
    classifier = card(asked.subject, asked.rival)
    found = sensitivity(swept)
    command = "onepixel-gui map true.png"
    return SweepExhibit(tile, asked, classifier, SERVING, found, quantity, command)


ATTACK, SWEEP = attack_exhibit(), sweep_exhibit()


def sha256(data):
    return hashlib.sha256(data).hexdigest()
