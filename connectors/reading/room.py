"""The air of a room: rows of a sensor, each with a time and a number or two."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from connectors.contract import Item
from connectors.reading.query import query
from connectors.reading.text_sql import raw
from connectors.reading.verdict import Told, carried, case_of, parted, time_faults


def readings(rows: pa.Table, time: str, known: str, told: Told, last: str) -> Iterator[Item]:
    """Samples of rows whose text column `time` was read as `known`.

    `last` is the column behind which a row may be cut. Skips: `no_value`.
    """
    faults = [*time_faults(time, known), (f"is_short and {last} is null", f"ragged_row:{last}")]
    judged = query(
        f"""select *, null::varchar as skip, {case_of(faults)} as fault, {raw(time, *told)} as raw
            from rows""",
        rows=rows,
    )
    sound, items = parted(judged)
    yield from items
    yield from carried(sound, told)
