"""A torch.export program is rebuilt from what is allowed before torch sees any of it."""

import io
import json
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from onepixel_gui.classifier.architectures import CodaitMitosis
from onepixel_gui.classifier.fast import fast_form
from onepixel_gui.classifier.formats.contents import Source
from onepixel_gui.classifier.formats.programs import exported
from onepixel_gui.classifier.incremental import arithmetic
from onepixel_gui.classifier.windows import Trace, Windowed
from onepixel_gui.problems import UnusableCheckpoint
from tests.core.networks import Tiny
from tests.core.test_torchscript import DAMAGE, Trap, changed

MODEL, WEIGHTS = "models/model.json", "model_weights_config.json"


def exported_data(network, count=2, *, any_count=False):
    sizes = ({0: torch.export.Dim("batch")},) if any_count else None
    data = io.BytesIO()
    program = torch.export.export(network, (torch.rand(count, 3, 8, 8),), dynamic_shapes=sizes)
    torch.export.save(program, data)
    return data.getvalue()


@pytest.fixture(scope="module")
def free():
    """Tiny with two outputs, for any number of tiles."""
    return exported_data(Tiny(2), any_count=True)


@pytest.fixture(scope="module")
def fixed():
    """The same, for two tiles at a time."""
    return exported_data(Tiny(2))


def opened(data, name="net.pt2"):
    contents = exported.peek(io.BytesIO(data), name)
    return contents, exported.network(Source(Path("/nowhere") / name, data, ""), contents)


def refused(data):
    with pytest.raises(UnusableCheckpoint) as caught:
        opened(data)
    assert "net.pt2" in caught.value.what
    assert "nowhere" not in caught.value.what
    assert caught.value.remedy[0].isupper()
    assert caught.value.remedy.endswith(".")
    return caught.value


def edited(data, edit, entry=MODEL):
    """The file with other JSON: `edit` changes it in place."""

    def change(content):
        whole = json.loads(content)
        edit(whole)
        return json.dumps(whole).encode()

    return changed(data, {entry: change})


def agree(network, original, counts=(1, 2, 3, 64)):
    for count in counts:
        tiles = torch.rand(count, 3, 8, 8)
        torch.testing.assert_close(network(tiles), original(tiles), rtol=0, atol=1e-6)


# ------------------------------------------------------------------ what it says
@pytest.mark.parametrize("kind", ["free", "fixed"])
def test_a_program_answers_any_number_of_tiles_as_its_network(kind, request):
    contents, network = opened(request.getfixturevalue(kind))
    agree(network, Tiny(2))
    assert not network.training
    assert contents.format == contents.architecture == "torch.export program"
    assert contents.told == {"input_size": (8, 8)}
    assert contents.recipe == 2
    state = Tiny(2).state_dict()
    wanted = sum(value.numel() for key, value in state.items() if "num_batches" not in key)
    assert contents.stored == wanted


def test_a_program_bound_to_its_batch_answers_any_number_of_tiles():
    class Bound(Tiny):
        def forward(self, x):
            return super().forward(x).reshape(2, 2, -1).flatten(1)

    _, network = opened(exported_data(Bound(2)))
    agree(network, Tiny(2), (1, 2, 5))
    tiles = torch.rand(3, 3, 8, 8, requires_grad=True)
    assert torch.autograd.grad(network(tiles).sum(), tiles)[0].abs().sum(dim=(1, 2, 3)).all()


def test_gradients_reach_the_pixels(free):
    _, network = opened(free)
    ours, theirs = (torch.rand(2, 3, 8, 8).requires_grad_() for _ in range(2))
    theirs.data.copy_(ours.data)
    (expected,) = torch.autograd.grad(Tiny(2)(theirs).sum(), theirs)
    torch.testing.assert_close(torch.autograd.grad(network(ours).sum(), ours)[0], expected)


def test_it_can_be_traced_like_an_ordinary_network(free):
    _, network = opened(free)
    tiles = torch.rand(3, 3, 8, 8)
    traced = fast_form(network, tiles)
    assert traced is not None
    torch.testing.assert_close(traced(tiles), network(tiles), rtol=1e-5, atol=1e-5)


