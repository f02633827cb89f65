"""A Dask cluster tells what one local worker tells, also when one of its workers is killed."""

import os
import signal
from contextlib import closing

import pytest

from onepixel_gui.study import cluster, course
from onepixel_gui.study.campaign import CampaignBegan, CampaignEnded, RunKept, campaign
from onepixel_gui.study.cluster import DaskCrew, UnusableCluster
from onepixel_gui.study.orders import Survey, Trouble
from onepixel_gui.study.store import Study
from onepixel_gui.tiles.datasets.looking import recognise
from tests.core.campaigns import (
    all_here,
    carried,
    done_twice,
    make_corner,
    make_tiles,
    of,
    plan_over,
    told,
)

distributed = pytest.importorskip("distributed", reason="the extra `cluster` is not installed")

# Of the library's own making, on its own threads, while processes come and go.
pytestmark = [
    pytest.mark.filterwarnings("ignore:::distributed", "ignore::ResourceWarning"),
    pytest.mark.usefixtures("own_cache"),
]


@pytest.fixture(scope="module")
def two():
    """A cluster of two processes on this machine."""
    with distributed.LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=True,
        dashboard_address=None,
        memory_limit=0,
        silence_logs=50,
    ) as local:
        yield local


@pytest.fixture(scope="module")
def ground(tmp_path_factory):
    """(tiles, model, what one undisturbed local worker tells)."""
    folder = tmp_path_factory.mktemp("ground")
    tiles, model = make_tiles(folder / "tiles", 40), make_corner(folder)
    with all_here():
        carried(folder / "serial.onepixel", plan_over(tiles, model), workers=1)
    return tiles, model, told(folder / "serial.onepixel")


def test_a_cluster_tells_what_one_worker_tells(two, ground, tmp_path):
    tiles, model, serial = ground
    path = tmp_path / "a.onepixel"
    events = carried(path, plan_over(tiles, model), scheduler=two.scheduler_address)
    (began,) = of(events, CampaignBegan)
    assert began.workers == 2
    assert two.scheduler_address in began.way
    assert told(path) == serial


def test_the_tiles_of_a_worker_that_is_killed_are_done_by_others(
    two, ground, tmp_path, monkeypatch
):
    monkeypatch.setattr(course, "_LATE", 0.0)  # told at once, so that most is still to do
    tiles, model, serial = ground
    path, kept = tmp_path / "a.onepixel", 0
    with closing(Study.open(path, make=True)) as study:
        plan, dataset = plan_over(tiles, model), recognise([tiles])
        for event in campaign(study, plan, dataset, scheduler=two.scheduler_address):
            kept += isinstance(event, RunKept)
            if kept == 1:
                kept += 1
                os.kill(next(iter(two.workers.values())).pid, signal.SIGKILL)
        assert isinstance(event, CampaignEnded)
    assert told(path) == serial
    assert not done_twice(path)


def test_a_wrong_address_is_told_in_seconds(monkeypatch):
    monkeypatch.setattr(cluster, "_PATIENCE", 1)
    for address in ("tcp://127.0.0.1:1", "no address at all", "tcp://"):
        with pytest.raises(UnusableCluster, match="No Dask scheduler answers"):
            DaskCrew(address)


def test_workers_of_another_version_are_refused(two, monkeypatch):
    monkeypatch.setattr(cluster, "__version__", "99.0")
    with pytest.raises(UnusableCluster, match=r"run onepixel_gui .*, not 99\.0"):
        DaskCrew(two.scheduler_address)


def test_a_missing_library_is_named_with_its_extra(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    with pytest.raises(UnusableCluster) as caught:
        DaskCrew("tcp://127.0.0.1:8786")
    assert "onepixel-gui[cluster]" in caught.value.remedy


def test_a_fault_of_a_worker_is_told_as_a_problem(two):
    class Unknown:
        def __reduce__(self):
            raise ValueError("cannot be sent")

    with closing(DaskCrew(two.scheduler_address)) as crew:
        crew.give(Survey())
        heard = []
        while not heard:
            heard = crew.replies(0.5)
        assert not isinstance(heard[0][1], Trouble)


def test_a_scheduler_that_vanishes_ends_it_with_a_problem_and_the_study_continues(
    two, ground, tmp_path
):
    """The last of all: the cluster of the others is gone after it."""
    tiles, model, serial = ground
    path, plan, dataset = tmp_path / "a.onepixel", plan_over(tiles, model), recognise([tiles])
    with closing(Study.open(path, make=True)) as study:
        work = campaign(study, plan, dataset, scheduler=two.scheduler_address)
        next(event for event in work if isinstance(event, CampaignBegan))
        two.close()
        with pytest.raises(UnusableCluster, match="is gone"):
            list(work)
    with all_here():
        carried(path, plan, workers=1)
    assert told(path) == serial
