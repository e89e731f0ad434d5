"""Documents of a JSON file as rows, in whatever wrapping people save them.

Answers of a service are kept as they came (`{"data": [...], "next_token": null}`), as lists of
such pages, one per line, as a list of documents, by endpoint (`{"sleep": {"data": [...]}}`), or by
date. A document is an object that has one of the keys that its connector names; everything around
it is wrapping. In a list that has documents, what is none of them is a record all the same.
"""

from __future__ import annotations

import duckdb
import pyarrow as pa

from connectors.contract import BrokenFile, Source
from connectors.reading.json_damage import broken_json
from connectors.reading.json_prefix import LEVELS_DEEP
from connectors.reading.query import json_values, query


def documents(source: Source, marks: frozenset[str]) -> pa.Table:
    """`record` (from 1, in the order of the file), `under` (the keys around it, as a/b) and `doc`.

    Raises: BrokenFile if the text is not JSON to its end, or has no document.
    """
    has_mark = " or ".join(f"json_exists(doc, '$.\"{mark}\"')" for mark in sorted(marks))
    values = json_values(source)
    found: list[pa.Table] = []
    try:
        if _are_documents(values, has_mark):
            return values.add_column(1, "under", pa.repeat("", values.num_rows))
        rows = query(
            "select [record]::bigint[] as place, '' as under, doc, true as is_listed from v",
            v=values,
        )
        for _ in range(LEVELS_DEEP):
            judged = query(_JUDGED.format(has_mark=has_mark), rows=rows)
            found.append(query(_FOUND, judged=judged))
            rows = query(_INSIDE, judged=judged)
            if rows.num_rows == 0:
                break
    except duckdb.Error as error:
        raise broken_json(source, error) from None
    table = query(
        "select row_number() over (order by place) as record, under, doc from f order by place",
        f=pa.concat_tables(found),
    )
    if table.num_rows == 0:
        raise BrokenFile("nothing in this file but empty answers: export or ask for it again")
    return table


def _are_documents(values: pa.Table, has_mark: str) -> bool:
    """Whether every value is a document, with nothing around it."""
    asked = f"select bool_and(json_type(doc) = 'OBJECT' and ({has_mark})) as are from v"
    return query(asked, v=values)["are"][0].as_py() is True


_JUDGED = """
    with typed as (
        select *, json_type(doc) as type, coalesce({has_mark}, false) as has_mark from rows
    )
    select *, type = 'OBJECT' and has_mark as is_document,
        -- beside documents in one list: a record too, whatever it is
        is_listed and bool_or(type = 'OBJECT' and has_mark)
            over (partition by is_listed, place[:-2]) as is_among
    from typed
"""
_FOUND = "select place, under, doc from judged where is_document or is_among"
_INSIDE = """
    with left_over as (select * from judged where not (is_document or is_among)),
    listed as (
        select place, under, unnest(each) as doc, generate_subscripts(each, 1) as n
        from (select place, under, from_json(doc, '["JSON"]') as each from left_over
              where type = 'ARRAY')
    ),
    keyed as (
        select place, ltrim(under || '/' || unnest(each).key, '/') as under,
            unnest(each).value as doc, generate_subscripts(each, 1) as n
        from (select place, under, map_entries(doc::json::map(varchar, json)) as each from left_over
              where type = 'OBJECT')
    )
    select list_append(place, n) as place, under, doc, true as is_listed from listed
    union all
    select list_append(place, n), under, doc, false from keyed
    where json_type(doc) in ('ARRAY', 'OBJECT')
"""
