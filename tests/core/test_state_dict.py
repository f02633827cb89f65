"""Weights that torch saved are recognised and read without running anything."""

import argparse
import io
import pickle
import subprocess
import sys
import time
import zipfile
from collections import Counter, OrderedDict, defaultdict, deque
from datetime import datetime
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from onepixel_gui.classifier.formats.weights import state_dict
from tests.core.networks import Tiny
from tests.core.state_dicts import FORMS, STATE, edited, load, peek, prefixed, saved


def same(loaded, expected):
    assert list(loaded) == list(expected)
    assert all(torch.equal(loaded[key], value.float()) for key, value in expected.items())


# ------------------------------------------------------------------ recognised
def test_pickles_of_any_binary_protocol_are_recognised_and_others_not():
    assert all(state_dict.recognises(pickle.dumps({}, protocol)) for protocol in (2, 3, 4, 5))
    assert state_dict.recognises(saved(STATE, zipped=False))
    assert not any(
        map(state_dict.recognises, (b"", b"\x80", b"\x80\x99", b"PK\x03\x04", b"\x89HDF"))
    )


def test_entries_of_a_state_dict_are_told_from_those_of_torchscript():
    with zipfile.ZipFile(io.BytesIO(saved(STATE))) as archive:
        names = archive.namelist()
    assert state_dict.entries_recognised(names)
    assert not state_dict.entries_recognised([*names, "archive/code/__torch__.py"])
    assert not state_dict.entries_recognised(["config.json", "model.weights.h5"])
    assert not state_dict.entries_recognised([])


# ------------------------------------------------------------------ read
@FORMS
def test_a_bare_state_dict_comes_back_as_it_was_saved(zipped):
    data = saved(OrderedDict(STATE), zipped)
    contents = peek(data)
    assert contents.format == "PyTorch state dict"
    assert contents.shapes == {key: tuple(value.shape) for key, value in STATE.items()}
    assert contents.stored == sum(value.numel() for value in STATE.values())
    assert (contents.notes, dict(contents.told)) == ((), {})
    loaded = load(data)
    same(loaded, STATE)
    assert all(type(value) is torch.Tensor and not value.requires_grad for value in loaded.values())


@FORMS
def test_how_often_a_norm_was_trained_is_a_shape_but_no_stored_number(zipped):
    data = saved(Tiny(2).state_dict(), zipped)
    contents = peek(data)
    assert contents.shapes["norm.num_batches_tracked"] == ()
    assert contents.stored == sum(value.numel() for value in STATE.values())
    assert load(data)["norm.num_batches_tracked"].dtype == torch.int64


@FORMS
@pytest.mark.parametrize(
    "key",
    [
        *("state_dict", "model_state_dict", "model_state", "model", "net", "network", "module"),
        *("weights", "params", "ema", "state_dict_ema", "model_ema", "student"),
    ],
)
def test_weights_are_found_under_the_names_that_training_runs_use(key, zipped):
    data = saved({"epoch": 3, "best_prec1": 91.2, key: STATE}, zipped)
    contents = peek(data)
    same(load(data, contents), STATE)
    averaged = key in ("ema", "state_dict_ema", "model_ema")
    assert any("EMA" in note for note in contents.notes) == averaged


@pytest.mark.parametrize(
    "value",
    [
        {"model": {"state_dict": STATE}},
        {"checkpoint": 1, "state_dict": {"model": {"net": STATE}}},
        {"model": {"epoch": 1, "params": STATE}, "optimizer": {"state": {0: {"step": 1}}}},
    ],
)
def test_weights_are_found_where_they_are_wrapped_twice(value):
    same(load(saved(value)), STATE)


def test_plain_weights_are_preferred_to_averaged_ones_and_this_is_noted():
    averaged = {key: value + 1 for key, value in STATE.items()}
    data = saved({"ema": averaged, "model": STATE, "model_ema": {"module": averaged}})
    contents = peek(data)
    same(load(data, contents), STATE)
    assert contents.notes == (
        "The file also holds moving averages (EMA) of the weights, which are not used.",
    )


@pytest.mark.parametrize(
    "prefix",
    [
        *("module.", "model.", "backbone.", "_orig_mod.", "net.", "network.", "encoder."),
        *("module._orig_mod.", "_orig_mod.module.", "model.backbone.", "module.module."),
    ],
)
def test_prefixes_that_all_weights_share_are_taken_off_and_noted(prefix):
    data = saved({"state_dict": prefixed(prefix)})
    contents = peek(data)
    same(load(data, contents), STATE)
    assert contents.notes == (f'The prefix "{prefix}" was taken off the names of the weights.',)


