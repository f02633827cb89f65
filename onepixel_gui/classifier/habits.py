"""How known networks are usually fed.  Told by nobody in a file of plain weights, so assumed."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from onepixel_gui.classifier.card import Channels, Order, Scaling

IMAGENET: tuple[Channels, Channels] = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
_HALVES: tuple[Channels, Channels] = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))

_CIFAR10 = (
    *("airplane", "automobile", "bird", "cat", "deer"),
    *("dog", "frog", "horse", "ship", "truck"),
)
# The spread of CIFAR-10's values, and the one that is taken over from a popular repository.
_SPREAD: tuple[Channels, Channels] = ((0.4914, 0.4822, 0.4465), (0.247, 0.2435, 0.2616))
_KUANGLIU: tuple[Channels, Channels] = ((0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.201))

# Where networks of such names are trained, and what their inputs are scaled with there.
_CIFAR = (
    (r"cifar_resnet(18|34|50)", "what a common CIFAR-10 training code uses", _KUANGLIU),
    (r"cifar_resnet\d+", "what the common code for He's CIFAR ResNets uses", IMAGENET),
    (r"cifar_resnet\d+_b", "what the common code for CIFAR ResNets of option B uses", _KUANGLIU),
    (r"cifar_vgg.*_fc", "what the common code for CIFAR VGGs with three layers uses", IMAGENET),
    (r"cifar_vgg.*", "what a common CIFAR-10 training code uses", _KUANGLIU),
    (r"(allconv|nin).*", "the mean and spread of CIFAR-10, assumed", _SPREAD),
)
_TITLES = {"allconv": "AllConv of Su et al.", "nin": "NiN of Su et al."}
_EXTRAS = {"b": "option B", "bn": "batch norm", "fc": "three linear layers"}


@dataclass(frozen=True, slots=True)
class Habit:
    """Fields of a card. edge: pixels; classes: names, where there are as many outputs.

    mpp: micrometres per pixel, None where it is not known.
    source: where all this comes from, in a few words.
    """

    source: str
    edge: int
    scaling: Scaling
    classes: tuple[str, ...] = ()
    order: Order = "RGB"
    fitting: str = "resize"
    mean: Channels = (0.0, 0.0, 0.0)
    std: Channels = (1.0, 1.0, 1.0)
    mpp: float | None = None

    def fields(self, classes: int) -> dict[str, Any]:
        """By the names of `card.Card`; classes: how many the network at hand tells apart."""
        told: dict[str, Any] = {
            "input_size": (self.edge, self.edge),
            "scaling": self.scaling,
            "order": self.order,
            "outputs": "logits",
            "fitting": self.fitting,
        }
        if self.scaling == "custom":
            told |= {"mean": self.mean, "std": self.std}
        if self.mpp is not None:
            told["mpp"] = self.mpp
        if len(self.classes) == max(classes, 2):
            told["classes"] = self.classes
        return told


def scaled(
    source: str, edge: int, mean: Sequence[float], std: Sequence[float], classes: Sequence[str]
) -> Habit:
    """A habit of (value - mean) / std on values in 0-1, by the shortest word for it."""
    spread = (_three(mean), _three(std))
    words: dict[Any, Scaling] = {IMAGENET: "imagenet", _HALVES: "minus-one-to-one"}
    scaling = words.get(spread, "custom")
    return Habit(source, edge, scaling, tuple(classes), mean=spread[0], std=spread[1])


def of_own(key: str) -> tuple[str, Habit] | None:
    """What a reader calls a network that is built here, and its habit."""
    if key in _RARE:
        return _RARE[key]
    for pattern, source, spread in _CIFAR:
        if re.fullmatch(pattern, key):
            return _cifar_title(key), scaled(source, 32, *spread, _CIFAR10)
    return None


def _cifar_title(key: str) -> str:
    kind, *extras = key.removeprefix("cifar_").split("_")
    title = "CIFAR " + kind.replace("resnet", "ResNet-").replace("vgg", "VGG")
    title = _TITLES.get(kind, title)
    told = ", ".join(_EXTRAS[word] for word in extras)
    return f"{title} ({told})" if told else title


def _three(values: Sequence[float]) -> Channels:
    red, green, blue = values
    return float(red), float(green), float(blue)


_RARE = {
    "codait_mitosis": (
        "CODAIT's mitosis network",
        Habit(
            "what CODAIT's mitosis network was trained with",
            64,
            "minus-one-to-one",
            ("normal", "mitosis"),
            fitting="crop",
            mpp=0.25,
        ),
    ),
    "idc_alexnet32": (
        "IDC AlexNet of 32 px",
        Habit(
            "what the published IDC network was trained with",
            32,
            "zero-to-255",
            ("non-IDC", "IDC"),
            order="BGR",
        ),
    ),
}
