"""Which shapes have facts that two files of one connector may tell: only these are compared."""

from __future__ import annotations

from collections.abc import Mapping

import duckdb
import pyarrow as pa

from transforms.copies.one_copy import are_several, crowded_sql, may_be_shared_sql


def shared_shapes(
    connection: duckdb.DuckDBPyConnection, parts: Mapping[str, str], files: pa.Table
) -> frozenset[str]:
    """Shapes of which two files may tell one fact: the times of a metric overlap, or both have
    facts with keys.

    `parts` maps shapes to FROM clauses of extracted rows with connector and file; `files` has the
    connector of each file.
    """
    if not (parts and are_several(files)):
        return frozenset()
    asked = " union all ".join(
        f"""select '{shape}' as shape where
            {may_be_shared_sql(f"({crowded_sql(shape, part)})", part)}"""
        for shape, part in parts.items()
    )
    return frozenset(shape for (shape,) in connection.execute(asked).fetchall())
