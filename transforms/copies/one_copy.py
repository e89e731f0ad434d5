"""One copy of each fact within a connector, whatever files it came in, in whatever order.

A fact with a key (the vendor's own identity of it) is taken from the newest export that tells it:
a value, a total or the stages of a sleep that the vendor changed are replaced, not added. A fact
without one is known by everything that was reported about it plus an occurrence number within its
file: two equal rows of one file are two facts, the same row in two files is one.

Only files that can share a fact are compared: those of one connector, and of facts without a key
those whose times of the same metric overlap. A year of day files costs no more than one file.
Of equal copies one is kept whose file settles its instant, if any does.
"""

from __future__ import annotations

import duckdb
import pyarrow as pa

from connectors.contract import STORED

# Metric or kind of a shape, and the time by which copies of a fact without a key agree.
WHAT = {"sample": "metric", "episode": "kind", "daily": "metric"}
# microseconds: a cast of an instant to a wall clock costs four times as much
_WRITTEN = "coalesce(epoch_us(start_utc), epoch_us(start_wall))"
WHEN = {"sample": _WRITTEN, "episode": _WRITTEN, "daily": "date::timestamp"}


def facts(shape: str) -> str:
    """Everything that was reported, comma-separated."""
    return ", ".join(name for name in STORED[shape].names if name != "record")


def crowded_sql(shape: str, part: str) -> str:
    """SELECT of connector, file and metric (kind) whose facts without a key may have copies.

    `part` names a relation of extracted rows with connector and file.
    """
    what = WHAT[shape]
    return f"""
        select connector, file, {what}
        from (
            select connector, file, {what}, first_at, last_at,
                max(last_at) over (earlier rows between unbounded preceding and 1 preceding)
                    as reached,
                min(first_at) over (earlier rows between 1 following and unbounded following)
                    as follows
            from (
                select connector, file, {what},
                    min({WHEN[shape]}) as first_at, max({WHEN[shape]}) as last_at
                from {part} where key is null group by connector, file, {what}
            )
            window earlier as (partition by connector, {what} order by first_at, last_at, file)
        )
        where first_at <= reached or follows <= last_at
    """


def one_copy(
    connection: duckdb.DuckDBPyConnection,
    shape: str,
    parts: str,
    files: pa.Table,
    settled: pa.Table | None = None,
) -> pa.Table:
    """The rows of a shape without copies, with `connector`, `file` and `newness`.

    `parts` is a FROM clause of extracted rows with connector and file; `files` has connector,
    file, newness (larger is newer; a total order), and first and last (the times in it as texts,
    None if it has none); `settled` has connector, file, record and metric (kind) of rows whose
    instant the order of their file settles.
    """
    connection.register("files", files)
    connection.execute(
        f"create temp view part as select p.*, f.newness from {parts} p "
        "join files f using (connector, file)"
    )
    if len(set(files["connector"].to_pylist())) == files.num_rows:
        return connection.sql("select * from part").to_arrow_table()
    what, listed = WHAT[shape], facts(shape)
    if shape != "daily" and not _may_have_copies(connection, files):
        return connection.sql("select * from part").to_arrow_table()
    connection.execute(f"create temp table crowded as {crowded_sql(shape, 'part')}")
    ((has_copies,),) = connection.execute(
        "select exists (from crowded) or exists (from part where key is not null)"
    ).fetchall()
    if not has_copies:
        return connection.sql("select * from part").to_arrow_table()
    best = "file"
    if settled is not None and settled.num_rows:
        connection.register("settled", settled)
        names = f"(connector, file, record, {what})"
        best = f"{names} in (select {names} from settled) desc, file"
    return connection.sql(
        f"""
        with alone as (
            select * from part anti join crowded using (connector, file, {what}) where key is null
        ),
        keyed as (
            select * from part where key is not null
            qualify newness = max(newness) over (partition by connector, key, {what})
        ),
        counted as (
            select *, row_number() over (
                partition by connector, file, {listed} order by record) as nth
            from part semi join crowded using (connector, file, {what}) where key is null
        ),
        unkeyed as (
            select * exclude (nth) from counted
            qualify row_number() over (partition by connector, nth, {listed} order by {best}) = 1
        )
        select * from alone union all by name select * from keyed
        union all by name select * from unkeyed
        """
    ).to_arrow_table()


def _may_have_copies(connection: duckdb.DuckDBPyConnection, files: pa.Table) -> bool:
    """Whether two files of one connector overlap in time, or a fact has a key."""
    if _overlap(files):
        return True
    ((may,),) = connection.execute("select exists (from part where key is not null)").fetchall()
    return bool(may)


def _overlap(files: pa.Table) -> bool:
    """Whether two of thousands do, without comparing each with each."""
    columns = (files[name].to_pylist() for name in ("connector", "first", "last"))
    spans = [span for span in zip(*columns, strict=True) if None not in span]
    reached: dict[str, str] = {}
    for connector, first, last in sorted(spans):
        before = reached.get(connector, "")
        if first <= before:
            return True
        reached[connector] = max(before, last)
    return False
