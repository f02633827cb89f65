"""The strongest ways to run a network densely on a CPU, all in float32 with the same threads."""

import io
import warnings
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

Floats = NDArray[np.float32]
Ask = Callable[[], Floats]  # -> (N, C)
Engine = Callable[[Floats], Ask]  # prepared for one batch (N, 3, H, W), read anew at each asking


def engines(network: nn.Module, edge: int) -> dict[str, Engine]:
    """Those that are installed; bare eager first, which all others are compared with."""
    found: dict[str, Engine] = {"eager": eager(network), "channels-last": channels_last(network)}
    if find_spec("onnx") and (find_spec("onnxruntime") or find_spec("openvino")):
        exported = onnx_bytes(network, edge)
        if find_spec("onnxruntime"):
            found["onnxruntime"] = onnxruntime(exported)
        if find_spec("openvino"):
            found["openvino"] = openvino(exported, 1)
            if torch.get_num_threads() > 1:
                found["openvino-streams"] = openvino(exported, torch.get_num_threads())
    return found


def eager(network: nn.Module) -> Engine:
    """The network as it was loaded."""

    def prepared(tiles: Floats) -> Ask:
        shared = torch.from_numpy(tiles)
        return lambda: _answered(network, shared)

    return prepared


def channels_last(network: nn.Module) -> Engine:
    """Folded batch norm and the layout that oneDNN likes best; the batch is copied only once."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its import warns of its own deprecation
        fold: Any = import_module("torch.fx.experimental.optimization").fuse
    move: Any = fold(network.eval()).to  # not typed for memory formats
    quick = move(memory_format=torch.channels_last)

    def prepared(tiles: Floats) -> Ask:
        ready = torch.from_numpy(tiles).contiguous(memory_format=torch.channels_last)
        return lambda: _answered(quick, ready)

    return prepared


@torch.inference_mode()
def _answered(network: nn.Module, tiles: Tensor) -> Floats:
    answers: Floats = network(tiles).numpy()
    return answers


def onnx_bytes(network: nn.Module, edge: int) -> bytes:
    """The network as ONNX with a free batch size."""
    file, example = io.BytesIO(), torch.zeros(2, 3, edge, edge)
    with warnings.catch_warnings():
        # The older exporter takes 0.3 s where the newer takes 5, and the engines fold what it left.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            (example,),
            file,
            dynamo=False,
            input_names=["tiles"],
            output_names=["outputs"],
            dynamic_axes={"tiles": {0: "n"}, "outputs": {0: "n"}},
        )
    return file.getvalue()


def onnxruntime(exported: bytes) -> Engine:
    runtime: Any = import_module("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 3
    session = runtime.InferenceSession(exported, options, providers=["CPUExecutionProvider"])

    return lambda tiles: lambda: session.run(None, {"tiles": tiles})[0]


def openvino(exported: bytes, streams: int) -> Engine:
    """Told float32, because its default on new processors is bfloat16, which misranks pixels.

    With several streams each takes its share of the batch, without waiting for the others.
    """
    runtime: Any = import_module("openvino")
    core = runtime.Core()
    settings = {
        "INFERENCE_PRECISION_HINT": "f32",
        "INFERENCE_NUM_THREADS": torch.get_num_threads(),
        "NUM_STREAMS": streams,
    }

    def prepared(tiles: Floats) -> Ask:
        parts = np.split(tiles, streams if len(tiles) % streams == 0 else 1)
        model = core.read_model(io.BytesIO(exported))
        model.reshape(list(parts[0].shape))
        compiled = core.compile_model(model, "CPU", settings)
        requests = [compiled.create_infer_request() for _ in parts]

        def ask() -> Floats:
            for request, part in zip(requests, parts, strict=True):
                request.start_async([part], share_inputs=True)
            for request in requests:
                request.wait()
            return np.concatenate([request.get_output_tensor().data for request in requests])

        return ask

    return prepared
