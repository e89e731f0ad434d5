"""What the Fitbit and Google CSVs of a Takeout have in common: columns by name, clocks, outcomes.

Every query over a sheet gives each record an outcome: `skip` (a reason) or `code` (of a reject,
with `field` and `raw`), or neither. `sorted_out` parts them, so that no record is lost or counted
twice. Numbers that mean "nothing": -1 and NaN (not computed), 50.0 of oxygen saturation (the floor
to which invalid minutes are set), 0 of anything but steps.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from connectors.contract import (
    Batch,
    BrokenFile,
    Drift,
    FormatDrift,
    Item,
    Skip,
    Source,
    Total,
    shaped,
)
from connectors.reading.delimited import decoded, lines_of, rows_below
from connectors.reading.query import query
from connectors.reading.text_sql import dated

_TIME = r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?"  # minutes alone: Computed Temperature
_ZONE = r"(Z|[+-]\d{2}:?\d{2})"  # `Z` and `+0000` both occur in the 2025+ files
_MIDNIGHT = r"\d{4}-\d{2}-\d{2}([T ]00:00(:00(\.0+)?)?(Z|\+00:?00)?)?"

# A vendor's totals are minutes but for these.
_TOTAL_UNITS = {"sleep_efficiency": "%", "number_of_awakenings": "{count}"}
# 0 is what the vendor writes when it did not measure them.
_ZERO_IS_NOTHING = ("latency_to_sleep_onset", "sleep_efficiency")
_TIMES = ("start_utc", "start_wall", "start_offset_min", "end_utc", "end_wall", "end_offset_min")


def sheet(source: Source, needed: str, others: str) -> tuple[pa.Table, list[Item]]:
    """Text columns (the known ones named as in the header), `record` and `is_short`; and what is
    told besides.

    Raises: BrokenFile if there is no line, FormatDrift if a needed column is missing.
    """
    lines = lines_of(decoded(source.read()))
    if not lines:
        raise BrokenFile("the file is empty; export it again")
    rows = rows_below(lines, 0, ",")
    for cell in needed.split(","):
        if cell not in rows.header:
            raise FormatDrift(f"column {cell} is missing from this Takeout CSV; export it again")
    items: list[Item] = [Total(rows.records), *rows.unreadable()]
    known = {*needed.split(","), *others.split(",")}
    items += [Drift(f"column {cell}") for cell in rows.header if cell not in known]
    names = [  # not as in the header: SQL takes no NUL in a name, no empty one, and no other case
        cell if cell and cell in known and cell not in rows.header[:i] else f"column {i}"
        for i, cell in enumerate(rows.header)
    ]
    table = rows.columns.rename_columns(names)
    table = table.append_column("is_short", pc.less(rows.width, len(rows.header)))
    return table.append_column("record", rows.line), items


def sorted_out(rows: pa.Table) -> tuple[pa.Table, list[Item]]:
    """The rows without an outcome, without its columns; and the skips and rejects."""
    is_good = pc.and_(pc.is_null(rows["skip"]), pc.is_null(rows["code"]))
    good = rows.filter(is_good).drop_columns(["skip", "code", "field", "raw"])
    if good.num_rows == rows.num_rows:
        return good, []
    skips = pc.value_counts(rows["skip"].drop_null().combine_chunks()).to_pylist()
    items: list[Item] = [Skip(skip["values"], skip["counts"]) for skip in skips]
    bad = rows.filter(pc.is_valid(rows["code"])).select(["record", "code", "field", "raw"])
    return good, [*items, shaped("reject", bad)] if bad.num_rows else items


def totals(sleeps: pa.Table, metrics: list[str]) -> Iterator[Batch]:
    """A vendor's totals of its sleeps, which stand as text in columns named by metric.

    Negative ones are not computed; a 0 of what the vendor mostly does not measure is none.
    """
    times = ", ".join(name for name in (*_TIMES, "anchor_wall") if name in sleeps.column_names)
    units = " ".join(f"when '{metric}' then '{unit}'" for metric, unit in _TOTAL_UNITS.items())
    rows = query(
        f"""
        select record, metric, {times}, {number("told")} as value,
            case metric {units} else 'min' end as unit, device, session as key,
            case when value < 0 or isnan(value) or value = 0 and metric in {_ZERO_IS_NOTHING}
                then 'not_computed' end as skip,
            case when value is null then 'unreadable_number' end as code, metric as field,
            case when value is null then told end as raw
        from (unpivot sleeps on {", ".join(metrics)} into name metric value told)
        where told <> '' order by record
        """,
        sleeps=sleeps,
    )
    good, items = sorted_out(rows)
    yield from (item for item in items if isinstance(item, Batch))
    if good.num_rows:
        yield shaped("sample", good)


def instant(cell: str) -> str:
    """SQL: the instant of a cell that states its offset."""
    return (
        f"case when regexp_full_match({cell}, '{_TIME}{_ZONE}')"
        f" then {dated(f'try_cast({cell} as timestamptz)')} end"
    )


def wall(cell: str) -> str:
    """SQL: the wall clock of a cell without an offset."""
    told = dated(f"try_cast({cell} as timestamp)")
    return f"case when regexp_full_match({cell}, '{_TIME}') then {told} end"


def day(cell: str) -> str:
    """SQL: the date of a cell; with Z and another hour than midnight it could be either of two."""
    return (
        f"case when regexp_full_match({cell}, '{_MIDNIGHT}|{_TIME}')"
        f" then {dated(f'try_cast({cell}[:10] as date)')} end"
    )


def number(cell: str) -> str:
    """SQL: a number in digits without underscores, NaN among them; no infinity."""
    told = f"try_cast({cell} as double)"
    return f"case when not isinf({told}) and not contains({cell}, '_') then {told} end"


def offset_min(cell: str) -> str:
    """SQL: minutes of `-04:00`; NULL if it is not of that form."""
    return (
        f"case when regexp_full_match({cell}, '[+-]\\d{{2}}:\\d{{2}}') then"
        f" (if({cell}[1] = '-', -1, 1) * ({cell}[2:3]::int * 60 + {cell}[5:6]::int)) end"
    )


def raw(table: pa.Table) -> str:
    """SQL: the cells of a row, for a reject."""
    names = [name for name in table.column_names if name not in ("record", "is_short")]
    return f"case when code is not null then concat_ws('|', {', '.join(map(quoted, names))}) end"


def quoted(cell: str) -> str:
    """SQL: a column by its name in the header."""
    return '"' + cell.replace('"', '""') + '"'
