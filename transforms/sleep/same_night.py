"""One night by several sources: where they are a whole number of hours apart.

Two devices agree on a night to minutes. If both its ends differ by the same whole hours, one of
the clocks is wrong: which one evidence tells, as a third source or the hours at which people sleep.
No time is changed; the nights by the worse clock are marked, if they are more than one.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.arrays import DAY, HOUR, MINUTE, Micros
from transforms.clocks.findings import Finding
from transforms.clocks.known import Clocks
from transforms.clocks.wall_clock import BASES
from transforms.copies.routes import marked
from transforms.sources import by_source

SAME_NIGHT = 10 * MINUTE  # by which both ends of a night may miss a whole hour
SHORTEST_NIGHT = 3 * HOUR
MERGED_WITHIN = HOUR
FEWEST = 2  # nights in a row: one may be chance
NIGHT_H = 21, 10  # between which the middle of most sleeps lies

_Source = tuple[str, str]


@dataclass(frozen=True)
class _Nights:
    """Begin and end of the long sleeps of a source, and how its instants are known, 0 best."""

    source: _Source
    ends: Micros
    basis: float

    @property
    def name(self) -> str:
        return " ".join(self.source).strip()


def shifted_sleeps(
    episodes: pa.Table, clocks: Clocks | None, priority: Sequence[str]
) -> tuple[pa.Table, list[Finding]]:
    """Canonical episodes with the nights marked that a source with a better clock tells too, a
    whole number of hours apart; and what was found out about them."""
    nights = _nights(episodes)
    found: list[Finding] = []
    copies: dict[_Source, list[Micros]] = {}
    for one, other in itertools.combinations(nights, 2):
        if not len(_shifted(one.ends, other.ends)[0]):
            continue
        others = [each.ends for each in nights if each is not one and each is not other]
        ranks = [
            _rank(mine, mine.ends[_shifted(mine.ends, theirs.ends)[0]], others, clocks, priority)
            for mine, theirs in ((one, other), (other, one))
        ]
        better, worse = (one, other) if ranks[0] < ranks[1] else (other, one)
        for place, hours in _runs(*_shifted(worse.ends, better.ends)):
            ends = worse.ends[place]
            is_copy = len(ends) >= FEWEST
            if is_copy:
                copies.setdefault(worse.source, []).append(ends)
            found.append(_finding(worse.name, better.name, ends, hours, is_copy))
    return marked(episodes, _rows(episodes, copies), "shifted_copy"), found


def _rank(
    nights: _Nights,
    shifted: Micros,
    others: Sequence[Micros],
    clocks: Clocks | None,
    priority: Sequence[str],
) -> tuple[int, int, float, int, _Source]:
    """Sorts two sources, the one with the better clock first: by what a third one tells of the
    nights in question, by the hours at which people sleep, by how instants are known; only then by
    priority and name."""
    agreed = sum(len(_shifted(shifted, other, 0)[0]) for other in others)
    by_night = 0
    if clocks is not None and len(shifted):
        hour = clocks.zone.wall(shifted.sum(axis=1) // 2) % DAY // HOUR
        share = float(((hour >= NIGHT_H[0]) | (hour < NIGHT_H[1])).mean())
        by_night = round(5 * share)  # a night in ten may be anything
    connector = nights.source[0]
    place = priority.index(connector) if connector in priority else len(priority)
    return -agreed, -by_night, nights.basis, place, nights.source


def _rows(episodes: pa.Table, copies: Mapping[_Source, Sequence[Micros]]) -> Micros:
    """The rows of some nights of some sources, the time in bed around them too."""
    found = [np.zeros(0, np.int64)]
    if not copies:
        return found[0]
    start = np.asarray(pc.fill_null(episodes["start_at"].cast(pa.int64()), -1)).astype(np.int64)
    kinds = pc.is_in(episodes["kind"].cast(pa.string()), pa.array(["sleep", "sleep_stage"]))
    is_sleep = np.asarray(pc.and_(kinds, pc.is_valid(episodes["start_at"])))
    for source, mine in by_source(episodes):
        if source in copies:
            ends = np.concatenate(copies[source])
            ends = ends[np.argsort(ends[:, 0])]
            near = (np.searchsorted(ends[:, 0], start + MERGED_WITHIN, side="right") - 1).clip(0)
            inside = (start >= ends[near, 0] - MERGED_WITHIN) & (start <= ends[near, 1])
            found.append(np.flatnonzero(mine & is_sleep & inside))
    return np.concatenate(found)


def _nights(episodes: pa.Table) -> list[_Nights]:
    """The long sleeps of each source: sessions and stages close to each other."""
    kinds = pc.is_in(episodes["kind"].cast(pa.string()), pa.array(["sleep", "sleep_stage"]))
    labels = episodes["label"].cast(pa.string())
    out_of_sleep = pc.is_in(labels, pa.array(["in_bed", "out_of_bed", "awake"]))
    known = pc.and_(pc.is_valid(episodes["start_at"]), pc.is_valid(episodes["end_at"]))
    rows = episodes.filter(pc.and_(pc.and_(kinds, pc.invert(out_of_sleep)), known))
    ends = [np.asarray(rows[n].cast(pa.int64())).astype(np.int64) for n in ("start_at", "end_at")]
    basis = np.asarray(pc.index_in(rows["time_basis"].cast(pa.string()), pa.array(BASES)))
    return [
        _Nights(source, _merged(ends[0][mine], ends[1][mine]), float(np.median(basis[mine])))
        for source, mine in by_source(rows)
    ]


def _merged(start: Micros, end: Micros) -> Micros:
    """Begin and end of what is closer than an hour as one, of at least three hours."""
    order = np.argsort(start, kind="stable")
    start, end = start[order], np.maximum.accumulate(end[order])
    first = np.flatnonzero(np.append(True, start[1:] > end[:-1] + MERGED_WITHIN))
    last = np.append(first[1:], len(start)) - 1
    both = np.stack([start[first], end[last]], axis=1)
    long: Micros = both[both[:, 1] - both[:, 0] >= SHORTEST_NIGHT]
    return long


def _shifted(one: Micros, other: Micros, size: int | None = None) -> tuple[Micros, Micros]:
    """Which nights of `one` lie the same whole hours beside one of `other`, by their place, and how
    many hours each: any but none, or `size`."""
    if not (len(one) and len(other)):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    pick = _nearest(one, other)
    twin = other[pick]
    begin, end = one[:, 0] - twin[:, 0], one[:, 1] - twin[:, 1]
    hours = np.round(begin / HOUR).astype(np.int64)
    is_shifted = (hours != 0) if size is None else (hours == size)
    # what has a nearer twin of its own is another sleep
    is_shifted &= _nearest(other, one)[pick] == np.arange(len(one))
    is_shifted &= np.abs(begin - hours * HOUR) <= SAME_NIGHT
    is_shifted &= np.abs(end - hours * HOUR) <= SAME_NIGHT
    return np.flatnonzero(is_shifted), hours[is_shifted]


def _nearest(one: Micros, other: Micros) -> Micros:
    """For each night of `one` the place of the night of `other` whose begin is the nearest."""
    at = np.searchsorted(other[:, 0], one[:, 0])
    near = np.stack([(at - 1).clip(0), at.clip(0, len(other) - 1)])
    pick = np.argmin(np.abs(other[near, 0] - one[:, 0]), axis=0)
    nearest: Micros = near[pick, np.arange(len(one))]
    return nearest


def _runs(place: Micros, hours: Micros) -> Iterator[tuple[Micros, int]]:
    """Nights one after the other that lie the same hours beside; none, if none does."""
    if not len(place):
        return
    another = (np.diff(hours) != 0) | (np.diff(place) != 1)
    for run in np.split(np.arange(len(place)), np.flatnonzero(another) + 1):
        yield place[run], int(hours[run[0]])


def _finding(worse: str, better: str, ends: Micros, hours: int, is_copy: bool) -> Finding:
    what = "its clock is taken to be wrong" if is_copy else "one of the clocks is wrong"
    text = (
        f"{len(ends)} night{'s' if len(ends) > 1 else ''} of {better}, {abs(hours)} h "
        f"{'later' if hours > 0 else 'earlier'}: {what}"
    )
    return Finding(worse, int(ends[0, 0]), int(ends[-1, 1]), "shifted_sleep", 60 * hours, text)
