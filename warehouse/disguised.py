"""Views in which nobody is who they are: new ids, dates moved by whole weeks, no devices, files,
free text, and no change of a clock.

The wall clock of a person says how they live and is kept. Its distance to UTC says where and when:
it moves on dates that few shifts fit. So every instant is made again from a wall clock of its row,
in one offset for life, and what happened on a day on which the clock was changed (daylight saving,
a journey) is left out. What may be in a data set at all stands in `harmless.py`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import duckdb

from warehouse.dataset import Chosen, dated, described
from warehouse.harmless import CONNECTORS, MOMENTS, OF_A_CHANGE, given_columns
from warehouse.steady import steadily
from warehouse.view_files import View

SMALL = 5  # fewer participants than this can be told apart
OTHER = "other"  # a format that a person has named: a mapping of theirs

# Days on which a person's clock was changed, from the hours of their zone timeline within what
# there is of them.
CHANGE_DAYS = """
    create temp table change_day as
    with spans as (
        select participant_id, min(start_at) as from_at, max(coalesce(end_at, start_at)) as to_at
        from (
            select participant_id, start_at, end_at from sample
            union all
            select participant_id, start_at, end_at from episode
        )
        where start_at is not null
        group by participant_id
    ),
    hours as (
        select z.participant_id, z.zone, unnest(generate_series(
            date_trunc('hour', greatest(s.from_at, coalesce(z.from_at, s.from_at))),
            least(s.to_at, coalesce(z.to_at, s.to_at)),
            interval 1 hour
        )) as at_
        from zone_timeline as z
        join spans as s using (participant_id)
    ),
    clocks as (
        select participant_id, at_, timezone(zone, at_) as clock,
            timezone(zone, at_) - timezone('UTC', at_) as distance
        from hours
    ),
    beside as (
        select participant_id, clock, distance,
            lag(clock) over person as clock_before,
            lag(distance) over person as distance_before
        from clocks
        window person as (partition by participant_id order by at_)
    )
    select distinct participant_id, unnest([clock::date, clock_before::date]) as day
    from beside
    where distance <> distance_before