def test_a_prefix_that_only_some_weights_share_stays():
    state = {**prefixed("backbone.", {"conv.weight": STATE["conv.weight"]})}
    state["head.weight"] = STATE["head.weight"]
    assert list(peek(saved(state)).shapes) == ["backbone.conv.weight", "head.weight"]
    assert peek(saved(state)).notes == ()


def test_a_lightning_checkpoint_is_read_without_losses_metrics_and_buffers():
    state = prefixed("model.")
    state |= {"criterion.weight": torch.ones(2), "train_acc.tp": torch.zeros(2)}
    state |= {"val_metrics.f1.fp": torch.zeros(2), "pos_weight": torch.ones(1)}
    run = {
        "epoch": 4,
        "pytorch-lightning_version": "2.1.0",
        "state_dict": OrderedDict(state),
        "optimizer_states": [{"state": {0: {"exp_avg": torch.zeros(5)}}, "param_groups": []}],
        "hyper_parameters": {"arch": "resnet18", "image_size": 96},
        "callbacks": {},
    }
    contents = peek(saved(run))
    same(load(saved(run)), STATE)
    assert contents.told == {"architecture_hint": "resnet18", "input_size": (96, 96)}
    assert contents.notes[1].startswith("Left out, as it does not belong to the network: crit")
    assert contents.notes[1].endswith("and 1 more.")


def test_what_a_profiler_counted_is_left_out():
    state = STATE | {"conv.total_ops": torch.zeros(1, dtype=torch.float64)}
    contents = peek(saved(state))
    assert list(contents.shapes) == list(STATE)
    assert "conv.total_ops" in contents.notes[0]


def test_optimisers_schedulers_and_numpy_numbers_are_passed_over():
    network = Tiny(2).train()
    optimiser = torch.optim.Adam(network.parameters())
    network(torch.rand(2, 3, 8, 8)).sum().backward()
    optimiser.step()
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimiser, [3, 5])
    run = {
        "state_dict": network.state_dict(),
        "optimizer": optimiser.state_dict(),
        "scheduler": schedule.state_dict(),
        "best_acc": np.float64(0.5),
        "args": argparse.Namespace(arch="vgg16", path=Path("runs")),
        "rng": torch.get_rng_state(),
        "device": torch.device("cpu"),
        "dtype": torch.float32,
        "shape": torch.Size([2, 3]),
        "seen": {1, 2},
    }
    data = saved(run)
    assert peek(data).told["architecture_hint"] == "vgg16"
    assert set(load(data)) == set(network.state_dict())


class AttributeDict(dict):
    """As Lightning keeps its settings."""


AttributeDict.__module__ = "lightning.fabric.utilities.data"


@FORMS
def test_containers_of_other_kinds_are_passed_over(monkeypatch, zipped):
    module = ModuleType(AttributeDict.__module__)
    module.AttributeDict = AttributeDict
    for name in ("lightning", "lightning.fabric", "lightning.fabric.utilities", module.__name__):
        monkeypatch.setitem(sys.modules, name, module)
    run = {
        "hyper_parameters": AttributeDict(arch="vgg11"),
        "losses": deque([0.5, 0.25], maxlen=5),
        "seen": defaultdict(list, a=[1]),
        "counts": Counter("aab"),
        "when": datetime(2024, 1, 2),
        "kind": float,
        "array": np.arange(3),
        "state_dict": STATE,
    }
    data = saved(run, zipped)
    assert peek(data).told["architecture_hint"] == "vgg11"
    same(load(data), STATE)


@FORMS
def test_parameters_are_read_as_their_tensors(zipped):
    kept = torch.nn.Parameter(torch.rand(3))
    marked = torch.nn.Parameter(torch.rand(2))
    marked.decay = False
    data = saved({"a": kept, "b": marked}, zipped)
    same(load(data), {"a": kept.detach(), "b": marked.detach()})


@FORMS
@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float64])
def test_other_floating_numbers_become_float32_and_this_is_noted(zipped, kind):
    state = {key: value.to(kind) for key, value in STATE.items()}
    data = saved(state, zipped)
    contents = peek(data)
    word = str(kind).removeprefix("torch.")
    assert contents.notes == (f"Weights stored as {word} are used as float32.",)
    same(load(data), state)


