"""What each newly read file adds to what was there before: new, already known, corrected; and which
of two files is used where they tell one fact differently."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from transforms.copies.one_copy import WHAT, crowded_sql, facts, versions_sql


@dataclass(frozen=True)
class Versions:
    """How many facts two files tell differently, and whose versions are used."""

    used: str
    unused: str
    facts: int


def novelty(
    connection: duckdb.DuckDBPyConnection, parts: Mapping[str, str], files: pa.Table
) -> tuple[dict[str, tuple[int, int, int]], list[Versions]]:
    """Records new, known and corrected, by newly read file; versions that one of them tells.

    `parts` maps shapes to FROM clauses of extracted rows with connector and file; `files` has
    connector, file, newness and arrival (0: was there before; else the order of reading). A record
    is new if any row of it is; else corrected if the vendor changed one (same key, other facts) and
    no newer file tells it; else known.
    """
    connection.register("files", files)
    for shape, source in parts.items():
        connection.execute(
            f"create temp view {shape}_part as select p.*, f.arrival, f.newness from {source} p "
            "join files f using (connector, file)"
        )
        connection.execute(
            f"create temp table {shape}_crowded as {crowded_sql(shape, f'{shape}_part')}"
        )
    rows = [_states_sql(shape) for shape in parts]
    counts = connection.execute(
        f"""
        with state as ({" union all ".join(rows)}),
        record_state as (
            select file, record, bool_or(is_new) as is_new, bool_or(is_corrected) as is_corrected
            from state group by file, record
        )
        select file, count(*) filter (is_new), count(*) filter (not is_new and not is_corrected),
            count(*) filter (not is_new and is_corrected)
        from record_state group by file
        """
    ).fetchall()
    told = " union all ".join(f"(from ({_versions_sql(shape)}))" for shape in parts)
    versions = connection.execute(
        f"select used, unused, sum(facts)::bigint from ({told}) group by all order by all"
    ).fetchall()
    return (
        {file: (new, known, corrected) for file, new, known, corrected in counts},
        [Versions(*row) for row in versions],
    )


def _versions_sql(shape: str) -> str:
    """Pairs of files, one of them newly read, and how many facts they tell differently."""
    what = WHAT[shape]
    return f"""
        with version as ({versions_sql(shape, f"{shape}_part", "arrival")}),
        newest as (
            select connector, key, {what}, arg_max(file, newness) as used,
                arg_max(told, newness) as told, arg_max(arrival, newness) as arrival
            from version group by connector, key, {what}
            having count(distinct told) > 1
        )
        select n.used, v.file as unused, count(*) as facts
        from version as v join newest as n using (connector, key, {what})
        where v.told <> n.told and greatest(v.arrival, n.arrival) > 0
        group by n.used, v.file
    """


def _states_sql(shape: str) -> str:
    """File and record of every row of a new file, and whether it is new or corrected."""
    what, listed, unnamed = WHAT[shape], facts(shape), facts(shape, "device")
    part, crowded = f"{shape}_part", f"{shape}_crowded"
    return f"""
        select file, record, true as is_new, false as is_corrected
        from {part} anti join {crowded} using (connector, file, {what})
        where arrival > 0 and key is null
        union all
        select * from (
            select file, record,
                arrival = min(arrival) over (partition by connector, key, {what}) as is_new,
                arrival = min(arrival) over (partition by connector, {listed})
                    and newness = max(newness) over (partition by connector, key, {what})
                    as is_corrected
            from {part} where key is not null
            qualify arrival > 0
        )
        union all
        select * from (
            select file, record,
                arrival = min(arrival) over (partition by connector, nth, {unnamed}) as is_new,
                false as is_corrected
            from (
                select *, row_number() over (
                    partition by connector, file, {unnamed} order by record) as nth
                from {part} semi join {crowded} using (connector, file, {what}) where key is null
            )
            qualify arrival > 0
        )
    """


def without_rejects(counts: tuple[int, int, int], carried: int) -> tuple[int, int, int]:
    """Counts that add up to the carried records: a record with a reject counts there alone."""
    new, known, corrected = counts
    surplus = new + known + corrected - carried
    taken = min(surplus, new)
    return new - taken, known - min(surplus - taken, known), corrected
