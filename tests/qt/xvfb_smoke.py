"""Opens the window on a real X11 screen and tells what it looks like.

Run as `xvfb-run -a python -m tests.qt.xvfb_smoke FOLDER`, with QT_QPA_PLATFORM=xcb.
"""

import json
import sys
from pathlib import Path

import numpy as np
from PySide6.QtCore import QEvent, QEventLoop, QObject, QTimer
from PySide6.QtGui import QFontInfo, QGuiApplication, QImage
from PySide6.QtWidgets import QGraphicsTextItem, QGraphicsView, QLabel, QWidget

from onepixel_gui.qt.app import make_application
from onepixel_gui.qt.preferences import Memory
from onepixel_gui.qt.window import Window


class Painted(QObject):
    """Ends a loop when the window has been painted."""

    def __init__(self, loop: QEventLoop) -> None:
        super().__init__()
        self._loop = loop

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint:
            QTimer.singleShot(0, self._loop.quit)
        return False


def pixels(image: QImage) -> np.ndarray:
    """(H, W, 4) uint8."""
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1)
    return rows[:, : 4 * image.width()].reshape(image.height(), image.width(), 4).copy()


def families(window: Window) -> set[str]:
    """The fonts that labels, buttons and the words in plots are really drawn with."""
    words = [item for view in window.findChildren(QGraphicsView) for item in view.scene().items()]
    fonts = [item.font() for item in words if isinstance(item, QGraphicsTextItem)]
    fonts += [widget.font() for widget in window.findChildren(QWidget)]
    return {QFontInfo(font).family() for font in fonts}


def letter(text: str) -> np.ndarray:
    """One word as the window's own labels draw it."""
    label = QLabel(text)
    label.setFixedSize(120, 24)
    return pixels(label.grab().toImage())


def main(folder: Path) -> None:
    make_application()
    window = Window(Memory(folder / "settings.ini"))
    loop = QEventLoop()
    painted = Painted(loop)
    window.installEventFilter(painted)
    QTimer.singleShot(20_000, loop.quit)
    window.show()
    loop.exec()
    picture = window.grab().toImage()
    picture.save(str(folder / "window.png"))
    facts = {
        "platform": QGuiApplication.platformName(),
        "families": sorted(families(window)),
        "size": [window.width(), window.height()],
        "colours": len(np.unique(pixels(picture).reshape(-1, 4), axis=0)),
        # Where letters are missing, every one is the same empty box.
        "letters_differ": bool((letter("mmm") != letter("nnn")).any()),
        "ink": int((letter("Sweep") != letter("")).any(axis=2).sum()),
    }
    window.close()
    print(json.dumps(facts), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
