"""rejects: records that were not understood, or set aside by hand, and why."""

from __future__ import annotations

from pathlib import Path

from flows.deriving.excluded import excluded_of
from flows.reading.manifest import parts_of
from flows.usage import data, fetched, listing, opened, participants, say, shortened
from warehouse.store.lake import Lake

REJECTS = """
    select file, code, coalesce(field, ''), count(*), min(record)
    from reject where participant_id = ? group by all order by all
"""
RECORDS = """
    select file, record::varchar, code, coalesce(field, ''), raw
    from reject where participant_id = ? order by file, record, code, field, raw
"""
COLUMNS_WIDTH = 70  # of the columns beside the name


def _print_excluded(lake: Lake, who: str) -> int:
    """What was set aside by hand; how many records."""
    found = excluded_of(lake, who)
    if found:
        table = listing("file", "record", "set aside by hand")
        for each in found:
            table.add_row(each.file, str(each.record), each.why)
        data.print(who)
        data.print(table)
        say("`dawnlake exclude FILE RECORD --undo` takes one back")
    return len(found)


def show_rejects(folder: Path, participant: str | None, is_whole: bool) -> int:
    """By file, code and column, or every record with its text.

    Raises: UsageError if there is no such lake or participant.
    """
    lake, connection = opened(folder)
    there = 0
    for who in participants(lake, participant):
        names = {part.file: part.manifest["name"] for part in parts_of(lake, who)}
        table = listing("file", "name", "code", "column", numbers=("records", "first"))
        if is_whole:
            table = listing("file", "record", "code", "column", "text")
        for file, *cells in fetched(connection, RECORDS if is_whole else REJECTS, who):
            name = [] if is_whole else [shortened(names.get(file, ""), COLUMNS_WIDTH)]
            table.add_row(file, *name, *map(str, cells))
        if table.row_count:
            data.print(who)
            data.print(table)
            there += table.row_count
        there += _print_excluded(lake, who)
    if not there:
        say("no record was rejected")
    elif not is_whole:
        say("first: line or record in the file; `dawnlake rejects --raw` shows each with its text")
    return 0
