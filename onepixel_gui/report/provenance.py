"""Where a result comes from: everything needed to get it again, and nothing about who asked.

No time stamp, no user name and no folder: the same inputs give the same block.
"""

import platform
import re
from collections.abc import Mapping
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import assert_never

from onepixel_gui import __version__
from onepixel_gui.attack.probe import Began, Ended, Guidance, Question, Settings, Swept
from onepixel_gui.classifier.card import Card, Serving
from onepixel_gui.classifier.scan import ScanEnded
from onepixel_gui.report.wording import COORDINATES, RESEARCH_ONLY, palette_name
from onepixel_gui.tiles.slides import Slide
from onepixel_gui.tiles.tile import Tile, Window

_CONFIRMATION = "ordinary forward pass of the whole uint8 tile"
_LEVEL_0 = "zero-based level-0 pixels from the top left of the slide: row, column"
_PACKAGES = ("torch", "numpy", "scipy", "scikit-image")


def provenance(
    tile: Tile,
    question: Question,
    card: Card,
    serving: Serving,
    method: Mapping[str, object],
    *,
    command: str = "",
) -> dict[str, object]:
    """A JSON-ready block for one result.

    method:   from `method_of_search` or `method_of_sweep`.
    command:  the command line that repeats it; folders are taken out of it here.
    """
    return {
        "software": software_facts(),
        "environment": environment_facts(serving),
        "classifier": classifier_facts(card),
        "tile": _tile(tile, question),
        "question": {
            "subject": question.subject,
            "answer": question.answer,
            "goal": question.goal,
            "clean": question.clean,
            "clean_logit": question.clean_logit,
            "threshold": question.threshold,
        },
        "attack": dict(method),
        "coordinates": COORDINATES,
        "command": without_folders(command),
        "use": RESEARCH_ONLY,
    }


def software_facts() -> dict[str, object]:
    """This program, for a block of one's own."""
    return {"name": "onepixel_gui", "version": __version__, "commit": commit()}


def environment_facts(serving: Serving) -> dict[str, object]:
    """What it runs on, and what a classifier ran on."""
    return {
        "python": platform.python_version(),
        **{package.replace("-", "_"): _version(package) for package in _PACKAGES},
        "torch": serving.torch or _version("torch"),
        "os": f"{platform.system()} {platform.release()} {platform.machine()}".strip(),
        "device": serving.device,
        "device_name": serving.device_name,
        "threads": serving.threads,
        "batch": serving.batch,
        "deterministic": serving.deterministic,
    }


def classifier_facts(card: Card) -> dict[str, object]:
    """Which network, and how it is asked."""
    return {
        "name": card.name,
        "file": card.file,
        "sha256": card.sha256,
        "architecture": card.architecture,
        "weights": card.weights,
        "classes": list(card.classes),
        "subject": card.subject,
        "input_size": list(card.input_size),
        "um_per_px": card.mpp,
        "scaling": card.scaling,
        **({"mean": list(card.mean), "std": list(card.std)} if card.scaling == "custom" else {}),
        "order": card.order,
        "outputs": card.outputs,
        "fitting": card.fitting,
        "threshold": card.threshold,
        "format": card.format,
        "white_box": card.white_box,
        "sources": dict(card.sources),
        "doubts": list(card.doubts),
    }


def place_on_slide(tile: Tile) -> dict[str, object] | None:
    """Where on its slide a tile lies, in level-0 pixels; None for a picture of its own."""
    if not tile.slide:
        return None
    footprint = tile.footprint
    return {
        "name": tile.slide,
        "hash": tile.slide_hash,
        "row": footprint.row,
        "column": footprint.column,
        "height": footprint.height,
        "width": footprint.width,
        "downsample": tile.downsample,
    }


def _numbers(window: Window) -> list[int]:
    return [window.row, window.column, window.height, window.width]


def _tile(tile: Tile, question: Question) -> dict[str, object]:
    return {
        "name": tile.name,
        "sha256": tile.sha256,
        "source_sha256": tile.source_sha256,
        "size": list(tile.shape),
        "window": _numbers(question.window),
        "origin": list(tile.origin),
        "slide": place_on_slide(tile),
        "case": tile.case,
        "label": tile.label,
        "lossy": tile.lossy,
        "um_per_px": tile.mpp,
        "notes": list(tile.notes),
    }


