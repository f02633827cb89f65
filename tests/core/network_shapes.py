"""Names and shapes of the weights of networks, known and hostile."""

import importlib.util

from onepixel_gui.classifier import recognition
from onepixel_gui.classifier.architectures import made, torchvision_models

MODELS = torchvision_models()
BUILDERS = MODELS.list_models(module=MODELS)
AUXILIARY = {"inception_v3": ("AuxLogits.",), "googlenet": ("aux1.", "aux2.")}


def shapes_of(name, classes=2, *, auxiliary=1, **sizes):
    """What a state dict of this network holds, in its order."""
    if name in AUXILIARY:
        sizes["auxiliary"] = auxiliary
    if name.startswith("vit_"):
        sizes.setdefault("places", 1 + 14**2)
    if name.endswith("_fc"):
        sizes.setdefault("hidden", 512)
    told = {} if name == "codait_mitosis" else {"classes": classes}
    state = made(name, {**told, **sizes}).state_dict()
    return {key: tuple(value.shape) for key, value in state.items()}


def weights(shapes):
    return {k: s for k, s in shapes.items() if not k.endswith("num_batches_tracked")}


def first(shapes, hint=""):
    fit = recognition.recognise(shapes, hint)[0]
    return fit.architecture, fit.classes, fit.exact


def loaded(path):
    """A module of its own, whatever was imported before."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


RESNET18 = weights(shapes_of("resnet18"))


HOSTILE = {
    "many names": {f"layer{i}.weight": (i, -i) for i in range(100_000)},
    "long names": {"9" * 500_000 + f".{i}": (1,) for i in range(60)},
    "many sizes": {"weight": tuple(range(1_000_000))},
    "huge sizes": {name: (10**12,) * len(shape) for name, shape in RESNET18.items()},
    "sizes of 5,000 digits": dict.fromkeys(RESNET18, (10**5000, -(10**5000))),
    "a huge head": RESNET18 | {"fc.weight": (10**12, 512), "fc.bias": (10**12,)},
    "a head of none": RESNET18 | {"fc.weight": (0, 512), "fc.bias": (0,)},
    "a negative head": RESNET18 | {"fc.weight": (-2, 512), "fc.bias": (-2,)},
    "deep names": {"a." * 100_000 + str(i): (2,) for i in range(62)},
    "digits of all scripts": {f"{chr(0x661 + i % 9)}²{i}": (64,) for i in range(62)},
    "lone surrogates": {f"\udc80{i}": (64,) for i in range(62)},
}
