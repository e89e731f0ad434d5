"""status, files, views, connectors: what is there."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
from rich.table import Table

from flows.extract import read_manifest
from flows.usage import UsageError, data, opened, say
from warehouse.schema import TABLES


def printed(connection: duckdb.DuckDBPyConnection, query: str, parameters: list[object]) -> int:
    """Print the rows of a query as a table; how many there were."""
    cursor = connection.execute(query, parameters)
    table = Table()
    for column in cursor.description or []:
        table.add_column(column[0], overflow="fold")
    rows = cursor.fetchall()
    for row in rows:
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    data.print(table)
    return len(rows)


def show_status(folder: Path, participant: str | None) -> int:
    """Streams, nights and what was set aside, per participant."""
    _, connection = opened(folder)
    who = participant or "%"
    say("streams")
    printed(connection, STREAMS, [who])
    say("nights")
    printed(connection, NIGHTS, [who])
    say("how instants are known")
    printed(connection, BASES, [who])
    say("records set aside")
    if not printed(connection, REJECTS, [who]):
        say("none")
    return 0


# observed: rows times the stream's median interval over its whole span
STREAMS = """
    select participant_id, metric, connector, device, row_count,
        first_at::timestamp(0) as first_utc, last_at::timestamp(0) as newest_utc,
        round(interval_min, 1) as interval_min,
        case when interval_min <= 60 and last_at > first_at then round(least(100, 100 * row_count
            * interval_min / (epoch(last_at) - epoch(first_at)) * 60)) end as observed_pct
    from stream where participant_id like ? order by all
"""
NIGHTS = """
    select participant_id, count(*) as nights, min(sleep_date) as first_night,
        max(sleep_date) as last_night, count(*) filter (is_night_valid) as valid_nights,
        count(*) filter (is_complete) as complete
    from night_to_day where participant_id like ? group by participant_id order by all
"""
BASES = """
    select participant_id, time_basis, count(*) as row_count
    from (select participant_id, time_basis from sample
          union all select participant_id, time_basis from episode)
    where participant_id like ? group by participant_id, time_basis order by all
"""
REJECTS = """
    select participant_id, connector, file, code, field, count(*) as records
    from reject where participant_id like ? group by all order by all
"""


def show_files(folder: Path, participant: str | None) -> int:
    """The manifest: every file, its name as given, its counts."""
    lake, _ = opened(folder)
    table = Table()
    for name in ("participant", "file", "name", "format", "from", "to"):
        table.add_column(name, overflow="fold")
    for name in ("records", "carried", "skipped", "rejected"):
        table.add_column(name, justify="right")
    for who in [participant] if participant else lake.participants():
        for part in lake.part_folders(who):
            m = read_manifest(part)
            table.add_row(
                who,
                m["file"],
                m["name"],
                f"{m['connector']} {m['variant']}",
                (m["first_time"] or "")[:10],
                (m["last_time"] or "")[:10],
                str(m["record_count"]),
                str(m["carried_count"]),
                _why(m["skipped_count"], m["skipped"]),
                _why(m["rejected_count"], m["rejected"]),
            )
    data.print(table)
    return 0


def _why(count: int, reasons: dict[str, int]) -> str:
    return f"{count} {json.dumps(reasons)}" if count else "0"


def show_views(name: str | None, everything: bool) -> int:
    """All views with their grain, or one with its columns."""
    from warehouse.views import views

    known = views()
    if name is None:
        table = Table("view", "one row per", "what it is")
        for view in sorted(known.values(), key=lambda v: v.name):
            if everything or view.layer == "marts":
                table.add_row(view.name, view.grain, view.about)
        data.print(table)
        say(f"Tables beside them: {', '.join(TABLES)}. `dawnlake views NAME` lists columns.")
        return 0
    if name not in known:
        raise UsageError(f"no view {name}; `dawnlake views --all` lists them")
    view = known[name]
    say(view.comment)
    table = Table("column", "meaning")
    for column, meaning in view.columns.items():
        table.add_row(column, meaning)
    data.print(table)
    return 0


def show_connectors() -> int:
    """Every format and how well each of its variants is known."""
    from connectors import connectors

    table = Table("connector", "format", "verified on real files or fixtures", "unverified")
    for connector in connectors().values():
        sure = [v for v, evidence in connector.variants.items() if evidence == "verified"]
        rest = [v for v, evidence in connector.variants.items() if evidence != "verified"]
        table.add_row(connector.name, connector.title, ", ".join(sure), ", ".join(rest))
    data.print(table)
    return 0
