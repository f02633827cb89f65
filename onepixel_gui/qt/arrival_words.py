"""What the preview of a checkpoint says, row by row: values and where they come from, in words."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from onepixel_gui.classifier.card import Card, Fit, Fitting, Inspection, Outputs, Scaling
from onepixel_gui.qt.view import Arrival

ASSUMED = "assumed"  # the source of what nobody stated (classifier.opening)
SCALINGS: dict[Scaling, str] = {
    "minus-one-to-one": "−1 to 1: v / 127.5 − 1",
    "zero-to-one": "0 to 1: v / 255",
    "zero-to-255": "0 to 255, as they are",
    "imagenet": "ImageNet's mean and spread per channel",
    "caffe": "Caffe: v − ImageNet's mean per channel",
    "custom": "own mean and spread per channel",
}
_OUTPUTS: dict[Outputs, str] = {
    "logits": "logits",
    "log-softmax": "log-softmax",
    "softmax": "softmax: probabilities that sum to 1",
    "sigmoid": "sigmoid: each between 0 and 1",
}
_FITTINGS: dict[Fitting, str] = {
    "crop": "the centre is cut out",
    "resize": "the whole tile is resized",
    "refuse": "refused",
}
NETWORK = "Network"  # the row where another can be chosen
_NAMED = 6  # classes that are named
_LETTERS = 32  # of a class that are shown


@dataclass(frozen=True, slots=True)
class Row:
    """source: where the value comes from, "" where that is plain.  doubtful: nobody stated it.

    hint: the whole of what is shortened.
    """

    label: str
    value: str
    source: str = ""
    doubtful: bool = False
    hint: str = ""


def rows(arrival: Arrival) -> tuple[Row, ...]:
    """All that is known so far, in reading order; none before the file was inspected."""
    inspection, card = arrival.inspection, arrival.card
    if inspection is None or card is None:
        return ()
    return (
        Row("File", " · ".join(filter(None, (card.format, size(inspection.size))))),
        Row("SHA-256", card.sha256[:12], hint=card.sha256),
        _network(inspection),
        Row("Parameters", f"{card.weights:,}"),
        _row("Input", _input(card), card, input_size="size", order="order"),
        replace(
            _row("Scaling", SCALINGS[card.scaling], card, scaling="scaling"), hint=_scaling(card)
        ),
        _row("Classes", _classes(card), card, classes="names", subject="the one in question"),
        _row("Output", _output(card), card, outputs="kind", threshold="threshold"),
        _row("Other sizes", _FITTINGS[card.fitting], card, fitting="fitting"),
        Row("Gradients", gradients(card)),
        *_serving(arrival),
    )


def gradients(card: Card) -> str:
    if card.white_box:
        return "white box: guided search is offered"
    return "black box: guided search needs gradients and is not offered"


def size(count: int) -> str:
    """Bytes, in the units of file managers: 830 kB, 102 MB."""
    amount = float(count)
    for unit in ("B", "kB", "MB"):
        if amount < 999.5:
            return (
                f"{amount:.0f} {unit}" if amount >= 100 or unit == "B" else f"{amount:.1f} {unit}"
            )
        amount /= 1000
    return f"{amount:.2f} GB"


def how_sure(fit: Fit) -> str:
    reason = fit.reason.rstrip(".")
    return f"{'exact' if fit.exact else 'likely'}: {reason[:1].lower()}{reason[1:]}"


def progress(arrival: Arrival) -> tuple[str, str]:
    """(what is being done, how far), for the line above the buttons."""
    if arrival.problem is not None:
        return f"Not loaded. {arrival.problem.remedy}", ""
    if arrival.classifier is not None:
        return "Ready", ""
    step = arrival.step
    words = "Waiting for its turn" if step is None else step.words
    after = {"first": "Used when it is ready", "second": "Used as B when it is ready", None: ""}
    words = " · ".join(filter(None, (after[arrival.place], words)))
    if step is None or not step.total:
        return words, ""
    if step.total > 1000:  # bytes
        return words, f"{100 * step.done // step.total} %"
    return words, f"{step.done} of {step.total}"


def _network(inspection: Inspection) -> Row:
    if not inspection.fits:
        return Row(NETWORK, inspection.card.architecture, "comes with the file")
    fit = inspection.fits[0]
    return Row(NETWORK, fit.title, how_sure(fit), not fit.exact)


def _input(card: Card) -> str:
    height, width = card.input_size
    return f"{height} × {width} px (height × width) · {card.order}"


def _scaling(card: Card) -> str:
    if card.scaling != "custom":
        return "v: a colour of a pixel, 0 to 255"
    figures = ("mean", card.mean), ("spread", card.std)
    told = "; ".join(
        f"{word} {', '.join(f'{each:.4g}' for each in numbers)}" for word, numbers in figures
    )
    return f"(v / 255 − mean) / spread; red, green, blue: {told}"


def _classes(card: Card) -> str:
    if not card.classes:
        return "asked of the network when it is loaded"
    named = ", ".join(_short(name) for name in card.classes[:_NAMED])
    more = len(card.classes) - _NAMED
    listed = f"{named} and {more:,} more" if more > 0 else named
    question = "positive" if len(card.classes) == 2 else "in question"
    return f"{listed} · {question}: {_short(card.subject)}"


def _output(card: Card) -> str:
    words = _OUTPUTS[card.outputs]
    if len(card.classes) == 2:
        return f"{words} · answers {_short(card.subject)} from {card.threshold:g} on"
    return words


def _serving(arrival: Arrival) -> tuple[Row, ...]:
    if arrival.classifier is None:
        waits = "not known" if arrival.problem is not None else "being measured …"
        return (Row("One pixel", waits), Row("Device", waits))
    serving = arrival.classifier.serving
    device = " · ".join(dict.fromkeys((serving.device, serving.device_name)))
    told = serving.shortcut or "not known what of the arithmetic is saved"
    return (Row("One pixel", told), Row("Device", f"{device} · {serving.batch:,} tiles at once"))


def _row(label: str, value: str, card: Card, **fields: str) -> Row:
    source = _source(card.sources, fields)
    known = [card.sources.get(field, "") for field in fields]
    return Row(label, value, source, ASSUMED in known)


def _source(sources: Mapping[str, str], fields: Mapping[str, str]) -> str:
    """One source for all fields, or each by the field's word in this row."""
    told = {word: sources[field] for field, word in fields.items() if sources.get(field)}
    if len(set(told.values())) == 1 and len(told) in (1, len(fields)):
        return next(iter(told.values()))
    return " · ".join(f"{word}: {source}" for word, source in told.items())


def _short(name: str) -> str:
    return name if len(name) <= _LETTERS else f"{name[: _LETTERS - 1]}…"
