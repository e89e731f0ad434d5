"""The hour that a clock shows twice: which of the two a row belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from transforms.clocks.timeline import DAY, SECOND, Mask, Micros, Resolved, Timeline
from transforms.sources import numbered

# A step back in time that is no jitter: half of the shortest change in use (Lord Howe, 30 min).
SMALLEST_STEP_BACK = 900 * SECOND


_NAMES = ("connector", "file", "record")
Name = tuple[str, str, int, str]  # of a row: these and its metric or kind


@dataclass(frozen=True)
class Folds:
    """The instants (microseconds) of rows in repeated hours that the order of their file settles.

    All copies of a row are asked, since the file that is to tell it may begin in the hour itself.
    """

    instants: Mapping[Name, int] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: pa.Table, zone: Timeline) -> Folds:
        """`rows` are those of some days around such hours, of all files: connector, file, record,
        metric or kind, device and the wall clock `start_wall` that tells their offset."""
        wall = rows["start_wall"].combine_chunks().cast(pa.timestamp("us")).view(pa.int64())
        wall = np.asarray(wall).astype(np.int64)
        found = zone.resolve(wall)
        everything = np.ones(len(wall), np.bool_)
        settled, instant = by_record_order(rows, found, wall, everything, found.count > 1)
        place = np.flatnonzero(settled)
        return cls(dict(zip(_names(rows, place), instant[place].tolist(), strict=True)))

    def find(self, rows: pa.Table, asked: Mask) -> tuple[Mask, Micros]:
        """Which of the rows `asked` are among them, and their instants."""
        settled, instant = np.zeros(rows.num_rows, np.bool_), np.zeros(rows.num_rows, np.int64)
        if self.instants:
            place = np.flatnonzero(asked)
            for row, name in zip(place.tolist(), _names(rows, place), strict=True):
                if name in self.instants:
                    settled[row], instant[row] = True, self.instants[name]
        return settled, instant

    def table(self, what: str) -> pa.Table:
        """The names of those of a shape, whose metric or kind is a column `what`."""
        columns = zip(*self.instants, strict=True) if self.instants else ([], [], [], [])
        types = (pa.string(), pa.string(), pa.int64(), pa.string())
        arrays = [pa.array(c, t) for c, t in zip(columns, types, strict=True)]
        return pa.table(arrays, names=[*_NAMES, what])


def _names(rows: pa.Table, place: Micros) -> list[Name]:
    what = "metric" if "metric" in rows.column_names else "kind"
    few = rows.select([*_NAMES, what]).take(pa.array(place))
    return list(zip(*(few[name].to_pylist() for name in (*_NAMES, what)), strict=True))


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
