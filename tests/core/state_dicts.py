"""State dicts as torch saves them, and zips that are made by hand."""

import io
import zipfile
from pathlib import Path

import pytest
import torch

from onepixel_gui.classifier.formats.contents import Source
from onepixel_gui.classifier.formats.weights import state_dict
from onepixel_gui.problems import UnusableCheckpoint
from tests.core.networks import Tiny

# What the door turns into a problem.
HARMLESS = (UnusableCheckpoint, OSError, LookupError, ValueError, TypeError, AttributeError)
HARMLESS += (RuntimeError, MemoryError, RecursionError, OverflowError)


FORMS = pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])


def saved(value, zipped=True, **options):
    stream = io.BytesIO()
    torch.save(value, stream, _use_new_zipfile_serialization=zipped, **options)
    return stream.getvalue()


def peek(data):
    return state_dict.peek(io.BytesIO(data), "net.pth")


def load(data, contents=None):
    source = Source(Path("net.pth"), data, "0" * 64)
    return state_dict.weights(source, contents or peek(data))


def refused(data):
    with pytest.raises(UnusableCheckpoint) as caught:
        peek(data)
    problem = caught.value
    assert "net.pth" in problem.what
    assert problem.remedy[0].isupper()
    assert problem.remedy.endswith(".")
    return problem


STATE = {key: value for key, value in Tiny(2).state_dict().items() if "tracked" not in key}


def prefixed(prefix, state=None):
    return {prefix + key: value for key, value in (state or STATE).items()}


def edited(data, change):
    """The zip with each entry's content as `change(name, content)` says; None leaves it out."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w") as new:
        for name in old.namelist():
            content = change(name, old.read(name))
            if content is not None:
                new.writestr(name, content)
    return stream.getvalue()


def with_pickle(data, payload):
    return edited(data, lambda name, was: payload if name.endswith("data.pkl") else was)
