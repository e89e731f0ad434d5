"""Tidepool export (web: JSON, XLSX or CSV; and the older one for data analysis).

One record is one object, or one row of a sheet that is named after its type. Three clocks stand in
it: `time` is UTC, `deviceTime` what the device showed, `timezoneOffset` the offset of the place;
where a device's clock was corrected (`conversionOffset`) only the first and the last are carried.
Glucose is stored in mmol/L with five decimals, or was multiplied back without rounding. Out of
range is an annotation with the limit. Durations are ms; minutes under the headers of people.

A very hidden sheet `EXPORT ERROR` is in every good workbook; shown, or as an `exportError` in the
JSON, it means that the export is incomplete. Evidence: the example account of a public repository,
as JSON, CSV and XLSX; code of the exporter for what it writes today.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from connectors.contract import (
    Connector,
    Drift,
    Fact,
    Head,
    Item,
    Skip,
    Source,
    Total,
    batch,
    shaped,
)
from connectors.reading.grid import Grid, grids_of, grids_seen
from connectors.reading.json_documents import documents
from connectors.reading.json_head import first_objects
from connectors.reading.query import query
from connectors.reading.verdicts import carried, left_out
from connectors.tidepool.records import (
    ASIDE,
    EPISODES,
    FIELDS,
    KNOWN,
    MIN,
    MS,
    SAMPLES,
    judged_sql,
)

MARKS = {"deviceTime", "timezoneOffset", "uploadId", "conversionOffset"}  # two of them are enough
ZULU, TYPES = "Zulu Time", ("Tidepool Data Type", "Tidepool Wizard Type")
RENAMED = {ZULU: "time", **dict.fromkeys(TYPES, "type")}
ERROR, NOTHING = "EXPORT ERROR", "NO DATA"
INCOMPLETE = "the export says of itself that it is incomplete: export a shorter time"


def identify(head: Head) -> str | None:
    """`json`; `csv` or `xlsx` with the headers of people, or `fields_` with those of the JSON."""
    if b'"type"' in head.first and any(mark.encode() in head.first for mark in MARKS):
        for each in first_objects(head)[:50]:
            if each.get("type") in (*KNOWN, *ASIDE) and len(MARKS & each.keys()) >= 2:
                return "json"
    grids = grids_seen(head)
    names = {grid.name for grid in grids}
    if names >= {ERROR, NOTHING}:
        return "xlsx"
    kinds = [kind for grid in grids if (kind := _kind(grid)) is not None]
    return f"{kinds[0]}{'xlsx' if grids[0].sheet else 'csv'}" if kinds else None


def _kind(grid: Grid) -> str | None:
    header = set(grid.top[0]) if grid.top else set()
    if ZULU in header and header & {*TYPES}:
        return ""
    return "fields_" if {"type", "time"} <= header and len(MARKS & header) >= 2 else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Samples of glucose, ketone, insulin, basal rates, food and activity; meals and exercise.

    Skips: settings, uploads and what else measures nothing, by the name of its type;
    `device_event`, `nothing_given` (0 U), `calculator_without_carbs`, `basal_without_rate`,
    `insulin_of_unknown_kind`, `no_value`, `other_type` (told as drift), `export_error`, `no_data`.

    Raises: BrokenFile if the JSON is cut or the workbook damaged.
    """
    if variant == "json":
        table = documents(source, FIELDS)
        yield Total(table.num_rows)
    else:
        grids = grids_of(source)
        if any(g.name == ERROR and g.sheet and g.sheet.shown == "visible" for g in grids):
            yield Drift(INCOMPLETE)
        if any(grid.name == NOTHING for grid in grids):
            yield Total(1)
            yield Skip("no_data", 1)
        table = yield from _of_grids([grid for grid in grids if _kind(grid) is not None])
    judged = query(judged_sql(MS if variant == "json" or "fields" in variant else MIN),
                   records=table)  # fmt: skip
    yield from _told(judged)
    yield from left_out(judged)
    sound = carried(judged)
    yield shaped("sample", query(SAMPLES, sound=sound))
    yield shaped("episode", query(EPISODES, sound=sound))


def _told(judged: pa.Table) -> Iterator[Item]:
    """Units and time zones of the records, types that nobody knows, and an error in the export."""
    for column, fact in (("unit", "unit"), ("zone", "timezone")):
        for value in query(f"select distinct {column} as v from judged where v <> '' order by v",
                           judged=judged)["v"].to_pylist():  # fmt: skip
            yield Fact(fact, value)
    others = query(
        "select distinct type from judged where verdict = 'other_type' order by type",
        judged=judged,
    )
    for name in others["type"].to_pylist():
        yield Drift(f"type {name}")
    if query("select 1 from judged where verdict = 'export_error'", judged=judged).num_rows:
        yield Drift(INCOMPLETE)


def _of_grids(grids: Sequence[Grid]) -> Generator[Item, None, pa.Table]:
    """The rows of all sheets as one table; what no row is, on the way."""
    tables, offset = [_named({}, pa.array([], pa.int64()))], 0
    for grid in grids:
        rows = grid.below(0)
        yield Total(rows.records)
        lost = [(line, "ragged_row", "|".join(cells)) for line, cells in rows.wide]
        lost += [(line, "broken_row", text) for line, text in rows.broken]
        for line, code, text in lost:
            yield batch("reject", record=[line + offset], code=code, raw=text)
        columns = {_field(name): rows.columns.column(i) for i, name in enumerate(rows.header)}
        tables.append(_named(columns, pc.add(rows.line, offset)))
        offset += max([0, *rows.line.to_pylist()[-1:], *(line for line, _, _ in lost)])
    return pa.concat_tables(tables)


def _field(header: str) -> str:
    """`Device Id` and `Duration (mins)` as the fields deviceId and duration."""
    if header in RENAMED:
        return RENAMED[header]
    bare = header.removesuffix(" (mins)").replace(" ", "")
    return bare[:1].lower() + bare[1:]


def _named(columns: dict[str, pa.ChunkedArray], record: pa.Array) -> pa.Table:
    """`record` and every field as text, NULL where a row has nothing."""
    nothing = pa.nulls(len(record), pa.string())
    texts = [columns.get(name, nothing) for name in FIELDS]
    filled = [pc.if_else(pc.equal(text, ""), None, text) for text in texts]
    zulu = FIELDS.index("time")
    filled[zulu] = pc.binary_join_element_wise(
        filled[zulu], pc.if_else(pc.match_substring_regex(filled[zulu], r"\d$"), "Z", ""), ""
    )
    return pa.table({"record": record, **dict(zip(FIELDS, filled, strict=True))})


CONNECTOR = Connector(
    name="tidepool_export",
    title="Tidepool export (JSON, XLSX, CSV)",
    version="1",
    variants={
        "json": "verified",
        "xlsx": "unverified",
        "csv": "unverified",
        "fields_csv": "verified",
        "fields_xlsx": "verified",
    },
    identify=identify,
    extract=extract,
    source="cgm",
)
