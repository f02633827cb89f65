"""Runs out of a study: as a table (CSV, Parquet), as JSON, and their confidence maps as arrays.

The columns, the keys and the names of the arrays are a promise to scripts: more may be added, none
renamed.
"""

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.attack.probe import Swept, confidence
from onepixel_gui.outbox import printable
from onepixel_gui.problems import Problem
from onepixel_gui.study.store import Study
from onepixel_gui.study.whole import COLUMNS, FLOATS, INTEGERS, Table

_FORMULA = ("=", "+", "-", "@")


def as_csv(table: Table) -> bytes:
    """UTF-8, a line of `COLUMNS` first; floats with all their digits, whatever the country."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    cells = [list(map(_cell, table[name])) for name in COLUMNS]
    writer.writerows(zip(*cells, strict=True))
    return text.getvalue().encode()


def _cell(value: float | str | None) -> str:
    """Words that a spreadsheet would take for a formula get an apostrophe."""
    if isinstance(value, str):
        words = value if value.isprintable() else printable(value)
        return f"'{words}" if words.startswith(_FORMULA) else words
    if value is None or value != value:  # nothing is known: an empty cell
        return ""
    return repr(value)


class NoParquet(Problem):
    """The package that writes Parquet files is not installed."""


def expect_parquet() -> None:
    """Raises NoParquet."""
    try:
        import pyarrow.parquet  # noqa: F401 - whether it can be imported is the question
    except ImportError as cause:
        raise NoParquet(
            "Parquet files need the package pyarrow, which is not installed.",
            "Install it with `pip install onepixel-gui[parquet]`, or export CSV.",
            detail=repr(cause),
        ) from cause


def as_parquet(table: Table) -> bytes:
    """The same columns with their types. Raises NoParquet."""
    expect_parquet()
    import pyarrow
    import pyarrow.parquet

    kinds = dict.fromkeys(COLUMNS, pyarrow.string())
    kinds |= dict.fromkeys(INTEGERS, pyarrow.int64()) | dict.fromkeys(FLOATS, pyarrow.float64())
    arrays = [pyarrow.array(table[name], kinds[name], from_pandas=True) for name in COLUMNS]
    fields = [
        pyarrow.field(name, array.type, metadata={"description": COLUMNS[name]})
        for name, array in zip(COLUMNS, arrays, strict=True)
    ]
    sink = io.BytesIO()
    pyarrow.parquet.write_table(
        pyarrow.Table.from_arrays(arrays, schema=pyarrow.schema(fields)), sink
    )
    return sink.getvalue()


def as_json(study: Study, table: Table) -> bytes:
    """Each run as an object of the same columns, and beside them what many runs share.

    classifiers, attacks: by the numbers in `classifier_number` and `attack_number` of a run.
    """
    names = (*COLUMNS, "classifier_number", "attack_number")
    runs = [
        {name: _json_value(name, value) for name, value in zip(names, row, strict=True)}
        for row in zip(*(table[name] for name in names), strict=True)
    ]
    classifiers, attacks = study.shared()
    told = {
        "study": study.identity,
        "columns": COLUMNS,
        "runs": runs,
        "classifiers": {number: json.loads(text) for number, text in classifiers.items()},
        "attacks": {number: json.loads(text) for number, text in attacks.items()},
        "campaigns": [
            {"campaign": each.number, "plan": _without_folders(each.plan), "begun": each.begun}
            | {"total": each.total, "done": each.done, "refused": each.refused}
            for each in study.campaigns()
        ],
        "notes": [
            {"words": each.words, "run": each.run, "written": each.written}
            for each in study.remarks()
        ],
    }
    return (json.dumps(told, indent=1, ensure_ascii=False) + "\n").encode("utf-8", "replace")


def _json_value(name: str, value: Any) -> Any:
    if value != value:  # NaN is no JSON
        return None
    return json.loads(value) if name in ("pixels", "same_pixels") and value else value


def _without_folders(plan: Any) -> Any:
    """Whoever reads the file need not know where things lay."""
    paths = {key: [_last(path) for path in plan.get(key, ())] for key in ("paths", "models")}
    return {**plan, **paths}


def _last(path: str) -> str:
    return path.replace("\\", "/").rstrip("/").rpartition("/")[2]


def as_npz(study: Study) -> bytes:
    """The confidence maps of all sweeps; the same bytes for the same study.

    runs: (N,) their numbers.  Of each run: run_N_scores (H, W, K) float32 confidences, run_N_logits
    the same as log-odds, run_N_flipped (H, W, K) bool, run_N_palette (K, 3) uint8, run_N_window
    (row, column, height, width) in the tile, run_N_clean () float32.
    """
    file, runs = io.BytesIO(), []
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for group in study.groups():
            for run, swept in study.sweeps(group):
                runs.append(run)
                for name, array in _arrays(run, swept):
                    _write(archive, name, array)
        _write(archive, "runs", np.array(runs, np.int64))
    return file.getvalue()


def _arrays(run: int, swept: Swept) -> Iterator[tuple[str, NDArray[Any]]]:
    window = swept.question.window
    place = np.array([window.row, window.column, window.height, window.width])
    yield f"run_{run}_scores", confidence(swept.logits)
    yield f"run_{run}_logits", swept.logits
    yield f"run_{run}_flipped", swept.flipped
    yield f"run_{run}_palette", swept.palette
    yield f"run_{run}_window", place
    yield f"run_{run}_clean", np.array(swept.question.clean, np.float32)


def _write(archive: zipfile.ZipFile, name: str, array: NDArray[Any]) -> None:
    # A name given as ZipInfo carries a fixed time.
    with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as file:
        np.lib.format.write_array(file, array, allow_pickle=False)
