"""One night by several sources: where they are a whole number of hours apart.

Two devices agree on a night to minutes. If both its ends differ by the same whole hours, one of
the clocks is wrong. No time is changed; people are told.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.arrays import HOUR, MINUTE, Micros
from transforms.clocks.findings import Finding
from transforms.sources import by_source

SAME_NIGHT = 10 * MINUTE  # by which both ends of a night may miss a whole hour
SHORTEST_NIGHT = 3 * HOUR
MERGED_WITHIN = HOUR


def shifted_sleeps(episodes: pa.Table, priority: Sequence[str]) -> list[Finding]:
    """Nights that two sources tell a whole number of hours apart, run by run."""
    nights = _nights(episodes)
    found: list[Finding] = []
    for one, other in itertools.combinations(sorted(nights), 2):
        better, worse = sorted((one, other), key=lambda k: (_place(k[0], priority), k))
        found += _apart(worse, nights[worse], better, nights[better])
    return found


def _place(connector: str, priority: Sequence[str]) -> int:
    return priority.index(connector) if connector in priority else len(priority)


def _nights(episodes: pa.Table) -> dict[tuple[str, str], Micros]:
    """Begin and end of the long sleeps of each source: sessions and stages close to each other."""
    kinds = pc.is_in(episodes["kind"].cast(pa.string()), pa.array(["sleep", "sleep_stage"]))
    labels = episodes["label"].cast(pa.string())
    out_of_sleep = pc.is_in(labels, pa.array(["in_bed", "out_of_bed", "awake"]))
    known = pc.and_(pc.is_valid(episodes["start_at"]), pc.is_valid(episodes["end_at"]))
    rows = episodes.filter(pc.and_(pc.and_(kinds, pc.invert(out_of_sleep)), known))
    ends = [np.asarray(rows[n].cast(pa.int64())).astype(np.int64) for n in ("start_at", "end_at")]
    return {source: _merged(ends[0][mine], ends[1][mine]) for source, mine in by_source(rows)}


def _merged(start: Micros, end: Micros) -> Micros:
    """Begin and end of what is closer than an hour as one, of at least three hours."""
    order = np.argsort(start, kind="stable")
    start, end = start[order], np.maximum.accumulate(end[order])
    first = np.flatnonzero(np.append(True, start[1:] > end[:-1] + MERGED_WITHIN))
    last = np.append(first[1:], len(start)) - 1
    both = np.stack([start[first], end[last]], axis=1)
    long: Micros = both[both[:, 1] - both[:, 0] >= SHORTEST_NIGHT]
    return long


def _apart(
    worse: tuple[str, str], one: Micros, better: tuple[str, str], other: Micros
) -> Iterable[Finding]:
    """Runs of nights of `worse` that lie the same whole hours beside those of `better`."""
    if not (len(one) and len(other)):
        return
    at = np.searchsorted(other[:, 0], one[:, 0])
    near = np.stack([(at - 1).clip(0), at.clip(0, len(other) - 1)])
    pick = np.argmin(np.abs(other[near, 0] - one[:, 0]), axis=0)
    twin = other[near[pick, np.arange(len(one))]]
    begin, end = one[:, 0] - twin[:, 0], one[:, 1] - twin[:, 1]
    hours = np.round(begin / HOUR).astype(np.int64)
    is_shifted = (hours != 0) & (np.abs(begin - hours * HOUR) <= SAME_NIGHT)
    is_shifted &= np.abs(end - hours * HOUR) <= SAME_NIGHT
    runs = np.split(np.arange(len(one)), np.flatnonzero(np.diff(hours * is_shifted)) + 1)
    for run in runs:
        if is_shifted[run[0]]:
            size = int(hours[run[0]])
            text = (
                f"{len(run)} nights of {' '.join(better).strip()}, {abs(size)} h "
                f"{'later' if size > 0 else 'earlier'}: one of the clocks is wrong"
            )
            name = " ".join(worse).strip()
            yield Finding(
                name, int(one[run[0], 0]), int(one[run[-1], 1]), "shifted_sleep", 60 * size, text
            )
