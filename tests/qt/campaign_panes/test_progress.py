"""Progress in numbers, and what can be done while a campaign goes on."""

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtWidgets import QWidget

from onepixel_gui.qt.campaign.progress_pane import NOTHING, ProgressPane
from onepixel_gui.qt.campaign.view import Listed, Standing
from onepixel_gui.qt.campaign.words import amount, duration
from onepixel_gui.qt.theme import Line
from onepixel_gui.study.plan import Advance, CampaignBegan, CampaignEnded, Flipping
from tests.qt.campaign_panes.plans import heard


# ------------------------------------------------------------------ progress
def advance(done: int = 40, **other: Any) -> Advance:
    told: dict[str, Any] = {
        "doing": "Attacking", "done": done, "total": 100, "flipped": 10, "refused": 2,
        "queries": 9000, "rate": 1240.0, "seconds_left": 125.0, "attacked": 38,
        "shares": (Flipping("", 10, 38, 38, (0.15, 0.42)),),
    }  # fmt: skip
    return Advance(**(told | other))


BEGAN = CampaignBegan(3, 100, 0, 0, 0, 2, "2 worker processes")


def test_before_any_campaign_the_pane_says_what_to_do(show: Callable[..., Any]) -> None:
    pane = show(ProgressPane())
    labels = [
        each for each in pane.findChildren(QWidget) if getattr(each, "text", str)() == NOTHING
    ]
    assert [label.isVisible() for label in labels] == [True]
    assert not pane.mosaic.isVisible()


def test_progress_tells_flips_with_interval_and_n_speed_and_time_left(
    show: Callable[..., Any],
) -> None:
    pane = show(ProgressPane())
    pane.show_standing(Standing("running", "", BEGAN, advance()))
    assert pane.words == (
        "10 of 38 runs flipped: 26.3 % (95 % interval 15.0 to 42.0 %, n = 38)",
        "Attacking · 1,240 queries/s · 2 min left",
    )
    repeated = advance(shares=(Flipping("", 10, 38, 19, (0.1, 0.5)),))
    pane.show_standing(Standing("running", "", BEGAN, repeated))
    between = "10 of 38 runs flipped: 26.3 % (95 % interval 10.0 to 50.0 %, n = 19 tiles)"
    assert pane.words[0] == between
    pane.show_standing(Standing("running", "", BEGAN, advance(1, attacked=0, shares=())))
    assert "%" not in pane.words[0]
    ended = CampaignEnded(3, 100, 10, 2, 9_000_000, 150.0, again=1)
    pane.show_standing(Standing("idle", "", BEGAN, advance(100), ended))
    told = pane.words[1].replace("\N{NO-BREAK SPACE}", " ")
    assert told == "Done in 2 min · 9 M queries · 1 run shared by equal tiles"


def test_progress_tells_the_share_of_each_classifier_and_attack(show: Callable[..., Any]) -> None:
    pane = show(ProgressPane(), (300, 330))
    shares = (Flipping("a, sweep", 8, 10, 10, (0.49, 0.94)), Flipping("b, sweep", 2, 28, 1, None))
    pane.show_standing(Standing("running", "", BEGAN, advance(shares=shares)))
    assert pane.words[0] == "38 runs in 2 groups"  # which make no share together
    lines = ["a, sweep: 80.0 % (49.0 to 94.0 %, n = 10)", "b, sweep: 7.1 %"]
    assert pane.shares.split("\n") == lines
    assert pane.width() == 300
    many = tuple(Flipping(f"net {n}", 1, 10, 10, None) for n in range(6))
    pane.show_standing(Standing("running", "", BEGAN, advance(shares=many)))
    shown = [each.text() for each in pane.findChildren(Line) if each.isVisible()]
    assert [line for line in shown if "net" in line] == [f"net {n}: 10.0 %" for n in range(3)]
    assert "and 3 more" in shown
    assert len(pane.shares.split("\n")) == 6
    pane.show_standing(Standing("running", "", BEGAN, advance()))
    assert pane.shares == ""


def test_only_what_can_be_done_now_is_offered(show: Callable[..., Any]) -> None:
    pane = show(ProgressPane())
    wishes = [heard(each) for each in (pane.pause_wished, pane.go_on_wished, pane.stop_wished)]
    further = heard(pane.continue_wished)

    def offered() -> list[str]:
        return [each.text() for each in (pane.pause, pane.go_on, pane.stop) if each.isVisible()]

    pane.show_standing(Standing("running", "", BEGAN, advance()))
    assert offered() == ["Pause", "Stop"]
    pane.pause.click()
    pane.show_standing(Standing("paused", "", BEGAN, advance()))
    assert offered() == ["Continue", "Stop"]
    pane.go_on.click()
    pane.stop.click()
    assert [len(each) for each in wishes] == [1, 1, 1]
    pane.show_campaigns([Listed(5, "five", False), Listed(4, "four", True)], 4)
    pane.show_standing(Standing("idle", "", None, advance()))
    assert offered() == ["Continue"]
    pane.go_on.click()
    assert further == [4]
    pane.show_campaigns([Listed(5, "five", False), Listed(4, "four", True)], 5)
    assert offered() == []


# ------------------------------------------------------------------ words, names
@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "1 s"), (41, "41 s"), (59.6, "1 min"), (2460, "41 min"), (7800, "2 h 10 min"),
     (86_400 + 3600, "1 day 1 h"), (3600, "1 h"), (4 * 86_400, "4 days 0 h")],
)  # fmt: skip
def test_durations_are_rough_and_legible(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0"), (950, "950"), (12_480, "12.5 k"), (12_480_000, "12.5 M"), (2.2e9, "2.2 G"),
     (999_900, "1,000 k")],
)  # fmt: skip
def test_amounts_keep_three_digits(count: float, words: str) -> None:
    assert amount(count).replace("\N{NO-BREAK SPACE}", " ") == words
