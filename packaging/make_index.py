"""Write down the weights of all networks that can be rebuilt, so that they are told without torch.

    python packaging/make_index.py           into resources/architectures.json.gz: seconds
    python packaging/make_index.py --timm    timm's into resources/timm.json.gz: minutes

Names and shapes come from the pinned torchvision and from our own builders, which are the truth;
the same versions give the same bytes.  Nothing is downloaded and no weight is drawn.
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections.abc import Iterable, Mapping
from typing import Any

from onepixel_gui.classifier import timm_networks
from onepixel_gui.classifier.architectures import OWN, made, torchvision_models
from onepixel_gui.classifier.recognition import INDEX

# Sizes that may differ, and two values of each that tell where in the shapes they stand.
FREE: Mapping[str, tuple[int, int]] = {
    "classes": (1000, 1001),
    "places": (1 + 16**2, 1 + 18**2),
    "hidden": (512, 513),
}
# Weights of heads that only training uses, and that people leave out.
AUXILIARY: Mapping[str, tuple[str, ...]] = {
    "inception_v3": ("AuxLogits.",),
    "googlenet": ("aux1.", "aux2."),
}
# torchvision serves the weights of these two with a layer that turns ImageNet's scaling into -1..1.
# They are rebuilt without that layer, so it is their scaling.
HALVES = (0.5, 0.5, 0.5)


def main() -> None:
    parser = argparse.ArgumentParser(description="Write down the weights of known networks.")
    parser.add_argument("--timm", action="store_true", help="the networks of timm instead")
    if parser.parse_args().timm:
        names = timm_networks.timm().list_models()
        timm_networks.INDEX.write_bytes(packed(fingerprints(names)))
        return
    models = torchvision_models()
    names = [*OWN, *sorted(models.list_models(module=models))]
    INDEX.write_bytes(packed({"categories": categories(), "networks": list(entries(names))}))
    print(f"{len(names)} networks in {INDEX.name}, {INDEX.stat().st_size:,} bytes")


def packed(told: Mapping[str, Any]) -> bytes:
    text = json.dumps(told, separators=(",", ":"), ensure_ascii=False)
    return gzip.compress(text.encode(), 9, mtime=0)


def fingerprints(names: Iterable[str]) -> dict[str, Any]:
    """The index of timm's networks of these names."""
    networks: dict[str, list[str]] = {}
    heads, longest = set(), 0
    for name in names:
        mark, own, count = timm_networks.entry(name)
        if own:  # without a head it is no classifier
            networks.setdefault(mark, []).append(name)
            heads.add(own)
            longest = max(longest, count)
    return {"longest": longest, "heads": sorted(heads), "networks": networks}


def categories() -> list[str]:
    """The thousand classes of ImageNet, in the order of the outputs."""
    return list(_default("resnet50").meta["categories"])


def entries(names: Iterable[str]) -> Iterable[dict[str, Any]]:
    """What the index says of each of these networks."""
    for name in names:
        told = {"key": name, "optional": list(AUXILIARY.get(name, ())), "weights": lines(name)}
        yield told if name in OWN else {**told, **_feeding(name)}


def lines(name: str) -> list[str]:
    """A line for each weight, "fc.weight classes,2048", with a word for each size that is free."""
    sizes = {word: values[0] for word, values in FREE.items() if _is_free(name, word)}
    if name in AUXILIARY:
        sizes["auxiliary"] = 1
    shapes: dict[str, list[int | str]] = {k: list(v) for k, v in _shapes(name, sizes).items()}
    for word in sizes.keys() & FREE:
        other = _shapes(name, {**sizes, word: FREE[word][1]})
        for key, shape in shapes.items():
            for place, size in enumerate(other[key]):
                if size != shape[place] and isinstance(shape[place], int):
                    shape[place] = word
    return [f"{key} {','.join(map(str, shape))}" for key, shape in shapes.items()]


def _is_free(name: str, word: str) -> bool:
    if word == "classes":
        return name != "codait_mitosis"
    return name.startswith("vit_") if word == "places" else name.endswith("_fc")


def _shapes(name: str, sizes: Mapping[str, int]) -> dict[str, tuple[int, ...]]:
    state = made(name, sizes).state_dict()
    return {
        key: tuple(value.shape)
        for key, value in state.items()
        if not key.endswith("num_batches_tracked")
    }


def _feeding(name: str) -> dict[str, Any]:
    transforms = _default(name).transforms()
    mean, std = tuple(transforms.mean), tuple(transforms.std)
    if name in AUXILIARY:
        mean, std = HALVES, HALVES
    return {"edge": transforms.crop_size[0], "mean": mean, "std": std}


def _default(name: str) -> Any:
    return torchvision_models().get_model_weights(name).DEFAULT


if __name__ == "__main__":
    main()