def provenance_of_scan(
    slide: Slide, card: Card, serving: Serving, ended: ScanEnded, *, command: str = ""
) -> dict[str, object]:
    """A JSON-ready block for one scan. command: as for `provenance`."""
    settings, grid = ended.settings, ended.grid
    return {
        "software": software_facts(),
        "environment": environment_facts(serving),
        "classifier": classifier_facts(card),
        "slide": {
            "name": slide.name,
            "hash": slide.hash,
            "format": slide.format,
            "size": list(slide.shape),
            "um_per_px": slide.mpp,
            "lossy": slide.lossy,
            "notes": list(slide.notes),
        },
        "scan": {
            "region": None if settings.region is None else _numbers(settings.region),
            "stride": settings.stride or min(grid.shape) // 2,
            "tissue_only": settings.tissue,
            "least_tissue": settings.least,
            "most_candidates": settings.best,
            "subject": settings.subject or card.subject,
            "downsample": grid.downsample,
            "queries": ended.queries,
            "confirmation": _CONFIRMATION,
            "our_choices": [
                "peaks of the map, climbed in steps from half the stride to a thirty-second",
                "no two candidates closer than half a tile",
                "what counts as tissue, and the least share of it",
            ],
        },
        "coordinates": _LEVEL_0,
        "command": without_folders(command),
        "use": RESEARCH_ONLY,
    }


# ------------------------------------------------------------------ methods
def method_of_search(began: Began, ended: Ended) -> dict[str, object]:
    """How a search was done and what it spent."""
    settings = began.settings
    return {
        **_strategy(settings),
        "aim": f"untargeted, {began.question.answer} to {began.question.goal}",
        "pixels": settings.pixels,
        "to_the_end": settings.to_the_end,
        "budget": began.budget,
        "queries": ended.queries,
        "previews": ended.previews,
        "first_flip": ended.first_flip,
        "reason": ended.reason,
        "confirmation": _CONFIRMATION,
    }


def _strategy(settings: Settings | Guidance) -> dict[str, object]:
    """What only one kind of search has."""
    said: dict[str, object] = {"strategy": settings.strategy, "access": settings.access}
    match settings:
        case Settings():
            return said | {
                "name": "differential evolution rand/1 without crossover (Su et al. 2019)",
                "population": settings.population,
                "generations": settings.generations,
                "F": settings.weight,
                "seed": settings.seed,
                "init": "positions uniform, colours normal with mean 128 and standard deviation "
                "127",
                "rounding": "positions floored, colours rounded to whole values",
            }
        case Guidance():
            return said | {
                "name": "guided search: gradients of the network put the candidates in order",
                "shortlist": settings.shortlist,
                "neighbours": settings.neighbours,
                "refinements": settings.refinements,
                "counting": "previews are no queries",
                "comparable": "not with black-box searches, the protocol of the literature "
                "(Su et al. 2019)",
                "our_choices": ["the guided search, which is of no paper"],
            }
        case _:
            assert_never(settings)


def method_of_sweep(swept: Swept) -> dict[str, object]:
    """How a sweep was done and what it spent. A sweep draws nothing at random, so has no seed."""
    palette = [[int(value) for value in colour] for colour in swept.palette]
    return {
        "name": "exhaustive sweep",
        "access": "black-box",
        "palette_name": palette_name(swept),
        "palette": palette,
        "order": "the result does not depend on it",
        "queries": swept.queries,
        "confirmations": swept.confirmations,
        "confirmation": _CONFIRMATION,
        "our_choices": [
            "the palette of colours",
            "row and column sensitivity as the mean of the largest |logit change|",
            "the period null: 95th percentile over maps whose positions were shuffled",
        ],
    }


# ------------------------------------------------------------------ facts about this copy
@cache
def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "unknown"


@cache
def commit() -> str:
    """The commit of the checkout this code runs from, "unknown" for an installed copy."""
    root = Path(__file__).parents[2]
    try:
        return _head(root / ".git") if (root / "pyproject.toml").is_file() else "unknown"
    except (OSError, UnicodeDecodeError):
        return "unknown"


def _head(git: Path) -> str:
    """The hash that HEAD stands for, read without calling git."""
    if git.is_file():  # a linked worktree
        git = (git.parent / git.read_text("utf-8").removeprefix("gitdir:").strip()).resolve()
    shared = git
    if (git / "commondir").is_file():
        shared = (git / (git / "commondir").read_text("utf-8").strip()).resolve()
    head = (git / "HEAD").read_text("utf-8").strip()
    if not head.startswith("ref:"):
        return head or "unknown"
    name = head.removeprefix("ref:").strip()
    for folder in (git, shared):
        if (folder / name).is_file():
            return (folder / name).read_text("utf-8").strip()
    for line in (shared / "packed-refs").read_text("utf-8").splitlines():
        if line.endswith(f" {name}"):
            return line.split()[0]
    return "unknown"


_QUOTED = re.compile(r"""(["'])(.*?)\1""")
_FOLDERS = re.compile(r"""(?<![\w.\\/-])(?:[A-Za-z]:|~\w*|\.\.)?(?:[\\/][^\s"'\\/]*)*[\\/](?=\S)""")


def without_folders(command: str) -> str:
    """The command with each path that leaves the working folder cut down to its last name."""
    return _FOLDERS.sub("", _QUOTED.sub(_last_name, command))


def _last_name(quoted: re.Match[str]) -> str:
    mark, inside = quoted.groups()
    if re.match(r"[\\/~]|[A-Za-z]:|\.\.", inside):
        inside = re.split(r"[\\/]", inside.rstrip("\\/"))[-1]
    return f"{mark}{inside}{mark}"
