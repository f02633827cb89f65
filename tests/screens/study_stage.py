"""The states of the window that have to do with many tiles: a campaign, and what it says."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from onepixel_gui import RESOURCES
from onepixel_gui.attack.probe import Settings
from onepixel_gui.study.campaign import CampaignEnded, Plan, campaign
from onepixel_gui.study.store import Study
from onepixel_gui.tiles.datasets import looking

if TYPE_CHECKING:
    from tests.screens.stage import Stage

DEMO = RESOURCES / "demo"
CHECKPOINT = DEMO / "mitosis_demo.safetensors"
SEARCH = Settings(population=60, generations=12)  # short, so that the pictures come soon
TABS = ("overview", "colours", "periods", "locality")


def carried_out(path: Path) -> dict[str, object]:
    """A study with a campaign over the demonstration's tiles; what a picture shows of it."""
    search = looking([DEMO / "mitosis", DEMO / "normal"])
    while True:
        try:
            next(search)
        except StopIteration as end:
            dataset = end.value
            break
    study = Study.open(path, make=True)
    plan = Plan(dataset.paths, (CHECKPOINT,), (SEARCH,), device="cpu")
    try:
        *_, ended = campaign(study, plan, dataset, workers=1)  # in order
    finally:
        study.close()
    assert isinstance(ended, CampaignEnded)
    return {"runs": ended.done, "flipped": ended.flipped, "queries": ended.queries}


class StudyStage:
    def __init__(self, stage: "Stage", live: Callable[[Callable[[], object]], None]) -> None:
        self.stage, self.window, self.live = stage, stage.window, live

    def settle(self) -> None:
        faded = time.monotonic() + 0.4
        self.live(lambda: not self.window.jobs and time.monotonic() > faded)

    def both(self, name: str) -> None:
        for theme in self.stage.themes():
            self.settle()
            assert not self.window.messages.text
            self.stage.shoot(f"window-{name}-{theme}")

    def all(self, study: Path) -> None:
        window, mine = self.window, self.stage.folder / study.name
        shutil.copyfile(study, mine)
        window.study.open(mine)
        self.live(lambda: window.study.path == mine)
        window.actions_by_name["campaign"].trigger()
        self.live(lambda: window.campaign.visible)
        self.both("campaign")
        window.actions_by_name["population"].trigger()
        desk = window.room.population
        self.live(lambda: desk.visible and desk.examined is not None)
        for tab, name in enumerate(TABS):
            desk.page.tabs.setCurrentIndex(tab)
            self.both("population" if name == "overview" else f"population-{name}")
        desk.page.tabs.setCurrentIndex(0)
        window.resize(1280, 720)
        self.both("population-1280")
        window.resize(1440, 900)
        desk.show(False)
