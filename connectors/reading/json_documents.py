"""Documents of a JSON file as text columns, however whoever saved them wrapped the answer.

[{..}, {..}]    {..} on every line    {"records": [{..}]}    a list of such pages, or one a line
"""

from __future__ import annotations

import pyarrow as pa

from connectors.contract import BrokenFile, Source
from connectors.reading.query import json_rows, query


def documents(source: Source, keys: tuple[str, ...], under: str = "") -> pa.Table:
    """`record` (from 1) and a text column per key: NULL where a document has none, or null.

    `under` is the key of the list, where documents stand in pages. A value that is an object or a
    list is its JSON.

    Raises: BrokenFile if the text is not JSON to its end, or a page holds no list.
    """
    if not under:
        return _texts(json_rows(source, dict.fromkeys(keys, "JSON")), keys)
    pages = json_rows(source, {**dict.fromkeys(keys, "JSON"), under: "JSON"})
    if pages[under].null_count == pages.num_rows and pages.num_rows:
        return _texts(pages, keys)
    listed = query(f"""select count(*) as n from pages where json_type("{under}") <> 'ARRAY'""",
                   pages=pages)  # fmt: skip
    if listed["n"][0].as_py():
        raise BrokenFile(f"`{under}` is no list in a page of this file: fetch or export it again")
    columns = ", ".join(f"""document -> '$."{key}"' as "{key}" """ for key in keys)
    rows = query(
        f"""
        with unnested as (
            select record as page, unnest(json_extract("{under}", '$[*]')) as document,
                generate_subscripts(json_extract("{under}", '$[*]'), 1) as place
            from pages where "{under}" is not null
        )
        select row_number() over (order by page, place) as record, {columns}
        from unnested order by page, place
        """,
        pages=pages,
    )
    return _texts(rows, keys)


def _texts(rows: pa.Table, keys: tuple[str, ...]) -> pa.Table:
    plain = ", ".join(f"""nullif(trim("{key}" ->> '$'), '') as "{key}" """ for key in keys)
    return query(f"select record, {plain} from rows order by record", rows=rows)
