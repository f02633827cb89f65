"""The command about many tiles: one attack after another, kept in a study."""

from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import ExitStack, closing
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, assert_never

import typer

from onepixel_gui.cli.app import DONE, app
from onepixel_gui.cli.progress import ended_tidily, progress, rough_time
from onepixel_gui.cli.studies import filled
from onepixel_gui.outbox import printable, write_whole
from onepixel_gui.terminal import (
    DEMO_CHECKPOINT,
    Device,
    Distance,
    Json,
    Locate,
    Normals,
    Resolution,
    Sampled,
    Size,
    Stopped,
    Subject,
    expect_room,
    look,
)

if TYPE_CHECKING:
    from onepixel_gui.attack.attacks import Attack
    from onepixel_gui.study.campaign import (
        CampaignBegan,
        CampaignEnded,
        CampaignEvent,
        Estimate,
        Plan,
    )
    from onepixel_gui.study.flips import Flips
    from onepixel_gui.tiles.datasets import Dataset


class Strategy(StrEnum):
    SEARCH = "search"
    GUIDED = "guided"
    SWEEP = "sweep"


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
    size: Size = 64,
    mpp: Resolution = None,
    normals: Normals = 1,
    distance: Distance = 60,
    sampling_seed: Annotated[
        int, typer.Option(min=0, help="The same seed gives the same normal tiles.")
    ] = 0,
    sampled: Sampled = False,
    locate: Locate = None,
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
    with ended_tidily():
        found = look(data, sampling, locate)
        if dry_run:
            told = _dry(study, plan, found, workers)
        else:
            told = _run(study, plan, found, workers, scheduler)
    if json is not None:
        from onepixel_gui.narration import as_json

        write_whole(json, as_json(told))
    raise typer.Exit(DONE)


# ------------------------------------------------------------------ running
def _run(
    path: Path, plan: "Plan", dataset: "Dataset", workers: int | None, scheduler: str
) -> dict[str, object]:
    from onepixel_gui.study.campaign import campaign
    from onepixel_gui.study.flips import flips

    with filled(path, "a campaign") as study:
        work = campaign(study, plan, dataset, workers=workers, scheduler=scheduler)
        began, ended = _watched(work)
        found = flips(study, ended.number)
        print(*_lines(began, ended, found), sep="\n")
        return {
            "study": printable(path.name),
            "campaign": ended.number,
            "runs": began.total,
            "done_before": began.done,
            "done": ended.done,
            # Runs of several classifiers or attacks make no number together: `rates` tells them.
            "flipped": None if _several(found) else ended.flipped,
            "tiles_refused": ended.refused,
            "same_pixels": ended.again,
            "queries": ended.queries,
            "seconds": ended.seconds,
            "workers": began.workers,
            "rates": _rates(found),
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
        with closing(work), progress() as (tell, say):
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
        so_far = ""
        if latest is not None and latest.total:
            so_far = f" after {latest.done:,} of {latest.total:,} runs"
        raise Stopped(f"Stopped{so_far}. {_CONTINUE}") from None
    return began, ended


# ------------------------------------------------------------------ what came of it
def _several(found: "Sequence[Flips]") -> bool:
    return len({(each.classifier, each.attack) for each in found}) > 1


def _rates(found: "Sequence[Flips]") -> list[dict[str, object]]:
    """JSON-ready. n counts tiles, each once."""
    return [
        {
            "classifier": each.classifier,
            "classifier_sha256": each.sha256,
            "attack": each.attack,
            "answer": each.answer,
            "flipped": each.rate.flipped,
            "n": each.rate.n,
            "of": "tiles",
            "most_seeds": each.seeds,
            "low": each.rate.wilson and each.rate.wilson.low,
            "high": each.rate.wilson and each.rate.wilson.high,
            "clustered_low": each.rate.clustered and each.rate.clustered.low,
            "clustered_high": each.rate.clustered and each.rate.clustered.high,
            "cases": each.rate.cases,
        }
        for each in found
    ]


def _lines(began: "CampaignBegan", ended: "CampaignEnded", found: "Sequence[Flips]") -> list[str]:
    from onepixel_gui.report.population import phrases
    from onepixel_gui.report.wording import counted

    if began.done == began.total:
        lines = [f"All {counted(began.total, 'run', 'runs')} of this campaign were done before."]
    else:
        done = counted(ended.done - began.done, "run", "runs")
        lines = [f"{done} done in {rough_time(ended.seconds)}."]
    for each in found:
        about = f"{each.classifier}, {each.attack}, from {each.answer}: "
        any_seed = f", by any of {each.seeds} seeds" if each.seeds > 1 else ""
        lines.append(f"{printable(about)}flipped {phrases.rate(each.rate)}{any_seed}")
    if ended.refused:
        tiles = counted(ended.refused, "tile", "tiles")
        lines.append(f"{tiles} could not be used; the study says why.")
    if ended.again:
        stand = "run stands" if ended.again == 1 else "runs stand"
        lines.append(f"{ended.again:,} {stand} for tiles with the same pixels as another.")
    return lines


# ------------------------------------------------------------------ dry run
def _dry(path: Path, plan: "Plan", dataset: "Dataset", workers: int | None) -> dict[str, object]:
    from onepixel_gui.report.wording import counted
    from onepixel_gui.study.campaign import estimated
    from onepixel_gui.study.store import Study

    try:
        with ExitStack() as open_, progress() as (tell, _):
            there = path.exists()  # a filter by result is about its runs
            study = open_.enter_context(closing(Study.open(path, reading=True))) if there else None
            work = open_.enter_context(closing(estimated(plan, dataset, workers, study)))
            while True:
                tell(next(work))
    except StopIteration as end:
        estimate: Estimate = end.value
    except KeyboardInterrupt:
        raise Stopped("Stopped before it was measured; nothing was begun.") from None
    print(
        f"{counted(estimate.tiles, 'tile', 'tiles')}, {counted(estimate.runs, 'run', 'runs')}, "
        f"at most {estimate.queries:,} queries: about {rough_time(estimate.seconds)} on "
        f"{counted(estimate.workers, 'worker', 'workers')} and {estimate.bytes / 1e6:,.1f} MB "
        f"(measured on {counted(estimate.measured, 'tile', 'tiles')}, "
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
