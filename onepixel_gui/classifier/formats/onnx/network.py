"""An onnxruntime session behind the face of a torch network: a black box."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from onepixel_gui.classifier.formats.onnx.graph import Recipe
from onepixel_gui.classifier.formats.onnx.trial import failures, session
from onepixel_gui.problems import UnusableCheckpoint

_CPU, _CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"


class OnnxNetwork(nn.Module):
    """(N, 3, H, W) of any float type -> (N, C) float32, on the device of what came in.

    It has no gradients and cannot be traced.  It holds no tensors: copies are the same network,
    and moving it to another device decides nothing; tiles on a GPU are computed there where
    onnxruntime can, else on the CPU.
    """

    white_box = False

    def __init__(
        self, name: str, data: bytes, folder: str, recipe: Recipe, *, count: int, together: bool
    ) -> None:
        """count: numbers returned per tile.  together: several tiles may be asked at once.

        Raises UnusableCheckpoint where onnxruntime does not open it.
        """
        super().__init__()
        self.name, self.recipe, self.count = name, recipe, count
        self.batch = recipe.batch or (0 if together else 1)
        self._folder = folder
        self._sessions: dict[str, Any] = {_CPU: self._opened(data, _CPU)}
        # A second session is made when the first tile comes from a GPU; until then its bytes wait.
        self._data = data if _offers(_CUDA) else b""

    def __deepcopy__(self, memo: Mapping[int, Any]) -> "OnnxNetwork":
        return self

    def forward(self, tiles: Tensor) -> Tensor:
        """Raises TypeError for anything but a tensor, UnusableCheckpoint, OutOfMemoryError."""
        if not isinstance(tiles, Tensor):
            raise TypeError("a black box cannot be traced")
        values = tiles.detach().permute(0, 2, 3, 1) if self.recipe.last else tiles.detach()
        values = self._typed(values).contiguous()
        step = self.batch or max(len(values), 1)
        rows = [self._asked(values[at : at + step]) for at in range(0, len(values), step)]
        rows = rows or [torch.empty(0, self.count)]
        return torch.cat(rows).to(tiles.device)

    def _typed(self, values: Tensor) -> Tensor:
        if self.recipe.element == "uint8":
            values = values.round().clamp(0, 255)
        kind: torch.dtype = getattr(torch, self.recipe.element)
        return values.to(kind)

    def _asked(self, values: Tensor) -> Tensor:
        """At most `batch` tiles; what a fixed batch lacks is filled up with its last tile."""
        wanted = len(values)
        if self.recipe.batch > wanted:
            filling = values[-1:].expand(self.recipe.batch - wanted, *values.shape[1:])
            values = torch.cat([values, filling])
        try:
            rows = self._run(values)
        except failures() as failed:
            raise self._problem(failed, tuple(values.shape)) from failed
        if rows.ndim < 2 or len(rows) != len(values) or rows[0].size != rows.shape[1]:
            raise UnusableCheckpoint(
                f"{self.name} does not return one row of numbers per tile.",
                "Choose the export of a classifier.",
                detail=f"{tuple(values.shape)} -> {rows.shape}",
            )
        flat = rows.reshape(len(rows), rows.shape[1])[:wanted].astype(np.float32)
        return torch.from_numpy(flat)

    def _run(self, values: Tensor) -> Any:
        if values.is_cuda and _offers(_CUDA):
            return self._run_on_cuda(values)
        fed = {self.recipe.input: values.cpu().numpy()}
        return self._sessions[_CPU].run([self.recipe.output], fed)[0]

    def _run_on_cuda(self, values: Tensor) -> Any:
        if _CUDA not in self._sessions:
            self._sessions[_CUDA] = self._opened(self._data, _CUDA, _CPU)
        torch.cuda.current_stream(values.device).synchronize()
        binding = self._sessions[_CUDA].io_binding()
        index, kind = values.device.index or 0, np.dtype(self.recipe.element)
        shape, address = tuple(values.shape), values.data_ptr()
        binding.bind_input(self.recipe.input, "cuda", index, kind, shape, address)
        binding.bind_output(self.recipe.output, "cpu")
        self._sessions[_CUDA].run_with_iobinding(binding)
        return binding.copy_outputs_to_cpu()[0]

    def _opened(self, data: bytes, *providers: str) -> Any:
        threads = torch.get_num_threads()
        try:
            return session(data, self._folder, threads=threads, providers=providers)
        except failures() as failed:
            raise UnusableCheckpoint(
                f"{self.name} is not accepted by onnxruntime.",
                "Export the network again, or update onnxruntime.",
                detail=f"{type(failed).__name__}: {failed}"[:2000],
            ) from failed

    def _problem(self, failed: Exception, shape: tuple[int, ...]) -> Exception:
        words = f"{type(failed).__name__}: {failed}"[:2000]
        if "alloc" in words or isinstance(failed, MemoryError):
            # Answered by a smaller batch where there is one.
            return torch.OutOfMemoryError(words)
        return UnusableCheckpoint(
            f"{self.name} cannot be run on tiles of {shape[-2]} x {shape[-1]}."
            if not self.recipe.last
            else f"{self.name} cannot be run on tiles of {shape[1]} x {shape[2]}.",
            "Set the input size that the network was trained with.",
            detail=words,
        )


def _offers(provider: str) -> bool:
    import onnxruntime

    return provider in onnxruntime.get_available_providers()
