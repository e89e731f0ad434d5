"""Medtronic CareLink Personal CSV (v1.0.1, Paradigm and 530G pumps, until about 2017).

One record is one line: what a pump, a meter or a sensor told, with the kind of its datum in
Raw-Type and its fields in Raw-Values (`AMOUNT=120, ISIG=16.54, …`), where a reading also is whose
visible cell is empty. The clock is the pump's; a change of it is a row with the new time. Above the
header stand some lines of names and devices, or none; dates follow the country. Glucose is mg/dL or
mmol/L by account, in Raw-Values always mg/dL. A reading beyond the range has a Raw-Type of its own.

Evidence: a disguised copy of a real export of 2016 (US), an excerpt in a public test; German and
Dutch column names as others list them.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from connectors.contract import (
    Connector,
    Drift,
    Fact,
    FormatDrift,
    Head,
    Item,
    Source,
    Total,
    shaped,
)
from connectors.medtronic.carelink_columns import PERSONAL, Layout, layout_of, named
from connectors.medtronic.carelink_events import EPISODES, judged_sql, samples_sql
from connectors.reading.grid import Grid, grids_of, grids_seen
from connectors.reading.query import query
from connectors.reading.stamps import DAY_FIRST, stamped
from connectors.reading.verdicts import carried, left_out

HEADER_WITHIN = 40
USUAL = {"de": DAY_FIRST, "nl": DAY_FIRST}


def identify(head: Head) -> str | None:
    """The language of the header among the first rows, or None."""
    found = _found(*grids_seen(head)[:1])
    return found[1].language if found else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Samples of glucose, fingersticks, insulin, basal rates and carbohydrate; meals.

    Skips: `setting_or_alarm` (what measures nothing), `daily_total`, `clock_change`,
    `bolus_selected`, `temp_basal_percent`, `calculator_without_carbs`, `prime`.

    Raises: FormatDrift without the header; UndatableFile if day and month cannot be told apart.
    """
    grids = grids_of(source)
    found = _found(grids[0])
    if found is None:
        raise FormatDrift("the header of a CareLink export is missing; export it again")
    header, layout = found
    rows = grids[0].below(header)
    yield Fact("unit", layout.unit)
    yield Fact("language", variant if variant != "by_position" else "unknown")
    if variant == "by_position":
        yield Drift("column names of a language that is not known: read by their place alone")
    yield Total(rows.records)
    for column in layout.unknown:
        yield Drift(f"column {column}")
    yield from rows.unreadable()
    table = named(rows, layout, None)
    device = query("select nullif(device_type, '') as d from rows", rows=table)["d"]
    table = table.set_column(table.column_names.index("device"), "device", device)
    judged = query(judged_sql(layout.unit), rows=_timed(table, grids[0], header, layout.language))
    yield from left_out(judged)
    sound = carried(judged)
    yield shaped("sample", query(samples_sql(layout.unit), sound=sound))
    yield shaped("episode", query(EPISODES, sound=sound))


def _found(grid: Grid | None = None) -> tuple[int, Layout] | None:
    for row, cells in enumerate(grid.top[:HEADER_WITHIN] if grid else []):
        layout = layout_of(cells, PERSONAL)
        if layout is not None:
            return row, layout
    return None


def _timed(rows: pa.Table, grid: Grid, header: int, language: str) -> pa.Table:
    """The rows with `start_wall`; the range above the header helps to tell day from month."""
    stamps = query("select date || ' ' || time as stamp from rows", rows=rows)["stamp"]
    above = [cell for cells in grid.top[:header] for cell in cells]
    both = pa.chunked_array([*stamps.chunks, pa.array(above, pa.string())])
    times = stamped(both, USUAL.get(language)).times
    return rows.append_column("start_wall", times.slice(0, rows.num_rows))


CONNECTOR = Connector(
    name="medtronic_carelink_personal",
    title="Medtronic CareLink Personal CSV (v1.0.1)",
    version="1",
    variants={
        "en": "verified",
        "de": "unverified",
        "nl": "unverified",
        "by_position": "unverified",
    },
    identify=identify,
    extract=extract,
    source="cgm",
)
