"""From rows that were judged to batches: what is sound as samples, what is not as rejects.

A judged row has `fault`, NULL where it is sound, else `code:field`. Numbers stand as text in
columns that are named by what they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pyarrow as pa

from connectors.contract import Batch, Skip, shaped
from connectors.reading import text_sql
from connectors.reading.query import query

Quantities = Mapping[str, tuple[str, str]]  # column: metric, unit


def sound(judged: pa.Table) -> pa.Table:
    """The rows without a fault."""
    return query("select * exclude (fault) from judged where fault is null", judged=judged)


def faults(judged: pa.Table, *keys: str) -> Batch:
    """Rejects of the rows with a fault; of their texts those of `keys` are kept."""
    whose = ", subject" if "subject" in judged.column_names else ""
    sql = f"""select record, split_part(fault, ':', 1) as code,
        nullif(split_part(fault, ':', 2), '') as field, {text_sql.raw(*keys)} as raw{whose}
        from judged where fault is not null order by record"""
    return shaped("reject", query(sql, judged=judged))


def skips(rows: pa.Table) -> Iterator[Skip]:
    """The reasons in the column `skip`, counted."""
    sql = "select skip, count(*) as n from rows where skip is not null group by 1 order by 1"
    for row in query(sql, rows=rows).to_pylist():
        yield Skip(row["skip"], row["n"])


def samples(
    rows: pa.Table, quantities: Quantities, carried: str, nothing: str = "false"
) -> Iterator[Batch]:
    """A sample for each row and column that has a number, and rejects of texts that are none.

    `carried` are the columns of a sample that the rows have; `nothing` (SQL of `value`, `metric`)
    is what stands for no number.
    """
    each = ", ".join(
        f"struct_pack(field := '{field}', metric := '{metric}', unit := '{unit}',"
        f' text := "{field}")'
        for field, (metric, unit) in quantities.items()
    )
    values = query(
        f"""with told as (
                select record, {carried}, unnest([{each}], recursive := true) from rows
            ), read as (select *, {text_sql.number("text")} as value from told where text <> '')
            select * from read where not coalesce({nothing}, false)""",
        rows=rows,
    )
    sql = f"""select record, {carried}, metric, value, unit from values where value is not null
        order by record"""
    yield shaped("sample", query(sql, values=values))
    whose = ", subject" if "subject" in values.column_names else ""
    sql = f"""select record, 'unreadable_number' as code, field, text as raw{whose} from values
        where value is null order by record"""
    yield shaped("reject", query(sql, values=values))
