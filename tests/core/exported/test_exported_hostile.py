"""A torch.export program is rebuilt from what is allowed before torch sees any of it."""

import io
import json
import pickle
import subprocess
import sys
import zipfile

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onepixel_gui.problems import UnusableCheckpoint
from tests.core.exported.programs import (
    MODEL,
    WEIGHTS,
    agree,
    edited,
    exported_data,
    opened,
    refused,
)
from tests.core.networks import Tiny
from tests.core.test_torchscript import DAMAGE, Trap, changed


# ------------------------------------------------------------------ files that would be run
def springing(path):
    return f"__import__('pathlib').Path({str(path)!r}).touch()"


def with_expression(data, text):
    def edit(whole):
        size = whole["graph_module"]["graph"]["tensor_values"]["x"]["sizes"][0]
        size["as_expr"]["expr_str"] = text

    return edited(data, edit)


def with_sample(data, path):
    trap = pickle.dumps((Trap(path),), 2)
    return changed(data, {"sample_inputs/model.pt": lambda _: trap})


def loaded_by_torch(*paths):
    """What torch itself does with the files, in a process of its own."""
    code = (
        "import contextlib, sys, torch\n"
        "for path in sys.argv[1:]:\n"
        "    with contextlib.suppress(Exception):\n"
        "        torch.export.load(path)\n"
    )
    command = [sys.executable, "-c", code, *map(str, paths)]
    subprocess.run(command, capture_output=True, check=True)


def test_files_that_torch_itself_would_run_are_refused_and_never_run(tmp_path, free):
    sprung = [tmp_path / "expression", tmp_path / "sample"]
    trapped = [with_expression(free, springing(sprung[0])), with_sample(free, sprung[1])]
    for trap, data in zip(sprung, trapped, strict=True):
        with pytest.raises((UnusableCheckpoint, ValueError)):
            opened(data)
        assert not trap.exists()
        trap.with_suffix(".pt2").write_bytes(data)
    loaded_by_torch(*(trap.with_suffix(".pt2") for trap in sprung))
    assert all(trap.exists() for trap in sprung)  # without us they would have been run


@pytest.mark.parametrize("folder", ["weights", "constants"])
def test_weights_that_are_pickles_are_refused_and_never_run(tmp_path, free, folder):
    payload = {"path_name": "tensor_9", "is_param": False, "use_pickle": True, "tensor_meta": None}

    def edit(whole):
        whole["config"]["head.bias"] = payload

    trapped = edited(free, edit, f"model_{folder}_config.json")
    bomb = io.BytesIO(trapped)
    with zipfile.ZipFile(bomb, "a") as archive:
        root = archive.namelist()[0].partition("/")[0]
        archive.writestr(
            f"{root}/data/{folder}/tensor_9", pickle.dumps(Trap(tmp_path / "sprung"), 2)
        )
    assert "pickle" in refused(bomb.getvalue()).detail
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("data/aotinductor/model/net.so", "compiled"),
        ("data/weights/model.pt", "torch 2.8"),
        ("data/constants/../../net.so", "damaged"),
        ("lib/net.so", "does more"),
    ],
)
def test_entries_that_are_code_or_unknown_are_refused(free, entry, words):
    more = io.BytesIO(free)
    with zipfile.ZipFile(more, "a") as archive:
        root = archive.namelist()[0].partition("/")[0]
        archive.writestr(f"{root}/{entry}", b"\x7fELF")
    if words == "damaged":
        with pytest.raises(ValueError, match="cannot be read"):
            opened(more.getvalue())
    else:
        assert words in refused(more.getvalue()).what


def test_a_program_of_old_torch_says_what_to_do():
    old = io.BytesIO()
    with zipfile.ZipFile(old, "w") as archive:
        for entry in ("version", "serialized_exported_program.json", "serialized_state_dict.pt"):
            archive.writestr(entry, b"8.2")
    assert "2.7 or older" in refused(old.getvalue()).what


