"""The command line that repeats one run of a campaign."""

import math
import shlex
from dataclasses import replace
from pathlib import Path
from typing import assert_never

from onepixel_gui.attack.attacks import Attack, Exhaustive
from onepixel_gui.attack.probe import Guidance, Settings
from onepixel_gui.classifier.card import Card
from onepixel_gui.tiles.cutting import pixels_per_pixel
from onepixel_gui.tiles.tile import Tile


def repeated(tile: Tile, card: Card, attack: Attack, subject: str) -> str:
    """File names only; "" where the command line cannot say it.

    That is so for tiles out of a table of pixels, for those of slides that are cut otherwise than
    the classifier takes them, and for attacks of several pixels.
    """
    named, words = _named(tile, card), _words(attack)
    if named is None or words is None:
        return ""
    command = "map" if isinstance(attack, Exhaustive) else "attack"
    about = ["--subject", subject] if subject else []
    return shlex.join(["onepixel-gui", command, *named, "--model", card.file, *about, *words])


def _named(tile: Tile, card: Card) -> list[str] | None:
    """What a terminal has to be told of the tile: its file, or its place on a slide."""
    if tile.slide:
        own = None if tile.mpp is None else tile.mpp / tile.downsample
        ratio = pixels_per_pixel(own, card.mpp)
        if tile.shape != card.input_size or not math.isclose(tile.downsample, ratio):
            return None
        return [tile.slide, "--at", "{},{}".format(*tile.origin)]
    return [Path(tile.name).name] if tile.source_sha256 else None


def _words(attack: Attack) -> list[str] | None:
    """The options, those that are usual left out."""
    match attack:
        case Settings():
            plain = Settings(
                attack.population,
                attack.generations,
                seed=attack.seed,
                to_the_end=attack.to_the_end,
            )
            if attack != plain:
                return None
            words = ["--population", f"{attack.population}", "--generations"]
            words += [f"{attack.generations}", "--seed", f"{attack.seed}"]
        case Guidance():
            if replace(attack, to_the_end=False) != Guidance():
                return None
            words = ["--strategy", "guided"]
        case Exhaustive():
            return ["--palette", attack.palette]
        case _:
            assert_never(attack)
    return words + (["--to-the-end"] if attack.to_the_end else [])
