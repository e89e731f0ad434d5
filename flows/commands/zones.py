"""zones: where each participant was, on what evidence, and what speaks against it."""

from __future__ import annotations

from pathlib import Path

import duckdb

from flows.usage import data, fetched, listing, opened, participants, say

# instants on the clock of the zone that begins or ends there: what a traveller remembers
STAYS = """
    select
        coalesce(strftime(timezone(zone, from_at), '%Y-%m-%d %H:%M'), 'always'),
        coalesce(strftime(timezone(zone, to_at), '%Y-%m-%d %H:%M'), 'now'),
        zone, basis, zone_name_count, offset_count, device_clock_count, contradiction_count
    from zone_timeline where participant_id = ? order by from_at nulls first
"""
FINDINGS = """
    select strftime(from_at, '%Y-%m-%d %H:%M'), strftime(to_at, '%Y-%m-%d %H:%M'), stream,
        replace(kind, '_', ' '), coalesce(size_min::varchar, ''), explanation
    from clock_finding where participant_id = ? order by from_at, stream, kind
"""
WAITING = """
    select count(*) from sample
    where participant_id = ? and (start_at is null or start_local is null)
"""
EVIDENCE = ("named", "offsets", "devices", "against")


def show_zones(folder: Path, participant: str | None) -> int:
    """The zone timeline with its evidence, then findings about clocks, per participant.

    Raises: UsageError if there is no such lake or participant.
    """
    lake, connection = opened(folder)
    for who in participants(lake, participant):
        data.print(who)
        _print_stays(connection, who)
        _print_findings(connection, who)
        data.print()
    return 0


def _print_stays(connection: duckdb.DuckDBPyConnection, who: str) -> None:
    stays = fetched(connection, STAYS, who)
    if not stays:
        ((waiting,),) = fetched(connection, WAITING, who)
        say(
            f"no time zone is known of {who}; {waiting} rows wait for one. "
            f"`dawnlake ingest PATH --participant {who} --timezone Europe/Berlin` says it once"
        )
        return
    table = listing("from", "to", "zone", "on the ground of", numbers=EVIDENCE)
    for first, last, zone, basis, *counts in stays:
        table.add_row(first, last, zone, basis, *(str(count or "") for count in counts))
    data.print(table)


def _print_findings(connection: duckdb.DuckDBPyConnection, who: str) -> None:
    findings = fetched(connection, FINDINGS, who)
    if not findings:
        return
    table = listing("from (UTC)", "to (UTC)", "clock of", "what", "min", "why")
    for finding in findings:
        table.add_row(*finding)
    data.print(table)
