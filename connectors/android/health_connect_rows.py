"""Health Connect tables: how they are named in a file, and their rows with what is wrong.

All of it is SQL run by SQLite, since the database itself is what is at hand.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa

from connectors.android.health_connect_kinds import APPS, BAND, LAST_MS, NOT_SET, WORDS, Kind
from connectors.contract import FormatDrift

# What a row becomes before it is a sample, an episode or a reject.
ROW = pa.schema(
    [
        ("record", pa.int64()),
        ("name", pa.string()),  # metric or label
        ("start_utc", pa.int64()),
        ("start_offset_min", pa.int64()),
        ("end_utc", pa.int64()),
        ("end_offset_min", pa.int64()),
        ("device", pa.string()),
        ("key", pa.string()),
        ("value", pa.float64()),
        ("code", pa.string()),  # why it is no sample or episode
        ("field", pa.string()),
        ("raw", pa.string()),
    ]
)


@dataclass(frozen=True)
class Table:
    """A table as it is in this file: its name and its columns by folded name."""

    name: str
    columns: dict[str, str]

    def column(self, name: str) -> str | None:
        """The column, quoted, or None."""
        return self.columns.get(folded(name))

    def required(self, name: str) -> str:
        """The column, quoted.

        Raises: FormatDrift if the table does not have it.
        """
        if (column := self.column(name)) is None:
            raise FormatDrift(f"no column {self.name}.{name}: report the new layout")
        return column


def folded(name: str) -> str:
    """A name as all its spellings: `SleepSessionRecordTable`, `sleep_session_record_table`."""
    return name.replace("_", "").lower()


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def tables_of(database: sqlite3.Connection, known: Iterable[str]) -> dict[str, Table]:
    """Every table, under the `known` name that it is a spelling of, else under its own.

    SpeedRecordTable and speed_record_table are two tables, hence the exact name comes first.
    """
    spellings = {folded(name): name for name in known}
    names = database.execute(
        "select name from sqlite_master where type = 'table' and sql not like 'create virtual%' "
        "and name not like 'sqlite_%'"
    ).fetchall()
    exact = {name for (name,) in names}
    tables: dict[str, Table] = {}
    for (name,) in names:
        alias = spellings.get(folded(name), name)
        columns = database.execute(f"pragma table_xinfo({quoted(name)})").fetchall()
        tables[name if alias in exact | set(tables) else alias] = Table(
            name, {folded(column[1]): quoted(column[1]) for column in columns}
        )
    return tables


def judged_sql(kind: Kind, tables: dict[str, Table]) -> str:
    """The rows of a table in the columns of ROW, still as reported, each with what is wrong."""
    value = kind.value and kind.value not in WORDS
    checks = [("s is null", "missing_time", kind.times[0])]
    if kind.times[2]:
        checks += [("e is null", "missing_time", kind.times[2])]
    checks += [(f"not {_is_time('s')}", "unreadable_time", kind.times[0])]
    if kind.times[2]:
        checks += [(f"not {_is_time('e')}", "unreadable_time", kind.times[2])]
        checks += [("e < s", "end_before_start", kind.times[2])]
    if kind.episode in ("sleep", "sleep_stage"):
        checks += [("key is null", "broken_row", "parent_key" if kind.parent else "uuid")]
    if value:
        checks += [
            ("v is null", "missing_value", kind.value),
            ("typeof(v) not in ('integer', 'real')", "unreadable_number", kind.value),
            (f"v = {NOT_SET} or (v = -1 and typeof(v) = 'integer')", "not_set", kind.value),
        ]
    if kind.episode == "sleep_stage":
        checks += [("name is null", "unknown_code", kind.value)]
    code = " ".join(f"when {test} then '{code}'" for test, code, _ in checks)
    field = " ".join(f"when {test} then '{field}'" for test, _, field in checks)
    return f"""
    with judged as (select *, case {code} end as code, case {field} end as field
                    from ({_reported_sql(kind, tables)}))
    select {kind.band * BAND} + n, name,
        case when code is null then s * 1000 end, {_minutes("so")},
        case when code is null then e * 1000 end, {_minutes("eo")}, device, key,
        {"case when code is null then v * 1.0 end" if value else "null"}, code, field,
        case when code is not null then quote(s) || '|' || quote(e) || '|' || quote(v) end
    from judged
    {_only_what_is_set(kind) if kind.is_beside else ""}
    """


def _only_what_is_set(kind: Kind) -> str:
    """Nothing of a row that has no such number, or whose times are another kind's to reject."""
    return f"where code is null or (code = 'unreadable_number' and field = '{kind.value}')"


