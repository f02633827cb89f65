"""A torch.export program is rebuilt as its network, and what is no classifier says so."""

import io
import subprocess
import sys

import pytest
import torch
from torch import nn
from torch.nn import functional

from onepixel_gui.classifier.architectures import CodaitMitosis
from onepixel_gui.classifier.fast import fast_form
from onepixel_gui.classifier.formats.programs import exported
from onepixel_gui.classifier.incremental import arithmetic
from onepixel_gui.classifier.windows import Trace, Windowed
from tests.core.exported.programs import agree, edited, exported_data, opened, refused
from tests.core.networks import Tiny


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
