"""The command about many tiles: one attack after another, kept in a study."""

import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, assert_never

import typer

from onepixel_gui.cli.app import DONE, app
from onepixel_gui.outbox import printable, write_whole
from onepixel_gui.terminal import DEMO_CHECKPOINT, Device, Json, Stopped, Subject, expect_room, look

if TYPE_CHECKING:
    from onepixel_gui.attack.attacks import Attack
    from onepixel_gui.study.campaign import (
        Advance,
        CampaignBegan,
        CampaignEnded,
        CampaignEvent,
        Estimate,
        Plan,
    )
    from onepixel_gui.study.store import Study
    from onepixel_gui.tiles.datasets import Dataset

Tell = Callable[["Advance"], None]


class Strategy(StrEnum):
    SEARCH = "search"
    GUIDED = "guided"
    SWEEP = "sweep"


_EVERY = 10.0  # seconds between two lines where there is no terminal
_CONTINUE = "What was done is kept; the same command continues it."


@app.command()
def campaign(
    data: Annotated[
        list[Path],
        typer.Argument(metavar="DATASET...", help="A data set: folders, a table or an archive."),
    ],
    study: Annotated[
        Path,
        typer.Option(metavar="NAME.onepixel", help="The study to keep it in; made if not there."),
    ],
    model: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="CHECKPOINT",
            help="A classifier, more than once for several. Without it, the demonstration's.",
        ),
    ] = None,
    attack: Annotated[
        list[Strategy] | None,
        typer.Option(help="More than once for several; without it, search."),
    ] = None,
    seed: Annotated[
        list[int] | None,
        typer.Option(min=0, help="More than once for several; each tile's own follows from it."),
    ] = None,
    where: Annotated[
        str, typer.Option(metavar="FILTER", help="As in the window: 'label = mitosis'.")
    ] = "",
    limit: Annotated[
        int | None, typer.Option(min=1, help="At most so many tiles, drawn by the first seed.")
    ] = None,
    subject: Subject = "",
    population: Annotated[int, typer.Option(min=3, help="Candidates per generation.")] = 400,
    generations: Annotated[int, typer.Option(min=1, help="Most generations.")] = 100,
    to_the_end: Annotated[
        bool, typer.Option("--to-the-end", help="Go on after the first flip.")
    ] = False,
    palette: Annotated[Literal["corners", "27"], typer.Option(help="Of a sweep.")] = "corners",
    no_aftermath: Annotated[
        bool,
        typer.Option(
            "--no-aftermath", help="Do not move the colour of a flip, nor follow it by layer."
        ),
    ] = False,
    size: Annotated[int, typer.Option(min=8, max=4096, help="Edge of tiles that are cut.")] = 64,
    mpp: Annotated[
        float | None, typer.Option(min=0.05, max=20, help="Their um per pixel; as stored without.")
    ] = None,
    normals: Annotated[int, typer.Option(min=0, max=1000, help="Normal tiles per mitosis.")] = 1,
    distance: Annotated[
        int, typer.Option(min=0, max=10_000, help="Least px from a normal tile to any mitosis.")
    ] = 60,
    sampling_seed: Annotated[
        int, typer.Option(min=0, help="The same seed gives the same normal tiles.")
    ] = 0,
    sampled: Annotated[
        bool, typer.Option("--sampled", help="Sample normal tiles though look-alikes are marked.")
    ] = False,
    locate: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where missing images are sought too.")
    ] = None,
    device: Device = "auto",
    workers: Annotated[
        int | None, typer.Option(min=1, max=1024, help="Processes; without it, what is quickest.")
    ] = None,
    scheduler: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Of a Dask cluster, tcp://HOST:8786.")
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say how long it takes, tried on 3 tiles.")
    ] = False,
    json: Json = None,
) -> None:
    """Attack every tile of a data set, and keep all in a study. The same command continues it."""
    from onepixel_gui.attack.attacks import Exhaustive
    from onepixel_gui.attack.probe import Guidance, Settings
    from onepixel_gui.study.campaign import Plan
    from onepixel_gui.tiles.datasets import Sampling

    kinds: dict[Strategy, Attack] = {
        Strategy.SEARCH: Settings(population, generations, to_the_end=to_the_end),
        Strategy.GUIDED: Guidance(to_the_end=to_the_end),
        Strategy.SWEEP: Exhaustive(palette),
    }
    wanted = dict.fromkeys(attack or [Strategy.SEARCH])
    sampling = Sampling((size, size), mpp, normals, distance, sampling_seed, not sampled)
    plan = Plan(
        paths=tuple(data),
        models=tuple(model or [DEMO_CHECKPOINT]),
        attacks=tuple(kinds[each] for each in wanted),
        seeds=tuple(dict.fromkeys(seed or [0])),
        where=where,
        limit=limit,
        sampling=sampling,
        subject=subject,
        device=device,
        aftermath=not no_aftermath,
    )
    expect_room(given=(*data, *plan.models, study), json=json)
    found = look(data, sampling, locate)
    told = _dry(plan, found, workers) if dry_run else _run(study, plan, found, workers, scheduler)
    if json is not None:
        from onepixel_gui.narration import as_json

        write_whole(json, as_json(told))
    raise typer.Exit(DONE)


