"""The card of a classifier: what its checkpoint says and what had to be assumed. No torch here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

# Here and not beside the reader, so that a file's name can be judged without loading torch.
CHECKPOINTS = frozenset(
    {".safetensors", ".pt", ".pth", ".th", ".ckpt", ".tar", ".bin", ".ts", ".torchscript"}
    | {".pt2", ".onnx", ".h5", ".hdf5", ".keras", ".caffemodel"}
)

Scaling = Literal["minus-one-to-one", "zero-to-one", "zero-to-255", "imagenet", "caffe", "custom"]
Order = Literal["RGB", "BGR"]
Outputs = Literal["logits", "log-softmax", "softmax", "sigmoid"]
Fitting = Literal["crop", "resize", "refuse"]
Channels = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Card:
    """One checkpoint, and how its network is to be asked.

    name:          what a reader calls it.  file: the file's name, never its path.
    sha256:        hex digest of the checkpoint's bytes.
    format:        what a reader calls the kind of file, "PyTorch state dict".
    architecture:  a key of `recognition`, or the format's own word for a network it brings along.
    weights:       numbers stored in the checkpoint.
    classes:       in the order of the outputs; a network of one output has (negative, positive).
    subject:       the class in question, whose confidence is followed; with two classes the
                   positive one.
    input_size:    (H, W) of what the network sees, in pixels.
    order:         which channel the network takes first.
    scaling:       how uint8 becomes the network's input: v/255*2-1, v/255, v, and per channel
                   (v/255 - mean)/std with ImageNet's figures, v - mean with Caffe's, and
                   "custom", (v/255 - mean)/std with those below.
    mean, std:     of "custom" only; always in the order red, green, blue.
    outputs:       what the network returns.  "sigmoid" with one output is the confidence in the
                   second class; with one for each class they are independent of each other.
    threshold:     confidence in the subject that parts two answers; unused for three and more.
    fitting:       what happens to a tile of another size: its centre is cut out, it is resized
                   (bilinear, inside the classifier: pixels are changed in the tile), or refused.
    mpp:           micrometres per pixel of the tiles it was trained with; None where nobody said:
                   slides are then used as they were scanned.
    white_box:     gradients of the network can be had.
    doubts:        what was assumed or looked odd, one plain sentence each.
    sources:       field -> where its value comes from, in a few words ("stated in the file").
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
    format: str = ""
    order: Order = "RGB"
    mean: Channels = (0.0, 0.0, 0.0)
    std: Channels = (1.0, 1.0, 1.0)
    fitting: Fitting = "crop"
    white_box: bool = True
    mpp: float | None = None
    sources: Mapping[str, str] = field(default_factory=dict, compare=False, hash=False)

    @property
    def rival(self) -> str:
        """What the subject is not: the other class of two, or "another class" of many."""
        others = [name for name in self.classes if name != self.subject]
        return others[0] if len(others) == 1 else "another class"


@dataclass(frozen=True, slots=True)
class Fit:
    """One network that a checkpoint's weights may belong to.

    architecture: a key of `recognition`.  title: what a reader calls it.
    classes:      how many it tells apart with these weights.
    exact:        names and shapes of all weights agree, up to the number of classes.
    reason:       why it is thought to be this one, a plain sentence.
    """

    architecture: str
    title: str
    classes: int
    exact: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Inspection:
    """What can be said of a checkpoint before its network is made.

    size:   bytes of the file.
    fits:   the networks its weights may belong to, best first; empty where the file brings its own.
    card:   as understood, with `fits[0]`.
    notes:  what the reader should know, one plain sentence each.
    """

    path: Path
    size: int
    fits: tuple[Fit, ...]
    card: Card
    notes: tuple[str, ...] = ()


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
