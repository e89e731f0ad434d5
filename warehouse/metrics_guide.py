"""METRICS.md: every column of the views and every canonical metric, made from what declares them.

`python -m warehouse.metrics_guide` writes it anew: headers of sql/marts, metrics.csv and
metric_notes.csv are its only sources.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path

from warehouse.metric_notes import metric_notes
from warehouse.schema import METRICS
from warehouse.view_files import View, relations

GUIDE = Path(__file__).parent / "METRICS.md"
INTRODUCTION = """\
# Metrics

Made by `make guide` from the headers of `sql/marts`, `metrics.csv` and `metric_notes.csv`: change
those. `dawnlake views NAME` shows the same of one view.

A value is NULL below what it needs. Words such as `variability_min_h` are rules of `dawnlake.toml`.
What a metric equals is tested in `tests/`, over the series and vectors of `tests/reference`.
Numbers of other packages are those that they gave for the five people of iglu's example data
(subject 1 to 5), as far as nothing else is said.
"""
# Units by the end of a column's name, the longest first.
UNITS = {
    "auc_2h_mgdl_min": "mg/dL × min",
    "auc_3h_mgdl_min": "mg/dL × min",
    "auc_above_140_mgdl_min": "mg/dL × min",
    "_mgdl_min": "mg/dL/min",
    "_mgdl_h": "mg/dL/h",
    "_of_day": "min",
    "_per_day": "/d",
    "_per_h": "/h",
    "_mgdl": "mg/dL",
    "_brpm": "/min",
    "_local": "wall clock",
    "_hours": "h",
    "_kcal": "kcal",
    "_pct": "%",
    "_min": "min",
    "_bpm": "/min",
    "_cel": "°C",
    "_at": "UTC",
    "_mg": "mg",
    "_ms": "ms",
    "_h": "h",
    "_g": "g",
}


def unit_of(column: str) -> str:
    """The unit that a column's name ends with; '' for a number without one, a date or a word."""
    return next((unit for end, unit in UNITS.items() if column.endswith(end)), "")


def guide() -> str:
    """The text of METRICS.md."""
    marts = [view for view in relations().values() if view.layer == "marts"]
    asked = {tuple(view.columns): view.call for view in marts if view.parameters}
    views = (
        _of_view(view, None if view.parameters else asked.get(tuple(view.columns)))
        for view in sorted(marts, key=lambda view: view.name)
    )
    return "\n".join([INTRODUCTION, *views, _canonical()])


def _of_view(view: View, same: str | None) -> str:
    """A section; without a table if `same` has the same columns."""
    notes = {column: metric_notes().get((view.name, column)) for column in view.columns}
    about = f"{view.about} One row per {view.grain}." if view.grain else view.about
    heading = ["column", "unit", "meaning"]
    rows = [[f"`{column}`", unit_of(column), text] for column, text in view.columns.items()]
    if any(notes.values()):
        heading += ["needs", "equals", "elsewhere", "source"]
        for row, note in zip(rows, notes.values(), strict=True):
            told = (note.minimum_data, note.equals, note.differs, note.source) if note else [""] * 4
            row += told
    prose = "\n\n".join(textwrap.fill(text, 100) for text in (about, view.notes) if text)
    columns = f"Its columns are those of `{same}`.\n" if same else _table(heading, rows)
    return f"## {view.call}\n\n{prose}\n\n{columns}"


def _canonical() -> str:
    """The metrics of the table `sample`."""
    heading = ["metric", "unit", "plausible", "LOINC", "meaning"]
    rows = [
        [f"`{m.metric}`", m.unit, f"{m.low:g} to {m.high:g}", m.loinc, m.description]
        for m in METRICS.values()
    ]
    about = "What exports are read into: `metric` of the table `sample`, in these units (UCUM)."
    return f"## Canonical metrics\n\n{about}\n\n{_table(heading, rows)}"


def _table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heading, ["---"] * len(heading), *rows]
    return "".join(f"| {' | '.join(map(_cell, cells))} |\n" for cells in lines)


def _cell(text: str) -> str:
    """Text that Markdown takes as it is."""
    return re.sub(r"([|*<])", r"\\\1", text)


if __name__ == "__main__":
    GUIDE.write_text(guide(), "utf-8")
