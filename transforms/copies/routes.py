"""One sensor by several routes: where they are a constant time apart.

The same values in the same order, minutes or hours late, are one sensor and a clock that is wrong
on one of the routes. The copy with the worse clock is marked; no time is changed. Which one that is
evidence tells: how instants are known, a third route, and whether readings go on regularly where
the copy begins and ends. Names decide only where nothing else does.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.arrays import DAY, HOUR, MINUTE, SECOND, Mask, Micros, Values
from transforms.clocks.findings import Finding
from transforms.clocks.wall_clock import BASES
from transforms.sources import by_source

FARTHEST = 15 * HOUR  # offsets differ by less, and routes deliver sooner
SAME_INSTANT = 90 * SECOND  # clocks to the minute, jitter of seconds
SAME_VALUE_MGDL = 1.5  # one decimal of mmol/L, and rounding to whole mg/dL
FEWEST = 24  # readings of a day that are compared
SAME_SHARE = 0.8  # of them that must agree, where the other route has a reading
THERE = 0.3  # share for which it must have one
CLEARLY = 0.15  # by which the best shift must be ahead of all that are not beside it
ASKED_PER_DAY = 60
RHYTHM = 0.5, 2.5  # of the distance of readings: nearer or farther, and the clock was moved


@dataclass(frozen=True)
class Route:
    """Readings of one route in order of time; `basis` is how its instants are known, 0 best."""

    connector: str
    device: str
    at: Micros
    value: Values
    basis: float
    place: Micros  # rows of the table they came from

    @property
    def name(self) -> str:
        return f"{self.connector} {self.device}".strip()


def copies_marked(
    samples: pa.Table, metric: str, priority: Sequence[str]
) -> tuple[pa.Table, list[Finding]]:
    """Canonical samples with the copies of a metric marked that another route tells at another
    time, and what was found out about them."""
    place = np.flatnonzero(np.asarray(pc.equal(samples["metric"], metric)))
    findings, rows = shifted_copies(routes(samples.take(pa.array(place))), priority)
    return marked(samples, place[rows], "shifted_copy"), findings


def routes(samples: pa.Table) -> list[Route]:
    """The routes in canonical samples of one metric: rows with an instant and a value."""
    has = np.asarray(pc.and_(pc.is_valid(samples["start_at"]), pc.is_valid(samples["value"])))
    place = np.flatnonzero(has)
    rows = samples.select(["connector", "device", "start_at", "value", "time_basis"]).take(
        pa.array(place)
    )
    at = np.asarray(rows["start_at"].cast(pa.int64())).astype(np.int64)
    value = np.asarray(rows["value"])
    rank = pc.index_in(rows["time_basis"].cast(pa.string()), pa.array(BASES))
    basis = np.asarray(rank).astype(np.float64)
    found = []
    for (connector, device), mine in by_source(rows):
        index = np.flatnonzero(mine)
        index = index[np.argsort(at[index], kind="stable")]
        found.append(
            Route(
                connector,
                device,
                at[index],
                value[index],
                float(np.median(basis[index])),
                place[index],
            )
        )
    return found


def shifted_copies(found: Sequence[Route], priority: Sequence[str]) -> tuple[list[Finding], Micros]:
    """Findings of copies that are off by a constant time, and the rows of the worse of each two."""
    findings: list[Finding] = []
    rows = [np.zeros(0, np.int64)]
    for one, other in itertools.combinations(found, 2):
        stretches = _stretches(one, other) or _reversed(_stretches(other, one))
        if not stretches:
            continue
        others = [route for route in found if route is not one and route is not other]
        shares = [_share(route, stretches, others) for route in (one, other)]
        runs_on = [_runs_on(one, other, stretches), _runs_on(other, one, _reversed(stretches))]
        ranks = [
            (_group(route), -share, -regular, *_named(route, priority))
            for route, share, regular in zip((one, other), shares, runs_on, strict=True)
        ]
        better, worse = (one, other) if ranks[0] < ranks[1] else (other, one)
        for first, last, shift in _stretches(worse, better):
            inside = (worse.at >= first) & (worse.at <= last)
            rows.append(worse.place[inside])
            text = (
                f"the readings of {better.name}, {abs(shift)} minutes "
                f"{'later' if shift > 0 else 'earlier'}: not used in glucose"
            )
            findings.append(Finding(worse.name, first, last, "shifted_copy", shift, text))
    return findings, np.unique(np.concatenate(rows))


_Stretch = tuple[int, int, int]  # from, to, by how many minutes a route is later than the other


def _group(route: Route) -> float:
    """How instants are known: one that is stated, or tied down by a counter, is as another."""
    return 0.0 if route.basis <= BASES.index("device_clock") else route.basis


def _named(route: Route, priority: Sequence[str]) -> tuple[int, str, str]:
    """Sorts routes by priority, then by name."""
    known = route.connector in priority
    place = priority.index(route.connector) if known else len(priority)
    return place, route.connector, route.device


def _reversed(stretches: Sequence[_Stretch]) -> list[_Stretch]:
    """The same stretches by the clock of the other route."""
    return [(a - late * MINUTE, b - late * MINUTE, -late) for a, b, late in stretches]


def _share(route: Route, stretches: Sequence[_Stretch], others: Sequence[Route]) -> float:
    """The share of stretches in which a third route tells the same at the same time."""
    agreed = 0
    for first, last, _ in stretches:
        inside = (route.at >= first - FARTHEST) & (route.at <= last + FARTHEST)
        at, value = route.at[inside], route.value[inside]
        agreed += any(len(o.at) and len(at) and _agrees(at, value, o, 0) for o in others)
    return agreed / len(stretches)


def _runs_on(route: Route, other: Route, stretches: Sequence[_Stretch]) -> int:
    """At how many begins and ends of stretches a route goes on as before, in its own rhythm.

    Counted where the other one goes on too, however; and where it does not, if both come by one
    connector: an export that begins later says nothing, an uploader that was on for a while does.
    """
    rhythm = float(np.median(np.diff(route.at))) if len(route.at) > 1 else 0.0
    regular = 0
    for first, last, late in stretches:
        for edge, outward in ((first, -1), (last, 1)):
            mine = _next(route, edge, outward)
            theirs = _next(other, edge - late * MINUTE, outward)
            if mine is None or (theirs is None and route.connector != other.connector):
                continue
            regular += RHYTHM[0] * rhythm <= mine <= RHYTHM[1] * rhythm
    return regular


def _next(route: Route, edge: int, outward: int) -> int | None:
    """How far the next reading beyond an edge is from the last one before it; None if beyond a
    day."""
    if outward > 0:
        place = int(np.searchsorted(route.at, edge, side="right"))
        ends = route.at[place - 1 : place + 1] if place else route.at[:0]
    else:
        place = int(np.searchsorted(route.at, edge, side="left"))
        ends = route.at[place - 1 : place + 1] if place else route.at[:0]
    if len(ends) < 2 or abs(int(ends[1]) - edge if outward > 0 else edge - int(ends[0])) > DAY:
        return None
    return int(ends[1] - ends[0])


def _stretches(one: Route, other: Route) -> list[tuple[int, int, int]]:
    """First and last reading, and by how many minutes `one` is later than `other`, day by day."""
    low, high = other.at[0] - FARTHEST, other.at[-1] + FARTHEST
    inside = np.flatnonzero((one.at >= low) & (one.at <= high))
    if len(inside) < FEWEST:
        return []
    days = np.split(inside, np.flatnonzero(np.diff(one.at[inside] // DAY)) + 1)
    shifts = [_shift(one.at[rows], one.value[rows], other) for rows in days]
    for order in (range(len(days)), range(len(days) - 1, -1, -1)):
        last = 0
        for day in order:
            told = shifts[day]
            if told is not None:
                last = told
            elif last and _agrees(one.at[days[day]], one.value[days[day]], other, last):
                shifts[day] = last  # too flat or too short a day to tell by itself
    found: list[tuple[int, int, int]] = []
    for rows, shift in zip(days, shifts, strict=True):
        first, last = int(one.at[rows[0]]), int(one.at[rows[-1]])
        if shift and found and found[-1][2] == shift and first - found[-1][1] <= 2 * DAY:
            found[-1] = (found[-1][0], last, shift)
        elif shift:
            found.append((first, last, shift))
    return found


def _shift(at: Micros, value: Values, other: Route) -> int | None:
    """By how many minutes readings of a day are later than the same ones of another route.

    None if they are not the same, or if several shifts fit.
    """
    if len(at) < FEWEST:
        return None
    step = max(len(at) // ASKED_PER_DAY, 1)
    at, value = at[::step], value[::step]
    if _agrees(at, value, other, 0):
        elsewhere = any(_agrees(at, value, other, late) for late in (-60, -30, 30, 60))
        return None if elsewhere else 0
    votes = _votes(at, value, other)
    best = int(np.argmax(votes))
    beside = np.abs(np.arange(len(votes)) - best) <= 12
    rival = int(votes[~beside].max(initial=0))
    shift = best - FARTHEST // MINUTE
    is_clear = votes[best] - rival >= CLEARLY * votes[best]
    if abs(shift) <= 1 or not is_clear or not _agrees(at, value, other, shift):
        return None
    return shift


def _votes(at: Micros, value: Values, other: Route) -> Micros:
    """For each minute from -FARTHEST to FARTHEST, how many readings the other has that earlier."""
    low = np.searchsorted(other.at, at - FARTHEST)
    size = np.searchsorted(other.at, at + FARTHEST) - low
    asked = np.repeat(np.arange(len(at)), size)
    answer = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size) + np.repeat(low, size)
    same = np.abs(value[asked] - other.value[answer]) <= SAME_VALUE_MGDL
    late = (at[asked] - other.at[answer])[same]
    minute = np.round(late / MINUTE).astype(np.int64) + FARTHEST // MINUTE
    votes = np.bincount(minute, minlength=2 * FARTHEST // MINUTE + 1)
    # jitter of seconds falls into the minutes beside
    near: Micros = 2 * votes + np.append(votes[1:], 0) + np.insert(votes[:-1], 0, 0)
    return near


def _agrees(at: Micros, value: Values, other: Route, late: int) -> bool:
    """Whether most readings are those that the other route has `late` minutes earlier."""
    at = at - late * MINUTE
    right = np.searchsorted(other.at, at).clip(0, len(other.at) - 1)
    left = (right - 1).clip(0)
    nearer = np.abs(other.at[left] - at) < np.abs(other.at[right] - at)
    near = np.where(nearer, left, right)
    there: Mask = np.abs(other.at[near] - at) <= SAME_INSTANT
    same = there & (np.abs(other.value[near] - value) <= SAME_VALUE_MGDL)
    return bool(there.sum() >= THERE * len(at) and same.sum() >= SAME_SHARE * there.sum())


def marked(samples: pa.Table, rows: Micros, flag: str) -> pa.Table:
    """The samples with a flag added to some rows; others that a row has stay before it."""
    if not len(rows):
        return samples
    place = samples.column_names.index("flag")
    flags = samples["flag"].combine_chunks().cast(pa.string())
    chosen = np.zeros(samples.num_rows, np.bool_)
    chosen[rows] = True
    more = pc.binary_join_element_wise(flags, flag, ",", null_handling="skip")
    return samples.set_column(place, "flag", pc.if_else(pa.array(chosen), more, flags))
