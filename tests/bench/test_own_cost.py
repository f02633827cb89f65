"""What search and sweep cost by themselves, over a classifier that costs nothing.

Run with `pytest tests/bench --benchmark-enable`; in the suite each runs once, untimed.
"""

import numpy as np

from onepixel_gui.attack.evolution import Evolution
from onepixel_gui.attack.sweep import sweep
from onepixel_gui.tiles.tile import Window
from tests.core.stand_ins import StandIn, flat


def test_a_generation_of_four_hundred(benchmark):
    rng = np.random.default_rng(0)
    low, high = np.zeros(5), np.array([63.9, 63.9, 255.0, 255.0, 255.0])
    evolution = Evolution(rng.uniform(low, high, (400, 5)), low, high, 0.5, rng)
    evolution.tell(evolution.ask(), rng.random(400))

    def generation():
        trials = evolution.ask()
        evolution.tell(trials, trials[:, 0])

    benchmark(generation)
    assert (evolution.members >= low).all()
    assert (evolution.members <= high).all()


def test_the_painting_of_a_whole_sweep(benchmark):
    window = Window(0, 0, 64, 64)
    events = benchmark(lambda: list(sweep(StandIn(flat(), window=window, chunk=128))))
    assert events[-1].queries == 64 * 64 * 8
