"""Hypnograms of a laboratory: a beginning on the wall clock, and stages after it.

Stage 3 and 4 of the old rules are deep sleep, as N3 is of the new ones; N1 and N2 are light.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pyarrow as pa

from connectors.contract import Item, shaped
from connectors.reading.query import query

# Source: AASM manual (N1 to N3), Rechtschaffen and Kales (stages 1 to 4).
WORDS = {
    "w": "awake", "wake": "awake", "0": "awake",
    "1": "light", "n1": "light", "2": "light", "n2": "light",
    "3": "deep", "n3": "deep", "4": "deep", "n4": "deep",
    "r": "rem", "rem": "rem", "5": "rem",
}  # fmt: skip


def scored(rows: pa.Table, session: str, anchor: dt.datetime | None) -> Iterator[Item]:
    """A sleep over all rows, and a stage for each of them.

    Rows have record, stage (one of ours), start_wall and end_wall; the first of them carries the
    sleep. `anchor` is the beginning that they were counted on from, by a clock that nobody moves.
    """
    if not rows.num_rows:
        return
    counted = f"timestamp '{anchor.isoformat()}'" if anchor else "null::timestamp"
    yield shaped(
        "episode",
        query(
            f"""select min(record) as record, 'sleep' as kind, 'sleep' as label,
                    '{session}' as session, min(start_wall) as start_wall,
                    max(end_wall) as end_wall, {counted} as anchor_wall, '{session}' as key
                from rows
                union all by name
                select record, 'sleep_stage' as kind, stage as label, '{session}' as session,
                    start_wall, end_wall, {counted} as anchor_wall, '{session}' as key
                from rows
                order by record, kind""",
            rows=rows,
        ),
    )
