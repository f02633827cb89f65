"""What a study tells of a campaign when it is looked at again."""

from contextlib import closing
from pathlib import Path

import pytest

from onepixel_gui.qt.campaign.reading import reading
from onepixel_gui.study.campaign import RunKept
from onepixel_gui.study.store import Study
from tests.core.campaigns import all_here, carried, make_corner, make_tiles, of, plan_over


@pytest.mark.parametrize("seeds", [(0,), (0, 1)])
def test_the_share_that_flipped_is_told_as_while_it_ran(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seeds: tuple[int, ...]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    plan = plan_over(make_tiles(tmp_path / "tiles", 6), make_corner(tmp_path), seeds=seeds)
    with all_here():
        events = carried(tmp_path / "a.onepixel", plan)
    with closing(Study.open(tmp_path / "a.onepixel", reading=True)) as study:
        *_, read = reading(study, None)
    advance = read.standing.advance
    assert advance is not None
    assert advance.attacked == 6 * len(seeds)
    (share,) = advance.shares
    assert (share.tiles, share.runs, share.flipped) == (6, advance.attacked, advance.flipped)
    assert advance.flipped == sum(each.flipped for each in of(events, RunKept))
    assert share.interval is not None
