"""Worker processes: as many as wanted, killed or not, the results are the same; none stays."""

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from onepixel_gui.cli import run
from onepixel_gui.study import course
from onepixel_gui.study.campaign import CampaignBegan, CampaignEnded, RunKept, campaign
from onepixel_gui.study.crew import LocalCrew, affordable, cores
from onepixel_gui.study.orders import Survey, Surveyed, Trouble
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
    sound,
    told,
)

TILES, SEEDS = 60, tuple(range(6))  # enough to be killed in the midst of it
PATIENCE = 120  # seconds for a busy machine

pytestmark = pytest.mark.usefixtures("own_cache")


class Poison:
    """An order that ends whoever takes it."""

    def __reduce__(self):
        return os._exit, (3,)


@pytest.fixture(scope="module")
def ground(tmp_path_factory):
    """(tiles, model, what one undisturbed worker tells)."""
    folder = tmp_path_factory.mktemp("ground")
    tiles, model = make_tiles(folder / "tiles", TILES), make_corner(folder)
    with all_here():
        carried(folder / "serial.onepixel", plan_over(tiles, model, seeds=SEEDS), workers=1)
    return tiles, model, told(folder / "serial.onepixel")


def replies(crew, count):
    heard, until = [], time.monotonic() + PATIENCE
    while len(heard) < count and time.monotonic() < until:
        heard += crew.replies(0.1)
    return heard


def gone(processes):
    """Seconds until all of them have ended; a body that nobody buried counts as ended."""
    begun = time.monotonic()
    while any(map(alive, processes)):
        assert time.monotonic() - begun < PATIENCE, "a worker lives on"
        time.sleep(0.01)
    return time.monotonic() - begun


def alive(process):
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


# ------------------------------------------------------------------ the same results
def test_two_workers_and_one_of_them_killed_tell_what_one_tells(ground, tmp_path, monkeypatch):
    monkeypatch.setattr(course, "_LATE", 0.0)  # told at once, so that most is still to do
    tiles, model, serial = ground
    path, plan = tmp_path / "a.onepixel", plan_over(tiles, model, seeds=SEEDS)
    killed = False
    with closing(Study.open(path, make=True)) as study:
        for event in campaign(study, plan, recognise([tiles]), workers=2):
            if isinstance(event, CampaignBegan):
                assert event.workers == 2
            if isinstance(event, RunKept) and not killed:
                killed = True
                workers = [
                    each
                    for each in psutil.Process().children()
                    if "spawn_main" in " ".join(each.cmdline())
                ]
                assert len(workers) == 2
                workers[0].kill()
    assert killed
    assert told(path) == serial
    assert not done_twice(path)


def test_after_a_campaign_no_process_stays(ground, tmp_path):
    tiles, model, _ = ground
    before = set(psutil.Process().children())
    with closing(Study.open(tmp_path / "a.onepixel", make=True)) as study:
        work = campaign(study, plan_over(tiles, model), recognise([tiles]), workers=1)
        next(event for event in work if isinstance(event, RunKept))
        begun = time.monotonic()
        work.close()
        assert time.monotonic() - begun < 4.0  # nobody waits the 5 s for one that lingers
    left = set(psutil.Process().children()) - before
    assert not [each for each in left if "spawn_main" in " ".join(each.cmdline())]


# ------------------------------------------------------------------ the crew itself
def test_an_order_that_ends_its_worker_twice_is_given_up_and_the_others_are_done():
    with closing(LocalCrew([""])) as crew:
        poison = Poison()
        crew.give(poison)
        ((order, reply),) = replies(crew, 1)
        assert order is poison
        assert isinstance(reply, Trouble)
        assert reply.lost
        assert "exit code 3" in reply.detail
        crew.give(Survey())
        ((_, answer),) = replies(crew, 1)
        assert isinstance(answer, Surveyed)
        assert "cpu" in answer.devices


def test_workers_are_as_many_as_cores_and_memory_allow():
    assert 1 <= cores() <= (os.cpu_count() or 1)
    assert affordable([1 << 50]) == 1
    assert affordable([0]) >= affordable([1 << 30]) >= 1


