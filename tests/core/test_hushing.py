"""Warnings of foreign libraries are kept from readers, and filters of other threads are kept."""

import hashlib
import io
import pickletools
import threading
import warnings
from pathlib import Path

import pytest
import torch

from onepixel_gui.classifier.formats.contents import Source
from onepixel_gui.classifier.formats.programs import torchscript
from onepixel_gui.classifier.formats.weights import pickles
from onepixel_gui.hushing import hush
from onepixel_gui.report.sheet import drawing
from tests.core.networks import Corner, save_script

ODD = b"S'\\q'\n."  # text with an escape that Python does not know


class SetMeanwhile(UserWarning):
    """What another thread has a filter for."""


def set_by_another_thread():
    """A filter that is set while others work. Whoever puts old filters back takes it away."""
    thread = threading.Thread(target=warnings.simplefilter, args=("always", SetMeanwhile))
    thread.start()
    thread.join()


def stands():
    return any(each[2] is SetMeanwhile for each in warnings.filters)


def hushed(category=UserWarning, words="quiet", where="somebody.else"):
    warnings.warn_explicit(words, category, "file.py", 1, module=where)


@pytest.fixture
def strict():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.mark.usefixtures("strict")
def test_only_what_begins_like_module_and_message_is_hushed():
    hush(UserWarning, module=r"somebody\b", message="quiet")
    hushed()
    hushed(words="Quiet, please")
    for other in (
        {"words": "loud"},
        {"where": "nobody.else"},
        {"where": "somebodyelse"},
        {"category": DeprecationWarning},
    ):
        with pytest.raises(Warning):
            hushed(**other)


@pytest.mark.usefixtures("strict")
def test_a_filter_is_set_once_and_again_where_another_went_before_it():
    hush(module="somebody")
    hush(module="anybody")
    before = list(warnings.filters)
    hush(module="somebody")
    hush(module="anybody")
    assert list(warnings.filters) == before
    warnings.simplefilter("error", UserWarning)
    hush(module="somebody")
    hushed()


@pytest.mark.usefixtures("strict")
def test_reading_a_pickle_keeps_what_another_thread_sets_meanwhile(monkeypatch):
    def read(head):
        set_by_another_thread()
        return pickletools.genops(head)

    monkeypatch.setattr(pickles, "genops", read)
    assert pickles.outline(io.BytesIO(ODD)).value == "\\q"
    assert stands()


@pytest.mark.usefixtures("strict")
def test_reading_a_program_keeps_what_another_thread_sets_meanwhile(tmp_path, monkeypatch):
    told = {"input": [8, 8], "classes": ["normal", "mitosis"], "outputs": "logits"}
    path = Path(save_script(Corner(), tmp_path / "corner.pt", told))
    really = torch.jit.load

    def read(*args, **words):
        set_by_another_thread()
        return really(*args, **words)

    monkeypatch.setattr(torch.jit, "load", read)
    data = path.read_bytes()
    source = Source(path, data, hashlib.sha256(data).hexdigest())
    torchscript.network(source, torchscript.peek(io.BytesIO(data), path.name))
    assert stands()


@pytest.mark.usefixtures("strict")
def test_drawing_keeps_what_another_thread_sets_meanwhile():
    with drawing():
        set_by_another_thread()
        hushed(words="Glyph 4 missing")
    assert stands()
