"""Reads checkpoints without running their code: bytes in, a card and a network out."""

import hashlib
import io
import json
import warnings
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args
from zipfile import BadZipFile, ZipFile

import numpy as np
import torch
from torch import Tensor, nn

from onepixel_gui.classifier.architectures import BUILDERS, CodaitMitosis
from onepixel_gui.classifier.card import Card, Outputs, Scaling
from onepixel_gui.problems import UnusableCheckpoint

LARGEST = 8 << 30  # bytes: refuse what cannot be a tile classifier before reading it

_READABLE = "Choose a .safetensors of the demonstration, IBM's .hdf5, or a TorchScript .pt file."


def load(path: Path) -> tuple[Card, nn.Module]:
    """Read a checkpoint; the kind is told by its content, not by its name.

    The network is in evaluation mode on the CPU.  Raises UnusableCheckpoint.
    """
    data = _bytes(path)
    digest = hashlib.sha256(data).hexdigest()
    try:
        if data[:8] == b"\x89HDF\r\n\x1a\n":
            return _from_hdf5(path.name, digest, data)
        if data[:4] == b"PK\x03\x04":
            return _from_torchscript(path.name, digest, data)
        if data[8:9] == b"{" and int.from_bytes(data[:8], "little") < len(data):
            return _from_safetensors(path.name, digest, data)
    except UnusableCheckpoint:
        raise
    except (OSError, LookupError, ValueError, TypeError, AttributeError, RuntimeError) as broken:
        # A damaged file surfaces as any of these from the format's own reader; none of our
        # code runs in between, so nothing else hides behind them.
        raise UnusableCheckpoint(
            f"{path.name} is damaged or not what its kind promises.",
            "Fetch the file again, and compare its checksum with the publisher's.",
            detail=f"{type(broken).__name__}: {broken}",
        ) from broken
    raise _unknown(path.name, data)


