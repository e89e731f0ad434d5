"""What each stream of samples comes to: extent, rhythm; put together piece by piece."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.arrays import MINUTE, SECOND, Micros
from transforms.sources import numbered

STEADY_MIN = 60


@dataclass
class _Extent:
    """One metric of one source: rows, first and last instant, and how often each gap occurs."""

    rows: int
    first: int
    last: int
    gaps: list[Micros] = field(default_factory=list)
    seconds: Micros = field(default_factory=lambda: np.zeros(0, np.int64))

    def add(self, at: Micros) -> None:
        """Later rows, in order of time."""
        gaps = np.diff(at, prepend=self.last)
        gaps = gaps[gaps > 0]
        self.rows, self.last = self.rows + len(at), int(at[-1])
        whole = gaps // SECOND
        if len(gaps) and not (gaps % SECOND).any() and whole.max() < _LONGEST:
            counted = np.bincount(whole, minlength=len(self.seconds))
            counted[: len(self.seconds)] += self.seconds
            self.seconds = counted
        else:
            self.gaps.append(gaps)

    def interval_min(self) -> float | None:
        """The median distance of neighbours in minutes; None if no two differ."""
        counted = np.repeat(np.arange(len(self.seconds)) * SECOND, self.seconds)
        gaps = np.concatenate([*self.gaps, counted]) if self.gaps else counted
        return float(np.median(gaps)) / MINUTE if len(gaps) else None


_LONGEST = 7 * 86_400  # seconds: longer gaps are kept as they are


class Streams:
    """One row per metric, connector and device of canonical samples, given in their order."""

    def __init__(self) -> None:
        self._known: dict[tuple[str | None, ...], _Extent] = {}

    def add(self, samples: pa.Table) -> None:
        """Take in a piece as `align.sample` leaves it; rows without an instant do not count."""
        rows = samples.select(["metric", "connector", "device", "start_at"])
        if rows["start_at"].null_count:
            rows = rows.filter(pc.is_valid(rows["start_at"]))
        if not rows.num_rows:
            return
        code, names = numbered([rows[name] for name in ("metric", "connector", "device")])
        at = np.asarray(rows["start_at"].cast(pa.int64())).astype(np.int64)
        for number, name in enumerate(names):
            mine = at if len(names) == 1 else at[code == number]
            if name not in self._known:
                self._known[name] = _Extent(0, int(mine[0]), int(mine[0]))
            self._known[name].add(mine)

    def table(self) -> pa.Table:
        """Metric, connector, device, row_count, first_at, last_at, interval_min; by name."""
        # a device without a name before one whose name is empty
        known = sorted(
            self._known.items(), key=lambda pair: [(text is not None, text) for text in pair[0]]
        )
        utc = pa.timestamp("us", tz="UTC")
        return pa.table(
            {
                "metric": pa.array([name[0] for name, _ in known], pa.string()),
                "connector": pa.array([name[1] for name, _ in known], pa.string()),
                "device": pa.array([name[2] for name, _ in known], pa.string()),
                "row_count": pa.array([e.rows for _, e in known], pa.int64()),
                "first_at": pa.array([e.first for _, e in known], pa.int64()).cast(utc),
                "last_at": pa.array([e.last for _, e in known], pa.int64()).cast(utc),
                "interval_min": pa.array([e.interval_min() for _, e in known], pa.float64()),
            }
        )


def observed_pct(
    row_count: int, first: dt.datetime, last: dt.datetime, interval_min: float | None
) -> float | None:
    """Rows times their median distance, per their whole span, at most 100 %.

    None for a stream that is not steady (more than an hour apart) or has one instant only.
    """
    if interval_min is None or interval_min > STEADY_MIN or last <= first:
        return None
    return min(100.0, 100 * row_count * interval_min * 60 / (last - first).total_seconds())
