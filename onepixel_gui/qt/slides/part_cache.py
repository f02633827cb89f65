"""Parts of a slide that were read, as many as a number of bytes allows."""

from collections import OrderedDict
from collections.abc import Iterable

from PySide6.QtGui import QImage

from onepixel_gui.qt.slides.parts import Broken, Part

LIMIT = 512 * 2**20  # bytes of pixels


class PartCache:
    """What was used least recently goes first; last of all what a view needs now.

    held: bytes of the pixels in it, never above the limit.  Broken parts hold none.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self.limit, self.held = limit, 0
        self._images: OrderedDict[Part, QImage] = OrderedDict()
        self._broken: dict[Part, Broken] = {}
        self._needed: frozenset[Part] = frozenset()
        self._coarsest = -1

    def __len__(self) -> int:
        return len(self._images)

    def get(self, part: Part) -> QImage | Broken | None:
        image = self._images.get(part)
        if image is None:
            return self._broken.get(part)
        self._images.move_to_end(part)
        return image

    def put(self, part: Part, image: QImage | Broken) -> bool:
        """False where there is no room for it beside what a view needs."""
        if isinstance(image, Broken):
            self._broken[part] = image
            return True
        self._broken.pop(part, None)
        self._drop(part)
        self._make_room(image.sizeInBytes())
        if self.held + image.sizeInBytes() > self.limit:
            return False
        self._images[part] = image
        self.held += image.sizeInBytes()
        return True

    def keep(self, needed: Iterable[Part]) -> None:
        """What a view needs now, instead of what it needed before."""
        self._needed = frozenset(needed)
        for part in self._needed:
            if part in self._images:
                self._images.move_to_end(part)

    def set_limit(self, limit: int) -> None:
        """What no longer has room goes at once, even what a view needs."""
        self.limit = limit
        self._make_room(0)
        for part in tuple(self._images):
            if self.held <= limit:
                break
            self._drop(part)

    def set_coarsest(self, level: int) -> None:
        """Parts of this level are dropped after those of all others."""
        self._coarsest = level

    def forget(self) -> None:
        """Another slide."""
        self._images.clear()
        self._broken.clear()
        self._needed, self.held = frozenset(), 0

    def forget_broken(self) -> None:
        """So that they can be read again."""
        self._broken.clear()

    def _make_room(self, size: int) -> None:
        """Drop the least recently used of what is not needed; the coarsest level after others."""
        for coarse in (False, True):
            if self.held + size <= self.limit:
                return
            for part in tuple(self._images):
                if self.held + size <= self.limit:
                    return
                if part not in self._needed and (part.level == self._coarsest) == coarse:
                    self._drop(part)

    def _drop(self, part: Part) -> None:
        image = self._images.pop(part, None)
        if image is not None:
            self.held -= image.sizeInBytes()
