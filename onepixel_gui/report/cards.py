"""A card in words, for the window and the command line: values, and where each comes from."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from onepixel_gui.classifier.card import Card, Fit, Fitting, Inspection, Outputs, Scaling, Serving
from onepixel_gui.outbox import printable

NETWORK, SHA256 = "Network", "SHA-256"
# How the source of what nobody stated begins or ends (classifier.opening, habits, formats.keras).
_ASSUMED = "assumed"
_SCALINGS: Mapping[Scaling, str] = {
    "minus-one-to-one": "−1 to 1: v / 127.5 − 1",
    "zero-to-one": "0 to 1: v / 255",
    "zero-to-255": "0 to 255, as they are",
    "imagenet": "ImageNet's mean and spread per channel",
    "caffe": "Caffe: v − ImageNet's mean per channel",
}
_OUTPUTS: Mapping[Outputs, str] = {
    "logits": "logits",
    "log-softmax": "log-softmax",
    "softmax": "softmax: probabilities that sum to 1",
    "sigmoid": "sigmoid: each between 0 and 1",
}
_FITTINGS: Mapping[Fitting, str] = {
    "crop": "the centre is cut out",
    "resize": "the whole tile is resized",
    "refuse": "refused",
}
_LATER = "asked of the network when it is loaded"
_NAMED = 6  # classes that are named
_LETTERS = 32  # of a class that are shown


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of a card, without line ends or other letters that cannot be shown.

    source: where the value comes from, "" where that is plain.  doubtful: nobody stated it.
    hint: what helps to understand the value, "" for nothing.
    """

    label: str
    value: str
    source: str = ""
    doubtful: bool = False
    hint: str = ""


def facts(inspected: Inspection, card: Card | None = None) -> tuple[Fact, ...]:
    """All that a reader should see before using a checkpoint, in reading order.

    card: the loaded classifier's, which knows more than the file did.
    """
    card = card or inspected.card
    told = (
        Fact("File", " · ".join(filter(None, (card.format, size(inspected.size))))),
        Fact(SHA256, card.sha256),
        _network(inspected),
        Fact("Parameters", f"{card.weights:,}"),
        _fact("Input", _input(card), card, input_size="size", order="order"),
        _fact("Resolution", _resolution(card), card, mpp="resolution"),
        replace(
            _fact("Scaling", _scaling(card), card, scaling="scaling"),
            hint="v: a colour of a pixel, 0 to 255",
        ),
        _classes(card),
        _fact("Output", _output(card), card, outputs="kind", threshold="threshold"),
        _fact("Other sizes", _FITTINGS[card.fitting], card, fitting="fitting"),
        Fact("Gradients", gradients(card)),
    )
    return tuple(_shown(fact) for fact in told)


def served(serving: Serving) -> tuple[Fact, ...]:
    """What is known only once the network runs."""
    device = " · ".join(dict.fromkeys((serving.device, serving.device_name)))
    told = serving.shortcut or "not known what of the arithmetic is saved"
    batch = f"{serving.batch:,} {'tile' if serving.batch == 1 else 'tiles'} at once"
    return _shown(Fact("One pixel", told)), _shown(Fact("Device", f"{device} · {batch}"))


def others(inspected: Inspection) -> tuple[Fact, ...]:
    """The networks that fit these weights too, best first."""
    return tuple(_shown(Fact("Also fits", f.title, how_sure(f))) for f in inspected.fits[1:])


def title(card: Card) -> str:
    """The file, after the name that somebody gave the classifier."""
    named = card.sources.get("name", _ASSUMED) != _ASSUMED
    return printable(f"{card.name}, from {card.file}" if named else card.file)


def gradients(card: Card) -> str:
    """Whether a guided search can be thought of; only a loaded network says if it is of use."""
    if card.white_box:
        return "white box: guided search can be tried"
    return "black box: guided search needs gradients and is not offered"


def how_sure(fit: Fit) -> str:
    """ "exact: the file names it; the names and shapes of all weights agree"."""
    reasons = fit.reason.rstrip(".").split(". ")
    told = "; ".join(f"{reason[:1].lower()}{reason[1:]}" for reason in reasons)
    return f"{'exact' if fit.exact else 'likely'}: {told}"


def size(count: int) -> str:
    """Bytes, in the units of file managers: 830 kB, 102 MB."""
    amount = float(count)
    for unit in ("B", "kB", "MB"):
        if amount < 999.5:
            whole = amount >= 100 or unit == "B"
            return f"{amount:.0f} {unit}" if whole else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.2f} GB"


def as_values(inspected: Inspection, card: Card | None = None) -> dict[str, Any]:
    """The same as JSON-ready values, nothing of them shortened."""
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


# ------------------------------------------------------------------ values
def _network(inspected: Inspection) -> Fact:
    if not inspected.fits:
        return Fact(NETWORK, inspected.card.architecture, "comes with the file")
    fit = inspected.fits[0]
    return Fact(NETWORK, fit.title, how_sure(fit), not fit.exact)


def _input(card: Card) -> str:
    height, width = card.input_size
    return f"{height} × {width} px (height × width) · {card.order}"


def _resolution(card: Card) -> str:
    return "as scanned: nobody said" if card.mpp is None else f"{card.mpp:g} µm/px"


def _scaling(card: Card) -> str:
    if card.scaling != "custom":
        return _SCALINGS[card.scaling]
    mean, spread = (", ".join(f"{each:.4g}" for each in row) for row in (card.mean, card.std))
    return f"(v / 255 − mean) / spread; red, green, blue: mean {mean}; spread {spread}"


def _classes(card: Card) -> Fact:
    if not card.classes:
        return Fact("Classes", _LATER)
    named = ", ".join(_short(name) for name in card.classes[:_NAMED])
    more = len(card.classes) - _NAMED
    listed = f"{named} and {more:,} more" if more > 0 else named
    question = "positive" if len(card.classes) == 2 else "in question"
    words = f"{listed} · {question}: {_short(card.subject)}"
    return _fact("Classes", words, card, classes="names", subject="the one in question")


def _output(card: Card) -> str:
    # An empty card of sources belongs to a network that was made here, of which all is known.
    known = "outputs" in card.sources or not card.sources
    words = _OUTPUTS[card.outputs] if known else _LATER
    if len(card.classes) == 2:
        return f"{words} · answers {_short(card.subject)} from {card.threshold:g} on"
    return words


# ------------------------------------------------------------------ sources
def _fact(label: str, value: str, card: Card, **parts: str) -> Fact:
    """parts: fields of the card that the value is made of, and what each is called in it."""
    known = [card.sources.get(field, "") for field in parts]
    doubtful = any(_ASSUMED in (each[: len(_ASSUMED)], each[-len(_ASSUMED) :]) for each in known)
    return Fact(label, value, _source(card.sources, parts), doubtful)


def _source(sources: Mapping[str, str], parts: Mapping[str, str]) -> str:
    """One source for all parts, or for the first and main one; else each by the part's name."""
    told = {name: sources[field] for field, name in parts.items() if sources.get(field)}
    main = [*parts.values()][:1]
    if len(set(told.values())) == 1 and [*told] in (main, [*parts.values()]):
        return next(iter(told.values()))
    return " · ".join(f"{name}: {source}" for name, source in told.items())


def _shown(fact: Fact) -> Fact:
    return replace(fact, value=printable(fact.value), source=printable(fact.source))


def _short(name: str) -> str:
    return name if len(name) <= _LETTERS else f"{name[: _LETTERS - 1]}…"
