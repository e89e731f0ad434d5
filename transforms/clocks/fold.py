"""The hour that a clock shows twice: which of the two a row belongs to."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from transforms.clocks.timeline import DAY, SECOND, Mask, Micros, Resolved
from transforms.sources import numbered

# A step back in time that is no jitter: half of the shortest change in use (Lord Howe, 30 min).
SMALLEST_STEP_BACK = 900 * SECOND


def by_record_order(
    rows: pa.Table, found: Resolved, wall: Micros, naive: Mask, twice: Mask
) -> tuple[Mask, Micros]:
    """Which rows of `twice` the order of records settles: one step back marks the second pass.

    A series is one metric (or kind) of one device in one file. Without a step back, or with
    several, nothing can be said and nothing is.
    """
    settled = np.zeros(rows.num_rows, np.bool_)
    instant = found.first.copy()
    day = wall // DAY
    days = np.unique(day[twice])
    close = np.flatnonzero(naive & np.isin(day, np.concatenate([days - 1, days, days + 1])))
    record = np.asarray(rows["record"].take(pa.array(close)))
    name = "metric" if "metric" in rows.column_names else "kind"
    texts = [rows[column].take(pa.array(close)) for column in ("file", name, "device")]
    series, _ = numbered(texts)
    for code in np.unique(series[twice[close]]):
        mine = np.flatnonzero(series == code)
        mine = close[mine[np.argsort(record[mine], kind="stable")]]
        if wall[mine[0]] > wall[mine[-1]]:
            mine = mine[::-1]  # newest first
        # each change apart: rows of one repeated hour have the same distance of their instants
        for change in np.unique(found.last[mine[twice[mine]]] // DAY):
            fold = np.flatnonzero(twice[mine] & (found.last[mine] // DAY == change))
            low, high = max(int(fold[0]) - 1, 0), min(int(fold[-1]) + 2, len(mine))
            steps = np.flatnonzero(np.diff(wall[mine[low:high]]) < -SMALLEST_STEP_BACK)
            # one step, and between two rows of the repeated hour: not on the way into it
            if len(steps) != 1 or not fold[0] <= low + steps[0] < fold[-1]:
                continue
            second = np.arange(low, high) > low + int(steps[0])
            asked = np.arange(low, high)
            inside = np.isin(asked, fold)
            place = mine[asked[inside]]
            instant[place] = np.where(second[inside], found.last[place], found.first[place])
            settled[place] = True
    return settled, instant
