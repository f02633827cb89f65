"""ONNX files, run by onnxruntime: black boxes."""

import json
import signal
import subprocess
import sys
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from onepixel_gui.classifier.formats.contents import Contents, Source
from onepixel_gui.classifier.formats.onnx import trial as onnx_trial
from onepixel_gui.classifier.formats.onnx.graph import Facts, Recipe, beside, facts_of
from onepixel_gui.classifier.formats.wire import LENGTH, VARINT, Message, looks_like, shown, whole
from onepixel_gui.problems import UnusableCheckpoint

if TYPE_CHECKING:
    from torch import nn

_PATIENCE = 3.0  # seconds of one processor for the first tile of a small file
_PER_BYTE = 1 / 50e6  # seconds more
_BUSY = 5.0  # times as long on the clock, since other programs run as well
_NO_CLOCK = 1.5  # the same where a process cannot be told how long it may compute
_NEWEST = 64  # of the format's versions; 2026 has 13

_MODEL = dict.fromkeys((2, 3, 4, 6, 7, 8, 14, 20, 25, 26), LENGTH) | {1: VARINT, 5: VARINT}


def recognises(head: bytes) -> bool:
    """head: the first bytes of a file, some hundred of them."""
    versioned = len(head) > 2 and head[0] == 8 and 0 < head[1] <= _NEWEST
    return versioned and looks_like(head, _MODEL, first=(1,))


def peek(file: BinaryIO, name: str) -> Contents:
    """Input, output and size, without running anything and without onnxruntime.

    Raises UnusableCheckpoint for what is hostile or no tile classifier, ValueError for damage.
    """
    facts = facts_of(Message(whole(file)), name)
    recipe = facts.recipe
    path = getattr(file, "name", None)
    beside(recipe.outside, Path(path).parent if isinstance(path, str) else None, name)
    told: dict[str, Any] = {"input_size": recipe.size} if recipe.size else {}
    told |= {"count": facts.count} if facts.count else {}
    told |= {"outputs": facts.outputs} if facts.outputs else {}
    return Contents(
        format="ONNX",
        stored=facts.stored,
        architecture="ONNX",
        told=told,
        sources={"outputs": "its last operation"},
        notes=tuple(_notes(facts)),
        white_box=False,
        recipe=recipe,
    )


def network(source: Source, contents: Contents) -> "nn.Module":
    """(N, 3, H, W) -> (N, C) by onnxruntime, tried in a process of its own before.

    Raises UnusableCheckpoint where onnxruntime is missing or refuses, and where one tile takes
    too much time or memory.
    """
    if find_spec("onnxruntime") is None:
        raise UnusableCheckpoint(
            f"{source.name} needs onnxruntime, which is not installed.",
            "Install it with: pip install onnxruntime.",
            detail="It is part of the extra onepixel-gui[onnx].",
        )
    recipe = contents.recipe
    assert isinstance(recipe, Recipe)
    folder = source.path.parent.resolve()
    beside(recipe.outside, folder, source.name)
    found = _tried(source, recipe, folder)

    from onepixel_gui.classifier.formats.onnx.network import OnnxNetwork

    return OnnxNetwork(
        source.name,
        source.data,
        str(folder),
        recipe,
        count=found["shape"][1],
        together=found["together"],
    )


def _notes(facts: Facts) -> list[str]:
    recipe, notes = facts.recipe, []
    if facts.producer:
        notes.append(f"Exported by {shown(facts.producer, 60)}.")
    if recipe.last:
        notes.append("It takes channels last; tiles are turned for it.")
    if recipe.size is None:
        notes.append("The file leaves the input size open.")
    if facts.others:
        notes.append(f"Of its {len(facts.others) + 1} outputs {shown(recipe.output, 60)} is used.")
    for place in sorted({one.location for one in recipe.outside}):
        notes.append(f"Its weights lie in {shown(place, 80)}, which its sha256 does not cover.")
    return notes


# ------------------------------------------------------------------ the first tile
def _tried(source: Source, recipe: Recipe, folder: Path) -> dict[str, Any]:
    """What `onnx_trial.trial` found. Raises UnusableCheckpoint."""
    outside = sum(one.length for one in recipe.outside)
    limit = _PATIENCE + (len(source.data) + outside) * _PER_BYTE
    told = {**asdict(recipe), "outside": outside, "folder": str(folder), "seconds": limit}
    if getattr(sys, "frozen", False):  # an installed program has no interpreter to lend
        return _tried_here(source, told)
    try:
        done = subprocess.run(
            [sys.executable, "-P", onnx_trial.__file__, json.dumps(told)],
            input=source.data,
            capture_output=True,
            timeout=limit * (_NO_CLOCK if sys.platform == "win32" else _BUSY),
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        raise _late(source.name, limit) from late
    if done.returncode == -getattr(signal, "SIGXCPU", 0) != 0:
        raise _late(source.name, limit)
    if done.returncode:
        raise UnusableCheckpoint(
            f"{source.name} makes onnxruntime crash; it was stopped in a process of its own.",
            "Export the network again, with other settings or as TorchScript.",
            detail=f"exit code {done.returncode}\n{done.stderr[-2000:].decode(errors='replace')}",
        )
    return _sound(source.name, json.loads(done.stdout.splitlines()[-1]))


def _late(name: str, limit: float) -> UnusableCheckpoint:
    return UnusableCheckpoint(
        f"{name} takes longer than {limit:.0f} seconds for its first tile.",
        "Choose a smaller network.",
    )


def _tried_here(source: Source, told: dict[str, Any]) -> dict[str, Any]:
    try:
        opened = onnx_trial.session(
            source.data, told["folder"], threads=1, providers=("CPUExecutionProvider",)
        )
        found = onnx_trial.trial(opened, told)
    except onnx_trial.failures() as failed:
        found = {"failed": f"{type(failed).__name__}: {failed}"[:4000]}
    return _sound(source.name, found)


def _sound(name: str, found: dict[str, Any]) -> dict[str, Any]:
    failed = str(found.get("failed", ""))
    if "memory" in failed or "alloc" in failed:
        raise UnusableCheckpoint(
            f"{name} needs more memory for one tile than it may have.",
            "Choose a smaller network, or export it with a smaller input.",
            detail=failed,
        )
    if failed:
        raise UnusableCheckpoint(
            f"{name} is not accepted by onnxruntime.",
            "Export the network again, or update onnxruntime.",
            detail=failed,
        )
    if len(found["shape"]) < 2 or not found["shape"][1]:
        raise UnusableCheckpoint(
            f"{name} does not return one row of numbers per tile.",
            "Choose the export of a classifier.",
            detail=f"{found['size']} -> {found['shape']}",
        )
    return found
