"""One copy of each fact within a connector, whatever files it came in, in whatever order.

A fact with a key (the vendor's own identity of it) is taken from the newest export that tells it:
a value, a total or the stages of a sleep that the vendor changed are replaced, not added. A fact
without one is known by everything that was reported about it plus an occurrence number within its
file: two equal rows of one file are two facts, the same row in two files is one.
"""

from __future__ import annotations

import duckdb
import pyarrow as pa

from connectors.contract import SHAPES


def one_copy(
    connection: duckdb.DuckDBPyConnection, shape: str, parts: str, files: pa.Table
) -> pa.Table:
    """The rows of a shape without copies, with `connector`, `file` and `newness`.

    `parts` is a FROM clause of extracted rows with connector and file; `files` has connector,
    file, newness (larger is newer; a total order).
    """
    facts = [name for name in SHAPES[shape].names if name != "record"]
    what = "kind" if shape == "episode" else "metric"
    connection.register("files", files)
    many = "(select connector from files group by connector having count(*) > 1)"
    listed = ", ".join(facts)
    return connection.sql(
        f"""
        with part as (select p.*, f.newness from {parts} p join files f using (connector, file)),
        alone as (select * from part where connector not in {many}),
        keyed as (
            select * from part where key is not null and connector in {many}
            qualify newness = max(newness) over (partition by connector, key, {what})
        ),
        counted as (
            select *, row_number() over (
                partition by connector, file, {listed} order by record) as nth
            from part where key is null and connector in {many}
        ),
        unkeyed as (
            select * exclude (nth) from counted
            qualify row_number() over (partition by connector, nth, {listed} order by file) = 1
        )
        select * from alone union all by name select * from keyed
        union all by name select * from unkeyed
        """
    ).to_arrow_table()
