"""Where the tiles of a study lie on their slides, and what came of them."""

import contextlib
import sqlite3
from dataclasses import replace

import pytest

from onepixel_gui.study.store import Study, UnusableStudy
from onepixel_gui.tiles.tile import Window
from tests.core.study_records import CARD, record, step, tile


def on_slide(number, slide="a", origin=(0, 0), downsample=1.0, **more):
    name = f"{slide}.svs" if slide else ""
    cut = tile(number, slide=name, slide_hash=slide, origin=origin, downsample=downsample)
    return record(number, tile=cut, **more)


@pytest.fixture
def study(tmp_path):
    with contextlib.closing(Study.open(tmp_path / "some.onepixel", make=True)) as study:
        yield study


def everyone(_card):
    return True


def test_results_lie_on_their_slides_where_their_tiles_were_cut(study):
    study.add_all(
        [
            (on_slide(1, "a", (16, 32)), -1, -1),  # every third holds
            (on_slide(3, "a", (-8, 64), 2.5), -1, -1),
            (on_slide(4, "b", (16, 32), result=step(20)), -1, -1),
            (record(5), -1, -1),  # of no slide
        ]
    )
    assert study.on_slides(everyone) == {
        "a": {Window(16, 32, 16, 16): "flipped", Window(-8, 64, 40, 40): "held"},
        "b": {Window(16, 32, 16, 16): "stopped"},
    }


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_of_several_runs_of_a_tile_a_flip_goes_first_and_a_stopped_one_last(study, order):
    given = (
        on_slide(1),
        on_slide(1, result=step(20)),
        on_slide(1, result=record(3).result),
    )
    for which in order:
        study.add(given[which])
    assert set(study.on_slides(everyone)["a"].values()) == {"flipped"}


def test_only_runs_of_the_wanted_classifier_count(study):
    other = replace(CARD, sha256="cd" * 32)
    study.add(on_slide(1))
    study.add(on_slide(2, "b", card=other))
    assert set(study.on_slides(lambda card: card.sha256 == other.sha256)) == {"b"}
    assert study.on_slides(lambda _card: False) == {}


def test_a_tile_that_is_called_as_if_it_were_of_no_slide_is_seen_all_the_same(study):
    told = '"slide_hash":""'
    cut = tile(1, slide=told, slide_hash="a", name=told)
    study.add(record(1, tile=cut))
    assert set(study.on_slides(everyone)) == {"a"}


def test_a_study_without_slides_or_runs_marks_nothing(study):
    assert study.on_slides(everyone) == {}
    study.add(record(1))
    assert study.on_slides(everyone) == {}


def test_a_place_that_is_not_what_was_written_is_told(study):
    study.add(on_slide(1, origin=(16, 32)))
    path = study.path
    study.close()
    with contextlib.closing(sqlite3.connect(path)) as file, file:
        file.execute("UPDATE origin SET told = replace(told, '16,32', '16,33')")
    with contextlib.closing(Study.open(path)) as again, pytest.raises(UnusableStudy, match="dam"):
        again.on_slides(everyone)