# ------------------------------------------------------------------ running
def _run(
    path: Path, plan: "Plan", dataset: "Dataset", workers: int | None, scheduler: str
) -> dict[str, object]:
    from onepixel_gui.study.campaign import campaign
    from onepixel_gui.study.store import Study

    with closing(Study.open(path, make=True, doing="a campaign")) as study:
        work = campaign(study, plan, dataset, workers=workers, scheduler=scheduler)
        began, ended = _watched(work)
        rates = _rates(study, ended.number)
        print(*_lines(began, ended, rates), sep="\n")
        return {
            "study": printable(path.name),
            "campaign": ended.number,
            "runs": began.total,
            "done_before": began.done,
            "done": ended.done,
            "flipped": ended.flipped,
            "tiles_refused": ended.refused,
            "same_pixels": ended.again,
            "queries": ended.queries,
            "seconds": ended.seconds,
            "workers": began.workers,
            "rates": rates,
        }


def _watched(work: "Generator[CampaignEvent]") -> "tuple[CampaignBegan, CampaignEnded]":
    """Hear it to the end. Raises Stopped, Problem."""
    from onepixel_gui.study.campaign import (
        Advance,
        CampaignBegan,
        CampaignEnded,
        RunKept,
        TileRefused,
    )

    latest: Advance | None = None
    refused: Counter[str] = Counter()
    try:
        with closing(work), _progress() as (tell, say):
            for event in work:
                match event:
                    case CampaignBegan():
                        began = event
                        say(event.way)
                    case Advance():
                        latest = event
                        tell(event)
                    case TileRefused(name=name, problem=problem):
                        refused[problem.what] += 1
                        say(f"{printable(name)}: {problem.what}")
                    case CampaignEnded():
                        ended = event
                    case RunKept():
                        pass
                    case _:
                        assert_never(event)
    except KeyboardInterrupt:
        so_far = "" if latest is None else f" after {latest.done:,} of {latest.total:,} runs"
        raise Stopped(f"Stopped{so_far}. {_CONTINUE}") from None
    return began, ended


