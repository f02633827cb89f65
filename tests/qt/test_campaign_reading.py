"""What a study tells of a campaign when it is looked at again."""

from contextlib import closing
from pathlib import Path

import pytest

from onepixel_gui.qt.campaign.reading import reading
from onepixel_gui.study.store import Study
from tests.core.campaigns import all_here, carried, make_corner, make_tiles, plan_over


@pytest.mark.parametrize(("seeds", "told"), [((0,), True), ((0, 1), False)])
def test_an_interval_is_told_where_each_tile_has_one_run_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seeds: tuple[int, ...], told: bool
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    plan = plan_over(make_tiles(tmp_path / "tiles", 6), make_corner(tmp_path), seeds=seeds)
    with all_here():
        carried(tmp_path / "a.onepixel", plan)
    with closing(Study.open(tmp_path / "a.onepixel", reading=True)) as study:
        *_, read = reading(study, None)
    advance = read.standing.advance
    assert advance is not None
    assert advance.attacked == 6 * len(seeds)
    assert (advance.interval is not None) == told
