"""Checkpoints that mean harm or are past help, one file each; and a process that opens them all."""

import io
import json
import pickle
import resource
import struct
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np
import torch

HUGE = 10**12
SPRUNG = "sprung"  # the file that a payload would make

# ------------------------------------------------------------------ payloads


class Trap:
    """Whoever unpickles this makes a file."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / SPRUNG

    def __reduce__(self):
        return Path.touch, (self.path,)


def pickles(folder: Path) -> Iterator[Path]:
    for protocol in (0, 2, 4, 5):
        yield put(folder / f"bare{protocol}.pt", pickle.dumps(Trap(folder), protocol))
    torch.save(Trap(folder), folder / "whole.pt")
    torch.save({"state_dict": {"fc.weight": Trap(folder)}}, folder / "claims.pth")
    legacy = folder / "legacy.pth"
    torch.save({"w": Trap(folder)}, legacy, _use_new_zipfile_serialization=False)
    yield from (folder / "whole.pt", folder / "claims.pth", legacy)
    inner = pickle.dumps(Trap(folder))
    yield zipped(folder / "nested.pt", {"a/data.pkl": inner, "a/version": b"3\n"})
    yield zipped(folder / "keras.keras", {"config.json": inner, "model.weights.h5": inner})


def zips(folder: Path) -> Iterator[Path]:
    blank = bytes(1 << 20)
    path = folder / "bomb.pt"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in range(300):
            archive.writestr(f"a/data/{part}", blank)
        archive.writestr("a/data.pkl", blank * 40)
    yield path
    path = folder / "bomb.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("metadata.json", b"{}")
        archive.writestr("config.json", b" " * (200 << 20))
        archive.writestr("model.weights.h5", blank * 300)
    yield path


# ------------------------------------------------------------------ absurd sizes
def sizes(folder: Path) -> Iterator[Path]:
    for name, shape in (("negative", [-1, 4]), ("huge", [HUGE, 4]), ("product", [2**31, 2**31])):
        header = {"w": {"dtype": "F32", "shape": shape, "data_offsets": [0, 16]}}
        text = json.dumps(header).encode()
        path = folder / f"{name}.safetensors"
        yield put(path, struct.pack("<Q", len(text)) + text + bytes(16))
    yield put(folder / "header.safetensors", struct.pack("<Q", HUGE) + b"{" + bytes(99))
    wide = torch.zeros(1).expand(10**6, 10**6)
    torch.save({"fc.weight": wide, "fc.bias": torch.zeros(2)}, folder / "expanded.pt")
    yield folder / "expanded.pt"
    with h5py.File(folder / "huge.h5", "w") as file:
        file.attrs["model_config"] = "{}"
        group = file.create_group("model_weights").create_group("dense")
        group.attrs["weight_names"] = [b"kernel:0"]
        group.create_dataset("kernel:0", (HUGE,), "f4", chunks=(1024,), compression="gzip")
    yield folder / "huge.h5"


def links(folder: Path) -> Iterator[Path]:
    secret = folder / "secret.h5"
    with h5py.File(secret, "w") as file:
        file["kernel"] = np.zeros(3)
    for name in ("external", "circle", "dangling"):
        path = folder / f"{name}.h5"
        with h5py.File(path, "w") as file:
            file.attrs["model_config"] = "{}"
            weights = file.create_group("model_weights")
            if name == "external":
                weights["dense"] = h5py.ExternalLink(str(secret), "/")
            elif name == "circle":
                weights["dense"] = weights
            else:
                weights["dense"] = h5py.SoftLink("/nowhere")
        yield path


def onnx_files(folder: Path) -> Iterator[Path]:
    import onnx
    from onnx import TensorProto, helper

    for name, where in (("up", "../outside.bin"), ("absolute", "/etc/hostname")):
        weight = onnx.TensorProto()
        weight.name, weight.data_type = "w", TensorProto.FLOAT
        weight.dims.extend([3, 2])
        weight.data_location = TensorProto.EXTERNAL
        weight.external_data.add(key="location", value=where)
        yield put(folder / f"{name}.onnx", _onnx(helper, weight).SerializeToString())
    for name, dims in (("huge", [HUGE]), ("negative", [-3, 2])):
        weight = onnx.TensorProto()
        weight.name, weight.data_type = "w", TensorProto.FLOAT
        weight.dims.extend(dims)
        weight.raw_data = bytes(24)
        yield put(folder / f"{name}.onnx", _onnx(helper, weight).SerializeToString())


def _onnx(helper, weight):
    kind = 1  # float
    given = helper.make_tensor_value_info("x", kind, ["n", 3, 8, 8])
    asked = helper.make_tensor_value_info("y", kind, ["n", 2])
    nodes = [
        helper.make_node("GlobalAveragePool", ["x"], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["flat"]),
        helper.make_node("MatMul", ["flat", "w"], ["y"]),
    ]
    return helper.make_model(helper.make_graph(nodes, "g", [given], [asked], [weight]))


# ------------------------------------------------------------------ files that are none
def oddities(folder: Path) -> Iterator[Path]:
    sparse = folder / "sparse.pt"
    with sparse.open("wb") as file:
        file.truncate(4 << 30)
    yield sparse
    text = json.dumps({"w": {"dtype": "F32", "shape": [1 << 30], "data_offsets": [0, 4 << 30]}})
    sparse = folder / "sparse.safetensors"
    with sparse.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text.encode())
        file.truncate(8 + len(text) + (4 << 30))
    yield sparse
    (folder / "folder.pt").mkdir()
    yield folder / "folder.pt"
    yield folder / "missing.pt"
    rng = np.random.default_rng(0)
    for suffix in ("pt", "safetensors", "onnx", "h5", "keras", "pt2", "caffemodel"):
        yield put(folder / f"noise.{suffix}", rng.bytes(5000))
    yield put(folder / "empty.pt", b"")
    yield put(folder / "lfs.pth", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n")


MAKERS: tuple[Callable[[Path], Iterator[Path]], ...] = (pickles, zips, sizes, links, oddities)


def put(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def zipped(path: Path, entries: dict[str, bytes]) -> Path:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return put(path, whole.getvalue())


def main() -> None:
    """Open each file named on stdin; a line of JSON for each: what came of it, at what cost."""
    from onepixel_gui.classifier import checkpoint
    from onepixel_gui.problems import Problem

    for line in sys.stdin:
        path = Path(line.strip())
        before, started, told = _peak(), time.monotonic(), "loaded"
        try:
            checkpoint.load(path)
        except Problem as problem:
            told = f"{type(problem).__name__}: {problem.what} {problem.remedy}"
        cost = {"seconds": time.monotonic() - started, "bytes": _peak() - before}
        print(json.dumps({"file": path.name, "told": told, **cost}), flush=True)


def _peak() -> int:
    """The most memory this process ever held, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main()
