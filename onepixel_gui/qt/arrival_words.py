"""What the preview of a checkpoint says: its card row by row, and how far it is, in words."""

from dataclasses import replace

from onepixel_gui.qt.view import Arrival
from onepixel_gui.report import cards
from onepixel_gui.report.cards import Fact

_DIGITS = 12  # of a hash that are shown; the whole is the hint


def rows(arrival: Arrival) -> tuple[Fact, ...]:
    """All that is known so far, in reading order; none before the file was inspected."""
    if arrival.inspection is None:
        return ()
    told = cards.facts(arrival.inspection, arrival.card)
    return (*(_narrow(fact) for fact in told), *_serving(arrival))


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


def _narrow(fact: Fact) -> Fact:
    if fact.label != cards.SHA256:
        return fact
    return replace(fact, value=fact.value[:_DIGITS], hint=fact.value)


def _serving(arrival: Arrival) -> tuple[Fact, ...]:
    if arrival.classifier is not None:
        return cards.served(arrival.classifier.serving)
    waits = "not known" if arrival.problem is not None else "being measured …"
    return Fact("One pixel", waits), Fact("Device", waits)
