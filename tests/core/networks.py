"""Tiny networks and their checkpoints for tests: milliseconds instead of minutes."""

import json
import warnings
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from onepixel_gui.classifier.architectures import CodaitMitosis
from onepixel_gui.classifier.card import Card


def card(classes=("normal", "mitosis"), **facts):
    told = {
        "subject": classes[-1],
        "input_size": (8, 8),
        "scaling": "zero-to-one",
        **facts,
    }
    return Card("tiny", "tiny.pt", "0" * 64, "TorchScript", 10, classes, **told)


class Tiny(nn.Module):
    """Sees each pixel of an 8 x 8 tile; every weight differs, so a turned tile reads otherwise."""

    def __init__(self, outputs: int = 1, edge: tuple[int, int] = (8, 8), gain: float = 1.0) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(5)
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.head = nn.Linear(4 * edge[0] * edge[1], outputs)
        for weight in self.parameters():
            weight.data = torch.randn(weight.shape, generator=generator) * 0.5 * gain
        self.norm.running_mean.copy_(torch.randn(4, generator=generator))
        self.norm.running_var.copy_(torch.rand(4, generator=generator) + 0.5)
        self.eval()

    def forward(self, x: Tensor) -> Tensor:
        y = torch.relu(self.norm(self.conv(x)))
        return self.head(torch.flatten(y, 1))


class Squashed(nn.Module):
    """The same as probabilities."""

    def __init__(self, outputs: int = 1) -> None:
        super().__init__()
        self.inner, self.one = Tiny(outputs), outputs == 1
        self.eval()

    def forward(self, x: Tensor) -> Tensor:
        y = self.inner(x)
        return torch.sigmoid(y) if self.one else torch.softmax(y, dim=1)


class Corner(nn.Module):
    """logit = 4 - 8 * (red of the pixel at row 1, column 2): bright red there flips the answer."""

    def forward(self, x: Tensor) -> Tensor:
        return (4.0 - 8.0 * x[:, 0, 1, 2])[:, None]


def save_script(network: nn.Module, path: Path, told: object = None) -> Path:
    """A TorchScript file, with a card.json inside unless `told` is None."""
    extra = {} if told is None else {"card.json": json.dumps(told)}
    with (
        warnings.catch_warnings()
    ):  # torch would rather have us export, but people have these files
        warnings.simplefilter("ignore", DeprecationWarning)
        traced = torch.jit.trace(network, torch.rand(2, 3, *_edge(told)))
        torch.jit.save(traced, str(path), _extra_files=extra)
    return path


def _edge(told: object) -> tuple[int, int]:
    height, width = told.get("input", (64, 64)) if isinstance(told, dict) else (64, 64)
    return height, width


def codait_weights(seed: int = 0) -> dict[str, Tensor]:
    """Random weights of the CODAIT network, by name."""
    torch.manual_seed(seed)
    state = CodaitMitosis().state_dict()
    return {
        key: value.contiguous()
        for key, value in state.items()
        if not key.endswith("num_batches_tracked")
    }


def save_codait(path: Path, *, weights=None, told: object = None, **metadata: str) -> Path:
    """A safetensors file as the demonstration's, with random weights."""
    from safetensors.torch import save_file

    words = {"architecture": "codait_mitosis"}
    if told is not None:
        words["card"] = json.dumps(told)
    save_file(weights or codait_weights(), str(path), {**words, **metadata})
    return path


def noise(count: int = 5, shape: tuple[int, int] = (8, 8), seed: int = 0):
    return np.random.default_rng(seed).integers(0, 256, (count, *shape, 3), np.uint8)


def save_bench(folder: Path) -> Path:
    """Tiles and two classifiers of 8 x 8: one pixel flips `weak.pt`, none flips `sound.pt`."""
    told = {"input": [8, 8], "scaling": "zero-to-one", "outputs": "logits"}
    told["classes"] = ["normal", "mitosis"]
    save_script(Corner(), folder / "weak.pt", told)
    save_script(Tiny(gain=0.01), folder / "sound.pt", told)
    for name, tile in zip(("a.png", "b.png"), noise(2), strict=True):
        tile[1, 2] = 0
        Image.fromarray(tile).save(folder / name)
    Image.fromarray(noise(1, (20, 30))[0]).save(folder / "large.png")
    (folder / "bad.png").write_text("no picture at all")
    return folder
