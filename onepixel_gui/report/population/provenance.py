"""Where the numbers of a population come from: everything needed to get them again."""

from typing import TYPE_CHECKING

import numpy as np

from onepixel_gui.attack.attacks import as_values, draws
from onepixel_gui.report.provenance import (
    classifier_facts,
    environment_facts,
    software_facts,
    without_folders,
)
from onepixel_gui.report.wording import COORDINATES, RESEARCH_ONLY

if TYPE_CHECKING:
    from onepixel_gui.report.population.examined import Examined

_OURS = [
    "a tile counts once, as flipped if any of its seeds flipped it; the first that did stands "
    "for it",
    "success and failure are compared within one direction of attack, but over all together where "
    "there are more than two",
    "intervals over cases, and what tiles of one case share",
    "dark areas: haematoxylin by colour deconvolution above Otsu's threshold of each tile",
    "sensitivity as the mean of the largest |logit change| over the palette",
    "nulls: a uniform position, random pixels of the same tile, shuffled positions, random shifts "
    "of each tile; what is drawn for them is drawn from seed 0",
    "colours, distances and places of several pixels changed together are those of the first in "
    "the list",
    "each p is of one test by itself, not corrected for how many tests there are",
]


def provenance(examined: "Examined", command: str, tiles: str = "") -> dict[str, object]:
    """A JSON-ready block. command: the command line that repeats it; folders are taken out.

    tiles:  name of the file that lists the sha256 of every tile, whose own sha256 is told here;
            "": they are all told here.
    """
    outcomes, group, first = examined.outcomes, examined.group, examined.first
    settings = as_values(group.settings)
    if draws(group.settings):
        settings["seed"] = "of each run, from the study's seed, the tile and the attack"
    return {
        "software": software_facts(),
        "environment": environment_facts(first.serving),
        "software_of_runs": dict(first.software),
        "classifier": classifier_facts(group.card),
        "study": {
            "name": examined.study,
            "identity": examined.identity,
            "classifier": group.classifier,
            "attack": group.attack,
        },
        "attack": settings | {"access": group.settings.access},
        "runs": len(outcomes),
        "stopped_runs_not_counted": group.stopped,
        "seeds": sorted({int(seed) for seed in np.unique(outcomes.seed) if seed >= 0}),
        "cases": len(np.unique(outcomes.case[outcomes.case >= 0])),
        "window": list(outcomes.window),
        "strides_px": list(examined.strides),
        "tiles": {
            "n": len(examined.hashes),
            "sha256_of_all": examined.digest,
            **({"listed_in": tiles} if tiles else {"sha256": list(examined.hashes)}),
        },
        "our_choices": _OURS,
        "coordinates": COORDINATES,
        "command": without_folders(command),
        "use": RESEARCH_ONLY,
    }