def test_float32_weights_are_not_copied_again():
    whole = torch.arange(12.0)
    loaded = load(saved({"a": whole[:6], "b": whole[6:]}))
    assert loaded["a"].untyped_storage().data_ptr() == loaded["b"].untyped_storage().data_ptr()


def test_turned_weights_come_back_contiguous():
    turned = torch.arange(6.0).reshape(2, 3).T
    loaded = load(saved({"a": turned, "b": turned[:, :1]}))
    assert all(value.is_contiguous() for value in loaded.values())
    same(loaded, {"a": turned, "b": turned[:, :1]})


def test_masks_are_left_out():
    assert list(peek(saved(STATE | {"mask": torch.ones(2, dtype=torch.bool)})).shapes) == list(
        STATE
    )


def test_numbers_of_a_big_endian_machine_are_turned():
    def turned(name, content):
        if name.endswith("byteorder"):
            return b"big"
        return (
            np.frombuffer(content, ">f4").astype("<f4").tobytes() if "/data/" in name else content
        )

    same(load(edited(saved(STATE), turned)), STATE)


@pytest.mark.parametrize("field", ["classes", "class_names"])
def test_class_names_are_told_in_the_order_of_the_outputs(field):
    told = peek(saved({"model": STATE, field: ["normal", "mitosis"]})).told
    assert told == {"classes": ("normal", "mitosis")}


@pytest.mark.parametrize(
    ("said", "classes"),
    [
        ({"class_to_idx": {"mitosis": 1, "normal": 0}}, ("normal", "mitosis")),
        ({"idx_to_class": {0: "a", 1: "b"}}, ("a", "b")),
        ({"hyper_parameters": {"classes": ("x", "y")}}, ("x", "y")),
        ({"class_to_idx": {"mitosis": 1, "normal": 7}}, None),
        ({"classes": ["same", "same"]}, None),
        ({"classes": ["a", 5]}, None),
        ({"classes": 2}, None),
    ],
)
def test_class_names_are_read_in_every_plain_form_and_no_other(said, classes):
    contents = peek(saved({"state_dict": STATE, **said}))
    assert contents.told.get("classes") == classes
    assert ("classes" in contents.sources) == (classes is not None)


def test_scaling_and_size_are_told_in_units_of_the_card():
    run = {"state_dict": STATE, "input_size": (3, 64, 48)}
    run |= {"mean": [127.5, 102.0, 51.0], "std": [51.0, 51.0, 25.5]}
    told = peek(saved(run)).told
    assert (told["input_size"], told["scaling"]) == ((64, 48), "custom")
    assert told["mean"] == pytest.approx((0.5, 0.4, 0.2))
    assert told["std"] == pytest.approx((0.2, 0.2, 0.1))


@pytest.mark.parametrize(
    "said",
    [
        {"mean": [0.5, 0.5, 0.5]},
        {"mean": [0.5] * 3, "std": [0.0] * 3},
        {"mean": [float("nan")] * 3, "std": [1.0] * 3},
        {"input_size": -5},
        {"arch": ["a"]},
        {"arch": "x" * 1000},
    ],
)
def test_what_is_said_without_sense_is_passed_over(said):
    assert peek(saved({"state_dict": STATE, **said})).told == {}


def test_words_among_bare_weights_are_told():
    assert peek(saved(STATE | {"arch": "resnet18"})).told == {"architecture_hint": "resnet18"}


def test_a_peek_imports_no_torch(tmp_path):
    (tmp_path / "net.pth").write_bytes(saved(STATE))
    script = (
        "import sys\n"
        "from onepixel_gui.classifier.formats.weights import state_dict\n"
        "with open(sys.argv[1], 'rb') as file:\n"
        "    assert state_dict.peek(file, 'net.pth').stored > 0\n"
        "assert not {'torch', 'numpy'} & set(sys.modules), 'imported'\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "net.pth")]
    subprocess.run(command, check=True, timeout=60)


@FORMS
def test_a_peek_reads_the_names_and_not_the_numbers(tmp_path, zipped):
    path = tmp_path / "net.pth"
    path.write_bytes(saved({f"layer{n}.weight": torch.zeros(1 << 18) for n in range(100)}, zipped))
    started = time.process_time()
    with path.open("rb") as file:
        assert state_dict.peek(file, path.name).stored == 100 << 18
    assert time.process_time() - started < 0.3
