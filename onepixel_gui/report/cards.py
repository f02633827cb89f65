"""A card in words: what was understood of a checkpoint, and where each guess comes from."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from onepixel_gui.classifier.card import Card, Fit, Fitting, Inspection, Outputs, Scaling

SCALINGS: Mapping[Scaling, str] = {
    "zero-to-one": "0 to 1",
    "minus-one-to-one": "-1 to 1",
    "zero-to-255": "0 to 255, as stored",
    "imagenet": "mean and spread of ImageNet",
    "caffe": "0 to 255 minus Caffe's mean",
    "custom": "mean and spread given",
}
OUTPUTS: Mapping[Outputs, str] = {
    "logits": "logits",
    "log-softmax": "log-softmax",
    "softmax": "probabilities (softmax)",
    "sigmoid": "probabilities (sigmoid)",
}
FITTINGS: Mapping[Fitting, str] = {
    "crop": "their centre is cut out",
    "resize": "resized inside the classifier",
    "refuse": "refused",
}
_SHOWN = 6  # class names; more are counted


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of a card. source: where the value comes from, "" where it needs no saying."""

    label: str
    value: str
    source: str = ""


def facts(inspected: Inspection, card: Card | None = None) -> tuple[Fact, ...]:
    """All that a reader should see before using a checkpoint.

    card: the loaded classifier's, which knows more than the file did.
    """
    card = card or inspected.card

    def said(label: str, value: str, *names: str) -> Fact:
        sources = dict.fromkeys(card.sources[name] for name in names if name in card.sources)
        return Fact(label, value, ", ".join(sources))

    height, width = card.input_size
    return (
        Fact("File", f"{card.file}, {amount(inspected.size)}"),
        Fact("Format", card.format if card.white_box else f"{card.format}, a black box"),
        Fact("SHA-256", card.sha256),
        Fact("Network", *_network(card, inspected.fits)),
        Fact("Weights", f"{card.weights:,}"),
        said("Name", card.name, "name"),
        said("Input", f"{height} x {width} px, {card.order}", "input_size", "order"),
        said("Scaling", scaling(card), "scaling"),
        said("Classes", classes(card), "classes"),
        said("Outputs", _outputs(card), "outputs"),
        *_positive(card),
        said("Other sizes", FITTINGS[card.fitting], "fitting"),
    )


def _network(card: Card, fits: tuple[Fit, ...]) -> tuple[str, str]:
    """(what it is, how sure that is)."""
    if not fits:
        return card.architecture, "comes with the file"
    mine = next((fit for fit in fits if fit.architecture == card.architecture), fits[0])
    return mine.title, mine.reason


def scaling(card: Card) -> str:
    """How colours reach the network, in words."""
    words = SCALINGS[card.scaling]
    if card.scaling != "custom":
        return words
    mean, std = (" ".join(f"{value:g}" for value in row) for row in (card.mean, card.std))
    return f"mean {mean}, spread {std} (red green blue, of 0 to 1)"


def classes(card: Card) -> str:
    """Names in the order of the outputs, long lists cut short."""
    if not card.classes:
        return "known once the network is asked"
    shown = ", ".join(card.classes[:_SHOWN])
    more = len(card.classes) - _SHOWN
    return shown if more <= 0 else f"{shown} and {more:,} more"


def _outputs(card: Card) -> str:
    known = "outputs" in card.sources or not card.sources
    return OUTPUTS[card.outputs] if known else "known once the network is asked"


def _positive(card: Card) -> tuple[Fact, ...]:
    """The class in question and its threshold, which only two classes have."""
    if len(card.classes) != 2:
        return ()
    source = card.sources.get("subject") or card.sources.get("threshold", "")
    return (Fact("Positive", f"{card.subject}, from confidence {card.threshold:g}", source),)


def amount(size: int) -> str:
    """Bytes as people read them: 829.6 kB, 97.8 MB."""
    value = float(size)
    for unit in ("bytes", "kB", "MB"):
        if value < 1000:
            return f"{value:,.0f} {unit}" if unit == "bytes" else f"{value:,.1f} {unit}"
        value /= 1000
    return f"{value:,.1f} GB"


def as_values(inspected: Inspection, card: Card | None = None) -> dict[str, Any]:
    """The same as JSON-ready values."""
    shown = card or inspected.card
    told = {field.name: getattr(shown, field.name) for field in fields(Card)}
    return {
        "size": inspected.size,
        **told,
        "sources": dict(shown.sources),
        "fits": [
            {"architecture": fit.architecture, "exact": fit.exact, "reason": fit.reason}
            for fit in inspected.fits
        ],
        "notes": list(inspected.notes),
    }
