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

from onepixel_gui.classifier.fast import folded

Ask = Callable[[NDArray[np.float32]], NDArray[np.float32]]  # (N, 3, H, W) -> (N, C)
Engine = Callable[[int], Ask]  # prepared for batches of one size


def engines(network: nn.Module, edge: int) -> dict[str, Engine]:
    """Those that are installed; bare eager first, which all others are compared with."""
    found: dict[str, Engine] = {
        "eager": lambda _size: _torch(network, torch.contiguous_format),
        "channels-last": _channels_last(network),
    }
    if find_spec("onnx") and (find_spec("onnxruntime") or find_spec("openvino")):
        exported = onnx_bytes(network, edge)
        if find_spec("onnxruntime"):
            found["onnxruntime"] = onnxruntime(exported)
        if find_spec("openvino"):
            found["openvino"] = openvino(exported)
    return found


def _torch(network: nn.Module, layout: torch.memory_format) -> Ask:
    held: dict[int, Tensor] = {}  # a ready batch is not paid for again

    @torch.inference_mode()
    def ask(tiles: NDArray[np.float32]) -> NDArray[np.float32]:
        ready = held.get(id(tiles))
        if ready is None:
            held.clear()
            ready = held[id(tiles)] = torch.from_numpy(tiles).contiguous(memory_format=layout)
        answers: NDArray[np.float32] = network(ready).numpy()
        return answers

    return ask


def _channels_last(network: nn.Module) -> Engine:
    """Folded batch norm and the layout that oneDNN likes best."""
    move: Any = folded(network).to  # not typed for memory formats
    quick = move(memory_format=torch.channels_last)
    return lambda _size: _torch(quick, torch.channels_last)


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

    def ask(tiles: NDArray[np.float32]) -> NDArray[np.float32]:
        answers: NDArray[np.float32] = session.run(None, {"tiles": tiles})[0]
        return answers

    return lambda _size: ask


def openvino(exported: bytes) -> Engine:
    """Told float32, because its default on new processors is bfloat16, which misranks pixels."""
    runtime: Any = import_module("openvino")
    core = runtime.Core()
    settings = {
        "INFERENCE_PRECISION_HINT": "f32",
        "INFERENCE_NUM_THREADS": torch.get_num_threads(),
        "PERFORMANCE_HINT": "LATENCY",
    }

    def at(size: int) -> Ask:
        model = core.read_model(io.BytesIO(exported))
        model.reshape([size, *model.input(0).partial_shape[1:]])
        request = core.compile_model(model, "CPU", settings).create_infer_request()

        def ask(tiles: NDArray[np.float32]) -> NDArray[np.float32]:
            answers: NDArray[np.float32] = request.infer([tiles], share_inputs=True)[0]
            return answers

        return ask

    return at
