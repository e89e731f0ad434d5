"""explain: every number of a night back to rows, files and record numbers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from flows.deriving.excluded import near
from flows.reading.manifest import parts_of
from flows.settings import load
from flows.terminal.rows import print_query, print_rows
from flows.usage import (
    UsageError,
    card,
    data,
    fetched,
    listing,
    opened,
    participants,
    say,
    shortened,
    wake_date,
)
from warehouse.from_marts import computed_of
from warehouse.mmoll import converted, renamed
from warehouse.night_parts import HISTORY, PARTS, WHOLE, columns_by_part
from warehouse.steady import steadily


class Row(dict[str, Any]):
    """A row of night_to_day by its columns, and whether its glucose is shown in mmol/L."""

    is_mmol = False


COLUMNS_WIDTH = 90  # of the columns beside the name
NEAREST = 3  # nights that are named where there is none
ROWS = """
    from night_source where participant_id = '{who}' and sleep_date = date '{date}'
    order by part, start_at nulls first, what, file, record
"""
SUMMARY = """
    select part, file, connector, count(*), min(start_local), max(start_local),
        list(distinct record order by record), list(distinct what)
    from night_source where participant_id = ? and sleep_date = ?
    group by part, file, connector order by part, count(*) desc, file
"""
DATES = "select sleep_date from sleep_nightly where participant_id = ?"
VALID = """
    select sleep_date from sleep_nightly
    where participant_id = ? and sleep_date between ? and ?
    order by sleep_date
"""


def explain_night(folder: Path, who: str, sleep_date: str, is_whole: bool, form: str) -> int:
    """The parts of a night with their numbers and files, or all rows.

    Raises: UsageError for an unknown participant, or a date that has no night.
    """
    lake, connection = opened(folder)
    participants(lake, who)
    date = wake_date(sleep_date)
    settings = load(lake.settings)
    night = _night(connection, who, date)
    if form != "table" and not is_whole:
        raise UsageError("--format is of --rows: add it")
    steadily(lambda: computed_of(connection, lake, who, "night_source"))
    if is_whole:
        query = ROWS.format(who=who.replace("'", "''"), date=date)
        if form == "table":
            print_query(connection, query, None, settings.is_mmol)
        else:
            print_rows(connection, query, form)
        return 0
    names = {part.file: part.manifest["name"] for part in parts_of(lake, who)}
    data.print(f"{who}, the night to {date}")
    night.is_mmol = settings.is_mmol
    data.print(_values(WHOLE, night))
    told = {*WHOLE, *_print_parts(connection, who, date, night, names)}
    told |= _print_history(connection, who, date, night)
    rest = [name for name, value in night.items() if value is not None and name not in told]
    if rest := [name for name in rest if name not in ("participant_id", "sleep_date")]:
        data.print(f"\nwithout rows of their own\n{_values(rest, night)}")
    for each in near(lake, who, date):
        data.print(f"\nset aside by hand: record {each.record} of {each.file}: {each.why}")
    say("records: lines or numbers in the file; `--rows` lists every row with its value")
    return 0


def _night(connection: duckdb.DuckDBPyConnection, who: str, date: dt.date) -> Row:
    """The row of night_to_day."""
    sql = "from night_to_day where participant_id = ? and sleep_date = ?"
    found = fetched(connection, sql, who, date)
    if not found:
        dates = [night for (night,) in fetched(connection, DATES, who)]
        nearest = sorted(sorted(dates, key=lambda night: (abs(night - date), night))[:NEAREST])
        listed = ", ".join(map(str, nearest))
        there = f"the nearest nights are {listed}" if nearest else "it has no nights"
        raise UsageError(
            f"no night of {who} ended on {date}; {there}. `dawnlake status --participant {who}` "
            "says from when to when there are some"
        )
    names = [name for name, *_ in fetched(connection, "describe night_to_day")]
    return Row(zip(names, found[0], strict=True))


def _print_parts(
    connection: duckdb.DuckDBPyConnection,
    who: str,
    date: dt.date,
    night: Row,
    names: dict[str, str],
) -> set[str]:
    """Every part that has rows; the columns that were told."""
    files: dict[str, list[Sequence[Any]]] = {}
    for part, *cells in fetched(connection, SUMMARY, who, date):
        files.setdefault(part, []).append(cells)
    whats = {part: {what for row in rows for what in row[-1]} for part, rows in files.items()}
    columns = columns_by_part(whats, night["sleep_basis"])
    for part in (p for p in PARTS if p in files):
        _print_part(part, _values(columns[part], night), files[part], names)
    return {name for part in columns.values() for name in part}


def _print_part(
    part: str, values: str, files: Sequence[Sequence[Any]], names: dict[str, str]
) -> None:
    count = sum(row[2] for row in files)
    known = [(row[3], row[4]) for row in files if row[3] is not None]
    span = f", {min(f for f, _ in known)} to {max(t for _, t in known)}" if known else ""
    data.print(f"\n{part}: {count} {'row' if count == 1 else 'rows'}{span}")
    data.print(values)
    table = listing("file", "name", "records", numbers=("rows",))
    for file, connector, rows, _, _, records, _ in files:
        name = card(shortened(names.get(file, ""), COLUMNS_WIDTH), connector)
        table.add_row(file, name, ranges(records), str(rows))
    data.print(table)


def _print_history(
    connection: duckdb.DuckDBPyConnection, who: str, date: dt.date, night: Row
) -> set[str]:
    """What looks back, and on which nights; the columns that were told."""
    data.print("\nhistory: on nights of a valid length")
    first = date - dt.timedelta(days=max(HISTORY) - 1)
    found = fetched(connection, VALID, who, first, date)
    valid = [day.toordinal() for (day,) in found]
    for days, columns in HISTORY.items():
        within = runs([day for day in valid if day > date.toordinal() - days])
        data.print(_values(columns, night))
        data.print(f"    {', '.join(_dates(first, last) for first, last in within) or 'none'}")
    return {name for columns in HISTORY.values() for name in columns}


def _dates(first: int, last: int) -> str:
    begin, end = dt.date.fromordinal(first), dt.date.fromordinal(last)
    return str(begin) if begin == end else f"{begin} to {end}"


def _values(columns: Sequence[str], night: Row) -> str:
    if not night.is_mmol:
        return "  " + ", ".join(f"{name} {shown(night[name])}" for name in columns)
    names = {name: renamed(name) for name in columns}
    told = {n: converted(night[n]) if names[n] != n else night[n] for n in columns}
    return "  " + ", ".join(f"{names[name]} {shown(told[name])}" for name in columns)


def shown(value: object) -> str:
    """A value of night_to_day for a terminal; what is not known is `-`."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def runs(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """First and last of what follows each other in ascending numbers."""
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1] = found[-1][0], number
        else:
            found.append((number, number))
    return found


def ranges(numbers: Sequence[int]) -> str:
    """Ascending numbers as 1201-1388, 1392."""
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in runs(numbers))
