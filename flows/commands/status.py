"""status: a summary, and of each participant streams, nights, and what was set aside."""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import duckdb

from flows.overview import Overview, overview
from flows.settings import Settings, load
from flows.usage import (
    data,
    fetched,
    folder_of,
    listing,
    participants,
    reached,
)
from warehouse.store.lake import Lake

STREAMS = """
    select connector, device, metric, row_count, first_at::timestamp, last_at::timestamp,
        interval_min
    from stream where participant_id = ? order by connector, device, metric
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
LENGTHS = ((90, 1, "min"), (2880, 60, "h"), (float("inf"), 1440, "d"))


def show_status(
    place: str,
    participant: str | None,
    is_detailed: bool = False,
    form: str = "table",
    is_check: bool = False,
    metrics: Path | None = None,
) -> int:
    """A summary, and on request, or of a lake of one, all about each participant; for a monitor 1
    if somebody has to look.

    Raises: UsageError if there is no such lake or participant; SettingsError.
    """
    lake, connection = reached(place)
    if is_check:
        folder_of(lake, "--check looks at its folder: run it there")
    people = participants(lake, participant)
    settings = load(lake.settings) if isinstance(lake, Lake) else Settings(freshness_days=0)
    told = overview(lake, connection, settings, participant, dt.date.today())
    if metrics is not None:
        from flows.commands.status_metrics import write_metrics  # loads what a night needs

        write_metrics(folder_of(lake, "metrics are of its folder"), told, metrics, is_detailed)
        return int(is_check and bool(told.problems))
    if form == "json":
        sys.stdout.write(json.dumps(told.plain(), indent=1, default=str) + "\n")
        return int(is_check and bool(told.problems))
    _print_summary(told)
    if is_check:
        return int(bool(told.problems))
    if not (is_detailed or participant or len(people) == 1):
        data.print("`dawnlake status --details`, or --participant ID, tells more")
        return 0
    for who in people:
        data.print()
        _print_person(connection, who)
    return 0


def _print_summary(told: Overview) -> None:
    nights = sum(person.nights for person in told.people)
    complete = sum(person.complete_nights for person in told.people)
    data.print(f"{len(told.people)} participants, {nights} nights, {complete} complete")
    table = listing("who", numbers=("nights", "complete", "last night", "last glucose", "aside"))
    for person in told.people:
        cells = (person.nights, person.complete_nights, person.last_night, person.last_glucose)
        shown = ("" if cell is None else str(cell) for cell in (*cells, person.records_set_aside))
        table.add_row(person.participant, *shown)
    data.print(table)
    data.print(f"last run: {told.last_run}")
    for problem in told.problems[:MANY_NEW]:
        data.print(f"look: {problem}")
    if len(told.problems) > MANY_NEW:
        data.print(f"and {len(told.problems) - MANY_NEW} more: --format json has all")


def _print_person(connection: duckdb.DuckDBPyConnection, who: str) -> None:
    from transforms.glucose.units_told import STATED  # here: a summary does not wait for them

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


def _nights(connection: duckdb.DuckDBPyConnection, who: str) -> str:
    ((count, first, last, valid, complete),) = fetched(connection, NIGHTS, who)
    ((bed_only,),) = fetched(connection, BED_ONLY, who)
    beside = f"; of {bed_only} dates time in bed is told and no sleep" if bed_only else ""
    if not count:
        return f"no nights{beside}"
    return f"{count} nights, {first} to {last}, {valid} valid, {complete} complete{beside}"


def _print_streams(connection: duckdb.DuckDBPyConnection, who: str) -> None:
    """Streams of one source together, the source above them."""
    from transforms.streams import observed_pct

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
