"""Figures of planted populations, made once."""

from onepixel_gui.report.population.exhibit import exhibits
from tests.core.populations import Planted, examined_of, outcomes_of

SEARCHED = examined_of(Planted(outcomes_of(220)), dark=30)
SWEPT = examined_of(Planted(outcomes_of(60, share=0.6), sweeps=30), dark=10)
DRAWN = exhibits(SEARCHED, "onepixel-gui analyse planted.onepixel")[0]
DRAWN_SWEPT = exhibits(SWEPT)[0]
ALL = {f"{kind} {each.stem}": each for kind, some in (("search", DRAWN), ("sweep", DRAWN_SWEPT))
       for each in some}  # fmt: skip


def exhibit(template, some=DRAWN, direction=0):
    return next(each for each in some if each.template == template and each.direction == direction)
