"""The card of a classifier: what its checkpoint says and what had to be assumed. No torch here."""

from dataclasses import dataclass
from typing import Literal

# Here and not beside the reader, so that a file's name can be judged without loading torch.
CHECKPOINTS = frozenset({".safetensors", ".hdf5", ".h5", ".pt", ".pth", ".ts", ".torchscript"})

Scaling = Literal["minus-one-to-one", "zero-to-one", "zero-to-255", "imagenet"]
Outputs = Literal["logits", "probabilities"]


@dataclass(frozen=True, slots=True)
class Card:
    """One loaded checkpoint.

    name:          what a reader calls it.  file: the file's name, never its path.
    sha256:        hex digest of the checkpoint's bytes.
    architecture:  a name of `architectures.BUILDERS`, or "TorchScript".
    weights:       numbers stored in the checkpoint.
    classes:       in the order of the outputs; a single-logit network has (negative, positive).
    subject:       the class in question, whose confidence is followed.
    input_size:    (H, W) of what the network sees, in pixels.
    scaling:       how uint8 RGB becomes the network's input.
    threshold:     confidence in the subject that parts two answers; unused for three and more.
    outputs:       what the network returns, one number or one per class.
    doubts:        what was assumed or looked odd, one plain sentence each.
    """

    name: str
    file: str
    sha256: str
    architecture: str
    weights: int
    classes: tuple[str, ...]
    subject: str
    input_size: tuple[int, int]
    scaling: Scaling
    threshold: float = 0.5
    outputs: Outputs = "logits"
    doubts: tuple[str, ...] = ()

    @property
    def rival(self) -> str:
        """What the subject is not: the other class of two, or "another class" of many."""
        others = [name for name in self.classes if name != self.subject]
        return others[0] if len(others) == 1 else "another class"


@dataclass(frozen=True, slots=True)
class Serving:
    """Where and how a classifier runs: stored with each result, never part of it.

    device:  "cpu", "cuda:0", "mps"; device_name: what the maker calls it.
    batch:   candidates per forward pass.  threads: of the CPU.
    shortcut: one sentence for a reader on what of the arithmetic is saved, "" when not known.
    """

    device: str
    device_name: str
    threads: int
    batch: int
    torch: str
    deterministic: bool
    shortcut: str = ""
