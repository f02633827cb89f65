"""A safetensors file is believed where its header fits its bytes, and refused otherwise."""

import contextlib
import io
import json
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save

from onepixel_gui.classifier.formats.contents import Source
from onepixel_gui.classifier.formats.weights import safetensors_file
from onepixel_gui.problems import UnusableCheckpoint
from tests.core.networks import Tiny, codait_weights, save_codait

# What the door turns into a problem.
HARMLESS = (UnusableCheckpoint, OSError, LookupError, ValueError, TypeError, AttributeError)
HARMLESS += (RuntimeError, MemoryError, RecursionError, OverflowError)
STATE = {key: value for key, value in Tiny(2).state_dict().items() if "tracked" not in key}
DEMONSTRATION = Path(__file__).parents[2] / "resources/demo/mitosis_demo.safetensors"


def peek(data):
    return safetensors_file.peek(io.BytesIO(data), "net.safetensors")


def load(data, contents=None):
    source = Source(Path("net.safetensors"), data, "0" * 64)
    return safetensors_file.weights(source, contents or peek(data))


def same(loaded, expected):
    assert set(loaded) == set(expected)
    assert all(torch.equal(loaded[key], value.float()) for key, value in expected.items())


def made(header, numbers=b""):
    """A file with this header, as bytes or as what JSON makes of it."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + numbers


def entry(shape=(2, 3), offsets=(0, 24), dtype="F32"):
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


# ------------------------------------------------------------------ read
def test_weights_come_back_as_they_were_saved():
    data = save(STATE)
    contents = peek(data)
    assert safetensors_file.recognises(data[:16])
    assert contents.format == "safetensors"
    assert contents.architecture == ""
    assert contents.shapes == {key: tuple(value.shape) for key, value in STATE.items()}
    assert contents.stored == sum(value.numel() for value in STATE.values())
    assert (contents.notes, dict(contents.told)) == ((), {})
    same(load(data), STATE)


def test_the_network_and_the_card_in_the_metadata_are_told(tmp_path):
    told = {"name": "mine", "classes": ["calm", "dividing"], "threshold": 0.4, "input": [64, 48]}
    told |= {"mean": [0.1, 0.2, 0.3], "accuracy": 0.98, "sha256": "ffff", "weights": 3}
    data = save_codait(tmp_path / "m", told=told).read_bytes()
    contents = peek(data)
    assert contents.architecture == "codait_mitosis"
    assert contents.stored == 112_585
    assert contents.told == {
        "name": "mine",
        "classes": ("calm", "dividing"),
        "threshold": 0.4,
        "input_size": (64, 48),
        "mean": (0.1, 0.2, 0.3),
    }
    same(load(data), codait_weights())


def test_the_demonstration_states_its_network_classes_and_size():
    contents = peek(DEMONSTRATION.read_bytes())
    assert contents.architecture == "codait_mitosis"
    assert contents.told["classes"] == ("normal", "mitosis")
    assert contents.told["input_size"] == (64, 64)
    assert contents.told["scaling"] == "minus-one-to-one"
    assert set(load(DEMONSTRATION.read_bytes())) == set(contents.shapes)


def test_wrappers_are_taken_off_as_from_any_state_dict():
    state = {"module.model." + key: value for key, value in STATE.items()}
    data = save(state | {"module.criterion.weight": torch.ones(2)})
    assert len(peek(data).notes) == 2
    same(load(data), STATE)


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float64])
def test_other_floating_numbers_become_float32_and_this_is_noted(kind):
    state = {key: value.to(kind) for key, value in STATE.items()}
    word = str(kind).removeprefix("torch.")
    assert peek(save(state)).notes == (f"Weights stored as {word} are used as float32.",)
    loaded = load(save(state))
    assert all(value.dtype == torch.float32 for value in loaded.values())
    same(loaded, state)


def test_whole_numbers_stay_and_masks_are_left_out():
    state = {"a": torch.zeros(2), "n": torch.tensor(5), "mask": torch.ones(2, dtype=torch.bool)}
    loaded = load(save(state))
    assert set(loaded) == {"a", "n"}
    assert loaded["n"].dtype == torch.int64


def test_a_weight_without_numbers_is_read():
    assert load(save({"a": torch.zeros(0, 3), "b": torch.ones(2)}))["a"].shape == (0, 3)


def test_a_peek_imports_no_torch():
    script = (
        "import sys\n"
        "from onepixel_gui.classifier.formats.weights import safetensors_file\n"
        "with open(sys.argv[1], 'rb') as file:\n"
        "    assert safetensors_file.peek(file, 'net').stored > 0\n"
        "assert not {'torch', 'numpy', 'safetensors'} & set(sys.modules), 'imported'\n"
    )
    command = [sys.executable, "-c", script, str(DEMONSTRATION)]
    subprocess.run(command, check=True, timeout=60)


# ------------------------------------------------------------------ refused
@pytest.mark.parametrize("head", [b"", b"{", b"\0" * 16, b"\xff" * 8 + b"{", b"PK\x03\x04" * 4])
def test_other_files_are_not_recognised(head):
    assert not safetensors_file.recognises(head)


NUMBERS = b"\0" * 24
SOUND = made({"w": entry()}, NUMBERS)
HUGE = 10**12


def test_the_form_that_the_refused_ones_depart_from_is_read():
    assert peek(SOUND).shapes == {"w": (2, 3)}
    assert torch.equal(load(SOUND)["w"], torch.zeros(2, 3))


REFUSED = {
    "negative size": made({"w": entry(shape=[-2, -3])}, NUMBERS),
    "huge size": made({"w": entry(shape=[HUGE], offsets=[0, 4 * HUGE])}, NUMBERS),
    "sizes that wrap around": made({"w": entry(shape=[1 << 62, 1 << 62, 0])}, NUMBERS),
    "fraction": made({"w": entry(shape=[2.0, 3])}, NUMBERS),
    "truth": made({"w": entry(shape=[True, 6])}, NUMBERS),
    "text": made({"w": entry(shape="23")}, NUMBERS),
    "dimensions": made({"w": entry(shape=[1] * 40 + [6])}, NUMBERS),
    "outside": made({"w": entry(offsets=[8, 32])}, NUMBERS),
    "backwards": made({"w": entry(offsets=[24, 0])}, NUMBERS),
    "one offset": made({"w": entry(offsets=[24])}, NUMBERS),
    "three offsets": made({"w": entry(offsets=[0, 12, 24])}, NUMBERS),
    "overlap": made({"v": entry(), "w": entry()}, NUMBERS),
    "gap": made({"v": entry([1], [0, 4]), "w": entry([1], [8, 12])}, NUMBERS[:12]),
    "rest": made({"w": entry()}, NUMBERS + b"more"),
    "short": made({"w": entry()}, NUMBERS[:-1]),
    "kind": made({"w": entry(dtype="F33")}, NUMBERS),
    "no kind": made({"w": {"shape": [6], "data_offsets": [0, 24]}}, NUMBERS),
    "odd kind": made({"w": entry(dtype=["F32"])}, NUMBERS),
    "more fields": made({"w": entry() | {"code": "x"}}, NUMBERS),
    "no weight": made({"w": 5}, NUMBERS),
    "a list": made([1, 2]),
    "no JSON": made(b"{]"),
    "not a number": made(b'{"w": NaN}'),
    "twice": made(b'{"w": %b, "w": %b}' % ((json.dumps(entry()).encode(),) * 2), NUMBERS),
    "twice inside": made(
        b'{"w": {"dtype": "F16", ' + json.dumps(entry()).encode()[1:] + b"}", NUMBERS
    ),
    "deep": made(b'{"w": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "long number": made(b'{"w": {"shape": [' + b"9" * 100_000 + b"]}}"),
    "no text": made(b'{"\xff": 1}'),
    "metadata": made({"__metadata__": {"card": 5}, "w": entry()}, NUMBERS),
    "metadata in words": made({"__metadata__": "a sentence", "w": entry()}, NUMBERS),
    "card": made({"__metadata__": {"card": "a sentence"}, "w": entry()}, NUMBERS),
    "card as list": made({"__metadata__": {"card": "[1]"}, "w": entry()}, NUMBERS),
    "deep card": made({"__metadata__": {"card": "[" * 100_000}, "w": entry()}, NUMBERS),
    "many lists": made(b'{"w": [' + b"[]," * 4_000_000 + b"[]]}"),
    "long name": made({"w" * 600: entry()}, NUMBERS),
    "long header": struct.pack("<Q", 1 << 40) + b"{}",
    "header past the end": struct.pack("<Q", 500) + b"{}",
    "empty": b"",
    "half a length": b"\x10\0\0",
}


@pytest.mark.parametrize("fault", REFUSED)
def test_a_header_that_makes_no_sense_is_refused_soon(fault):
    started = time.thread_time()
    with pytest.raises(HARMLESS):
        peek(REFUSED[fault])
    with pytest.raises(HARMLESS):
        load(REFUSED[fault], peek(SOUND))
    assert time.thread_time() - started < 2


@pytest.mark.parametrize("kind", ["F8_E4M3", "F8_E5M2", "C64", "F4"])
def test_numbers_that_are_not_read_are_refused_in_words(kind):
    with pytest.raises(
        UnusableCheckpoint, match=r"net\.safetensors holds complex numbers"
    ) as caught:
        peek(made({"w": entry(dtype=kind)}, NUMBERS))
    assert kind in caught.value.detail


@pytest.mark.parametrize("header", [{}, {"__metadata__": {"format": "pt"}}])
def test_a_file_without_weights_is_refused_in_words(header):
    with pytest.raises(UnusableCheckpoint, match=r"net\.safetensors holds no weights"):
        peek(made(header))


def test_a_header_larger_than_any_is_refused_before_it_is_read():
    class Counting(io.BytesIO):
        most = 0

        def read(self, count=-1):
            self.most = max(self.most, count)
            return super().read(count)

    file = Counting(struct.pack("<Q", 20 << 20) + b"{" + b" " * (21 << 20))
    with pytest.raises(ValueError, match="header larger"):
        safetensors_file.peek(file, "net")
    assert file.most == 8


def test_a_file_that_changed_since_the_peek_is_refused():
    with pytest.raises(ValueError, match="changed"):
        load(save(STATE), peek(SOUND))


WHOLE = save(STATE, {"card": json.dumps({"name": "mine"})})
PEEKED = peek(WHOLE)


def test_a_file_cut_short_anywhere_is_refused():
    for cut in range(20):
        short = WHOLE[: len(WHOLE) * cut // 20]
        with pytest.raises(HARMLESS):
            peek(short)
        with pytest.raises(HARMLESS):
            load(short, PEEKED)


@given(st.floats(0, 1), st.binary(min_size=1, max_size=30))
@settings(max_examples=200, deadline=None)
def test_a_damaged_file_is_read_or_refused_but_never_a_bug(place, value):
    data = bytearray(WHOLE)
    start = int(place**3 * len(data))  # mostly in the header
    data[start : start + len(value)] = value
    with contextlib.suppress(*HARMLESS):
        assert peek(bytes(data)).stored >= 0
    with contextlib.suppress(*HARMLESS):
        assert load(bytes(data), PEEKED).keys() == PEEKED.shapes.keys()


@given(
    st.recursive(
        st.none() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["w", "dtype", "shape", "data_offsets", "card"]), inner
            )
        ),
        max_leaves=8,
    ),
    st.binary(max_size=30),
)
@settings(max_examples=100, deadline=None)
def test_any_json_as_a_header_is_refused(header, numbers):
    with contextlib.suppress(*HARMLESS):
        peek(made({"w": header, "__metadata__": {}}, numbers))
        pytest.fail("read")
