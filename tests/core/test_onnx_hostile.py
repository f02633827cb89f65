"""Operations without end, bombs and damage in ONNX files are refused or read, but never a bug."""

import os
import platform
import subprocess
import sys

import onnx
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from onepixel_gui.classifier.formats.onnx import file as onnx_file
from onepixel_gui.classifier.formats.onnx import graph as onnx_graph
from onepixel_gui.classifier.formats.onnx import trial as onnx_trial
from onepixel_gui.problems import UnusableCheckpoint
from tests.core.onnx_files import (
    BODY,
    FLOAT,
    INT64,
    WEIGHTS,
    expected,
    floats,
    info,
    integers,
    model,
    node,
    peeked,
    read,
    refused,
    tiles,
    tiny,
)

DAMAGED = (
    OSError, LookupError, ValueError, TypeError, AttributeError, RuntimeError, MemoryError,
    RecursionError, OverflowError,
)  # fmt: skip


# ------------------------------------------------------------------ files made by hand
def beneath(extra, tail, weights):
    """The tiny network, with the largest of `tail` added to what it returns."""
    end = [node("ReduceMax", tail, "top", keepdims=0), node("Add", "q top", "y")]
    body = [*BODY[:-1], node("Gemm", "f w2 b2", "q", transB=1)]
    return model([*extra, *body, *end], [*WEIGHTS, *weights])


# ------------------------------------------------------------------ operations
def loop():
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["on"])],
        "body",
        [info("i", (), INT64), info("go", (), TensorProto.BOOL)],
        [info("on", (), TensorProto.BOOL)],
    )
    return helper.make_node("Loop", ["", "yes"], [], body=body)


def with_function():
    made = tiny()
    opsets = [helper.make_opsetid("", 17)]
    relu = helper.make_node("Relu", ["a"], ["b"])
    made.functions.append(helper.make_function("mine", "twice", ["a"], ["b"], [relu], opsets))
    return made


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (lambda: model([loop(), *BODY], WEIGHTS), "loop (Loop)"),
        (lambda: model([node("Scan", "x", "s"), *BODY], WEIGHTS), "loop (Scan)"),
        (lambda: model([node("SequenceMap", "x", "s"), *BODY], WEIGHTS), "loop (SequenceMap)"),
        (lambda: model([node("Run", "x", "s", domain="a.stranger"), *BODY], WEIGHTS), "a.stranger"),
        (lambda: model([node("EPContext", "x", "s", domain="com.microsoft"), *BODY], WEIGHTS),
         "EPContext of com.microsoft"),
        (with_function, "functions of its own"),
        (lambda: model([node("Relu", "x", f"r{i}") for i in range(onnx_graph.NODES)] + BODY,
                       WEIGHTS), "operations"),
    ],
)  # fmt: skip
def test_operations_that_may_never_end_or_belong_to_others_are_refused(made, words):
    assert words in refused(made()).what


def test_a_loop_inside_a_branch_is_refused():
    branch = helper.make_graph([loop()], "t", [], [])
    choice = helper.make_node("If", ["yes"], [], then_branch=branch, else_branch=branch)
    assert "loop (Loop)" in refused(model([choice, *BODY], WEIGHTS)).what


def test_operations_that_onnxruntimes_own_optimiser_fuses_are_run(tmp_path):
    fused = helper.make_node(
        "FusedConv", ["x", "w", "b"], ["r"], domain="com.microsoft", activation="Relu",
        kernel_shape=[3, 3], pads=[1, 1, 1, 1],
    )  # fmt: skip
    made = model([fused, *BODY[2:]], WEIGHTS)
    made.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    x = tiles(2)
    torch.testing.assert_close(read(made, tmp_path)[1](x), expected(x))


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"ins": [info("x", ("n", 3, 8, 8)), info("age", ("n", 1))]}, "2 inputs (x, age)"),
        ({"ins": [info("w", (4, 3, 3, 3))]}, "0 inputs"),
        ({"x": ("n", 1, 8, 8)}, "three channels"),
        ({"x": ("n", 192)}, "rows and columns"),
        ({"kind": INT64}, "rows and columns"),
        ({"x": (1, 3, 1 << 40, 8)}, "more than can be handled"),
        ({"x": (10**9, 3, 8, 8)}, "more than can be handled"),
        ({"outs": [info("r", ("n", 4, 8, 8))]}, "one row of numbers"),
        ({"outs": [info("y", ("n",))]}, "one row of numbers"),
    ],
)
def test_what_is_no_tile_classifier_is_refused(more, words):
    assert words in refused(tiny(**more)).what


def test_a_row_that_turns_out_to_be_none_is_refused(tmp_path):
    made = model([*BODY[:-1], node("ReduceMax", "f", "y", keepdims=0)], WEIGHTS)
    made.graph.output[0].type.tensor_type.ClearField("shape")
    assert "one row of numbers" in refused(made, tmp_path).what


