"""Runs a stranger's ONNX network for the first time, in a process of its own.

onnxruntime computes constants while it loads, and some arithmetic ends the process that does it:
here that is another process, with little memory, whose parent waits for it only so long.  Started
as a script; imports nothing of this package, and of others only onnxruntime and NumPy.
"""

import contextlib
import json
import math
import sys
import time
from pathlib import Path
from typing import Any

_MEMORY = 768 << 20  # bytes for a tile's maps, beside the weights
_SPARE = 1 << 30  # bytes of address space beyond
_SIZES = (224, 64, 32, 299, 128, 256, 96, 512)  # pixels, where the file leaves them open
_PATIENCE = 1.0  # seconds for one tile, beyond which a pair is not tried


def session(
    data: bytes, folder: str, *, threads: int, providers: tuple[str, ...], frugal: bool = False
) -> Any:
    """An onnxruntime session that computes nothing while it loads.

    folder: where weights outside the file are looked for.
    frugal: with not more than _MEMORY; once in a process.
    """
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", folder)
    if frugal:
        place = ort.OrtMemoryInfo(
            "Cpu", ort.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, ort.OrtMemType.DEFAULT
        )
        ort.create_and_register_allocator(place, ort.OrtArenaCfg(_MEMORY, 1, -1, -1))
        options.add_session_config_entry("session.use_env_allocators", "1")
        options.add_session_config_entry("session.use_device_allocator_for_initializers", "1")
    return ort.InferenceSession(
        data,
        options,
        providers=list(providers),
        disabled_optimizers=["ConstantFolding"],
        enable_fallback=0,  # it would print, and try the same again
    )


def failures() -> tuple[type[Exception], ...]:
    """Everything that onnxruntime raises; its exceptions have no base of their own."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    own = [one for one in vars(state).values() if isinstance(one, type)]
    own = [one for one in own if issubclass(one, Exception)]
    return (*own, RuntimeError, ValueError, TypeError, IndexError, MemoryError)


def trial(opened: Any, told: dict[str, Any]) -> dict[str, Any]:
    """Ask for one tile, and for two. told: fields of `onnx_graph.Recipe`.

    -> "size": (H, W) asked with, "shape" of what was returned, "together": whether tiles may be
    asked together and answer as they do alone.
    """
    import numpy as np

    rng = np.random.default_rng(0)
    batch, sizes = told["batch"], [told["size"]] if told["size"] else [(s, s) for s in _SIZES]

    def asked(tiles: Any) -> Any:
        return opened.run([told["output"]], {told["input"]: tiles})[0]

    for number, (height, width) in enumerate(sizes):
        shape = (height, width, 3) if told["last"] else (3, height, width)
        values = rng.random((max(batch, 2), *shape))
        tiles = (values * (255 if told["element"] == "uint8" else 1)).astype(told["element"])
        start = time.monotonic()
        try:
            rows = asked(tiles[: batch or 1])
        except failures():
            if number + 1 < len(sizes):
                continue
            raise
        break
    found = {"size": [height, width], "shape": list(rows.shape), "together": False}
    if not batch and time.monotonic() - start < _PATIENCE:
        with contextlib.suppress(*failures()):
            pair = asked(tiles)
            close = np.allclose(pair[:1], rows, rtol=1e-3, atol=1e-4, equal_nan=True)
            found["together"] = len(pair) == 2 and bool(close)
    return found


def _confined(size: int, seconds: float) -> None:
    """Little time of the processor and little memory, where the system can be told so.

    The network's own memory is limited anyway, and the parent does not wait for ever.
    """
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        last = math.ceil(time.process_time() + seconds)
        resource.setrlimit(resource.RLIMIT_CPU, (last, last + 1))
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
        most = pages * resource.getpagesize() + _MEMORY + _SPARE + 4 * size
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def main() -> None:
    """argv: what `trial` is told, as JSON; stdin: the file. One line of JSON on stdout."""
    import onnxruntime  # noqa: F401

    told, data = json.loads(sys.argv[1]), sys.stdin.buffer.read()
    _confined(len(data) + told["outside"], told["seconds"])
    try:
        opened = session(
            data, told["folder"], threads=1, providers=("CPUExecutionProvider",), frugal=True
        )
        found = trial(opened, told)
    except failures() as failed:
        found = {"failed": f"{type(failed).__name__}: {failed}"[:4000]}
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
