"""What this program gains over the strongest dense engines and over the other searches.

    python packaging/bootstrap.py bench [--quick] [--networks ibm,resnet50-64] [--json OUT.json]

Each measurement has a process of its own.  Everything is float32 on the CPU with the same number of
threads, on the same tile and network.  In each round every engine gets a short slice, so that a
machine that other programs slow down slows all alike; a ratio is the median over the rounds of the
ratios within a round.  Bare eager dense, which all are compared with, is the network as it was
loaded at its best batch size, with the allocator tuned.  With --threads 1 only processor seconds
count, which holds on a busy machine too.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, replace
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from tests.bench import tables
from tests.bench.rounds import Plan
from tests.bench.subjects import SEED, SUBJECTS

PARTS = ("speed", "search", "map", "memory")
SEARCHED = ("ibm", "resnet20")  # networks small enough to search many times
MAPPED = ("ibm",)
PACKAGES = (
    "torch",
    "numpy",
    "scipy",
    "onnx",
    "onnxruntime",
    "openvino",
    "torchattacks",
    "adversarial-robustness-toolbox",
)
QUICK = Plan(rounds=2, seconds=0.1, patience=0.0, seeds=1, budget=2_000, batches=(8, 32))

Result = dict[str, Any]


def in_its_own_process(work: Callable[[Plan], Result], plan: Plan) -> Result:
    """Nothing of another measurement's memory, threads or caches.

    The environment is inherited: with what onepixel_gui.classifier, which `subjects` has imported,
    tells OpenMP before any torch of ours is loaded.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_prepared, work, plan).result()


def _prepared(work: Callable[[Plan], Result], plan: Plan) -> Result:
    import torch

    from onepixel_gui.classifier import devices

    devices.prepare()
    if plan.threads:
        torch.set_num_threads(plan.threads)
    return work(plan)


def _speed(name: str, plan: Plan) -> Result:
    from tests.bench.speed import speed

    return speed(name, plan)


def _memory(name: str, path: str, plan: Plan) -> Result:  # noqa: ARG001 -- as the rest
    from tests.bench.memory import memory

    return memory(name, path)


def _search(name: str, plan: Plan) -> Result:
    from tests.bench.searches import searches

    return searches(name, plan)


def _map(name: str, plan: Plan) -> Result:
    from tests.bench.searches import whole_map

    return whole_map(name, plan)


def _tiles(name: str, count: int, plan: Plan) -> Result:
    from tests.bench.searches import many_tiles

    return many_tiles(name, count, plan)


def _machine(plan: Plan) -> Result:  # noqa: ARG001 -- as the rest
    from tests.bench.throughput import machine

    return machine("cpu")


def jobs(
    networks: list[str], parts: list[str], count: int
) -> Iterator[tuple[list[str], Callable[[Plan], Result]]]:
    """(where the result goes, what to measure), in the order of measuring."""
    for name in networks:
        if "speed" in parts:
            yield ["speed", name], partial(_speed, name)
        if "memory" in parts:
            for path in ("our dense", "our incremental"):
                yield ["memory", name, path], partial(_memory, name, path)
        if "search" in parts and name in SEARCHED:
            yield ["search", name], partial(_search, name)
        if "map" in parts and name in MAPPED:
            yield ["map", name], partial(_map, name)
        if count and name in MAPPED:
            yield ["tiles", name], partial(_tiles, name, count)


def measure(networks: list[str], parts: list[str], count: int, plan: Plan) -> Iterator[Result]:
    """The same result again and again, with one more measurement in it each time."""
    result: Result = {
        "machine": in_its_own_process(_machine, plan),
        "versions": versions(),
        "plan": asdict(plan) | {"seed": SEED, "precision": "float32"},
        **{part: {} for part in (*PARTS, "tiles")},
    }
    for place, work in jobs(networks, parts, count):
        print(f"measuring {', '.join(place)}", file=sys.stderr, flush=True)
        into = result
        for step in place[:-1]:
            into = into.setdefault(step, {})
        into[place[-1]] = in_its_own_process(work, plan)
        yield result


def versions() -> dict[str, str]:
    """Of each engine and library; "not installed" where it is not."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def asked(words: list[str] | None) -> argparse.Namespace:
    about = argparse.ArgumentParser(
        prog="bootstrap.py bench", description=(__doc__ or "").splitlines()[0]
    )
    known = ",".join(SUBJECTS)
    about.add_argument("--networks", default="", help=f"some of {known}; all but small if left out")
    about.add_argument("--parts", default=",".join(PARTS), help=f"some of {','.join(PARTS)}")
    about.add_argument("--rounds", type=int, default=0, help="slices of each engine")
    about.add_argument("--threads", type=int, default=0, help="of every engine")
    about.add_argument("--tiles", type=int, default=0, help="real tiles to search guided, too")
    about.add_argument("--quick", action="store_true", help="a minute: small networks, few rounds")
    about.add_argument("--json", type=Path, help="where to write every figure")
    about.add_argument("--load", type=Path, help="show an earlier --json instead of measuring")
    about.add_argument("--readme", action="store_true", help="print the README's table only")
    told = about.parse_args(words)
    usual = ["ibm", "resnet20"] if told.quick else [name for name in SUBJECTS if name != "small"]
    told.networks = told.networks.split(",") if told.networks else usual
    told.parts = told.parts.split(",")
    for given, allowed in ((told.networks, SUBJECTS), (told.parts, PARTS)):
        for name in given:
            if name not in allowed:
                about.error(f"{name} is none of {', '.join(allowed)}")
    return told


def main(words: list[str] | None = None) -> None:
    told = asked(words)
    result = json.loads(told.load.read_text(encoding="utf-8")) if told.load else _measured(told)
    print(tables.ratios(result) if told.readme else tables.every(result))


def _measured(told: argparse.Namespace) -> Result:
    """Writes the file after each measurement: a long run that is stopped has told what it had."""
    plan = replace(QUICK if told.quick else Plan(), threads=told.threads)
    plan = replace(plan, rounds=told.rounds or plan.rounds)
    result: Result = {}
    for result in measure(told.networks, told.parts, told.tiles, plan):
        if told.json is not None:
            told.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return result


if __name__ == "__main__":
    main()
