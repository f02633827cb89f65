"""What of the cores a campaign makes queries of, beside bare loops that do nothing else.

    python -m tests.bench.bench_campaign [--rounds 5] [--workers 2] [--seconds 12]

Bare: as many processes as workers, each searching one tile after the other in memory; this is what
the cores allow.  Campaign: the same searches with reading, sending, storing and counting.  Both in
turn, so that other programs disturb both; `cpu` is processor time per query, which they disturb
less.  Company: one process that searches several tiles side by side, in full batches.
"""

import argparse
import json
import os
import tempfile
import time
from contextlib import closing
from multiprocessing import get_context
from pathlib import Path
from statistics import median

import psutil

from onepixel_gui.attack.attacks import carried_out
from onepixel_gui.attack.lockstep import SideBySide
from onepixel_gui.attack.probe import Ended, Settings
from onepixel_gui.classifier.devices import keep_to
from onepixel_gui.classifier.manner import as_values, of_values
from onepixel_gui.classifier.opening import inspect
from onepixel_gui.study.campaign import CampaignEnded, Plan, RunKept, campaign
from onepixel_gui.study.store import Study
from onepixel_gui.tiles import files
from onepixel_gui.tiles.datasets.looking import recognise

DEMO = Path(__file__).parents[2] / "resources" / "demo"
MODEL = DEMO / "mitosis_demo.safetensors"
ATTACK = Settings(population=400, generations=5, to_the_end=True)
_ASIDE = 5  # steps of priority, as the workers of a campaign
_COMPANY = 8  # tiles side by side


def _classifier(values):
    from onepixel_gui.classifier.classifier import Classifier

    keep_to(1)
    manner = None if values is None else of_values(values)
    return Classifier.of(inspect(MODEL), "cpu", manner=manner)


def _tiles():
    folders = ("mitosis", "normal")
    return [files.read(path) for each in folders for path in sorted((DEMO / each).glob("*.png"))]


def bare(values, seconds, begin, answers, company):
    """One process: searches until its seconds are over."""
    os.nice(_ASIDE)
    classifier, tiles, queries, turn = _classifier(values), _tiles(), 0, 0
    *_, _warm = carried_out(classifier.probe(tiles[0]), Settings(64, 2))
    begin.wait()
    started, worked = time.perf_counter(), time.process_time()
    while time.perf_counter() - started < seconds:
        if company:
            some = [tiles[(turn + each) % len(tiles)] for each in range(_COMPANY)]
            searches = SideBySide(classifier.chorus)
            for number, tile in enumerate(some):
                searches.begin(number, classifier.probe(tile), ATTACK)
            while len(searches):
                told = searches.go_on()
                queries += sum(event.queries for _, event in told if isinstance(event, Ended))
            turn += _COMPANY
        else:
            *_, ended = carried_out(classifier.probe(tiles[turn % len(tiles)]), ATTACK)
            queries, turn = queries + ended.queries, turn + 1
    answers.put((queries / (time.perf_counter() - started), queries, time.process_time() - worked))


def bare_loops(values, count, seconds, company=False):
    """(queries per second of all, processor seconds per query)."""
    context = get_context("spawn")
    begin, answers = context.Barrier(count), context.Queue()
    loops = [
        context.Process(target=bare, args=(values, seconds, begin, answers, company))
        for _ in range(count)
    ]
    for each in loops:
        each.start()
    told = [answers.get() for _ in loops]
    for each in loops:
        each.join()
    return sum(rate for rate, *_ in told), sum(c for *_, c in told) / sum(q for _, q, _ in told)


def of_campaign(folder, number, workers, tiles):
    """The same of a campaign, from its first run to its last."""
    plan = Plan((DEMO,), (MODEL,), (ATTACK,), (number,), limit=tiles, aftermath=False)
    queries, begun, worked = 0, 0.0, 0.0
    with closing(Study.open(folder / f"{number}.onepixel", make=True)) as study:
        for event in campaign(study, plan, recognise([DEMO]), workers=workers):
            if isinstance(event, RunKept) and not begun:
                begun, worked = time.perf_counter(), _worked()
            elif isinstance(event, RunKept):
                queries += event.queries
                ended, spent = time.perf_counter(), _worked()
    assert isinstance(event, CampaignEnded)
    return queries / (ended - begun), (spent - worked) / queries


def _worked():
    """Processor seconds of this process and those that it started and that live."""
    everybody = [psutil.Process(), *psutil.Process().children(recursive=True)]
    return sum(sum(each.cpu_times()[:2]) for each in everybody)


def main():
    words = argparse.ArgumentParser()
    words.add_argument("--rounds", type=int, default=5)
    words.add_argument("--workers", type=int, default=2)
    words.add_argument("--seconds", type=float, default=12.0)
    words.add_argument("--tiles", type=int, default=40)
    asked = words.parse_args()
    values = json.loads(json.dumps(as_values(_classifier(None).manner)))
    rounds = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(asked.rounds):
            allowed = bare_loops(values, asked.workers, asked.seconds)
            got = of_campaign(Path(folder), number, asked.workers, asked.tiles)
            together = bare_loops(values, 1, asked.seconds, company=True)
            alone = bare_loops(values, 1, asked.seconds)
            rounds.append(
                {
                    "bare": round(allowed[0]),
                    "campaign": round(got[0]),
                    "share": round(got[0] / allowed[0], 3),
                    "bare cpu us": round(1e6 * allowed[1]),
                    "campaign cpu us": round(1e6 * got[1]),
                    "share by cpu": round(allowed[1] / got[1], 3),
                    "alone": round(alone[0]),
                    "company": round(together[0]),
                    "company by cpu": round(alone[1] / together[1], 3),
                }
            )
            print(json.dumps(rounds[-1]), flush=True)
    print(json.dumps({key: median(each[key] for each in rounds) for key in rounds[0]}))


if __name__ == "__main__":
    main()
