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

# observed: rows times the stream's median interval over its whole span
STREAMS = """
    select connector || coalesce('  ' || device, ''), metric, row_count::varchar,
        first_at::date::varchar, last_at::date::varchar,
        case when interval_min < 90 then round(interval_min, 1) || ' min'
             when interval_min < 2880 then round(interval_min / 60, 1) || ' h'
             else round(interval_min / 1440, 1) || ' d' end,
        case when interval_min <= 60 and last_at > first_at then round(least(100, 100 * row_count
            * interval_min / (epoch(last_at) - epoch(first_at)) * 60))::int || ' %' end
    from stream where participant_id = ? order by connector, device, metric
"""
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
    with met as (
        select connector, file, what, last_time, null::bigint as record_count
        from source_file, unnest(json_extract_string(drift, '$[*]')) as told(what)
        where participant_id = $1 and not starts_with(what, $2)
        union all
        select r.connector, r.file, concat_ws(' ', r.code, r.field), any_value(f.last_time),
            count(*)
        from reject as r
        left join source_file as f using (participant_id, connector, file)
        where participant_id = $1 and starts_with(r.code, 'unknown_')
        group by r.connector, r.file, r.code, r.field
    )
    select connector, what, sum(record_count)::bigint, count(distinct file),
        coalesce(max(last_time)::date::varchar, '')
    from met group by connector, what order by connector, what
"""
# files whose own readings contradict the unit that they state
UNITS = """
    select connector, file, what
    from source_file, unnest(json_extract_string(drift, '$[*]')) as told(what)
    where participant_id = $1 and starts_with(what, $2) order by all
"""
MANY_NEW = 12


def show_status(folder: Path, participant: str | None) -> int:
    """Streams, nights and what was set aside, per participant.

    Raises: UsageError if there is no such lake or participant.
    """
    lake, connection = opened(folder)
    for who in participants(lake, participant):
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


def _nights(connection: duckdb.DuckDBPyConnection, who: str) -> str:
    ((count, first, last, valid, complete),) = fetched(connection, NIGHTS, who)
    if not count:
        return "no nights"
    return f"{count} nights, {first} to {last}, {valid} valid, {complete} complete"


def _print_streams(connection: duckdb.DuckDBPyConnection, who: str) -> None:
    """Streams of one source together, the source above them."""
    table = listing("stream", numbers=("rows", "first (UTC)", "newest", "every", "observed"))
    source = None
    for of, *cells in fetched(connection, STREAMS, who):
        if of != source:
            table.add_section()
            table.add_row(of, style="bold")
            source = of
        metric, *numbers = (cell or "" for cell in cells)
        table.add_row(f"  {metric}", *numbers)
    if table.row_count:
        data.print(table)


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
