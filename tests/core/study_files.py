"""Studies in files, and everything that can be asked of one."""

import contextlib

import pytest

from onepixel_gui.attack.attacks import Exhaustive, as_values
from onepixel_gui.problems import Problem
from onepixel_gui.study.store import Study, UnusableStudy
from tests.core.study_records import PLAN, SEARCH, moved, propagation, record, step

SEARCHES = PLAN | {"attacks": [as_values(SEARCH)]}


def filled(path, count=6, campaign=True):
    """A closed study with searches, a sweep, a refusal and a note."""
    with contextlib.closing(Study.open(path, make=True)) as study:
        number = study.begin(SEARCHES, [f"{n}.png" for n in range(count + 1)]) if campaign else -1
        study.add_all([(record(n, moved=moved()), number, n) for n in range(count)])
        study.add(record(count, Exhaustive(), propagation=propagation()))
        study.add(record(count + 1, result=step(9)))
        if campaign:
            study.refuse(number, count, Problem("It is no picture.", "Remove it."))
        study.note("A remark.", 1)
        study.keep("layout", [1, 2])
    return path


def everything(study):
    """All that can be asked of a study, as values that can be compared."""
    rows = study.rows()
    return {
        "rows": [list(getattr(rows, name)) for name in ("run", "names", "results", "queries")],
        "confidence": repr(rows.confidence.tolist()),
        "table": repr(sorted(study.table().items())),
        "outcomes": [repr(study.outcomes(group)) for group in study.groups()],
        "runs": [spelled(study.run(number)) for number in study.numbers()],
        "campaigns": study.campaigns(),
        "finished": [study.finished(each.number) for each in study.campaigns()],
        "tasks": [study.tasks(each.number) for each in study.campaigns()],
        "refusals": [
            [(task, problem.what) for task, _, problem in study.refusals(each.number)]
            for each in study.campaigns()
        ],
        "notes": study.remarks(),
        "kept": [(key, study.kept(key)) for key in sorted(study.keys())],
    }


def spelled(kept):
    pixels = kept.tile.rgb.tobytes()
    result = getattr(kept.result, "logits", kept.result)
    return repr((kept.tile.name, pixels, kept.card, kept.attack, kept.trail, result, kept.moved))


def files(folder):
    return sorted(entry.name for entry in folder.iterdir())


def refused(path, **how):
    with pytest.raises(UnusableStudy) as caught:
        Study.open(path, **how).close()
    problem = caught.value
    assert problem.what.endswith(".")
    assert problem.remedy[0].isupper()
    assert problem.remedy.endswith(".")
    return problem.what
