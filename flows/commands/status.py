"""status: streams, nights, and what was set aside."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from flows.usage import (
    data,
    fetched,
    listing,
    opened,
    participants,
)
from transforms.glucose.units_told import STATED
from transforms.streams import observed_pct

STREAMS = """
    select connector, device, metric, row_count, first_at::timestamp, last_at::timestamp,
        interval_min
    from stream where participant_id = ? order by connector, device, metric
"""
EVERYONE = """
    select participant_id, file_count, night_count, complete_count, last_sleep_date,
        last_glucose_at::timestamp, rejected_count
    from participant_overview order by participant_id
"""
BED_ONLY = "select count(*) from in_bed_only where participant_id = ?"
NIGHTS = """
    select count(*), min(sleep_date), max(sleep_date), count(*) filter (is_night_valid),
        count(*) filter (is_complete)
    from night_to_day where participant_id = ?
"""
BASES = """
    select time_basis, count(*)
    from (select participant_id, time_basis from sample
          union all select participant_id, time_basis from episode)
    where participant_id = ? group by time_basis order by count(*) desc, time_basis
"""
REJECTS = """
    select connector, file, code, field, count(*)
    from reject where participant_id = ? group by all order by all
"""
# what a connector met and does not use: new columns and codes, and records that such a code cost
DRIFT = """
    select connector, what, null as record_count, count(distinct file),
        coalesce(max(last_time)::date::varchar, '')
    from source_file, unnest(json_extract_string(drift, '$[*]')) as told(what)
    where participant_id = $1 and not starts_with(what, $2)
    group by connector, what
    union all
    select connector, concat_ws(' ', code, field), count(*), count(distinct file),
        coalesce(max(last_time)::date::varchar, '')
    from reject left join source_file using (participant_id, connector, file)
    where participant_id = $1 and starts_with(code, 'unknown_')
    group by connector, code, field
    order by connector, what
"""
# files whose own readings contradict the unit that they state
UNITS = """
    select connector, file, what
    from source_file, unnest(json_extract_string(drift, '$[*]')) as told(what)
    where participant_id = $1 and starts_with(what, $2) order by all
"""
MANY_NEW = 12
DETAILED_MAX = 5  # more people have a row each
LENGTHS = ((90, 1, "min"), (2880, 60, "h"), (float("inf"), 1440, "d"))


def show_status(folder: Path, participant: str | None) -> int:
    """Streams, nights and what was set aside, per participant; of many people a row each.

    Raises: UsageError if there is no such lake or participant.
    """
    lake, connection = opened(folder)
    people = participants(lake, participant)
    if len(people) > DETAILED_MAX:
        _print_everyone(connection)
        return 0
    for who in people:
        data.print(f"{who}: {_nights(connection, who)}")
        _print_streams(connection, who)
        bases = fetched(connection, BASES, who)
        if bases:
            data.print(f"instants known by {', '.join(f'{b} {n}' for b, n in bases)}")
        rejects = fetched(connection, REJECTS, who)
        data.print(f"records set aside: {sum(row[-1] for row in rejects) or 'none'}")
        for connector, file, code, field, count in rejects:
            data.print(f"  {connector} {file}: {code} {field or ''} {count}")
        _print_drift(fetched(connection, DRIFT, who, STATED))
        for connector, file, what in fetched(connection, UNITS, who, STATED):
            data.print(f"unit in doubt: {connector} {file}: {what}")
        data.print()
    return 0


def _print_everyone(connection: duckdb.DuckDBPyConnection) -> None:
    rows = fetched(connection, EVERYONE)
    nights, complete = (sum(row[place] or 0 for row in rows) for place in (2, 3))
    data.print(f"{len(rows)} participants, {nights} nights, {complete} complete")
    numbers = ("files", "nights", "complete", "last night", "last glucose", "set aside")
    table = listing("participant", numbers=numbers)
    for who, *cells, last, aside in rows:
        days = (*cells, last and last.date(), aside)
        table.add_row(who, *("" if cell is None else str(cell) for cell in days))
    data.print(table)
    data.print("`dawnlake status --participant ID` tells more of one")


def _nights(connection: duckdb.DuckDBPyConnection, who: str) -> str:
    ((count, first, last, valid, complete),) = fetched(connection, NIGHTS, who)
    ((bed_only,),) = fetched(connection, BED_ONLY, who)
    beside = f"; of {bed_only} dates time in bed is told and no sleep" if bed_only else ""
    if not count:
        return f"no nights{beside}"
    return f"{count} nights, {first} to {last}, {valid} valid, {complete} complete{beside}"


def _print_streams(connection: duckdb.DuckDBPyConnection, who: str) -> None:
    """Streams of one source together, the source above them."""
    table = listing("stream", numbers=("rows", "first (UTC)", "newest", "every", "observed"))
    source = None
    for connector, device, metric, count, first, last, interval in fetched(
        connection, STREAMS, who
    ):
        if (connector, device) != source:
            source = connector, device
            table.add_section()
            table.add_row("  ".join(filter(None, source)), style="bold")
        share = observed_pct(count, first, last, interval)
        told = "" if share is None else f"{share:.0f} %"
        days = str(first.date()), str(last.date())
        table.add_row(f"  {metric}", str(count), *days, _length(interval), told)
    if table.row_count:
        data.print(table)


def _length(minutes: float | None) -> str:
    """A length of time in the unit that suits it; '' if it is not known."""
    if minutes is None:
        return ""
    size, unit = next((s, u) for most, s, u in LENGTHS if minutes < most)
    return f"{minutes / size:.1f} {unit}"


def _print_drift(met: Sequence[tuple[str, str, int | None, int, str]]) -> None:
    """What exports had that no connector uses yet, a line each; the first of very many."""
    data.print(f"new in exports, not used yet: {len(met) or 'nothing'}")
    for connector, what, records, files, last in met[:MANY_NEW]:
        lost = f", {records} set aside" if records else ""
        until = f", until {last}" if last else ""
        many = "1 file" if files == 1 else f"{files} files"
        data.print(f"  {connector}: {what} in {many}{until}{lost}")
    if len(met) > MANY_NEW:
        data.print(f"  and {len(met) - MANY_NEW} more")
