"""Is a classifier better than chance where the truth is known? No torch here."""

from collections import Counter
from collections.abc import Sequence


def doubt(labels: Sequence[str], hits: int) -> str:
    """One sentence where it is not, else "". hits: how many of the labels were answered.

    Chance is to answer the commonest class always, our choice: a coin would be beaten too easily.
    """
    commonest, count = Counter(labels).most_common(1)[0]
    if hits > count:
        return ""
    return (
        f"On {len(labels)} labelled tiles it is right {hits / len(labels):.0%} of the time, no "
        f"better than always answering {commonest} ({count / len(labels):.0%})."
    )
