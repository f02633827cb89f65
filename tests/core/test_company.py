"""Searches side by side in one worker: each finds, or fails at, what it would alone."""

import os
from contextlib import closing
from dataclasses import replace
from multiprocessing import parent_process

import pytest

from onepixel_gui.attack.attacks import Exhaustive, seeded, tile_seed
from onepixel_gui.attack.probe import Settings
from onepixel_gui.classifier import company as measuring
from onepixel_gui.classifier.classifier import Classifier
from onepixel_gui.classifier.company import company
from onepixel_gui.classifier.manner import ALONE
from onepixel_gui.classifier.opening import inspect
from onepixel_gui.problems import DeviceFull, Problem, TileTooSmall
from onepixel_gui.study.crew import LocalCrew
from onepixel_gui.study.orders import Job, Model, Settled, Settling, Survey, Surveyed, Trouble
from onepixel_gui.study.record import Record
from onepixel_gui.study.work import Worker
from onepixel_gui.tiles.tile import Tile
from tests.core.campaigns import SMALL, all_here, make_corner, plain
from tests.core.networks import noise
from tests.core.test_campaign_workers import replies


@pytest.fixture(scope="module", autouse=True)
def threads():
    with all_here():
        yield


@pytest.fixture(scope="module")
def settled(tmp_path_factory):
    """(worker, model in its manner, with the company that was measured)."""
    path = make_corner(tmp_path_factory.mktemp("model"))
    worker, model = Worker(), Model(path, inspect(path).card, "cpu")
    told = worker.do(Settling(model, (SMALL.population,)))
    assert isinstance(told, Settled)
    return worker, replace(model, manner=told.manner, company=told.company)


@pytest.fixture(scope="module")
def pinned(settled):
    _, model = settled
    return Classifier.of(inspect(model.path), "cpu").steady()


def jobs(model, count, abreast=4):
    made = []
    for task, rgb in enumerate(noise(count)):
        rgb[1, 2, 0] = 10 if task % 3 else 140
        tile = Tile(f"{task}.png", rgb)
        attack = seeded(SMALL, tile_seed(0, tile.sha256, SMALL))
        made.append(Job(task, (0, 0, 0), tile, model, attack, 0, abreast=abreast))
    return made


def carried_out(worker, orders):
    """{number: reply}, in one go, as a worker does that finds them all in its inbox."""
    waiting = list(enumerate(orders))

    def more(model):
        if waiting and isinstance(waiting[0][1], Job) and waiting[0][1].model == model:
            return waiting.pop(0)
        return None

    told = []
    while waiting:
        told += worker.carry_out(*waiting.pop(0), more)
    assert len(told) == len(orders)
    return dict(told)


def alone(worker, orders):
    return {number: worker.do(order) for number, order in enumerate(orders)}


def bits(told):
    return {number: plain(reply) for number, reply in told.items()}


# ------------------------------------------------------------------ the same results
def test_side_by_side_each_record_is_what_it_would_be_alone_to_the_bit(settled):
    worker, model = settled
    orders = jobs(model, 9)
    together = carried_out(worker, orders)
    assert {type(each) for each in together.values()} == {Record}
    assert bits(together) == bits(alone(worker, orders))


def test_a_record_does_not_show_how_many_candidates_were_asked_at_once(settled):
    worker, model = settled
    (order,) = jobs(replace(model, manner=in_chunks(model.manner, 7)), 1, abreast=1)
    chunked, whole = worker.do(order), worker.do(replace(order, model=model))
    assert plain(chunked.trail) == plain(whole.trail)
    assert all(each.queries % SMALL.population == 0 for each in chunked.trail[:-1])


def in_chunks(manner, chunk):
    return {**manner, "dense": {"batch": chunk, "lanes": 1, "chunk": chunk}}


def test_a_tile_that_is_too_small_is_refused_and_the_others_are_searched(settled):
    worker, model = settled
    orders = jobs(model, 6)
    orders[2] = replace(orders[2], tile=Tile("small.png", noise(1, (4, 4))[0]))
    told = carried_out(worker, orders)
    refused = told.pop(2)
    assert isinstance(refused.problem, TileTooSmall)
    assert not refused.ends
    assert {type(each) for each in told.values()} == {Record}


