"""Searches guided by gradients, on the bench: what is told of their previews."""

import pytest

from onepixel_gui.attack.probe import (
    Advanced,
    Guidance,
    Painted,
)
from onepixel_gui.qt.gallery.tile_rows import Finding
from onepixel_gui.qt.telling import finding, told
from tests.core.stand_ins import flat, one_spot
from tests.qt.doubles import StandInClassifier, tile
from tests.qt.session.benches import SEARCHED, SMALL


def test_a_guided_search_tells_of_its_previews_and_rests(bench):
    bench.open(StandInClassifier(guess=one_spot()))
    bench.session.guide(SMALL)
    assert bench.session.activity == "guided"
    bench.until(lambda: bench.session.activity is None)
    began, *_, ended = bench.of(*SEARCHED)
    assert began.settings == Guidance(to_the_end=True)
    assert ended.previews == 16 * 16 * 8
    assert 0 < ended.queries <= began.budget
    found = bench.session.findings
    assert (found.ended, found.latest, found.guided) == (ended, "guided", True)
    assert finding(found) == Finding("flipped", ended.confidence, guided=True)
    assert bench.busy == ["guided", None]


def test_the_verdict_on_a_guided_search_counts_previews_apart(bench):
    bench.open(StandInClassifier(guess=one_spot()))
    bench.session.guide(SMALL)
    bench.until(lambda: bench.session.activity is None)
    ended = bench.session.findings.ended
    fine = told(bench.session).fine_print
    assert f"guided, white-box · {ended.queries:,} queries + 2,048 previews in" in fine
    assert "seed" not in fine


def test_a_classifier_without_a_preview_refuses_guidance_with_a_remedy(bench):
    bench.open(StandInClassifier())
    bench.session.guide(SMALL)
    bench.until(lambda: bench.session.activity is None)
    (problem,) = bench.problems
    assert "black-box" in problem.remedy
    assert bench.session.findings.ended is None


def test_a_black_box_search_takes_the_place_of_a_guided_one(bench):
    bench.open(StandInClassifier(guess=one_spot()))
    bench.session.guide(SMALL)
    bench.session.search(SMALL)
    bench.until(lambda: bench.session.activity is None)
    found = bench.session.findings
    assert (found.latest, found.guided, found.ended.previews) == ("search", False, 0)
    assert bench.busy == ["guided", None, "search", None]
    assert not finding(found).guided


@pytest.mark.usefixtures("every_event")
def test_a_guided_search_stopped_while_previewing_has_found_nothing(bench):
    classifier = bench.open(StandInClassifier(guess=one_spot(), open_=False))
    bench.session.guide(SMALL)
    bench.until(lambda: any(event.previews for event in bench.of(Advanced)))
    bench.session.stop()
    assert bench.session.findings.stopped.best == ()
    assert finding(bench.session.findings) is None
    assert told(bench.session).flipped is None
    known = bench.session.findings
    bench.session.set_tile(tile("other.png", shade=50))
    classifier.gate.set()
    bench.rest()
    bench.session.set_tile(tile())
    bench.rest()
    assert bench.session.findings is known
    assert bench.session.cursor is None


@pytest.mark.usefixtures("every_event")
@pytest.mark.parametrize("start", ["guide", "sweep"])
def test_previewing_is_told_until_the_first_query(bench, start):
    classifier = bench.open(StandInClassifier(guess=one_spot(), open_=False))
    progress = []
    bench.session.progressed.connect(progress.append)
    getattr(bench.session, start)(SMALL)
    bench.until(lambda: any(step.previewing for step in progress))
    assert not any(step.done or step.seconds_left for step in progress)
    classifier.gate.set()
    bench.until(lambda: bench.session.activity is None)
    assert progress[-1].done
    assert not any(step.previewing for step in progress if step.done)


def test_a_sweep_without_a_preview_never_says_previewing(bench):
    bench.open()
    progress = []
    bench.session.progressed.connect(progress.append)
    bench.session.sweep(SMALL)
    bench.until(lambda: bench.session.activity is None)
    assert not any(step.previewing for step in progress)


@pytest.mark.usefixtures("every_event")
def test_a_preview_shows_nothing_of_a_flip(bench):
    classifier = bench.open(StandInClassifier(guess=flat(-9.0), open_=False))
    bench.session.sweep(SMALL)
    bench.until(lambda: bench.of(Painted))
    bench.session.stop()
    assert not bench.of(Painted)[-1].exact.any()
    assert finding(bench.session.findings) is None
    assert told(bench.session).flipped is None
    classifier.gate.set()
