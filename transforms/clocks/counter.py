"""A wall clock beside a monotonic counter: where the clock was moved, and by how much.

The distance of the two is constant but for drift (seconds a day) and for moves of the clock:
daylight saving, journeys, a hand. A run is a stretch without a move. Runs of one life of a counter
(one transmitter or sensor) know their distance to each other, whichever file or device told them,
so that one known offset ties them all to UTC: transforms/clocks/anchor.py.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.clocks.timeline import HOUR, MINUTE, SECOND, Mask, Micros
from transforms.sources import numbered

# Half of the smallest step of an offset: less is drift or jitter.
SMALLEST_MOVE = 15 * MINUTE // 2
STEP_MIN = 15  # offsets of zones are whole quarters of an hour
LARGEST_MISS = 5 * MINUTE // 2  # of such a step: more, and the clock was set by hand
# No clock is moved by more (from -10:00 to +14:00 and back is 24 h): another life of the counter.
LARGEST_MOVE = 26 * HOUR
# A hole in which a clock may have been moved there and back.
LONGEST_SILENCE = 3 * HOUR
# A Dexcom receiver goes by its serial number (SM64259010, PG62269399), a phone by its system.
_RECEIVER = re.compile(r"[A-Z]{2}\d{6,}")


@dataclass(frozen=True)
class Run:
    """A stretch in which the wall clock of one device, in one file, was not moved.

    Counts are in microseconds of the counter, walls in microseconds; `shift_min` is the offset of
    the run minus that of the first run of its life; `offset_min` (wall minus UTC) is None until
    the life is anchored. It is not sure if another story is about as likely, whose offset is
    `rival_min`, or if by this one most of what is known was recorded abroad.
    """

    connector: str
    file: str
    device: str
    counter: str
    life: int
    first_count: int
    last_count: int
    first_wall: int
    last_wall: int
    first_record: int
    last_record: int
    shift_min: int = 0
    offset_min: int | None = None
    rival_min: int | None = None
    is_sure: bool = True

    @property
    def follows_zone(self) -> bool:
        """Whether the device is a phone, whose clock follows the zone by itself; not a receiver."""
        return _RECEIVER.fullmatch(self.device) is None

    @property
    def stream(self) -> tuple[str, str]:
        """Whose clock it is."""
        return self.connector, self.device

    @property
    def first(self) -> int:
        """The first instant of an anchored run."""
        return self.first_wall - MINUTE * (self.offset_min or 0)

    @property
    def last(self) -> int:
        """The last instant of an anchored run."""
        return self.last_wall - MINUTE * (self.offset_min or 0)


def runs(rows: pa.Table) -> list[Run]:
    """The runs of rows with a counter, by life and count, shifts filled in.

    `rows` has connector, file, record, device, clock_id, clock_s and start_wall; the last two are
    never null.
    """
    if not rows.num_rows:
        return []
    columns = _Columns.of(rows)
    life = _lives(columns.counter, columns.wall - columns.count)
    order = np.lexsort((columns.count, columns.group, life))
    distance = columns.wall[order] - columns.count[order]
    begins = np.ones(len(order), np.bool_)
    begins[1:] = (
        (np.diff(life[order]) != 0)
        | (columns.group[order[1:]] != columns.group[order[:-1]])
        | (np.abs(np.diff(distance)) >= SMALLEST_MOVE)
        | (np.diff(columns.count[order]) > LONGEST_SILENCE)
    )
    first = np.flatnonzero(begins)
    last = np.append(first[1:], len(order)) - 1
    found = [
        replace(columns.run(order[a : b + 1]), life=int(life[order[a]]))
        for a, b in zip(first, last, strict=True)
    ]
    return _related(found)


def distinct(known: Sequence[Run]) -> list[Run]:
    """Runs of one life without copies: what several files tell of one device is one run."""
    result: list[Run] = []
    for run in sorted(known, key=lambda r: (r.stream, r.shift_min, r.first_count, r.last_count)):
        before = result[-1] if result else None
        if before is not None and _goes_on(before, run, known):
            if run.last_count > before.last_count:
                result[-1] = replace(before, last_count=run.last_count, last_wall=run.last_wall)
        else:
            result.append(run)
    return sorted(result, key=lambda r: (r.first_count, r.last_count, r.stream, r.shift_min))


def _goes_on(one: Run, other: Run, known: Sequence[Run]) -> bool:
    """Whether a run is the other one's continuation: nothing else was shown in between."""
    if (one.stream, one.shift_min) != (other.stream, other.shift_min):
        return False
    if other.first_count <= one.last_count:
        return True
    return other.first_count <= one.last_count + LONGEST_SILENCE and not any(
        run.shift_min != one.shift_min
        and run.stream == one.stream
        and one.last_count < run.last_count < other.first_count
        for run in known
    )


