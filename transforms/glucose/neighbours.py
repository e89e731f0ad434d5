"""What came before each CGM reading: what every question about change asks, found once."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from transforms.arrays import SECOND, Mask, Micros, Values

QUARTER = 960 * SECOND  # of an hour, and a minute of grace: sensors do not keep the second
_KINDS = {
    "step_us": pa.int64(),
    "before_value": pa.float64(),
    "step2_us": pa.int64(),
    "before2_value": pa.float64(),
    "high15_value": pa.float64(),
}


def neighbours(
    rows: Micros, same_stream: Mask, start: Micros, value: Values
) -> dict[str, pa.Array]:
    """Elapsed microseconds and value of the first and second reading before, and the highest of 15
    minutes before; as long as `start`.

    `rows` are the readings that count, by stream and instant; `same_stream[i]` ties one to the one
    before. NULL for all other rows, and where a stream has no such reading.
    """
    nothing = pa.nulls(len(start))
    if not len(rows):
        return {name: nothing.cast(kind) for name, kind in _KINDS.items()}
    moment, level = start[rows], value[rows]
    columns = {}
    for name, distance in (("", 1), ("2", 2)):
        here = _followers(same_stream, distance)
        elapsed = moment[here] - moment[here - distance]
        columns[f"step{name}_us"] = _spread(rows[here], elapsed, len(start))
        columns[f"before{name}_value"] = _spread(rows[here], level[here - distance], len(start))
    high = _highest(same_stream, moment, level)
    here = np.flatnonzero(high > -np.inf)
    return {**columns, "high15_value": _spread(rows[here], high[here], len(start))}


def _followers(same_stream: Mask, distance: int) -> Micros:
    """Positions whose `distance`-th predecessor is of the same stream."""
    first = np.maximum.accumulate(np.where(same_stream, 0, np.arange(len(same_stream))))
    return np.flatnonzero(np.arange(len(same_stream)) - first >= distance)


def _highest(same_stream: Mask, moment: Micros, level: Values) -> Values:
    """The highest level of a quarter of an hour before each; minus infinity if there is none."""
    high = np.full(len(level), -np.inf)
    distance, here = 1, _followers(same_stream, 1)
    while len(here):
        here = here[moment[here] - moment[here - distance] <= QUARTER]
        high[here] = np.maximum(high[here], level[here - distance])
        distance += 1
        here = np.intersect1d(here, _followers(same_stream, distance), assume_unique=True)
    return high


def _spread(rows: Micros, values: Micros | Values, length: int) -> pa.Array:
    """Values at their rows, NULL elsewhere."""
    whole, unknown = np.zeros(length, values.dtype), np.ones(length, np.bool_)
    whole[rows] = values
    unknown[rows] = False
    return pa.array(whole, mask=unknown)
