"""How many tiles there are, and one campaign over them."""

from tests.core.campaigns import carried

TILES = 12


def run(path, plan, **words):
    return carried(path, plan, **words)