def offsets(rows: pa.Table, known: Sequence[Run]) -> tuple[Mask, Mask, Micros]:
    """Which rows lie in an anchored run, in one that is sure, and their offsets (wall minus UTC,
    microseconds)."""
    has, sure = np.zeros((2, rows.num_rows), np.bool_)
    offset = np.zeros(rows.num_rows, np.int64)
    told = np.flatnonzero(np.asarray(pc.is_valid(rows["clock_s"])))
    anchored = [run for run in known if run.offset_min is not None]
    if not (len(told) and anchored):
        return has, sure, offset
    columns = _Columns.of(rows.take(pa.array(told)))
    order = np.lexsort((columns.count, columns.group))
    group, count = columns.group[order], columns.count[order]
    distance = columns.wall[order] - count
    codes = {tuple(n or "" for n in name): code for code, name in enumerate(columns.names)}
    for run in anchored:
        code = codes.get((run.connector, run.file, run.device, run.counter))
        if code is None:
            continue
        low, high = np.searchsorted(group, [code, code + 1])
        low, high = low + np.searchsorted(count[low:high], [run.first_count, run.last_count + 1])
        ends = sorted((run.first_wall - run.first_count, run.last_wall - run.last_count))
        mine = (distance[low:high] > ends[0] - SMALLEST_MOVE) & (
            distance[low:high] < ends[1] + SMALLEST_MOVE
        )
        place = told[order[low:high][mine]]
        has[place] = True
        sure[place] = run.is_sure
        offset[place] = MINUTE * (run.offset_min or 0)
    return has, sure, offset


@dataclass(frozen=True)
class _Columns:
    """Rows with a counter as integers: wall, count, counter, record, group (file, device,
    counter)."""

    wall: Micros
    count: Micros
    counter: Micros
    record: Micros
    group: Micros
    names: list[tuple[str | None, ...]]  # of the groups

    @classmethod
    def of(cls, rows: pa.Table) -> _Columns:
        counters = pc.coalesce(rows["clock_id"], rows["file"].cast(pa.string()))
        texts = [rows["connector"], rows["file"], rows["device"], counters]
        group, names = numbered(texts)
        counter, _ = numbered(texts[3:])
        wall = rows["start_wall"].combine_chunks().cast(pa.timestamp("us")).view(pa.int64())
        count = np.asarray(rows["clock_s"]).astype(np.int64) * SECOND
        record = np.asarray(rows["record"]).astype(np.int64)
        return cls(np.asarray(wall).astype(np.int64), count, counter, record, group, names)

    def run(self, rows: Micros) -> Run:
        """The run of some rows, in the order of the counter; its life is for others to say."""
        connector, file, device, counter = (n or "" for n in self.names[int(self.group[rows[0]])])
        ends = [int(each[i]) for each in (self.count, self.wall) for i in (rows[0], rows[-1])]
        records = int(self.record[rows].min()), int(self.record[rows].max())
        return Run(
            connector, file, device, counter, 0, ends[0], ends[1], ends[2], ends[3], *records
        )


def _lives(counter: Micros, distance: Micros) -> Micros:
    """A number for each life of each counter: distances that lie apart by more than any move."""
    order = np.lexsort((distance, counter))
    apart = np.zeros(len(order), np.int64)
    apart[1:] = (np.diff(counter[order]) != 0) | (np.diff(distance[order]) > LARGEST_MOVE)
    life = np.empty(len(order), np.int64)
    life[order] = np.cumsum(apart)
    return life


def _related(found: list[Run]) -> list[Run]:
    """The runs with their shifts: each is compared with the nearest one of its life so far."""
    found.sort(key=lambda run: (run.life, run.first_count, run.last_count, run.file, run.device))
    related: list[Run] = []
    start = 0
    for index, run in enumerate(found):
        if index and run.life != found[index - 1].life:
            start = index
        if index == start:
            related.append(run)
            continue
        before = related[start:]
        gaps = [max(run.first_count - other.last_count, 0) for other in before]
        near = before[int(np.argmin(gaps[::-1])) * -1 - 1]
        move = (run.first_wall - run.first_count) - _distance_at(near, run.first_count)
        related.append(replace(run, shift_min=near.shift_min + _minutes(move)))
    return related


def _minutes(move: float) -> int:
    """A move of a clock in minutes: of a zone by quarters of an hour, by hand as it comes."""
    quarters = round(move / (STEP_MIN * MINUTE)) * STEP_MIN
    return quarters if abs(move - quarters * MINUTE) <= LARGEST_MISS else round(move / MINUTE)


def _distance_at(run: Run, count: int) -> float:
    """Wall minus counter of a run at a count within or after it, drift included."""
    first, last = run.first_wall - run.first_count, run.last_wall - run.last_count
    if run.last_count == run.first_count:
        return float(last)
    share = min(1.0, (count - run.first_count) / (run.last_count - run.first_count))
    return first + share * (last - first)
