"""In which manner each classifier is asked: settled once, kept with the study, the same for all.

It is kept beside the program too, so that the same campaign in another study of this machine finds
the same to the last bit.
"""

import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

from onepixel_gui.classifier.manner import of_values
from onepixel_gui.outbox import write_whole
from onepixel_gui.problems import NotWritten
from onepixel_gui.study.orders import Model
from onepixel_gui.study.store import Study

Values = Mapping[str, Any]


def manner_in(study: Study | None, model: Model) -> Values | None:
    """What was settled before in this study."""
    return None if study is None else _sound(study.kept(_key(model)))


def manner_here(model: Model, software: Mapping[str, str]) -> Values | None:
    """What was settled before on this machine, with the same software."""
    try:
        return _sound(json.loads(_file(model, software).read_text("utf-8")))
    except (OSError, ValueError):  # none yet, or damaged: it is measured anew
        return None


def keep_manner(
    study: Study | None, model: Model, software: Mapping[str, str], manner: Values
) -> None:
    if study is not None:
        study.keep(_key(model), dict(manner))
    path = _file(model, software)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, json.dumps(dict(manner)).encode())
    except (OSError, NotWritten):
        pass  # the study has it; another one will measure again


def _sound(manner: object) -> Values | None:
    """The same, if this version knows what it means."""
    if not isinstance(manner, dict):
        return None
    try:
        of_values(manner)
    except ValueError:
        return None
    return manner


def _key(model: Model) -> str:
    return f"manner {_digest(model)}"


def _digest(model: Model, *more: str) -> str:
    """Of the checkpoint, how it is asked, and the kind of device."""
    card = asdict(model.card)
    del card["sources"], card["doubts"], card["name"]
    words = json.dumps([card, model.device.split(":")[0], *more], sort_keys=True)
    return hashlib.sha256(words.encode()).hexdigest()


def _file(model: Model, software: Mapping[str, str]) -> Path:
    machine = f"{platform.node()} {platform.machine()} {platform.processor()}"
    digest = _digest(model, machine, json.dumps(dict(software), sort_keys=True))
    return user_cache_path("onepixel_gui", appauthor=False) / "manners" / f"{digest}.json"
