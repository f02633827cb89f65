"""A TorchScript file is compiled only after it was read, and only what was read is compiled."""

import io
import json
import pickle
import subprocess
import sys
import warnings
import zipfile
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onepixel_gui.classifier.formats.contents import Source
from onepixel_gui.classifier.formats.programs import torchscript
from onepixel_gui.classifier.formats.programs.archive import UNPACKED
from onepixel_gui.problems import UnusableCheckpoint
from tests.core.networks import Squashed, Tiny, save_script

DAMAGE = (
    UnusableCheckpoint, OSError, LookupError, ValueError, TypeError, AttributeError, RuntimeError,
    MemoryError, RecursionError, OverflowError,
)  # fmt: skip


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A file as users have it: two outputs, 8 x 8, with a card inside."""
    told = {"input": [8, 8], "classes": ["calm", "dividing"], "threshold": 0.4, "poem": "none"}
    return save_script(Tiny(2), tmp_path_factory.mktemp("script") / "net.pt", told).read_bytes()


def opened(data, name="net.pt"):
    contents = torchscript.peek(io.BytesIO(data), name)
    return contents, torchscript.network(Source(Path("/nowhere") / name, data, ""), contents)


def changed(data, changes):
    """The archive with other entries: the end of a name -> what to make of its bytes."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(made, "w") as new:
        for entry in old.namelist():
            content = old.read(entry)
            for end, change in changes.items():
                content = change(content) if entry.endswith(end) else content
            new.writestr(entry, content)
    return made.getvalue()


def refused(data):
    with pytest.raises(UnusableCheckpoint) as caught:
        opened(data)
    assert "net.pt" in caught.value.what
    assert "nowhere" not in caught.value.what
    assert caught.value.remedy[0].isupper()
    assert caught.value.remedy.endswith(".")
    return caught.value


# ------------------------------------------------------------------ what it says
def test_a_script_answers_as_the_network_it_was_made_of(data):
    contents, network = opened(data)
    tiles = torch.rand(3, 3, 8, 8, requires_grad=True)
    answers = network(tiles)
    torch.testing.assert_close(answers, Tiny(2)(tiles), rtol=0, atol=1e-6)
    assert torch.autograd.grad(answers.sum(), tiles)[0].abs().sum() > 0
    assert not network.training
    assert (contents.format, contents.architecture) == ("TorchScript", "TorchScript")


def test_a_network_that_was_defined_in_the_script_that_saved_it_is_read(tmp_path):
    """Its class lies in no module, for that script is none."""
    written = type("WrittenInAScript", (Tiny,), {"__module__": "__main__"})
    data = save_script(written(2), tmp_path / "net.pt", {"input": [8, 8]}).read_bytes()
    _, network = opened(data)
    tiles = torch.rand(3, 3, 8, 8)
    torch.testing.assert_close(network(tiles), Tiny(2)(tiles), rtol=0, atol=1e-6)


