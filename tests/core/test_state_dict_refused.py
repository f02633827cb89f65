"""What is no state dict of a classifier is refused with words and a remedy."""

import io
import pickle
import time
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch

from onepixel_gui.classifier.formats.weights import state_dict
from onepixel_gui.problems import UnusableCheckpoint
from tests.core.networks import Tiny
from tests.core.state_dicts import (
    FORMS,
    HARMLESS,
    STATE,
    edited,
    load,
    peek,
    prefixed,
    refused,
    saved,
    with_pickle,
)


# ------------------------------------------------------------------ refused
class Trap:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def payloads(sprung):
    trap = Trap(sprung)
    return {
        "bare": pickle.dumps(trap, 2),
        "new protocol": pickle.dumps({"state_dict": trap}, 5),
        "nested in a zip": saved({"state_dict": STATE, "extra": trap}),
        "nested in a row": saved({"state_dict": STATE, "extra": trap}, zipped=False),
        "the pickle of a zip": with_pickle(saved(STATE), pickle.dumps(trap, 2)),
        "behind the magic": saved(STATE, zipped=False)[:15] + pickle.dumps(trap, 2),
        "a weight": saved(STATE | {"conv.weight": trap}),
        "a hook": saved(STATE | {"x": OrderedDict(hook=trap)}),
    }


@pytest.mark.parametrize("where", sorted(payloads(Path())))
def test_a_payload_is_never_run(tmp_path, where):
    data = payloads(tmp_path / "sprung")[where]
    with pytest.raises((UnusableCheckpoint, ValueError)):
        peek(data)
    with pytest.raises((UnusableCheckpoint, ValueError)):
        load(data, peek(saved(STATE)))
    assert not (tmp_path / "sprung").exists()


@FORMS
def test_a_whole_network_is_refused_with_a_snippet_to_copy(zipped):
    problem = refused(saved(Tiny(2), zipped))
    assert "could run code" in problem.what
    assert state_dict.RESAVE in problem.remedy
    assert len(state_dict.RESAVE.splitlines()) == 3
    assert "tests.core.networks.Tiny" in problem.detail
    compile(state_dict.RESAVE, "snippet", "exec")


def test_the_snippet_saves_weights_that_can_be_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save(Tiny(2), "file")
    exec(state_dict.RESAVE, {})
    assert set(load(Path("weights.pt").read_bytes())) == set(Tiny(2).state_dict())


@pytest.mark.parametrize(
    "data",
    [
        pickle.dumps({"weights": np.zeros(3)}, 4),
        pickle.dumps([1, 2], 5),
        b"\x80\x04csklearn.svm\nSVC\n.",
        b"\x80\x04 broken",
    ],
)
def test_a_pickle_that_is_not_torchs_is_refused(data):
    assert state_dict.RESAVE in refused(data).remedy


@pytest.mark.parametrize(
    "make",
    [
        lambda: torch.zeros(2, dtype=torch.complex64),
        lambda: torch.eye(2).to_sparse(),
        lambda: torch.quantize_per_tensor(torch.zeros(2), 0.1, 0, torch.qint8),
        lambda: torch.zeros(2, device="meta"),
        lambda: torch.zeros(2, dtype=torch.float8_e4m3fn),
    ],
    ids=["complex", "sparse", "quantised", "meta", "8 bits"],
)
@pytest.mark.filterwarnings("ignore")  # torch would rather have none of these
def test_numbers_of_an_unusual_kind_are_refused_for_what_they_are(make):
    assert "unusual numbers" in refused(saved({"weight": make()})).what


def test_a_pickle_protocol_that_torch_does_not_read_is_refused_in_words():
    assert "protocol 4" in refused(saved(STATE, pickle_protocol=4)).what


@pytest.mark.parametrize("value", [{}, {"epoch": 3}, [torch.zeros(2)], torch.zeros(2), {1: "a"}])
def test_a_file_without_named_weights_is_refused_in_words(value):
    assert "no weights under names" in refused(saved(value)).what


def test_two_networks_in_one_file_are_not_guessed_between():
    refused(saved({"generator": STATE, "discriminator": STATE}))


@FORMS
def test_a_file_cut_short_anywhere_is_refused(zipped):
    data = saved({"state_dict": prefixed("module."), "epoch": 1}, zipped)
    whole = peek(data)
    for cut in range(20):
        short = data[: len(data) * cut // 20 or 4]
        with pytest.raises(HARMLESS):
            peek(short)
        with pytest.raises(HARMLESS):
            load(short, whole)


def test_a_file_that_changed_since_the_peek_is_refused():
    with pytest.raises(ValueError, match="changed"):
        load(saved(STATE | {"more": torch.zeros(1)}), peek(saved(STATE)))


# ------------------------------------------------------------------ zips that are none of torch's
def rezipped(data, method=zipfile.ZIP_STORED, extra=()):
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w", method) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
        for name, content in extra:
            new.writestr(name, content)
    return stream.getvalue()


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ([("archive/data.pkl", b"N.")], "two entries"),
        ([("archive/DATA.pkl", b"N.")], "two entries"),
        ([("other/data.pkl", b"N.")], "more than one folder"),
        ([("archive/a\\b", b"N.")], "out of all order"),
        ([("archive/bomb", b"\0" * (64 << 20))], "beyond reason"),
    ],
)
def test_a_zip_that_could_be_read_in_two_ways_or_explodes_is_refused(extra, words):
    small = edited(saved(STATE), lambda _, content: content)
    with pytest.raises(ValueError, match=words):
        peek(rezipped(small, zipfile.ZIP_DEFLATED, extra))


def test_a_zip_of_zips_is_refused():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("net/net.pth", saved(STATE))
    with pytest.raises(LookupError):
        peek(stream.getvalue())


def test_a_directory_of_absurd_size_is_refused_before_it_is_read():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("net/" + "x" * 60_000, b"")
        info = archive.filelist[0]
        archive.filelist = [info] * 300
    started = time.thread_time()
    with pytest.raises(ValueError, match="absurd size"):
        peek(stream.getvalue())
    assert time.thread_time() - started < 1


@pytest.mark.parametrize("entry", ["data/0", "data.pkl", "byteorder"])
def test_an_entry_that_is_missing_or_wrong_is_refused(entry):
    data = saved(STATE)
    with pytest.raises(HARMLESS):
        peek(edited(data, lambda name, was: b"?" if name.endswith(entry) else was))
    if entry != "byteorder":
        with pytest.raises(HARMLESS):
            peek(edited(data, lambda name, was: None if name.endswith(entry) else was))


def test_a_pickle_larger_than_any_is_refused():
    data = edited(saved(STATE), lambda name, was: was + b"\0" * (9 << 20) if "pkl" in name else was)
    with pytest.raises(ValueError, match="larger than any"):
        peek(data)


def test_a_name_of_absurd_length_is_refused():
    with pytest.raises(ValueError, match="absurd length"):
        peek(saved({"model." * 200_000 + "weight": torch.zeros(1)}))


def test_one_dictionary_mentioned_many_times_is_looked_into_once():
    shared = dict.fromkeys(range(20_000), 0)
    started = time.process_time()
    refused(saved({str(n): shared for n in range(5000)}))
    assert time.process_time() - started < 2