@pytest.mark.parametrize(
    "target",
    [
        "torch.os.system",
        "torch.ops.aten.from_file.default",
        "torch.ops.aten.relu.__class__",
        "torch.ops.aten.relu.default.__globals__",
        "torch.ops.higher_order.cond",
        "_operator.attrgetter",
        "math.factorial",
        "#extension:run",
        "",
    ],
)
def test_an_operator_that_no_classifier_needs_is_refused(free, target):
    def edit(whole):
        whole["graph_module"]["graph"]["nodes"][2]["target"] = target

    assert "does more" in refused(edited(free, edit)).what


def test_names_and_guards_never_become_source_code(tmp_path, free):
    code = springing(tmp_path / "sprung")

    def guard(whole):
        whole["guards_code"] = [code]
        whole["graph_module"]["graph"]["nodes"][0]["metadata"] = {"stack_trace": code}

    agree(opened(edited(free, guard))[1], Tiny(2))  # neither is looked at
    trapped = changed(
        free, {MODEL: lambda text: text.replace(b'"relu"', json.dumps(f"relu={code};y").encode())}
    )
    with pytest.raises(ValueError, match="no name"):
        opened(trapped)
    assert not (tmp_path / "sprung").exists()


# ------------------------------------------------------------------ sizes
@pytest.mark.parametrize("size", [10**12, -1, 1 << 62, 5])
def test_weights_of_another_size_than_their_bytes_are_damage(free, size):
    def edit(whole):
        whole["config"]["conv.weight"]["tensor_meta"]["sizes"][0]["as_int"] = size

    with pytest.raises(DAMAGE):
        opened(edited(free, edit, WEIGHTS))


def test_weights_that_repeat_a_few_numbers_without_end_are_refused(free):
    def edit(whole):
        meta = whole["config"]["conv.weight"]["tensor_meta"]
        meta["sizes"][0]["as_int"], meta["strides"][0]["as_int"] = 10**11, 0

    assert "share" in refused(edited(free, edit, WEIGHTS)).detail


def test_a_graph_with_a_tensor_beyond_all_sense_is_refused_before_it_is_made():
    class Vast(Tiny):
        def forward(self, x):
            return super().forward(x) + torch.ones(7, 7).sum()

    def edit(whole):
        for node in whole["graph_module"]["graph"]["nodes"]:
            for given_ in node["inputs"]:
                if given_["arg"].get("as_ints") == [7, 7]:
                    given_["arg"]["as_ints"] = [10**6, 10**6]

    data = exported_data(Vast(2), any_count=True)
    agree(opened(data)[1], Vast(2), (2,))
    assert "1,000,000,000,000 numbers" in refused(edited(data, edit)).detail


# ------------------------------------------------------------------ damage
@pytest.mark.parametrize("share", [cut / 20 for cut in range(20)])
def test_a_file_that_was_cut_short_is_damaged(free, share):
    with pytest.raises(DAMAGE):
        opened(free[: int(len(free) * share)])


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[*HealthCheck])
@given(place=st.floats(0, 1), value=st.binary(min_size=1, max_size=6))
def test_damage_anywhere_in_the_file_is_never_a_bug(free, place, value):
    start = int(place * (len(free) - len(value)))
    _tried(free[:start] + value + free[start + len(value) :])


ODD = st.sampled_from([None, True, -1, 0, 3, 10**13, 1.5, "", "x", "__class__", [], {}, [[]]])


@settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=[*HealthCheck])
@given(entry=st.sampled_from([MODEL, MODEL, MODEL, WEIGHTS]), turns=st.data(), odd=ODD)
def test_sense_missing_anywhere_in_the_program_is_never_a_bug(free, entry, turns, odd):
    def edit(whole):
        here = whole
        while True:
            keys = sorted(here) if isinstance(here, dict) else range(len(here))
            key = turns.draw(st.sampled_from([*keys]))
            if not isinstance(here[key], (dict, list)) or not here[key]:
                here[key] = odd
                return
            if turns.draw(st.integers(0, 9)) == 0:
                here[key] = odd
                return
            here = here[key]

    _tried(edited(free, edit, entry))


def _tried(data):
    try:
        _, network = opened(data)
        network(torch.zeros(1, 3, 8, 8))
    except DAMAGE:
        pass
