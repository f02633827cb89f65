"""The change of colour of one pixel, and how its position answers to other colours."""

from dataclasses import dataclass, replace
from typing import Protocol, assert_never

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget

from onepixel_gui.analysis.chromatic import RGB, hexadecimal, rgb_shift
from onepixel_gui.analysis.spatial import centre_distance
from onepixel_gui.attack.probe import (
    Advanced,
    Began,
    Ended,
    Event,
    Painted,
    Perturbation,
    Pixel,
    Question,
    Responded,
    SweepBegan,
    Swept,
)
from onepixel_gui.qt.colour_controls import (
    CHANNELS,
    CORNERS,
    ChannelSlider,
    LevelScale,
    Plate,
    Swatch,
)
from onepixel_gui.qt.response_plot import ResponsePlot
from onepixel_gui.qt.theme import DARK, Card, Theme
from onepixel_gui.qt.view import Cursor, legible
from onepixel_gui.tiles.tile import Tile, Window

_BETWEEN_WISHES = 33  # ms
_NO_PIXEL = "Run a search, or click a pixel of the tile to pin it, then try colours here."
_NO_RESPONSE = "Try a colour to see how this position answers to red, green and blue."
_OUTSIDE = "The classifier does not see this pixel: it lies outside the framed window."


class _Themed(Protocol):
    def set_theme(self, theme: Theme) -> None: ...


@dataclass(frozen=True, slots=True)
class _Shown:
    """What the pane is about. rgb: the colour after; None while only a position is pinned."""

    row: int
    column: int
    rgb: RGB | None = None
    confidence: float | None = None
    answer: str = ""
    note: str = ""

    @property
    def place(self) -> tuple[int, int]:
        return self.row, self.column