def _bytes(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise UnusableCheckpoint(
                f"{path.name} is not a file.", "Choose the checkpoint file itself."
            )
        if path.stat().st_size > LARGEST:
            raise UnusableCheckpoint(
                f"{path.name} is larger than 8 GB.", "Choose the checkpoint of a tile classifier."
            )
        return path.read_bytes()
    except OSError as refused:
        raise UnusableCheckpoint(
            f"{path.name} cannot be read.",
            "Check that the file still exists and that you may read it.",
            detail=str(refused),
        ) from refused


def _unknown(name: str, data: bytes) -> UnusableCheckpoint:
    if not data:
        return UnusableCheckpoint(f"{name} is empty.", "Fetch or copy the file again.")
    if data.startswith(b"version https://git-lfs"):
        return UnusableCheckpoint(
            f"{name} is only a Git LFS pointer, not the checkpoint.",
            "Fetch the real file with `git lfs pull`.",
        )
    if data[:1] == b"\x80":
        return UnusableCheckpoint(
            f"{name} is a pickle, which could run code when opened.",
            "Save the network as TorchScript or its weights as safetensors.",
        )
    return UnusableCheckpoint(f"{name} is not a checkpoint that can be read.", _READABLE)


# ------------------------------------------------------------------ safetensors with our metadata
def _from_safetensors(name: str, digest: str, data: bytes) -> tuple[Card, nn.Module]:
    from safetensors import SafetensorError
    from safetensors.torch import load as tensors_of

    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    metadata = header.get("__metadata__", {})
    architecture = metadata.get("architecture", "")
    if architecture not in BUILDERS:
        raise UnusableCheckpoint(
            f"{name} holds weights, but does not say of which network.",
            f"Save it with metadata naming one of: {', '.join(BUILDERS)}.",
        )
    try:
        weights = tensors_of(data)
    except SafetensorError as broken:
        raise ValueError(str(broken)) from broken
    network = _filled(name, BUILDERS[architecture](), weights)
    told = json.loads(metadata.get("card", "{}"))
    card = _card(name, digest, architecture, _stored(weights), told)
    return _agreed(card, _answers(name, network, card.input_size)), network


def _filled(name: str, network: nn.Module, weights: Mapping[str, Tensor]) -> nn.Module:
    wanted = {key for key in network.state_dict() if not key.endswith("num_batches_tracked")}
    if set(weights) != wanted:
        missing, extra = sorted(wanted - set(weights)), sorted(set(weights) - wanted)
        raise UnusableCheckpoint(
            f"{name} does not fit its network: {len(missing)} weights missing, {len(extra)} extra.",
            "Choose the checkpoint that belongs to this network.",
            detail=f"missing: {missing[:8]}, extra: {extra[:8]}",
        )
    broken = [key for key, value in weights.items() if not bool(torch.isfinite(value).all())]
    if broken:
        raise UnusableCheckpoint(
            f"{name} holds weights that are not numbers.",
            "Train or export the network again.",
            detail=", ".join(broken[:8]),
        )
    network.load_state_dict(dict(weights), strict=False)
    return network.eval()


def _stored(weights: Mapping[str, Tensor]) -> int:
    return sum(value.numel() for value in weights.values())


def _card(name: str, digest: str, architecture: str, weights: int, told: Mapping[str, Any]) -> Card:
    """What the file says of itself, with the mitosis task's own values where it is silent."""
    classes = tuple(str(word) for word in told.get("classes", ("normal", "mitosis")))
    height, width = (int(edge) for edge in told.get("input", (64, 64)))
    card = Card(
        name=str(told.get("name", Path(name).stem)),
        file=name,
        sha256=digest,
        architecture=architecture,
        weights=weights,
        classes=classes,
        subject=str(told.get("subject", classes[-1])),
        input_size=(height, width),
        scaling=told.get("scaling", "minus-one-to-one"),
        threshold=float(told.get("threshold", 0.5)),
        outputs=told.get("outputs", "logits"),
    )
    faults = {
        "subject": card.subject not in card.classes or len(set(card.classes)) != len(card.classes),
        "scaling": card.scaling not in get_args(Scaling),
        "outputs": card.outputs not in get_args(Outputs),
        "threshold": not 0.0 < card.threshold < 1.0,
        "input": not (1 <= height <= 4096 and 1 <= width <= 4096),
    }
    if any(faults.values()):
        wrong = ", ".join(key for key, fault in faults.items() if fault)
        raise UnusableCheckpoint(
            f"{name} describes itself in a way that makes no sense ({wrong}).",
            "Correct the card inside the checkpoint.",
        )
    return card


# ------------------------------------------------------------------ IBM MAX mitosis detector
def _from_hdf5(name: str, digest: str, data: bytes) -> tuple[Card, nn.Module]:
    import h5py

    with h5py.File(io.BytesIO(data), "r") as file:
        layers = _keras_layers(file)
    if sum(key.startswith("conv2d_") for key in layers) != 38:
        raise UnusableCheckpoint(
            f"{name} is not the IBM MAX mitosis detector, the one Keras file that can be rebuilt.",
            _READABLE,
        )
    network = _filled(name, CodaitMitosis(), _codait_weights(layers))
    stored = sum(array.size for layer in layers.values() for array in layer)
    card = _card(name, digest, "codait_mitosis", stored, {"name": "IBM MAX mitosis detector"})
    return card, network


def _keras_layers(file: Any) -> dict[str, list[Any]]:
    """Layer name -> its arrays in the order of `weight_names`; layers without weights left out."""
    group = file["model_weights"]
    layers = {}
    for key in group:
        names = [
            n.decode() if isinstance(n, bytes) else n for n in group[key].attrs["weight_names"]
        ]
        if names:
            layers[key] = [np.asarray(group[key][n], np.float32) for n in names]
    return layers


def _codait_weights(layers: Mapping[str, list[Any]]) -> dict[str, Tensor]:
    """Keras numbers convolutions and norms in the order they were made (METHODS 1.2)."""
    weights: dict[str, Tensor] = {}

    def conv(target: str, number: int) -> None:
        kernel, bias = layers[f"conv2d_{number}"]
        weights[f"{target}.weight"] = torch.from_numpy(kernel.transpose(3, 2, 0, 1).copy())
        weights[f"{target}.bias"] = torch.from_numpy(bias.copy())

    def norm(target: str, number: int) -> None:
        parts = ("weight", "bias", "running_mean", "running_var")
        for part, array in zip(parts, layers[f"batch_normalization_{number}"], strict=True):
            weights[f"{target}.{part}"] = torch.from_numpy(array.copy())

    conv("stem", 1)
    for block in range(9):
        for inner in range(3):
            conv(f"blocks.{block}.conv{inner + 1}", 4 * block + inner + 2)
            norm(f"blocks.{block}.norm{inner + 1}", 3 * block + inner + 1)
        conv(f"blocks.{block}.shortcut", 4 * block + 5)
    norm("norm", 28)
    conv("head", 38)
    return weights


# ------------------------------------------------------------------ TorchScript
def _from_torchscript(name: str, digest: str, data: bytes) -> tuple[Card, nn.Module]:
    try:
        with ZipFile(io.BytesIO(data)) as archive:
            entries = archive.namelist()
    except BadZipFile as broken:
        raise ValueError(str(broken)) from broken
    if not any("/code/" in entry for entry in entries):
        raise UnusableCheckpoint(
            f"{name} holds weights or a pickle, but no network.",
            "Save the network as TorchScript (torch.jit.script or trace).",
        )
    extra = {"card.json": ""}
    read: Any = torch.jit.load
    with warnings.catch_warnings():  # torch would rather be given an export; people have these
        warnings.simplefilter("ignore", DeprecationWarning)
        network = read(io.BytesIO(data), map_location="cpu", _extra_files=extra).eval()
    told = json.loads(extra["card.json"] or "{}")
    return _asked(name, digest, network, told), network


def _asked(name: str, digest: str, network: nn.Module, told: dict[str, Any]) -> Card:
    """The card of a TorchScript file: what it tells, and the rest by asking the network."""
    doubts = []
    for key, assumed in (("input", (64, 64)), ("scaling", "zero-to-one")):
        if key not in told:
            told[key] = assumed
            shown = "64 x 64 px" if key == "input" else "colours scaled to 0-1"
            doubts.append(f"The checkpoint does not state its {key}; {shown} was assumed.")
    height, width = told["input"]
    answers = _answers(name, network, (height, width))
    count = answers.shape[1]
    if "classes" not in told:
        names = [f"class {index}" for index in range(count)]
        told["classes"] = ["normal", "mitosis"] if count <= 2 else names
        doubts.append("The checkpoint does not name its classes.")
    if "outputs" not in told:
        told["outputs"] = "probabilities" if _look_like_probabilities(answers) else "logits"
    weights = _stored(network.state_dict())
    card = _card(name, digest, "TorchScript", weights, told)
    return replace(_agreed(card, answers), doubts=tuple(doubts))


def _answers(name: str, network: nn.Module, shape: tuple[int, int]) -> Tensor:
    """(4, C): what the network says of noise in 0-1."""
    tiles = torch.rand(4, 3, *shape, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        answers = network(tiles)
    if not isinstance(answers, Tensor) or answers.ndim != 2 or len(answers) != 4:
        raise UnusableCheckpoint(
            f"{name} does not return one row of numbers per tile.",
            "Export the network so that (N, 3, H, W) gives (N, classes).",
        )
    return answers


def _agreed(card: Card, answers: Tensor) -> Card:
    """The card, when it names as many classes as the network tells apart."""
    count = answers.shape[1]
    if max(count, 2) != len(card.classes):
        raise UnusableCheckpoint(
            f"{card.file} names {len(card.classes)} classes but returns {count} numbers.",
            "Correct the class names on its card.",
        )
    return card


def _look_like_probabilities(answers: Tensor) -> bool:
    inside = bool(((answers >= 0) & (answers <= 1)).all())
    return inside and (
        answers.shape[1] == 1 or bool(torch.allclose(answers.sum(1), torch.ones(4), atol=1e-4))
    )