# ------------------------------------------------------------------ the whole program
def command(tiles, model, study, seeds=SEEDS, workers=2):
    words = ["campaign", tiles, "--model", model, "--study", study, "--workers", workers]
    words += ["--population", 20, "--generations", 6]
    words += [word for seed in seeds for word in ("--seed", seed)]
    return [sys.executable, "-m", "onepixel_gui", *map(str, words)]


def started(words):
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for_a_run(process, path, before=0):
    """before: runs that were there already."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        time.sleep(0.05)
        if path.exists() and path.with_name(path.name + "-wal").exists() and runs(path) > before:
            return
    pytest.fail(f"no run: {process.communicate()}")


def runs(path):
    with closing(Study.open(path, reading=True)) as study:
        return len(study.rows())


def test_killed_and_stopped_by_ctrl_c_the_same_command_ends_as_if_undisturbed(
    ground, tmp_path, capsys
):
    tiles, model, serial = ground
    path = tmp_path / "a.onepixel"
    process = started(command(tiles, model, path))
    wait_for_a_run(process, path)
    children = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.communicate()
    assert gone(children) < 2.0, "a worker outlives who gave the orders"
    assert sound(path)

    before = runs(path)
    process = started(command(tiles, model, path, workers=1))
    wait_for_a_run(process, path, before)
    children = psutil.Process(process.pid).children(recursive=True)
    assert children
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=PATIENCE)
    assert gone(children) < 1.0
    if process.returncode != 0:  # it was not just done
        assert process.returncode == 130, errors
        assert "the same command continues it" in errors
        assert "Traceback" not in errors
    assert sound(path)

    with all_here():
        assert run(command(tiles, model, path)[3:]) == 0
    assert "95 % Wilson interval" in capsys.readouterr().out
    assert told(path) == serial
    assert not done_twice(path)


@pytest.mark.slow
@pytest.mark.skipif("'slow' not in config.getoption('-m')", reason="minutes; ask with -m slow")
def test_killed_at_20_random_moments_and_continued_it_ends_as_if_undisturbed(ground, tmp_path):
    tiles, model, _ = ground
    seeds, kills, chance, midway = tuple(range(160)), 20, random.Random(2), 0
    carried(tmp_path / "serial.onepixel", plan_over(tiles, model, seeds=seeds), workers=1)
    serial = told(tmp_path / "serial.onepixel")
    path = tmp_path / "killed" / "a.onepixel"
    path.parent.mkdir()
    words = command(tiles, model, path, seeds)
    for number in range(kills):
        before = runs(path) if path.exists() else 0
        process = started(words)
        if number % 2:  # every other time surely in the midst of the work
            wait_for_a_run(process, path, before)
            time.sleep(chance.uniform(0, 0.3))
        else:
            time.sleep(chance.uniform(0, 8))
        children = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        process.communicate()
        assert gone(children) < 2.0, "a worker outlives who gave the orders"
        if path.exists():
            assert sound(path)
            midway += before < runs(path) < len(serial[0])
    assert midway >= kills // 2, "killed too early or too late to try anything"
    subprocess.run(words, check=True, capture_output=True)
    assert sound(path)
    assert told(path) == serial
    assert not done_twice(path)
    assert [each.name for each in path.parent.iterdir()] == [path.name], "no tidy file"


@pytest.mark.slow
@pytest.mark.skipif("'slow' not in config.getoption('-m')", reason="minutes; ask with -m slow")
def test_the_demonstration_on_windows_is_the_same_on_one_worker_and_on_two(tmp_path):
    demo = Path(__file__).parents[2] / "resources" / "demo"
    plan = plan_over(demo, demo / "mitosis_demo.safetensors", limit=12, seeds=(0, 1))
    for workers in (1, 2):
        (ended,) = of(carried(tmp_path / f"{workers}.onepixel", plan, workers=workers),
                      CampaignEnded)  # fmt: skip
        assert ended.done == 24
    assert told(tmp_path / "1.onepixel") == told(tmp_path / "2.onepixel")