class ShiftPane(Card):
    """Follows the search until a pixel is pinned; from then on shows what the hand tries there."""

    pixel_wished = Signal(object)  # Pixel

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("RGB shift", parent)
        self._theme = DARK
        self._tile: Tile | None = None
        self._window: Window | None = None
        self._question: Question | None = None
        self._shown: _Shown | None = None
        self._found: _Shown | None = None
        self._pin: tuple[int, int] | None = None
        self._following = True
        self._next_wish: Pixel | None = None
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_BETWEEN_WISHES)
        self._pause.timeout.connect(self._send_wish)
        self._make_parts()
        self._lay_out()
        self.set_theme(DARK)
        self.show_tile(None, None)

    # ------------------------------------------------------------------ parts
    def _make_parts(self) -> None:
        self._plates = (Plate(), Plate())
        self._captions = (QLabel(), QLabel())
        self._sliders = tuple(ChannelSlider(channel) for channel in CHANNELS)
        self._scale = LevelScale()
        self._swatches = tuple(Swatch(name, rgb) for name, rgb in CORNERS)
        for slider in self._sliders:
            slider.valueChanged.connect(self._try_levels)
        for swatch in self._swatches:
            swatch.clicked.connect(lambda _=False, rgb=swatch.rgb: self._try(rgb))
        self._subject, self._number, self._answer = QLabel(), QLabel(), QLabel()
        self._subject.setObjectName("faint")
        for label in (self._subject, self._answer):
            label.setWordWrap(True)  # class names may be long
        self._number.setAccessibleName("Confidence with this colour")
        self._facts = tuple(QLabel() for _ in range(3))
        self.plot = ResponsePlot()
        self._hint = QLabel()
        self._hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._hint.setWordWrap(True)
        self._hint.setObjectName("faint")
        self._themed: tuple[_Themed, ...] = (
            *self._plates,
            *self._sliders,
            *self._swatches,
            self._scale,
            self.plot,
        )
        self._stack = QStackedWidget()
        self._stack.addWidget(self._hint)
        self._stack.addWidget(self.plot)

    def _lay_out(self) -> None:
        plates = QGridLayout()
        plates.setHorizontalSpacing(6)
        plates.setVerticalSpacing(3)
        arrow = QLabel("→")
        arrow.setObjectName("faint")
        plates.addWidget(arrow, 0, 1)
        for column, plate, caption in zip((0, 2), self._plates, self._captions, strict=True):
            plates.addWidget(plate, 0, column)
            plates.addWidget(caption, 1, column)
            plates.setColumnStretch(column, 1)
        sliders = QVBoxLayout()
        sliders.setSpacing(0)
        for slider in (*self._sliders, self._scale):
            sliders.addWidget(slider)
        swatches = QHBoxLayout()
        swatches.setSpacing(2)
        for swatch in self._swatches:
            swatches.addWidget(swatch)
        number = QHBoxLayout()
        number.setSpacing(10)
        number.addWidget(self._number)
        number.addWidget(self._answer, 1)
        facts = QHBoxLayout()
        facts.setSpacing(10)
        for fact in self._facts:
            facts.addWidget(fact)
        facts.addStretch(1)
        confidence = QVBoxLayout()
        confidence.setSpacing(0)
        confidence.addWidget(self._subject)
        confidence.addLayout(number)
        for part in (plates, sliders, swatches, confidence, facts):
            self.body.addLayout(part)
        self.body.addWidget(self._stack, 1)

    # ------------------------------------------------------------------ values down
    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        for part in self._themed:
            part.set_theme(theme)
        self._draw()

    def show_tile(self, tile: Tile | None, window: Window | None) -> None:
        """Another tile: nothing of the one before is kept, nor sent any more."""
        self._tile, self._window, self._question = tile, window, None
        self._shown, self._found, self._pin, self._following = None, None, None, True
        self._next_wish = None
        self.plot.show_question("", None)
        self._stack.setCurrentWidget(self._hint)
        self._draw()

    def show_question(self, question: Question) -> None:
        """What the confidences are of, when no search or sweep has said so yet."""
        self._question, self._window = question, question.window
        self.plot.show_question(question.subject, question.threshold)
        self._draw_number()

    def set_cursor(self, cursor: Cursor | None) -> None:
        """Only a pinned cursor matters; hovering does not change what is shown."""
        pin = (cursor.row, cursor.column) if cursor is not None and cursor.pinned else None
        if pin == self._pin:
            return
        self._pin = pin
        self._following = pin is None
        if pin is None or (self._found is not None and pin == self._found.place):
            self._show(self._found)
        elif self._shown is None or pin != self._shown.place:
            self._show(_Shown(*pin))

    def take(self, event: Event) -> None:
        match event:
            case Began(question=question) | SweepBegan(question=question):
                self._following = self._following or isinstance(event, Began)
                self.show_question(question)
            case Advanced(best=best, confidence=confidence):
                self._find(best, confidence, "", "best so far")
            case Ended(best=best, confidence=confidence, answer=answer):
                self._following = True
                self._find(best, confidence, answer, "")
            case Swept():
                self._following = True
                self._take_sweep(event)
            case Responded():
                self._take_response(event)
            case Painted():
                pass
            case _:
                assert_never(event)

    def _take_sweep(self, swept: Swept) -> None:
        down = swept.question.downward
        pixel = swept.lowest if down else swept.highest
        confidence = swept.lowest_confidence if down else swept.highest_confidence
        corner = swept.question.window
        colour = (swept.palette == pixel.rgb).all(axis=1).argmax()
        flips = swept.flipped[pixel.row - corner.row, pixel.column - corner.column, colour]
        answer = swept.question.goal if flips else swept.question.answer
        self._find(
            (pixel,), confidence, answer, "lowest of the map" if down else "highest of the map"
        )

    def _find(self, best: Perturbation, confidence: float, answer: str, note: str) -> None:
        if not best:
            return
        pixel = best[0]
        note = f"pixel 1 of {len(best)}" if len(best) > 1 else note
        self._found = _Shown(pixel.row, pixel.column, pixel.rgb, confidence, answer, note)
        if self._following:
            self._show(self._found)

    def _take_response(self, responded: Responded) -> None:
        pixel = responded.pixel
        newest = self._next_wish is None and not any(s.isSliderDown() for s in self._sliders)
        if newest or self._shown is None or self._shown.rgb in (None, pixel.rgb):
            self._show(
                _Shown(pixel.row, pixel.column, pixel.rgb, responded.confidence, responded.answer)
            )
        else:  # the hand is already further: keep its colour, show the newest number
            self._shown = replace(
                self._shown, confidence=responded.confidence, answer=responded.answer
            )
            self._draw_number()
        if responded.levels.size:  # the curves come with the second word
            self.plot.show_response(responded)
            self._stack.setCurrentWidget(self.plot)

    # ------------------------------------------------------------------ wishes up
    def _try_levels(self) -> None:
        red, green, blue = (slider.value() for slider in self._sliders)
        self._try((red, green, blue))

    def _try(self, rgb: RGB) -> None:
        if self._shown is None:
            return
        self._following = False
        self._shown = replace(self._shown, rgb=rgb, note="")
        self._draw_colours()
        self._draw_number(pending=True)
        self._next_wish = Pixel(self._shown.row, self._shown.column, rgb)
        if not self._pause.isActive():
            self._send_wish()

    def _send_wish(self) -> None:
        """At most one wish per pause, and always the last one."""
        if self._next_wish is not None:
            wish, self._next_wish = self._next_wish, None
            self._pause.start()
            self.pixel_wished.emit(wish)

    # ------------------------------------------------------------------ drawing
    def _show(self, shown: _Shown | None) -> None:
        if shown is None or self._shown is None or shown.place != self._shown.place:
            self._next_wish = None
            self._stack.setCurrentWidget(self._hint)
        self._shown = shown
        self._draw()

    def _draw(self) -> None:
        shown = self._shown
        self.set_title(
            f"RGB shift · row {shown.row}, column {shown.column}" if shown else "RGB shift"
        )
        self._allow()
        self._draw_colours()
        self._draw_number()

    def _allow(self) -> None:
        """Colours can be tried where the classifier looks."""
        shown, window = self._shown, self._window
        why = ""
        if shown is None or self._tile is None:
            why = _NO_PIXEL
        elif window is not None and not window.holds(*shown.place):
            why = _OUTSIDE
        for control in (*self._sliders, *self._swatches):
            control.setEnabled(not why)
            control.setToolTip(why or f"Try a colour: {control.accessibleName()}")
        self._hint.setText(why or _NO_RESPONSE)

    @property
    def _before(self) -> RGB | None:
        if self._shown is None or self._tile is None:
            return None
        height, width = self._tile.shape
        if not (0 <= self._shown.row < height and 0 <= self._shown.column < width):
            return None
        red, green, blue = self._tile.rgb[self._shown.row, self._shown.column].tolist()
        return red, green, blue

    def _draw_colours(self) -> None:
        before, after = self._before, self._shown.rgb if self._shown else None
        pairs = (("before", before), ("after", after))
        for (word, rgb), plate, caption in zip(pairs, self._plates, self._captions, strict=True):
            plate.show_colour(rgb)
            plate.setAccessibleName(f"{word} {hexadecimal(rgb) if rgb else 'no colour'}")
            value = f" <span style='font-weight: 600'>{hexadecimal(rgb)}</span>" if rgb else ""
            caption.setText(f"<span style='color:{self._theme.faint}'>{word}</span>{value}")
        for number, slider in enumerate(self._sliders):
            slider.show_change(before[number] if before else None, after[number] if after else None)
        for swatch in self._swatches:
            swatch.show_current(swatch.rgb == after)
        self._draw_facts(before, after)

    def _draw_facts(self, before: RGB | None, after: RGB | None) -> None:
        shift = rgb_shift(before, after) if before and after else None
        facts = [
            (f"{shift.ciede2000:.1f}" if shift else "—", "ΔE₀₀"),
            (f"{shift.euclidean:.0f}" if shift else "—", "RGB distance"),
            self._distance_words(),
        ]
        for label, (value, name) in zip(self._facts, facts, strict=True):
            label.setText(
                f"<span style='font-size:15px; font-weight:600; color:{self._theme.text}'>{value}"
                f"</span><br><span style='font-size:11px; color:{self._theme.faint}'>{name}</span>"
            )
        self._facts[0].setToolTip(
            "CIEDE2000 colour difference; above about 2.3 two large fields are told apart."
        )
        self._facts[1].setToolTip("Length of the change in RGB: 0 to 442.")

    def _distance_words(self) -> tuple[str, str]:
        if self._shown is None or self._window is None or self._tile is None:
            return "—", "from centre"
        pixels = centre_distance(*self._shown.place, self._window)
        mpp = self._tile.mpp
        return f"{pixels:.1f} px", f"{pixels * mpp:.1f} µm from centre" if mpp else "from centre"

    def _draw_number(self, *, pending: bool = False) -> None:
        shown, question, theme = self._shown, self._question, self._theme
        subject = f"P({question.subject})" if question else "confidence"
        untouched = f" · untouched {legible(question.clean)}" if question else ""
        self._subject.setText(subject + untouched)
        if shown is None or shown.confidence is None:
            self._number.setText(f"<span style='font-size:26px; color:{theme.faint}'>—</span>")
            self._answer.setText("")
            return
        flips = bool(question and shown.answer and shown.answer != question.answer)
        colour = theme.faint if pending else theme.text
        number = legible(shown.confidence)
        self._number.setText(
            f"<span style='font-size:26px; font-weight:600; color:{colour}'>{number}</span>"
        )
        words = f"{'◆ ' if flips else ''}answer {shown.answer}" if shown.answer else shown.note
        self._answer.setText(
            f"<span style='font-weight:600; color:{theme.flip if flips else theme.text}'>"
            f"{words}</span>"
        )
        self._number.setAccessibleDescription(f"{subject} {number} · {words}")
