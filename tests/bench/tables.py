"""What the benches found, as Markdown."""

from collections.abc import Sequence
from typing import Any

Row = Sequence[str]

SPELLED = {
    "eager": "eager",
    "channels-last": "channels-last, folded batch norm",
    "onnxruntime": "ONNX Runtime",
    "openvino": "OpenVINO",
    "openvino-streams": "OpenVINO, a stream per thread",
}


def table(head: Row, rows: Sequence[Row]) -> str:
    """A Markdown table; the first column is text, the others are numbers."""
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, rule, *rows))


def number(value: float) -> str:
    """Three digits, without a power of ten."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def times(found: dict[str, Any] | None) -> str:
    if found is None:
        return ""
    return f"{found['median']:,.0f} x" if found["median"] >= 100 else f"{found['median']:.2f} x"


def middle(found: dict[str, Any] | None, unit: str = "") -> str:
    """The median and, behind it, the spread."""
    if found is None:
        return ""
    low, high = number(found["lowest"]), number(found["highest"])
    return f"{number(found['median'])}{unit} ({low}-{high})"


def every(result: dict[str, Any]) -> str:
    """All tables of a run."""
    parts = [
        ("Evaluations per second (lowest-highest round)", rates(result)),
        ("The same as ratios to bare eager dense", ratios(result)),
        ("Doubt", disturbed(result)),
        ("Black-box searches, to the first flip", flips(result)),
        ("Black-box searches, to the exhaustive optimum", optima(result)),
        ("White-box searches (gradients of the network order the candidates)", white(result)),
        ("A whole exact map, as shares of a bare eager dense sweep", maps(result)),
        ("Peak memory that a probe adds", memories(result)),
        ("Many real tiles, guided", tiles(result)),
    ]
    return "\n\n".join(f"{title}\n\n{text}" for title, text in parts if text)


def _engines(result: dict[str, Any]) -> list[str]:
    """In the order of measuring, each of any network once."""
    found = [name for one in result["speed"].values() for name in one["per_second"]]
    return list(dict.fromkeys(found))


def disturbed(result: dict[str, Any]) -> str:
    """Where other programs were busy all along; empty when every slice was quiet."""
    told = [
        f"{one['title']}: {one['disturbed_slices']} of {_slices(one)}"
        for one in result["speed"].values()
        if one["disturbed_slices"]
    ]
    return f"Slices in which other programs were busy: {'; '.join(told)}." if told else ""


def _slices(one: dict[str, Any]) -> int:
    return sum(len(found["all"]) for found in one["per_second"].values())


def rates(result: dict[str, Any]) -> str:
    names = _engines(result)
    rows = [
        [one["title"], *(middle(one["per_second"].get(name)) for name in names)]
        for one in result["speed"].values()
    ]
    return (
        table(["network, tile", *(SPELLED.get(name, name) for name in names)], rows) if rows else ""
    )


def ratios(result: dict[str, Any]) -> str:
    """What the README shows."""
    names = _engines(result)[1:]
    head = ["network, tile", *(SPELLED.get(name, name) for name in names)]
    more = ["bound by arithmetic", "our dense over channels-last", "incremental over best dense"]
    rows = []
    for one in result["speed"].values():
        bound = one["arithmetic"].get("bound")
        last = [one["dense_over_channels_last"], one["over_best_dense"]["our incremental"]]
        cells = [times(one["over_eager"].get(name)) for name in names]
        rows.append([one["title"], *cells, f"{bound:.2f} x" if bound else "", *map(times, last)])
    return table([*head, *more], rows) if rows else ""


def flips(result: dict[str, Any]) -> str:
    head = ["network, search", "flipped", "seconds", "evaluations", "evaluations/s", "over eager"]
    rows = []
    for one in result["search"].values():
        for name, found in one["black_box"].items():
            told = [middle(found[what]) for what in ("seconds", "evaluations", "per_second")]
            share = f"{found['flipped']} of {found['of']}"
            rows.append([f"{one['title']}: {name}", share, *told, times(found["over_eager"])])
    return table(head, rows) if rows else ""


def optima(result: dict[str, Any]) -> str:
    rows = []
    for one in result["search"].values():
        for name in one["black_box"]:
            found = one["black_box_to_the_optimum"].get(name)
            told = ["stops at its first flip", "", ""]
            if found:
                share = f"{sum(found['reached'])} of {len(found['reached'])}"
                told = [share, middle(found["seconds"]), middle(found["evaluations"])]
            rows.append([f"{one['title']}: {name}", *told])
    return table(["network, search", "reached", "seconds", "evaluations"], rows) if rows else ""


def white(result: dict[str, Any]) -> str:
    head = ["network, search", "flipped", "seconds", "evaluations", "previews"]
    head += ["optimum reached", "seconds", "evaluations"]
    rows = []
    for one in result["search"].values():
        found = one["white_box"]
        if found:
            first = [str(found["flipped"]), middle(found["seconds"]), number(found["evaluations"])]
            end = [str(found["optimum_reached"]), middle(found["optimum_seconds"])]
            end.append(number(found["optimum_evaluations"]))
            rows.append([f"{one['title']}: guided", *first, number(found["previews"]), *end])
    return table(head, rows) if rows else ""


def maps(result: dict[str, Any]) -> str:
    rows = []
    for tiles_of in result["map"].values():
        for name, found in tiles_of.items():
            cells = []
            for what in ("map", "preview", "guided"):
                share, took = found["share_of_dense"].get(what), found["seconds"].get(what)
                cells.append(
                    f"1/{1 / share['median']:.1f} ({took['median']:.2f} s)" if share else ""
                )
            dense = f"{found['seconds']['dense']['median']:.1f} s"
            rows.append([f"{name}, {found['candidates']:,}", dense, *cells])
    head = ["tile, candidates", "eager dense", "exact map", "preview", "guided, to the optimum"]
    return table(head, rows) if rows else ""


def memories(result: dict[str, Any]) -> str:
    rows = []
    for name, paths in result["memory"].items():
        dense, ours = (paths.get(path, {}) for path in ("our dense", "our incremental"))
        if not dense or not ours:
            continue
        before, after = dense["MiB"]["batch"], ours["MiB"]["batch"]
        cells = [f"{dense['candidates']['batch']}", f"{before:.0f} MiB", f"{after:.0f} MiB"]
        rows.append([name, *cells, f"{after / before:.2f} x" if before else ""])
    return table(["network", "candidates", "dense", "incremental", "ratio"], rows) if rows else ""


def tiles(result: dict[str, Any]) -> str:
    rows = [
        [name, f"{found['found']} of {found['tiles']}", str(found["shortfall_in_logit"] or "none")]
        for name, found in result["tiles"].items()
    ]
    return table(["network", "optimum found", "shortfall in logit"], rows) if rows else ""
