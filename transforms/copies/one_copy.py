"""One copy of each fact within a connector, whatever files it came in, in whatever order.

A fact with a key (the vendor's own identity of it) is taken from the newest export that tells it:
a value, a total or the stages of a sleep that the vendor changed are replaced, not added. Where
exports of one age tell it equally, the first by name is named, whichever was given later. A fact
without a key is known by everything that was reported about it plus an occurrence number within
its file: two equal rows of one file are two facts, the same row in two files is one. A source may
be renamed between two exports, a phone by its owner or its language: what a newer export tells of
the same time, kind and value under another name, and as often, is not told a second time.

Only files that can share a fact are compared: those of one connector, and of facts without a key
those whose times of the same metric overlap. A year of day files costs no more than one file.
Of equal copies one is kept whose file settles its instant, if any does.
"""

from __future__ import annotations

from itertools import pairwise

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from connectors.contract import STORED

# Records that nobody has set aside.
NONE = pa.table(
    {
        name: pa.nulls(0, kind)
        for name, kind in (
            ("connector", pa.string()),
            ("file", pa.string()),
            ("record", pa.int64()),
        )
    }
)
KEPT = "* exclude (is_excluded)"
# Metric or kind of a shape, and the time by which copies of a fact without a key agree.
WHAT = {"sample": "metric", "episode": "kind", "daily": "metric"}
# microseconds: a cast of an instant to a wall clock costs four times as much
_WRITTEN = "coalesce(epoch_us(start_utc), epoch_us(start_wall))"
WHEN = {"sample": _WRITTEN, "episode": _WRITTEN, "daily": "date::timestamp"}


def facts(shape: str, but: str = "") -> str:
    """Everything that was reported, comma-separated, without one column."""
    return ", ".join(name for name in STORED[shape].names if name not in ("record", but))


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
    excluded: pa.Table = NONE,
    is_shared: bool = True,
) -> pa.Table:
    """The rows of a shape without copies, with `connector`, `file` and `newness`.

    Of the records that are `excluded` (connector, file, record) no copy in another file is left
    either; a version that the vendor has made since is.

    `parts` is a FROM clause of extracted rows with connector and file; `files` has connector,
    file, newness (larger is newer; a total order) and naming (of files that tell a fact equally
    the least is named; a total order too); `settled` has connector, file, record and metric (kind)
    of rows whose instant the order of their file settles. Not `is_shared`: it is known that no two
    files tell one fact.
    """
    connection.register("files", files)
    connection.register("excluded", excluded)
    connection.execute(
        f"create temp view part as select p.*, f.newness, {_is_excluded(excluded)} as is_excluded "
        f"from {parts} p join files f using (connector, file)"
    )
    what, listed = WHAT[shape], facts(shape)
    is_compared = is_shared and are_several(files)
    if not (is_compared and _has_copies(connection, shape, excluded)):
        return connection.sql(f"select {KEPT} from part where not is_excluded").to_arrow_table()
    counted = _not_renamed(shape) if _many_names(connection, what) else "counted"
    best = "file"
    if settled is not None and settled.num_rows:
        connection.register("settled", settled)
        names = f"(connector, file, record, {what})"
        best = f"{names} in (select {names} from settled) desc, file"
    return connection.sql(
        f"""
        with alone as (
            select {KEPT} from part anti join crowded using (connector, file, {what})
            where key is null and not is_excluded
        ),
        keyed as ({_keyed(shape, are_of_one_age(files))} {_and_not_gone(excluded, listed)}),
        counted as (
            select *, row_number() over (
                partition by connector, file, {listed} order by record) as nth
            from part semi join crowded using (connector, file, {what}) where key is null
        ),
        unkeyed as (
            select * exclude (nth, is_excluded) from {counted}
            qualify row_number() over (partition by connector, nth, {listed} order by {best}) = 1
                {_and_not_gone(excluded, f"nth, {facts(shape, 'device')}")}
        )
        select * from alone union all by name select * from keyed
        union all by name select * from unkeyed
        """
    ).to_arrow_table()