def test_a_compiled_script_is_read_as_a_traced_one(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        script = torch.jit.script(Squashed(3))
        torch.jit.save(script, str(tmp_path / "net.pt"))
    _, network = opened((tmp_path / "net.pt").read_bytes())
    tiles = torch.rand(2, 3, 8, 8)
    torch.testing.assert_close(network(tiles), Squashed(3)(tiles), rtol=0, atol=1e-6)


def test_its_weights_are_counted_without_what_training_left_behind(data):
    state = Tiny(2).state_dict()
    wanted = sum(value.numel() for key, value in state.items() if "num_batches" not in key)
    assert opened(data)[0].stored == wanted


def test_its_card_is_told_in_the_words_of_cards(data):
    told = opened(data)[0].told
    assert told == {"input_size": [8, 8], "classes": ["calm", "dividing"], "threshold": 0.4}


def test_it_is_known_by_its_entries():
    assert torchscript.entries_recognised(["net/data.pkl", "net/code/__torch__/a.py"])
    assert not torchscript.entries_recognised(["net/data.pkl", "net/data/0"])


def test_peeking_at_it_needs_no_torch(tmp_path, data):
    (tmp_path / "net.pt").write_bytes(data)
    code = (
        "import sys\n"
        "from onepixel_gui.classifier.formats.programs.torchscript import peek\n"
        "print(peek(open(sys.argv[1], 'rb'), 'net.pt').stored, 'torch' in sys.modules)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "net.pt")]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert told.split() == ["642", "False"]


# ------------------------------------------------------------------ programs that do more
@pytest.mark.parametrize(
    "line",
    [
        'x = torch.from_file("/etc/hosts", False, 16)',
        'x = ("/etc/hosts").from_file(False, 16)',
        'torch.save(x, "sprung")',
        'y = getattr(torch, "from_" "file")("/etc/hosts", False, 16)',
        'y = getattr(torch, "\\x66rom_file")("/etc/hosts", False, 16)',
        "y = (torch).empty([4])",
        'x = ops.image.read_file("/etc/hosts")',
        "f = ops.prim.PythonOp",
        "x = torch.as_strided(x, [4], [1], 1000000)",
        "x = x.set_(x)",
        "y = fork(self.forward, x)",
        "torch.manual_seed(3)",
        "y = torch.empty([1000000000000])",
    ],
)
def test_a_program_that_does_more_than_classify_is_never_compiled(data, line, monkeypatch):
    monkeypatch.setattr(torch.jit, "load", lambda *_, **__: pytest.fail("compiled"))
    start = b"    head = self.head\n"
    trapped = changed(
        data,
        {"networks.py": lambda text: text.replace(start, start + b"    " + line.encode() + b"\n")},
    )
    assert "does more than classify" in refused(trapped).what


def test_a_module_that_reads_a_file_is_refused_though_torch_would_read_it(tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(bytes(range(16)))

    class Reader(torch.nn.Module):
        def __init__(self, path: str) -> None:
            super().__init__()
            self.path = path

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.from_file(self.path, False, len(x), dtype=torch.uint8)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.save(torch.jit.script(Reader(str(secret))), str(tmp_path / "net.pt"))
        open_door = torch.jit.load(str(tmp_path / "net.pt"))
    assert open_door(torch.zeros(16)).tolist() == list(range(16))
    assert "from_file" in refused((tmp_path / "net.pt").read_bytes()).detail


def test_methods_that_torch_would_run_while_loading_are_refused(data):
    method = b"  def __setstate__(self: Tensor, state: int) -> NoneType:\n    return None\n"
    assert "__setstate__" in refused(changed(data, {"conv.py": lambda text: text + method})).detail


# ------------------------------------------------------------------ tables that lie
class Trap:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize("entry", ["data.pkl", "constants.pkl"])
@pytest.mark.parametrize("protocol", [2, 4])
def test_a_pickle_that_names_anything_else_is_refused(tmp_path, data, entry, protocol):
    trap = pickle.dumps(Trap(tmp_path / "sprung"), protocol)
    refused(changed(data, {f"/{entry}": lambda _: trap}))
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    ("honest", "lie"),
    [
        (b"K\x6ct", b"M\xff\xfft"),  # 65,535 numbers in a storage of 108
        (b"K\x04K\x03K\x03K\x03t", b"K\x7fK\x03K\x03K\x03t"),  # more channels than there are
        (b"K\x1bK\x09K\x03K\x01t", b"K\x7fK\x09K\x03K\x01t"),  # steps that leave the storage
        (b"K\x04K\x03K\x03K\x03t", b"J\xff\xff\xff\xffK\x03K\x03K\x03t"),  # a negative size
        (b"FloatStorage", b"DoubleStorage"),  # twice the bytes
    ],
)
def test_a_table_of_another_size_than_its_bytes_is_never_shown_to_torch(
    data, honest, lie, monkeypatch
):
    monkeypatch.setattr(torch.jit, "load", lambda *_, **__: pytest.fail("loaded"))
    lying = changed(data, {"/data.pkl": lambda table: table.replace(honest, lie, 1)})
    assert lying != changed(data, {})
    with pytest.raises(ValueError, match=r"storage|counts|said"):
        opened(lying)


@pytest.mark.parametrize(
    "table",
    [
        b"\x80\x02)" + b"\x85" * 100_000 + b".",  # tuples inside each other
        b"\x80\x02](]q\x00" + b"h\x00" + b"a" * 2 + b".",
        b"\x80\x02]q\x00h\x00a.",  # a list that contains itself
        b"\x80\x02]r\xff\xff\xff\x7f" + b"K\x01a.",  # a memory of two thousand million places
        b"\x80\x02(((((",
        b"\x80\x02.",
        b"",
    ],
)
def test_tables_without_sense_are_damage(data, table):
    with pytest.raises(DAMAGE):
        opened(changed(data, {"/data.pkl": lambda _: table}))


# ------------------------------------------------------------------ archives that lie
def test_an_archive_that_unpacks_to_more_than_it_holds_is_refused(data):
    bomb = io.BytesIO(data)
    with zipfile.ZipFile(bomb, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("net/code/zeros.py", bytes(UNPACKED + 1))
    assert len(bomb.getvalue()) < 200_000
    assert "unpack" in refused(bomb.getvalue()).what


def test_an_entry_that_unpacks_to_more_than_it_says_is_read_no_further():
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("net/code/a.py", b"")
        archive.writestr("net/data.pkl", bytes(50_000_000))
    lying = bomb.getvalue().replace((50_000_000).to_bytes(4, "little"), (100).to_bytes(4, "little"))
    with pytest.raises(ValueError, match=r"CRC|cut short|opcode|STOP"):
        opened(lying)


@pytest.mark.parametrize("name", ["net/data.pkl", "net/DATA.pkl"])
def test_an_archive_with_two_entries_of_one_name_is_damaged(data, name):
    twice = io.BytesIO(data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        with zipfile.ZipFile(twice, "a") as archive:
            archive.writestr(name, b"")
    with pytest.raises(ValueError, match="names"):
        opened(twice.getvalue())


@pytest.mark.parametrize("share", [cut / 20 for cut in range(20)])
def test_a_file_that_was_cut_short_is_damaged(data, share):
    with pytest.raises(DAMAGE):
        opened(data[: int(len(data) * share)])


@settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=[*HealthCheck])
@given(place=st.floats(0, 1), value=st.binary(min_size=1, max_size=6))
def test_damage_anywhere_in_the_file_is_never_a_bug(data, place, value):
    start = int(place * (len(data) - len(value)))
    _tried(data[:start] + value + data[start + len(value) :])


@settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=[*HealthCheck])
@given(
    entry=st.sampled_from(["/data.pkl", "networks.py", "conv.py", "/version", "card.json"]),
    place=st.floats(0, 1),
    value=st.binary(min_size=1, max_size=3) | st.sampled_from([b"K\x00", b"N", b"(", b"t", b"0"]),
)
def test_damage_inside_an_entry_is_never_a_bug(data, entry, place, value):
    def damaged(content):
        start = int(place * len(content))
        return content[:start] + value + content[start + len(value) :]

    _tried(changed(data, {entry: damaged}))


def _tried(data):
    try:
        _, network = opened(data)
        network(torch.zeros(1, 3, 8, 8))
    except DAMAGE:
        pass


def test_a_card_that_is_no_card_is_damage(data):
    with pytest.raises(DAMAGE):
        opened(changed(data, {"card.json": lambda _: json.dumps("a poem").encode()}))
