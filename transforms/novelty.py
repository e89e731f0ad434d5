"""What each newly read file adds to what was there before: new, already known, corrected."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from connectors.contract import SHAPES


def novelty(
    connection: duckdb.DuckDBPyConnection, parts: dict[str, str], files: pa.Table
) -> dict[str, tuple[int, int, int]]:
    """Records new, known and corrected, by newly read file.

    `parts` maps shapes to FROM clauses of extracted rows with connector and file; `files` has
    connector, file and arrival (0: was there before; else the order of reading). A record is new
    if any row of it is; else corrected if the vendor changed one (same key, other facts); else
    known.
    """
    connection.register("files", files)
    rows = [_states_sql(shape, source) for shape, source in parts.items()]
    if not rows:
        return {}
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
    return {file: (new, known, corrected) for file, new, known, corrected in counts}


def _states_sql(shape: str, source: str) -> str:
    """File and record of every row of a new file, and whether it is new or corrected."""
    facts = ", ".join(name for name in SHAPES[shape].names if name != "record")
    what = "kind" if shape == "episode" else "metric"
    alone = "(select connector from files group by connector having count(*) = 1)"
    part = f"(select p.*, f.arrival from {source} p join files f using (connector, file))"
    return f"""
        select file, record, true as is_new, false as is_corrected
        from {part} where arrival > 0 and connector in {alone}
        union all
        select * from (
            select file, record,
                arrival = min(arrival) over (partition by connector, key, {what}) as is_new,
                arrival = min(arrival) over (partition by connector, {facts}) as is_corrected
            from {part} where key is not null and connector not in {alone}
            qualify arrival > 0
        )
        union all
        select * from (
            select file, record,
                arrival = min(arrival) over (partition by connector, nth, {facts}) as is_new,
                false as is_corrected
            from (
                select *, row_number() over (
                    partition by connector, file, {facts} order by record) as nth
                from {part} where key is null and connector not in {alone}
            )
            qualify arrival > 0
        )
    """
