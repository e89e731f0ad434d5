"""status, files, views, connectors: what is there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from flows.reading.extract import Manifest, read_manifest
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
)
from transforms.glucose.units_told import STATED
from warehouse.schema import TABLES
from warehouse.store.lake import Lake

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
COUNTS = ("records", "carried", "skipped", "rejected")
COUNTS_WIDTH = 60  # of those columns, the file's digits and the blanks around them


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


def show_files(folder: Path, participant: str | None) -> int:
    """The manifest: every file, its name as given, its counts.

    Raises: UsageError if there is no such lake or participant.
    """
    lake, _ = opened(folder)
    for who in participants(lake, participant):
        data.print(who)
        table = listing("file", "name", numbers=COUNTS)
        for part in lake.part_folders(who):
            manifest = read_manifest(part)
            numbers = [str(manifest[f"{name.rstrip('s')}_count"]) for name in COUNTS]
            name = card(shortened(manifest["name"], COUNTS_WIDTH), *_about(manifest))
            table.add_row(manifest["file"], name, *numbers)
        data.print(table)
    return 0


def _about(manifest: Manifest) -> list[str]:
    """Format, span, and why records are missing."""
    first, last = ((manifest[name] or "")[:10] for name in ("first_time", "last_time"))
    span = f", {first} to {last}" if first else ""
    reasons = {**manifest["skipped"], **manifest["rejected"]}
    return [
        f"{manifest['connector']} {manifest['variant']}{span}",
        ", ".join(f"{reason} {count}" for reason, count in reasons.items()),
    ]


def show_views(name: str | None, everything: bool) -> int:
    """All views with their grain, or one with its columns and what is known of its metrics.

    Raises: UsageError for an unknown view.
    """
    from warehouse.metric_notes import metric_notes
    from warehouse.view_files import relations

    known = relations()
    if name is None:
        table = listing("view", "one row per", "what it is")
        for view in sorted(known.values(), key=lambda v: v.name):
            if everything or view.layer == "marts":
                table.add_row(view.call, view.grain, view.about)
        data.print(table)
        say(f"Tables beside them: {', '.join(TABLES)}. `dawnlake views NAME` lists columns.")
        return 0
    if name not in known:
        raise UsageError(f"no view {name}; `dawnlake views --all` lists them")
    view = known[name]
    say(view.comment)
    if view.parameters:
        say(f"Asked as: from {view.call}")
    table = listing("column", "meaning")
    for column, meaning in view.columns.items():
        note = metric_notes().get((name, column))
        table.add_row(column, card(meaning, *note.lines()) if note else meaning)
    data.print(table)
    return 0


def show_connectors(folder: Path) -> int:
    """Every format and how well each of its variants is known, with the mappings of a lake."""
    from connectors import connectors
    from flows.reading.mappings import mapped

    table = listing("connector", "format", "verified on real files or fixtures", "unverified")
    for connector in (*connectors().values(), *mapped(Lake(folder))):
        sure = [v for v, evidence in connector.variants.items() if evidence == "verified"]
        rest = [v for v, evidence in connector.variants.items() if evidence != "verified"]
        table.add_row(connector.name, connector.title, ", ".join(sure), ", ".join(rest))
        table.add_section()
    data.print(table)
    return 0
