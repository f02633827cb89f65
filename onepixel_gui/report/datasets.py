"""What was found in a folder, in words and as plain values."""

from onepixel_gui.outbox import printable
from onepixel_gui.report.cards import Fact
from onepixel_gui.tiles.datasets import Dataset, Sampling

_MOST_CLASSES = 40
_UNLABELLED = "without a label"


def facts(dataset: Dataset) -> tuple[Fact, ...]:
    """Line by line what a data set holds, most important first."""
    there = sum(each.present for each in dataset.fields)
    found = [Fact("Tiles", f"{len(dataset.entries):,}")]
    found += [
        Fact(f"  {printable(label) or _UNLABELLED}", f"{count:,}")
        for label, count in list(dataset.counts.items())[:_MOST_CLASSES]
    ]
    if len(dataset.counts) > _MOST_CLASSES:
        found.append(Fact("  others", f"{len(dataset.counts) - _MOST_CLASSES:,} more classes"))
    if dataset.fields:
        images = f"{there:,}"
        if there < len(dataset.fields):
            images += f" of {len(dataset.fields):,}"
        found.append(Fact("Images", images))
    found += [
        Fact(f"  marked {label or 'places'}", f"{count:,}")
        for label, count in dataset.marked.items()
    ]
    if dataset.cases:
        found.append(Fact("Cases", f"{len(dataset.cases):,}"))
    if dataset.sampling is not None and len(dataset.entries):
        found.append(Fact("Cut", cut(dataset.sampling)))
    return (*found, *(Fact("Missing", each) for each in dataset.missing))


def cut(sampling: Sampling) -> str:
    """How tiles are cut: "64 x 64 px, as stored"."""
    height, width = sampling.shape
    at = "as stored" if sampling.mpp is None else f"resampled to {sampling.mpp:g} µm per pixel"
    return f"{height} x {width} px, {at}"


def as_values(dataset: Dataset) -> dict[str, object]:
    """For JSON. The keys are a promise to scripts; more may be added, none renamed."""
    sampling = dataset.sampling
    return {
        "kind": dataset.kind,
        "title": dataset.title,
        "name": printable(dataset.root.name),
        "tiles": len(dataset.entries),
        "labels": {printable(label): count for label, count in dataset.counts.items()},
        "images": len(dataset.fields),
        "images_present": sum(each.present for each in dataset.fields),
        "marked": dict(dataset.marked),
        "cases": list(dataset.cases),
        "missing": list(dataset.missing),
        "notes": list(dataset.notes),
        "sampling": None
        if sampling is None
        else {
            "shape": list(sampling.shape),
            "mpp": sampling.mpp,
            "normals": sampling.normals,
            "distance": sampling.distance,
            "seed": sampling.seed,
            "look_alikes": sampling.look_alikes,
        },
    }