def test_what_fails_in_company_is_done_alone(settled, monkeypatch):
    worker, model = settled
    orders, failed = jobs(model, 6), []
    orders[1] = replace(orders[1], tile=Tile("small.png", noise(1, (4, 4))[0]))  # told all the same
    ask = Classifier.chorus

    def chorus(self, probes):
        if not failed:
            failed.append(len(probes))
            raise Problem("The classifier's answer is not a number.", "Try another.")
        return ask(self, probes)

    monkeypatch.setattr(Classifier, "chorus", chorus)
    assert bits(carried_out(worker, orders)) == bits(alone(worker, orders))
    assert failed == [4]


def test_a_full_device_is_not_crowded_a_second_time(settled, monkeypatch):
    _, model = settled
    worker, asked = Worker(), []

    def chorus(_self, probes):
        asked.append(len(probes))
        raise DeviceFull("There is no memory left.", "Close other programs.")

    monkeypatch.setattr(Classifier, "chorus", chorus)
    told = carried_out(worker, jobs(model, 9))
    assert {type(each) for each in told.values()} == {Record}
    assert asked == [4]


def test_a_checkpoint_that_vanished_is_told_for_every_job(settled, tmp_path):
    _, model = settled
    gone = replace(model, path=tmp_path / "gone.pt")
    told = carried_out(Worker(), jobs(gone, 3))
    assert all(isinstance(each, Trouble) and each.ends for each in told.values())


def test_other_orders_wait_until_the_searches_are_over(settled):
    worker, model = settled
    orders = [*jobs(model, 3), Survey(), *jobs(model, 2)]
    kinds = [type(each) for _, each in sorted(carried_out(worker, orders).items())]
    assert kinds == [Record, Record, Record, Surveyed, Record, Record]


# ------------------------------------------------------------------ worker processes
class Deadly(Tile):
    """Ends the process that looks at it."""

    __slots__ = ()

    @property
    def shape(self):
        if parent_process() is not None:
            os._exit(3)
        return super().shape


def test_of_several_jobs_side_by_side_only_the_one_that_ends_its_worker_is_given_up(settled):
    worker, model = settled
    orders = jobs(model, 6, abreast=4)
    orders[1] = replace(orders[1], tile=Deadly("deadly.png", orders[1].tile.rgb))
    with closing(LocalCrew([""])) as crew:
        crew.abreast = 4
        for order in orders:
            crew.give(order)
        told = {order.task: reply for order, reply in replies(crew, len(orders))}
    assert isinstance(told[1], Trouble)
    assert told[1].lost
    del told[1], orders[1]
    assert bits(told) == {order.task: plain(worker.do(order)) for order in orders}


# ------------------------------------------------------------------ how many
def taking(monkeypatch, alone, together):
    monkeypatch.setattr(measuring, "_seconds", lambda *_: (alone, together))


def test_company_is_as_many_tiles_as_fill_what_is_asked_at_once(pinned, monkeypatch):
    taking(monkeypatch, 1.0, 1.0)
    pace = (pinned.ways.shortcut or pinned).pace
    found = company(pinned, pace.batch // 4)
    assert found.tiles * (pace.batch // 4) >= min(pace.chunk, 32 * (pace.batch // 4))
    assert found.gain == pytest.approx(4.0)


@pytest.mark.parametrize(("alone", "together"), [(1.0, 4.0), (1.0, 3.9)])
def test_company_that_gains_nothing_is_declined(pinned, monkeypatch, alone, together):
    taking(monkeypatch, alone, together)
    pace = (pinned.ways.shortcut or pinned).pace
    assert company(pinned, pace.batch // 4) == ALONE


def test_a_generation_that_fills_its_passes_needs_no_company(pinned, monkeypatch):
    monkeypatch.setattr(measuring, "_seconds", lambda *_: pytest.fail("measured for nothing"))
    assert company(pinned, (pinned.ways.shortcut or pinned).pace.batch) == ALONE


def test_a_full_device_needs_no_company(pinned, monkeypatch):
    def full(*_):
        raise DeviceFull("There is no memory left.", "Close other programs.")

    monkeypatch.setattr(measuring, "_seconds", full)
    assert company(pinned, 3) == ALONE


def test_only_searches_for_one_pixel_are_done_side_by_side(settled):
    _, model = settled
    assert model.company_for(SMALL) != ALONE
    assert model.company_for(replace(SMALL, pixels=2)) == ALONE
    assert model.company_for(Exhaustive()) == ALONE
    assert model.company_for(Settings(population=SMALL.population + 1)) == ALONE
