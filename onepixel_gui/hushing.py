"""Warnings of foreign libraries that speak to programmers, kept from readers."""

import re
import warnings


def hush(category: type[Warning] = Warning, *, module: str = "", message: str = "") -> None:
    """Ignore warnings whose module and message begin like these regular expressions.

    For good: to take the filter off again, as `warnings.catch_warnings` does, would also undo what
    other threads have set meanwhile.  Asked for before each use, because somebody else may have
    replaced all filters since.
    """
    words = re.compile(message, re.IGNORECASE) if message else None
    wanted = ("ignore", words, category, re.compile(module) if module else None, 0)
    for known in warnings.filters:
        if known == wanted:
            return
        if known[0] != "ignore":
            break  # it would go first
    warnings.filterwarnings("ignore", message, category, module)
