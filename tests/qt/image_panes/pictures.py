"""Tiles, sweeps and sensitivities for the panes that draw them."""

import numpy as np
from PySide6.QtCore import QPointF
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QLabel, QWidget

from onepixel_gui.attack.probe import Advanced, Painted, Pixel, Question, Responded, Swept
from onepixel_gui.qt.theme import DARK
from onepixel_gui.tiles.tile import Tile, Window

GREY, GREEN, PURPLE = (150, 140, 145), (0, 255, 0), (68, 1, 84)  # purple: the foot of viridis
PALETTE = np.array([(0, 0, 0), (255, 255, 0), (255, 255, 255)], np.uint8)


def plain_tile(height: int = 40, width: int = 64, **facts: float) -> Tile:
    return Tile("plain.png", np.full((height, width, 3), GREY, np.uint8), "mitosis", **facts)


def spotted_tile(row: int, column: int, height: int = 40, width: int = 64) -> Tile:
    rgb = np.full((height, width, 3), GREY, np.uint8)
    rgb[row, column] = GREEN
    return Tile("spotted.png", rgb)


def question(window: Window, clean_logit: float = 3.0) -> Question:
    clean = float(1 / (1 + np.exp(-clean_logit)))
    return Question("mitosis", "normal", "mitosis", clean, clean_logit, 0.5, window)


def swept(window: Window, row: int = 5, column: int = 30, *, period: int = 2) -> Swept:
    """A map that is most sensitive on every second row and column, and flips at one position."""
    rows, columns = np.indices(window.shape)
    dent = ((rows % period == 0) & (columns % period == 0)) * 0.8 + 0.1
    logits = np.repeat((3.0 - dent)[..., None], len(PALETTE), axis=2).astype(np.float32)
    logits[..., 2] += 0.3
    logits[row, column, 1] = -6.0
    low = Pixel(window.row + row, window.column + column, (255, 255, 0))
    high = Pixel(window.row + 1, window.column + 1, (255, 255, 255))
    flipped = logits < 0
    return Swept(
        question(window), PALETTE, logits, flipped, low, 0.0025, high, 0.96, logits.size, 1, 2.0
    )


def painted(result: Swept, stride: int) -> Painted:
    """What a sweep shows on the way, every block repeating its first position."""
    coarse = result.logits[::stride, ::stride].repeat(stride, 0).repeat(stride, 1)
    height, width = result.logits.shape[:2]
    exact = np.zeros((height, width), np.bool_)
    exact[::stride, ::stride] = True
    return picture_of(result, coarse[:height, :width], exact, stride)


def previewed(result: Swept, *exact: tuple[int, int]) -> Painted:
    """A preview that overdoes every change by half, and the truth at a few positions."""
    clean = np.float32(result.question.clean_logit)
    logits = clean + (result.logits - clean) * np.float32(1.5)
    asked = np.zeros(logits.shape[:2], np.bool_)
    for place in exact:
        asked[place] = True
    logits[asked] = result.logits[asked]
    return picture_of(result, logits, asked, 1)


def picture_of(result: Swept, logits: np.ndarray, exact: np.ndarray, stride: int) -> Painted:
    lowest, highest = logits.min(axis=2), logits.max(axis=2)
    change = lowest - np.float32(result.question.clean_logit)
    done = int(exact.sum()) * len(PALETTE)
    return Painted(done, result.queries, stride, lowest, highest, change, exact)


def advanced(*cloud: tuple[int, int], best: Pixel | None = None) -> Advanced:
    pixels = (best or Pixel(20, 30, (255, 255, 0)),)
    return Advanced(400, 1, pixels, 0.7, np.array(cloud, np.int16).reshape(-1, 2))


def responded(pixel: Pixel) -> Responded:
    return Responded(
        pixel, 0.4, "normal", np.array([0, 255], np.uint8), np.zeros((3, 2), np.float32)
    )


def shown(qtbot, pane, size=(520, 480)):
    """The pane on the (offscreen) screen, laid out."""
    qtbot.addWidget(pane)
    pane.set_theme(DARK)
    pane.resize(*size)
    with qtbot.waitExposed(pane):
        pane.show()
    return pane


def picture(widget: QWidget) -> QImage:
    return widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)


def pixels(image: QImage) -> np.ndarray:
    """(H, W, 3) uint8, red first."""
    raw = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return raw[:, : image.width() * 4].reshape(image.height(), image.width(), 4)[..., 2::-1].copy()


def samples(widget: QWidget) -> np.ndarray:
    """(H, W, 3) of what the widget shows, one sample for each logical pixel."""
    image = picture(widget)
    step = round(image.devicePixelRatio())
    return pixels(image)[step // 2 :: step, step // 2 :: step].astype(int)


def colour_at(image: QImage, point: QPointF) -> tuple[int, int, int]:
    colour = image.pixelColor((point * image.devicePixelRatio()).toPoint())
    return colour.red(), colour.green(), colour.blue()


def same(first: QImage, second: QImage) -> bool:
    return bool((pixels(first) == pixels(second)).all())


def header(pane: QWidget) -> QLabel:
    return next(label for label in pane.children() if label.objectName() == "state")


def state(pane: QWidget) -> str:
    return header(pane).text()


def listen(signal) -> list:
    heard: list = []
    signal.connect(heard.append)
    return heard