def _reported_sql(kind: Kind, tables: dict[str, Table]) -> str:
    """Each row with its number n, start s, end e, their offsets so and eo, value v, app, key."""
    table, parent = tables[kind.table], tables.get(kind.parent)
    of_row, of_record = "t.", "p." if kind.parent else "t."
    joins = ""
    if kind.parent:
        if parent is None:
            raise FormatDrift(f"no table {kind.parent} for {kind.table}: report the new layout")
        joins = (
            f"left join {quoted(parent.name)} p"
            f" on p.{parent.required('row_id')} = t.{table.required('parent_key')} "
        )
    record = parent or table
    device = "null"
    if (apps := tables.get(APPS)) is not None:
        joins += f"left join {quoted(apps.name)} a on a.{apps.required('row_id')} = "
        joins += of_record + record.required("app_info_id")
        device = f"cast(a.{apps.required('package_name')} as text)"
    start, _, end, _ = kind.times
    # the identity is the record's: samples of a series share it, so it is none of theirs
    is_own = bool(kind.episode) or not kind.parent
    key = _key(of_record + record.required("uuid")) if is_own else "null"
    return f"""
    select t.rowid as n, {of_row}{table.required(start)} as s,
        {of_row + table.required(end) if end else "null"} as e, {_offsets(kind, record)},
        {device} as device, {key} as key,
        {_value(kind, table)} as v,
        {_name(kind, table)} as name
    from {quoted(table.name)} t {joins}
    """


def _value(kind: Kind, table: Table) -> str:
    """The number or code of a row; a meal need not have any of its columns."""
    is_of_meal = kind.is_beside or kind.episode == "meal"
    if not kind.value or (is_of_meal and not table.column(kind.value)):
        return "null"
    return f"t.{table.required(kind.value)}"


def _is_time(column: str) -> str:
    return f"(typeof({column}) = 'integer' and {column} > 0 and {column} < {LAST_MS})"


def _minutes(column: str) -> str:
    """Seconds as minutes; what is no offset of any zone (-1 is the mark for none) is NULL."""
    is_offset = f"typeof({column}) = 'integer' and {column} % 60 = 0 and abs({column}) <= 64800"
    return f"case when {is_offset} then {column} / 60 end"


def _offsets(kind: Kind, record: Table) -> str:
    """The offsets of start and end. A row below a record has the record's, if it has only one."""
    if not kind.parent:
        start, end = (record.column(name) if name else None for name in kind.times[1::2])
        return f"{'t.' + start if start else 'null'} as so, {'t.' + end if end else 'null'} as eo"
    start, end = record.column("start_zone_offset"), record.column("end_zone_offset")
    one = f"case when p.{start} = p.{end} then p.{start} end" if start and end else "null"
    return f"{one} as so, {one if kind.times[2] else 'null'} as eo"


def _key(uuid: str) -> str:
    """The identity as hex: 16 bytes or, in databases of 2023, text."""
    return f"""case typeof({uuid}) when 'blob' then nullif(lower(hex({uuid})), '')
        when 'text' then lower(replace({uuid}, '-', '')) end"""


def _name(kind: Kind, table: Table) -> str:
    """The metric or label of a row."""
    names = WORDS.get(kind.value)
    if names is not None and (kind.episode != "meal" or table.column(kind.value)):
        cases = " ".join(f"when {code} then '{name}'" for code, name in enumerate(names.split()))
        other = "else 'meal'" if kind.episode == "meal" else ""
        return f"case t.{table.required(kind.value)} {cases} {other} end"
    if kind.table == "blood_glucose_record_table" and (source := table.column("specimen_source")):
        # 1 is interstitial fluid; the column is TEXT. Source: BloodGlucoseRecordHelper
        return f"""case cast(t.{source} as integer) when 1 then 'interstitial_glucose'
            else '{kind.metric}' end"""
    return f"'{kind.metric or kind.episode}'"