# ------------------------------------------------------------------ bombs
FULL, NOT_RUN = "needs more memory", "is not accepted by onnxruntime"
BOMBS = {
    "zeros": (FULL, [node("ConstantOfShape", "big", "z")], [integers("big", 10**5, 10**5)]),
    "beyond": (NOT_RUN, [node("ConstantOfShape", "big", "z")], [integers("big", 1 << 40, 1 << 40)]),
    "spread": (FULL, [node("Expand", "one big", "z")], [integers("big", 10**10), floats("one", 1)]),
    "outer": (
        FULL,
        [node("ConstantOfShape", "k", "col"), node("ConstantOfShape", "l", "row"),
         node("Add", "col row", "z")],
        [integers("k", 10**5, 1), integers("l", 1, 10**5)],
    ),
    "product": (
        FULL,
        [node("ConstantOfShape", "k", "m"), node("MatMul", "m m", "z")],
        [integers("k", 12000, 12000)],
    ),
    "picture": (
        FULL,
        [helper.make_node("Resize", ["x", "", "", "big"], ["z"])],
        [integers("big", 1, 3, 10**5, 10**5)],
    ),
    "by zero": (
        NOT_RUN,
        [node("Div", "k l", "d"), node("Cast", "d", "z", to=FLOAT)],
        [integers("k", 5), integers("l", 0)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_constants_that_grow_beyond_memory_end_as_a_problem(tmp_path, name):
    words, extra, weights = BOMBS[name]
    start, before = _spent(), _largest_child()
    assert words in refused(beneath(extra, "z", weights), tmp_path).what
    assert _spent() - start < 5
    assert _largest_child() <= max(before, 1 << 30)


def _spent() -> float:
    """Seconds of the processor that these tests and the processes they began took so far."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _largest_child() -> int:
    """Bytes that any process of these tests held so far; 0 where that is not told."""
    if sys.platform != "linux":
        return 0
    import resource

    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024


def test_a_network_that_crashes_onnxruntime_crashes_another_process(tmp_path, monkeypatch):
    script = tmp_path / "crash.py"
    script.write_text("import os; os.abort()")
    monkeypatch.setattr(onnx_trial, "__file__", str(script))
    problem = refused(tiny(), tmp_path)
    assert "makes onnxruntime crash" in problem.what
    assert "exit code" in problem.detail


@pytest.mark.skipif(
    sys.platform != "linux" or "x86" not in platform.machine(),
    reason="only some processors stop at this division",
)
def test_a_division_that_stops_the_process_stops_another_one(tmp_path):
    extra = [node("Div", "k l", "d"), node("Cast", "d", "z", to=FLOAT)]
    made = beneath(extra, "z", [integers("k", -(1 << 63)), integers("l", -1)])
    assert "makes onnxruntime crash" in refused(made, tmp_path).what


def test_a_network_that_does_not_come_to_an_end_is_not_waited_for(tmp_path, monkeypatch):
    script = tmp_path / "endless.py"
    script.write_text("while True: pass")
    monkeypatch.setattr(onnx_trial, "__file__", str(script))
    monkeypatch.setattr(onnx_file, "_PATIENCE", 0.1)
    assert "takes longer than" in refused(tiny(), tmp_path).what


@pytest.mark.skipif(sys.platform != "linux", reason="needs a limit of processor time")
def test_a_network_that_computes_for_minutes_is_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_file, "_PATIENCE", 0.5)
    monkeypatch.setattr(onnx_file, "_BUSY", 100)
    extra = [node("ConstantOfShape", "k", "m0")]
    extra += [node("MatMul", f"m{i} m{i}", f"m{i + 1}") for i in range(400)]
    made = beneath(extra, "m400", [integers("k", 4000, 4000)])
    problem = refused(made, tmp_path)
    assert "takes longer than" in problem.what
    assert problem.__cause__ is None  # by its own limit, not because somebody lost patience


def test_an_installed_program_without_an_interpreter_tries_the_first_tile_itself(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("started"))
    _, network = read(tiny(), tmp_path)
    x = tiles(2)
    torch.testing.assert_close(network(x), expected(x))
    words, extra, weights = BOMBS["by zero"]
    assert words in refused(beneath(extra, "z", weights), tmp_path).what


# ------------------------------------------------------------------ damage
WHOLE = tiny().SerializeToString()


def test_a_file_that_was_cut_short_is_refused_or_damaged(tmp_path):
    for share in range(20):
        with pytest.raises((UnusableCheckpoint, *DAMAGED)):
            read(WHOLE[: len(WHOLE) * share // 20], tmp_path)


def test_a_file_larger_than_any_message_is_not_read(tmp_path):
    path = tmp_path / "sparse.onnx"
    with path.open("wb") as file:
        file.write(WHOLE)
        file.truncate(4 << 30)
    with path.open("rb") as file, pytest.raises(ValueError, match="more than any protobuf"):
        onnx_file.peek(file, path.name)


@settings(max_examples=250, deadline=5000)
@given(place=st.floats(0, 1), value=st.binary(min_size=1, max_size=12), cut=st.booleans())
def test_a_damaged_file_is_told_of_refused_or_damaged_but_never_a_bug(place, value, cut):
    file = bytearray(WHOLE)
    start = int(place * len(file))
    file[start : start + len(value)] = value
    try:
        peeked(bytes(file[: start + 20] if cut else file))
    except (UnusableCheckpoint, *DAMAGED):
        return


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(place=st.integers(0, len(WHOLE) - 1), bit=st.integers(0, 7))
def test_a_turned_bit_is_run_refused_or_damaged_but_never_a_bug(tmp_path, place, bit):
    file = bytearray(WHOLE)
    file[place] ^= 1 << bit
    try:
        _, network = read(bytes(file), tmp_path)
        network(tiles(2))
    except (UnusableCheckpoint, *DAMAGED):
        return


@settings(max_examples=150, deadline=5000)
@given(st.binary(max_size=100))
def test_random_bytes_are_never_a_bug(junk):
    for data in (
        junk,
        b"\x08\x08" + junk,
        onnx.ModelProto(ir_version=8, doc_string=junk.hex()).SerializeToString() + junk,
    ):
        try:
            peeked(data)
        except (UnusableCheckpoint, *DAMAGED):
            continue
