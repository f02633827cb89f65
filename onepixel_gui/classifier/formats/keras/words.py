"""What Keras calls its layers and their weights, over its three versions. No torch here."""

import re
from collections.abc import Mapping
from typing import Any

_IDLE = """
ActivityRegularization AlphaDropout Dropout GaussianDropout GaussianNoise Identity SpatialDropout2D
RandomAutoContrast RandomBrightness RandomColorDegeneration RandomColorJitter RandomContrast
RandomElasticTransform RandomErasing RandomFlip RandomGaussianBlur RandomGrayscale RandomHeight
RandomHue RandomInvert RandomPerspective RandomPosterization RandomRotation RandomSaturation
RandomSharpness RandomShear RandomTranslation RandomWidth RandomZoom
"""
_PLAIN = """
InputLayer Activation ReLU LeakyReLU ELU Softmax MaxPooling2D AveragePooling2D Flatten Reshape
GlobalAveragePooling2D GlobalMaxPooling2D ZeroPadding2D Cropping2D UpSampling2D Rescaling
Add Subtract Multiply Average Maximum Minimum Concatenate
Conv2D DepthwiseConv2D SeparableConv2D Dense BatchNormalization PReLU Normalization
"""
IDLE = frozenset(_IDLE.split())  # do nothing once a network is trained
ARITHMETIC = frozenset({"op add", "op subtract", "op multiply", "op divide"})
SUPPORTED = IDLE | ARITHMETIC | frozenset(_PLAIN.split())
CODE = frozenset({"Lambda", "TensorFlowOpLayer"})

_ALIASES = {
    "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
    "SyncBatchNormalization": "BatchNormalization",
    "Convolution2D": "Conv2D",
    "SeparableConvolution2D": "SeparableConv2D",
    "DepthwiseConvolution2D": "DepthwiseConv2D",
}
_MERGES = {
    "sum": "Add",
    "mul": "Multiply",
    "ave": "Average",
    "max": "Maximum",
    "concat": "Concatenate",
}
_KERAS_1 = {
    "nb_filter": "filters",
    "subsample": "strides",
    "border_mode": "padding",
    "bias": "use_bias",
    "output_dim": "units",
    "concat_axis": "axis",
}
_OPERATIONS = {
    "Add": "op add",
    "Subtract": "op subtract",
    "Multiply": "op multiply",
    "TrueDivide": "op divide",
    "Divide": "op divide",
    "__operators__.add": "op add",
    "math.add": "op add",
    "math.subtract": "op subtract",
    "math.multiply": "op multiply",
    "math.truediv": "op divide",
    "math.divide": "op divide",
}
_FUNCTIONS = frozenset({"relu", "relu6", "sigmoid", "softmax", "silu", "tanh", "gelu", "elu"})


def is_operation(spec: Mapping[str, Any]) -> bool:
    """A function of Keras 3 that was called between layers; in HDF5 it has nothing but a name."""
    module = str(spec.get("module") or "")
    return module.startswith("keras.src.ops") or (not module and set(spec["config"]) == {"name"})


def modern(spec: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """(kind, settings) of a layer as Keras 2 and 3 would say them."""
    kind, config = str(spec["class_name"]), spec["config"]
    if is_operation(spec):
        return _operation(kind, config)
    if kind == "TFOpLambda":
        return _operation(str(config.get("function")), config)
    kind = _ALIASES.get(kind, kind)
    config = {_KERAS_1.get(key, key): value for key, value in config.items()}
    if "nb_row" in config:
        config["kernel_size"] = [config["nb_row"], config["nb_col"]]
    if "dim_ordering" in config:
        first = config["dim_ordering"] == "th"
        config["data_format"] = "channels_first" if first else "channels_last"
    if kind == "Merge":
        kind = _MERGES.get(str(config.get("mode")), kind)
    return kind, config


def _operation(name: str, config: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """A function of Keras 3 or TensorFlow that was called between layers."""
    if name in _OPERATIONS:
        return _OPERATIONS[name], config
    function = name.removeprefix("nn.").lower()
    if function in _FUNCTIONS and set(config) <= {"name", "trainable", "dtype", "function"}:
        return "Activation", {"activation": function}
    return f"op {name}", config


def parts_of(kind: str, config: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of a layer's weights, in the order in which Keras keeps them."""
    bias = ("bias",) if config.get("use_bias", True) else ()
    match kind:
        case "Conv2D" | "Dense":
            return ("kernel", *bias)
        case "DepthwiseConv2D":
            return ("depthwise_kernel", *bias)
        case "SeparableConv2D":
            return ("depthwise_kernel", "pointwise_kernel", *bias)
        case "BatchNormalization":
            scale = ("gamma",) if config.get("scale", True) else ()
            centre = ("beta",) if config.get("center", True) else ()
            return (*scale, *centre, "moving_mean", "moving_variance")
        case "PReLU":
            return ("alpha",)
        case "Normalization" if config.get("mean") is None:
            return ("mean", "variance", "count")
    return ()


def snake(kind: str) -> str:
    """BatchNormalization -> batch_normalization, as Keras does it."""
    kind = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", kind))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", kind).lower()


def is_custom(spec: Mapping[str, Any]) -> bool:
    """A layer or function that somebody registered, and whose code only they have."""
    module = str(spec.get("module") or "keras").split(".")[0]
    registered = ">" in str(spec.get("registered_name") or "")
    return registered or module not in ("keras", "tf_keras", "tensorflow", "builtins")
