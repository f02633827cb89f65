"""Where the images of a data set lie, if not where its tables say."""

from collections.abc import Generator, Sequence
from pathlib import Path

from onepixel_gui.outbox import printable
from onepixel_gui.problems import UnreadableTile
from onepixel_gui.tiles.folders import Branch, Looked, Tree, scanning

NOWHERE = Tree(())


class Elsewhere:
    """Files of one folder, found again by the end of the path that a table gives them."""

    def __init__(self, root: Path = Path(), tree: Tree = NOWHERE) -> None:
        self.root, self.tree = root, tree
        self._named: dict[str, list[tuple[Branch, str]]] = {}
        for branch in tree.branches:
            for name in branch.names:
                self._named.setdefault(name.casefold(), []).append((branch, name))

    def find(self, *parts: str) -> Path | None:
        """The file whose path ends most like `parts`; None where that is no single one."""
        held = self._named.get(parts[-1].casefold(), ())
        above = [part.casefold() for part in parts[:-1]]
        best: list[Path] = []
        most = -1
        for branch, name in held:
            agreed = _agreed(above, [part.casefold() for part in branch.below])
            if agreed > most:
                best, most = [], agreed
            if agreed == most:
                best.append(Path(branch.path) / name)
        return best[0] if len(best) == 1 else None


def _agreed(one: Sequence[str], other: Sequence[str]) -> int:
    count = 0
    for a, b in zip(reversed(one), reversed(other), strict=False):
        if a != b:
            break
        count += 1
    return count


def seeking(folder: Path | None) -> Generator[Looked, None, Elsewhere]:
    """Raises UnreadableTile when the folder cannot be listed."""
    if folder is None:
        return Elsewhere()
    try:
        return Elsewhere(folder, (yield from scanning(folder)))
    except OSError as cause:
        raise unlisted(folder, cause) from cause


def unlisted(folder: Path, cause: OSError) -> UnreadableTile:
    what = f"The folder {printable(folder.name or str(folder))} could not be listed."
    remedy = "Check that you may open this folder and that its disk is connected."
    return UnreadableTile(what, remedy, detail=repr(cause))
