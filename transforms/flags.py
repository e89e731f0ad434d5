"""Doubts about values. A flag never changes a value.

implausible        outside the metric's plausible range (metrics.csv)
rapid_change       glucose moved by more than 5 mg/dL per minute between neighbours
told_twice         the same reading again, a minute later at most: left out of `glucose`
second_sensor      beside it another sensor of the same device speaks: left out of `glucose`
flat               at one value for an hour
warm_up            in the first 12 hours of a sensor whose begin the export tells
unknown_unit       the reported unit has no conversion: the canonical value is NULL
nonexistent_local  the wall clock did not exist: a clock that was not moved at a change
unmoved_clock      a reader that nobody moved in spring: placed by its old offset
future             after the export was made: the time is wrong, and no instant is known
shifted_copy       another source tells it at a better time: left out of `glucose` and of nights
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.arrays import SECOND, Mask, Micros, Values

# Source: Padova retrofitting heuristics, > 5 mg/dL/min is suspicious; neighbours within 6 min.
RAPID_MGDL_PER_MIN = 5
NEIGHBOUR = 360 * SECOND


def rapid(values: Values, start: Micros, same_stream: Mask) -> Mask:
    """Readings on either side of a jump. Rows are sorted; `same_stream[i]` ties row i to i - 1."""
    elapsed = np.diff(start, prepend=0)
    near = same_stream & (elapsed > 0) & (elapsed <= NEIGHBOUR)
    change = np.abs(np.diff(values, prepend=np.nan))
    jump = near & (change > RAPID_MGDL_PER_MIN * elapsed / (60 * SECOND))
    both: Mask = jump | np.append(jump[1:], False)
    return both


def joined(flags: dict[str, Mask]) -> pa.Array:
    """Flags of each row, comma-separated in the order given; NULL where there is none."""
    length = len(next(iter(flags.values())))
    text = pa.nulls(length, pa.string())
    for name, mask in flags.items():
        if not mask.any():
            continue
        both = pc.binary_join_element_wise(text, name, ",")
        text = pc.if_else(pa.array(mask), pc.coalesce(both, pa.scalar(name)), text)
    return text
