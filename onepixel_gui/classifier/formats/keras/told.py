"""What a Keras graph says of how its network is to be asked. No torch here."""

from collections.abc import Mapping

from onepixel_gui.classifier.formats.keras.graph import Graph, Layer
from onepixel_gui.classifier.formats.keras.words import ARITHMETIC


def scales_itself(graph: Graph) -> bool:
    """Colours are scaled or normalised inside the network, before any weights are met."""
    scaling = {"Rescaling", "Normalization", *ARITHMETIC}
    fresh = {0}
    for index, step in enumerate(graph.steps):
        if step.inputs and fresh.issuperset(step.inputs):
            if step.layer.kind in scaling:
                return True
            if not step.layer.parts:
                fresh.add(index)
    return False


def outputs(graph: Graph) -> str:
    """How the answer is squashed, as `card.Outputs` has it."""
    at = len(graph.steps) - 1
    while at:
        step = graph.steps[at]
        kind = "softmax" if step.layer.kind == "Softmax" else _activation(step.layer)
        if kind in ("softmax", "sigmoid", "log_softmax"):
            return kind.replace("_", "-")
        if kind != "linear" or step.layer.parts or len(step.inputs) != 1:
            break
        at = step.inputs[0]
    return "logits"


def _activation(layer: Layer) -> str:
    told = layer.config.get("activation")
    if isinstance(told, Mapping):
        told = told.get("config") if told.get("class_name") == "function" else "another"
    return str(told or "linear")


def classes(graph: Graph) -> int:
    """Numbers that the network answers with; 0 where only running it would tell."""
    for step in reversed(graph.steps):
        for key in ("units", "filters"):
            if step.layer.parts and key in step.layer.config:
                return step.layer.whole(key)
    return 0


def application(graph: Graph) -> str:
    """Which of keras.applications the convolutions are those of, "" where of none."""
    places: dict[tuple[str, ...], list[Layer]] = {(): []}
    for layer in graph.layers:
        if layer.kind in ("Conv2D", "DepthwiseConv2D", "SeparableConv2D"):
            for depth in range(len(layer.place)):
                places.setdefault(layer.place[:depth], []).append(layer)
    for convolutions in places.values():
        filters = sum(one.whole("filters") for one in convolutions if "filters" in one.config)
        biased = sum("bias" in one.parts for one in convolutions)
        if found := _APPLICATIONS.get((len(convolutions), filters, biased)):
            return found
    return ""


# Convolutions, the sum of their filters, and how many of them have a bias.
_APPLICATIONS = {
    (53, 26560, 53): "ResNet50",
    (104, 52672, 104): "ResNet101",
    (155, 75712, 155): "ResNet152",
    (53, 26560, 21): "ResNet50V2",
    (104, 52672, 38): "ResNet101V2",
    (155, 75712, 55): "ResNet152V2",
    (13, 4224, 13): "VGG16",
    (16, 5504, 16): "VGG19",
    (27, 5984, 0): "MobileNet",
    (52, 4432, 0): "MobileNetV2",
    (52, 5656, 0): "MobileNetV2",
    (52, 7872, 0): "MobileNetV2",
    (52, 9920, 0): "MobileNetV2",
    (52, 12872, 0): "MobileNetV2",
    (52, 13936, 0): "MobileNetV2",
    (120, 10240, 0): "DenseNet121",
    (168, 14208, 0): "DenseNet169",
    (200, 17024, 0): "DenseNet201",
    (94, 17216, 0): "InceptionV3",
    (40, 27264, 0): "Xception",
}