"""


def disguised(
    connection: duckdb.DuckDBPyConnection,
    exported: Sequence[View],
    since: dt.date | None,
    connectors: Collection[str],
) -> tuple[list[Chosen], dict[str, Any]]:
    """Temporary views in the place of the real ones, and a report of what was done.

    `connectors` are the formats that may be named; the table `disguise` has to be there.
    """
    steadily(lambda: connection.execute(CHANGE_DAYS))
    chosen, left_out, warnings = [], {}, []
    for view in exported:
        columns = described(connection, view)
        kept = given_columns(columns)
        left = [column[0] for column in columns if column not in kept]
        column = dated(view)
        from_ = (column, since.isoformat()) if since and column else None
        sql = disguised_sql(view, columns, from_, connectors)
        name = f"disguised_{view.name}"  # beside the real one, on which others are built
        connection.execute(f"create temp view {name} as {sql}")
        is_key = not set(view.keys) & set(left)
        told = replace(
            view,
            name=name,
            columns={column: meaning for column, _, meaning in kept},
            grain=view.grain if is_key else "",
        )
        chosen.append(Chosen(told, view.name))
        if left:
            left_out[view.name] = left
        warnings += small_cells(connection, told, view.name)
    ((days,),) = connection.execute("select count(*) from change_day").fetchall()
    return chosen, _report(left_out, warnings, days)


def disguised_sql(
    view: View,
    columns: Sequence[tuple[str, str, str]],
    since: tuple[str, str] | None,
    connectors: Collection[str],
) -> str:
    """A SELECT of the columns of a view that may be given; `since` is a column and a true date."""
    names = {name for name, _, _ in columns}
    known = ", ".join(f"'{name}'" for name in sorted(connectors))
    cells = []
    for name, kind, _ in given_columns(columns):
        if name == "participant_id":
            cells.append("d.id as participant_id")
        elif kind == "DATE":
            cells.append(f"(v.{name} + d.days)::date as {name}")
        elif kind.startswith("TIMESTAMP"):
            cells.append(f"{_moved(name, names)} as {name}")
        elif name in CONNECTORS:
            other = f"when v.{name} is not null then '{OTHER}'"
            cells.append(f"case when v.{name} in ({known}) then v.{name} {other} end as {name}")
        elif name == "flag":
            cells.append(f"{_without_changes('v.flag')} as flag")
        else:
            cells.append(f"v.{name}")
    where = [f"v.{since[0]} >= date '{since[1]}'"] if since else []
    if day := dated(view):
        where.append(
            f"not exists (select 1 from change_day as c where c.day = v.{day}::date "
            "and c.participant_id = v.participant_id)"
        )
    condition = f" where {' and '.join(where)}" if where else ""
    return (
        f"select {', '.join(cells)} from {view.name} as v "
        f"join disguise as d using (participant_id){condition}"
    )


def _moved(name: str, names: Collection[str]) -> str:
    """A moment on the wall clock of the row's first one, moved; an instant as if that were UTC.

    Distances within a row stay those that passed.
    """
    moment, _, kind = name.rpartition("_")
    anchor = next((m for m in MOMENTS if {f"{m}_at", f"{m}_local"} <= set(names)), None)
    clock = f"v.{moment}_local" if f"{moment}_local" in names else "null::timestamp"
    if anchor and f"{moment}_at" in names:
        passed = f"timezone('UTC', v.{moment}_at) - timezone('UTC', v.{anchor}_at)"
        clock = f"coalesce(v.{anchor}_local + ({passed}), {clock})"
    moved = f"({clock} + to_days(d.days))"
    if kind == "local":
        return moved
    return f"case when v.{moment}_at is not null then timezone('UTC', {moved}) end"


def _without_changes(flags: str) -> str:
    words = ", ".join(f"'{word}'" for word in OF_A_CHANGE)
    return (
        f"nullif(array_to_string(list_filter(string_split({flags}, ','), "
        f"lambda word: word not in ({words})), ','), '')"
    )


def small_cells(connection: duckdb.DuckDBPyConnection, view: View, name_: str) -> list[str]:
    """Warnings about values that few participants have; no value is told."""
    warnings, relation = [], view.name
    ((people,),) = connection.execute(
        f"select count(distinct participant_id) from {relation}"
    ).fetchall()
    if 0 < people < SMALL:
        warnings.append(f"{name_}: {people} participants; fewer than {SMALL} can be told apart")
    columns = described(connection, view)
    texts = [n for n, kind, _ in columns if kind == "VARCHAR" and n != "participant_id"]
    for name in texts:
        ((rare,),) = connection.execute(
            f"""
            select count(*) from (
                select {name} from {relation} where {name} is not null
                group by {name} having count(distinct participant_id) < least({SMALL}, {people})
            )
            """
        ).fetchall()
        if rare:
            warnings.append(f"{name_}: {rare} values of {name} with fewer than {SMALL} people")
    return warnings


def _report(
    left_out: dict[str, list[str]], warnings: Sequence[str], change_days: int
) -> dict[str, Any]:
    """What was done, for whoever receives the data set."""
    return {
        "participant_id": "replaced by random ids; the key stays with the sender",
        "dates": "moved by a whole number of weeks, the same for all data of one participant; "
        "weekdays, times of day and intervals are unchanged",
        "instants": "columns that end in _at are the wall clock of their row, written as UTC: one "
        "offset for life",
        "days_left_out": f"{change_days}, all participants together: days on which a clock was "
        "changed, by daylight saving or a journey",
        "left_out": left_out,
        "warnings": list(warnings),
        "not_done": "times of day and the measurements themselves are as recorded: somebody who "
        "has them from elsewhere can find a person. A day left out looks like any day without "
        "data; where a record has no other, it shows when the clocks were changed",
    }