def test_windows_save_as_much_as_for_the_network_itself():
    torch.manual_seed(0)
    network = CodaitMitosis().eval()
    program = torch.export.export(network, (torch.rand(1, 3, 64, 64),))
    data = io.BytesIO()
    torch.export.save(program, data)
    tiles, told = torch.rand(2, 3, 64, 64), []
    for each in (network, opened(data.getvalue())[1]):
        windowed = Windowed(Trace(fast_form(each, tiles), tiles))
        told.append(arithmetic(windowed, len(windowed.steps)))
    assert told[0] == told[1]
    assert told[0].saved > 0.5


def test_layers_are_put_together_again_without_changing_an_answer():
    class Varied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one = nn.Conv2d(3, 8, 3, 2, 1, bias=False)
            self.two = nn.Conv2d(8, 8, (3, 1), (1, 2), (2, 0), (2, 1), 4)
            self.norm = nn.BatchNorm2d(8, affine=False)
            self.line = nn.BatchNorm1d(8)
            self.head = nn.Linear(8, 2, bias=False)

        def forward(self, x):
            y = functional.hardtanh(self.one(x), -0.5, 0.4, inplace=True)
            y = functional.silu(self.norm(self.two(y)), inplace=True)
            y = torch.add(y, y * 2, alpha=0.5) - functional.leaky_relu(y, 0.3)
            y = functional.avg_pool2d(
                functional.max_pool2d(functional.pad(y, [1, 0, 2, 1]), 2, 1), 2
            )
            return self.head(functional.dropout(self.line(y.mean((2, 3))), 0.5, training=False))

    torch.manual_seed(0)
    network = Varied().train()
    network(torch.rand(16, 3, 8, 8))  # norms that do something
    network.eval()
    _, read = opened(exported_data(network, any_count=True))
    agree(read, network, (1, 5))
    kinds = [type(module) for module in read.modules()]
    assert (kinds.count(nn.Conv2d), kinds.count(nn.BatchNorm2d), kinds.count(nn.Linear)) == (
        2,
        1,
        1,
    )


def test_constants_and_shared_weights_come_back():
    class Shared(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = nn.Linear(8, 8), nn.Linear(8, 8)
            self.second.weight = self.first.weight
            self.register_buffer("straight", torch.rand(8, 8))
            self.register_buffer("turned", self.straight.t())
            self.register_buffer("chosen", torch.arange(8) % 7 == 0)

        def forward(self, x):
            y = self.second(self.first(x)).mean((1, 2)) * torch.tensor([2.0, 1, 1, 1, 1, 1, 1, 3])
            return ((y @ self.turned + y @ self.straight) * self.chosen)[:, [0, 7]]

    network = Shared().eval()
    agree(opened(exported_data(network, any_count=True))[1], network)


def test_it_is_known_by_its_entries():
    assert exported.entries_recognised(["net/models/model.json", "net/archive_format"])
    assert exported.entries_recognised(["serialized_exported_program.json", "version"])
    assert not exported.entries_recognised(["net/data.pkl", "net/code/a.py"])


def test_peeking_at_it_needs_no_torch(tmp_path, free):
    (tmp_path / "net.pt2").write_bytes(free)
    code = (
        "import sys\n"
        "from onepixel_gui.classifier.formats.programs.exported import peek\n"
        "print(peek(open(sys.argv[1], 'rb'), 'net.pt2').stored, 'torch' in sys.modules)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "net.pt2")]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert told.split() == ["642", "False"]


# ------------------------------------------------------------------ networks that are none of ours
@pytest.mark.parametrize(
    ("forward", "words"),
    [
        (lambda self, x: (self.head(x), x), "one row of numbers"),
        (lambda self, x: self.norm(x), "was learning"),
    ],
)
def test_a_program_that_is_no_finished_classifier_says_so(forward, words):
    class Other(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.head, self.norm = nn.Linear(8, 2), nn.BatchNorm2d(3)

    Other.forward = lambda self, x: forward(self, x)
    assert words in refused(exported_data(Other())).what


def test_a_program_of_two_inputs_says_so(free):
    def twice(whole):
        specs = whole["graph_module"]["signature"]["input_specs"]
        specs.append(specs[-1])

    assert "2 inputs" in refused(edited(free, twice)).what


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