def _keyed(shape: str, are_of_one_age: bool) -> str:
    """SELECT of facts with a key as the newest file tells them, up to a QUALIFY that goes on."""
    of_fact = f"connector, key, {WHAT[shape]}"
    newest = f"newness = max(newness) over (partition by {of_fact})"
    if not are_of_one_age:
        return f"select {KEPT} from part where key is not null qualify {newest}"
    versions = versions_sql(shape, "part join files using (connector, file, newness)", "naming")
    return f"""
        select * exclude (is_excluded, named, newest)
            replace (coalesce(newest, newness) as newness)
        from part left join (
            select {of_fact}, arg_min(file, naming) as named, max(newest) as newest
            from (
                select *, max(newness) over fact as newest,
                    first_value(told) over (fact order by newness desc) as newest_told
                from ({versions})
                window fact as (partition by {of_fact})
            )
            where told = newest_told group by {of_fact} having count(*) > 1
        ) using ({of_fact})
        where key is not null qualify coalesce(file = named, {newest})"""


def versions_sql(shape: str, rows: str, *of_file: str) -> str:
    """SELECT of what each file tells of each fact with a key: connector, key, metric (kind), file,
    newness, `told` (equal where the same is told as often), and columns that a file has one of."""
    columns = ", ".join(("connector", "key", WHAT[shape], "file", "newness", *of_file))
    told = f"sum(hash({facts(shape)})) as told"
    return f"select {columns}, {told} from {rows} where key is not null group by {columns}"


def are_of_one_age(files: pa.Table) -> bool:
    """Whether of two files of a connector nothing but the order of giving tells the newer one."""
    columns = (files[name].to_pylist() for name in ("connector", "newness", "naming"))
    by_age = sorted(zip(*columns, strict=True))
    return any(a[0] == b[0] and a[2] < b[2] for a, b in pairwise(by_age))


def as_they_are(rows: pa.Table, files: pa.Table) -> pa.Table:
    """All rows, of files of which no two tell one fact, as `one_copy` gives them."""
    keys = [pc.binary_join_element_wise(t["connector"], t["file"], "/") for t in (rows, files)]
    return rows.append_column(
        "newness", files["newness"].take(pc.index_in(keys[0], value_set=keys[1].combine_chunks()))
    )


def _is_excluded(excluded: pa.Table) -> str:
    """SQL: whether a row of a part is of an excluded record."""
    if not excluded.num_rows:
        return "false"
    return "(connector, file, record) in (select (connector, file, record) from excluded)"


def _and_not_gone(excluded: pa.Table, listed: str) -> str:
    """SQL: nor is any copy of the row excluded."""
    if not excluded.num_rows:
        return ""
    return f"and not bool_or(is_excluded) over (partition by connector, {listed})"


def are_several(files: pa.Table) -> bool:
    """Whether there are two files of any connector."""
    return bool(files.num_rows > len(set(files["connector"].to_pylist())))


def _has_copies(connection: duckdb.DuckDBPyConnection, shape: str, excluded: pa.Table) -> bool:
    """Whether any fact may be told by two files, with `crowded` made."""
    connection.execute(f"create temp table crowded as {crowded_sql(shape, 'part')}")
    asked = may_be_shared_sql("crowded", "part", is_excluded=excluded.num_rows > 0)
    ((is_shared,),) = connection.execute(f"select {asked}").fetchall()
    return bool(is_shared)


def may_be_shared_sql(crowded: str, part: str, is_excluded: bool = False) -> str:
    """SQL: whether two files of a connector may tell one fact: without a key, or two of them with
    keys.

    Where something `is_excluded`, whether there are keys at all.
    """
    keyed = f"select connector from {part} where key is not null"
    if not is_excluded:
        keyed += " group by connector having min(file) < max(file)"
    return f"(exists (from {crowded}) or exists ({keyed}))"


def _many_names(connection: duckdb.DuckDBPyConnection, what: str) -> bool:
    """Whether a file that may have copies names sources that another one of its format does not."""
    ((found,),) = connection.execute(
        f"""
        select exists (
            select connector from (
                select connector, file, list(distinct coalesce(device, '') order by 1) as names
                from part semi join crowded using (connector, file, {what}) where key is null
                group by connector, file
            )
            group by connector having count(distinct names) > 1
        )
        """
    ).fetchall()
    return bool(found)


def _not_renamed(shape: str) -> str:
    """FROM clause of `counted` without what the newest file that tells a fact tells as often, but
    under other names."""
    fact, listed = facts(shape, "device"), facts(shape)
    return f"""(
        select * exclude (told, newest, newest_of_name, newest_told) from (
            select *, max(newness) over (partition by connector, {fact}) as newest,
                max(newness) over (partition by connector, nth, {listed}) as newest_of_name,
                arg_max(told, newness) over (partition by connector, {fact}) as newest_told
            from (
                select *, count(*) over (partition by connector, file, {fact}) as told
                from counted
            )
        )
        where newest_of_name = newest or newest_told < told
    )"""
