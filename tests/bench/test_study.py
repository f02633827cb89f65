"""The bench of studies runs, and tells of every reading its ratio to a bare fetch."""

from tests.bench import study


def test_a_small_study_is_measured(tmp_path):
    path = tmp_path / "a.onepixel"
    study.made(path, 40)
    found = study.reading(path)
    assert {"open", "rows", "outcomes", "table"} <= set(found)
    assert all(set(each) == {"s", "cpu", "of_bare"} for each in found.values())
    analysed = study.analysing(path, 1)
    assert analysed["code"] == 0
    assert min(analysed["s"], analysed["cpu"], analysed["peak_mb"]) > 0
    written = study.writing(tmp_path, 4)
    assert written["per_second"] > 0
