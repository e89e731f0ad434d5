"""The two readings before each CGM reading: what every question about change asks, found once."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from transforms.timeline import Mask, Micros
from transforms.units import Values


def neighbours(
    rows: Micros, same_stream: Mask, start: Micros, value: Values
) -> dict[str, pa.Array]:
    """Elapsed microseconds and value of the first and second reading before, as long as `start`.

    `rows` are the readings that count, by stream and instant; `same_stream[i]` ties one to the one
    before. NULL for all other rows, and where a stream has no such reading.
    """
    if not len(rows):
        nothing = pa.nulls(len(start))
        kinds = {"step_us": pa.int64(), "before_value": pa.float64()}
        kinds |= {"step2_us": pa.int64(), "before2_value": pa.float64()}
        return {name: nothing.cast(kind) for name, kind in kinds.items()}
    second = same_stream & np.append(False, same_stream[:-1])
    columns = {}
    for name, distance, follows in (("", 1, same_stream), ("2", 2, second)):
        here = np.flatnonzero(follows)
        now, before = rows[here], rows[here - distance]
        elapsed, earlier = np.zeros(len(start), np.int64), np.zeros(len(start))
        elapsed[now] = start[now] - start[before]
        earlier[now] = value[before]
        unknown = np.ones(len(start), np.bool_)
        unknown[now] = False
        columns[f"step{name}_us"] = pa.array(elapsed, mask=unknown)
        columns[f"before{name}_value"] = pa.array(earlier, mask=unknown)
    return columns