@contextmanager
def _progress() -> Iterator[tuple[Tell, Callable[[str], None]]]:
    """How to tell what goes on, and how to say a line: a bar on a terminal, else lines."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    console = Console(stderr=True)

    def say(line: str) -> None:
        console.print(line, markup=False, highlight=False, soft_wrap=True)

    if not console.is_terminal:
        last = time.monotonic()

        def tell_line(advance: "Advance") -> None:
            nonlocal last
            if time.monotonic() - last >= _EVERY:
                last = time.monotonic()
                say(f"{_doing(advance)}, {_left(advance)}")

        yield tell_line, say
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[left]}", markup=False),
    )
    with Progress(*columns, console=console, transient=True, redirect_stdout=False) as bar:
        task = bar.add_task("Beginning", total=None, left="")
        yield (
            lambda advance: bar.update(
                task,
                description=_doing(advance),
                completed=advance.done,
                total=advance.total or None,
                left=_left(advance),
            ),
            say,
        )


def _doing(advance: "Advance") -> str:
    if advance.doing != "Attacking":
        return advance.doing
    flips = f"{advance.flipped:,} flips"
    if advance.interval is not None:
        low, high = advance.interval
        flips += f" ({_percent(low)}-{_percent(high)} %)"
    return f"{advance.done:,} of {advance.total:,} runs, {flips}"


def _left(advance: "Advance") -> str:
    left = "" if advance.seconds_left is None else f", {_time(advance.seconds_left)} left"
    return f"{advance.rate:,.0f} queries/s{left}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"


# ------------------------------------------------------------------ what came of it
def _rates(study: "Study", number: int) -> list[dict[str, object]]:
    """Of each classifier and attack, how many of each answer flipped, with Wilson's interval."""
    from onepixel_gui.analysis.population.rates import wilson

    rows = study.rows(number)
    columns = zip(rows.classifiers, rows.attacks, rows.answers, rows.results, strict=True)
    counts: dict[tuple[str, str, str], Counter[str]] = {}
    for classifier, attack, answer, result in columns:
        if result in ("flipped", "held"):
            counts.setdefault((classifier, attack, answer), Counter())[result] += 1
    rates: list[dict[str, object]] = []
    for (classifier, attack, answer), count in sorted(counts.items()):
        flips, n = count["flipped"], count.total()
        interval = wilson(flips, n)
        assert interval is not None
        low, high = interval.low, interval.high
        said = {"classifier": classifier, "attack": attack, "answer": answer}
        rates.append({**said, "flipped": flips, "n": n, "low": low, "high": high})
    return rates


def _lines(
    began: "CampaignBegan", ended: "CampaignEnded", rates: list[dict[str, object]]
) -> list[str]:
    if began.done == began.total:
        lines = [f"All {began.total:,} runs of this campaign were done before."]
    else:
        lines = [f"{ended.done - began.done:,} runs done in {_time(ended.seconds)}."]
    for rate in rates:
        low, high = rate["low"], rate["high"]
        assert isinstance(low, float)
        assert isinstance(high, float)
        lines.append(
            printable(f"{rate['classifier']}, {rate['attack']}, from {rate['answer']}: ")
            + f"{rate['flipped']} of {rate['n']} flipped (95 % interval {_percent(low)}-"
            f"{_percent(high)} %)"
        )
    if ended.refused:
        lines.append(f"{ended.refused:,} tiles could not be used; the study says why.")
    if ended.again:
        lines.append(f"{ended.again:,} runs stand for tiles with the same pixels as another.")
    return lines


# ------------------------------------------------------------------ dry run
def _dry(plan: "Plan", dataset: "Dataset", workers: int | None) -> dict[str, object]:
    from onepixel_gui.study.campaign import estimated

    work = estimated(plan, dataset, workers)
    try:
        with closing(work), _progress() as (tell, _):
            while True:
                tell(next(work))
    except StopIteration as end:
        estimate: Estimate = end.value
    except KeyboardInterrupt:
        raise Stopped("Stopped before it was measured; nothing was begun.") from None
    print(
        f"{estimate.tiles:,} tiles, {estimate.runs:,} runs, at most {estimate.queries:,} queries: "
        f"about {_time(estimate.seconds)} on {estimate.workers} workers and "
        f"{estimate.bytes / 1e6:,.1f} MB (measured on {estimate.measured} tiles, "
        f"{estimate.refused} of which cannot be used)."
    )
    return {
        "tiles": estimate.tiles,
        "runs": estimate.runs,
        "most_queries": estimate.queries,
        "seconds": estimate.seconds,
        "bytes": estimate.bytes,
        "measured_tiles": estimate.measured,
        "refused_of_these": estimate.refused,
        "workers": estimate.workers,
    }
