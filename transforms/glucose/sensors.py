"""Sensors of one device: which reading is whose, which one speaks, and how old it is."""

from __future__ import annotations

import itertools

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.arrays import DAY, HOUR, MINUTE, SECOND, Mask, Micros
from transforms.coded import codes

BESIDE = 30 * MINUTE  # two of one sensor that are at most so far apart surround another's
WARM_UP = 12 * HOUR  # after the sensor began; its readings are less exact
# One transmitter per sensor, its counter begins with it. A G6 transmitter outlives its sensors.
# Source: real Clarity files.
ONE_SENSOR = r"\b(G7|Stelo|ONE\+)"
SENSOR_ID = r"^[0-9]{12}$"


def sensor_codes(rows: pa.Table, instant: Micros, stream: Micros, of: Mask) -> Micros:
    """A number for the sensor of each row (n,): as `codes` of its name, -1 for none.

    A reading without one at the very instant of another of its stream is that reading, from an
    export that leaves the sensor out.
    """
    sensor = np.full(len(of), -1, np.int64)
    if rows["clock_id"].null_count == len(of):
        return sensor
    sensor[of] = codes(rows["clock_id"])[of]
    place = np.flatnonzero(of)
    if not len(place):
        return sensor
    order = place[np.lexsort((instant[place], stream[place]))]
    begin = np.flatnonzero(
        np.append(True, (np.diff(instant[order]) != 0) | (np.diff(stream[order]) != 0))
    )
    named = np.maximum.reduceat(sensor[order], begin)
    whole = np.repeat(named, np.diff(np.append(begin, len(order))))
    sensor[order] = np.where(sensor[order] < 0, whole, sensor[order])
    return sensor


def not_speaking(at: Micros, sensor: Micros) -> Mask:
    """Of one device's readings (n,) those of a sensor beside which another speaks.

    Where two are read at once, one of them speaks for as long as that lasts: the one with more
    readings, of as many the one that was there before. What follows one another stays.
    """
    silent = np.zeros(len(at), np.bool_)
    names = np.unique(sensor)
    if len(names) < 2:
        return silent
    place = {name: _of(at, sensor, name) for name in names}
    beside = np.zeros(len(at), np.bool_)
    for one, other in itertools.permutations(names, 2):
        mine, theirs = place[one], place[other]
        if at[mine[0]] <= at[theirs[-1]] and at[theirs[0]] <= at[mine[-1]]:
            beside[mine] |= _surrounded(at[mine], at[theirs])
    contested = np.flatnonzero(beside)
    if not len(contested):
        return silent
    contested = contested[np.argsort(at[contested], kind="stable")]
    begin = np.flatnonzero(np.append(True, np.diff(at[contested]) > BESIDE))
    for rows in np.split(contested, begin[1:]):
        first, last = at[rows[0]] - BESIDE, at[rows[-1]] + BESIDE
        speaks = min(
            (-int(np.sum((at[p] >= first) & (at[p] <= last))), int(at[p[0]]), int(name))
            for name, p in place.items()
        )[2]
        silent[rows[sensor[rows] != speaks]] = True
    for name in names:
        _without_islands(silent, at, place[name])
    return silent


def _of(at: Micros, sensor: Micros, name: int) -> Micros:
    mine = np.flatnonzero(sensor == name)
    return mine[np.argsort(at[mine], kind="stable")]


def _surrounded(at: Micros, others: Micros) -> Mask:
    """Instants with one of the others within BESIDE before and after them, or at the same time."""
    before = np.searchsorted(others, at, "right") - 1
    after = np.searchsorted(others, at, "left")
    has: Mask = (before >= 0) & (after < len(others))
    has &= at - others[before.clip(0)] <= BESIDE
    has &= others[after.clip(max=len(others) - 1)] - at <= BESIDE
    return has


def _without_islands(silent: Mask, at: Micros, mine: Micros) -> None:
    """A first or last reading of a sensor, alone beside those that do not speak, is silent too."""
    is_silent = silent[mine]
    if len(mine) < 2 or not is_silent.any():
        return
    near = np.diff(at[mine]) <= BESIDE
    after_one = np.append(False, is_silent[:-1] & near)
    before_one = np.append(is_silent[1:] & near, False)
    goes_on, came = np.append(near, False), np.append(False, near)
    silent[mine[~is_silent & ((after_one & ~goes_on) | (before_one & ~came))]] = True


def sensor_columns(rows: pa.Table, of: Mask) -> dict[str, pa.Array]:
    """`sensor` and `sensor_day`: its name, and whole days since it began; NULL where not told."""
    name = rows["clock_id"].combine_chunks().cast(pa.string())
    if not of.all():
        name = pc.if_else(pa.array(of), name, pa.scalar(None, pa.string()))
    age = _age(rows, of)
    day = pa.array((age // DAY).astype(np.int32), mask=age < 0)
    return {"sensor": name.dictionary_encode(), "sensor_day": day}


def is_warming_up(rows: pa.Table, of: Mask) -> Mask:
    """Rows of the first hours of a sensor (n,), where the export tells when it began."""
    age = _age(rows, of)
    young: Mask = (age >= 0) & (age < WARM_UP)
    return young


def _age(rows: pa.Table, of: Mask) -> Micros:
    """Microseconds since the sensor of each row began (n,), -1 where the export does not tell."""
    age = np.full(len(of), -1, np.int64)
    if rows["clock_s"].null_count == len(of):
        return age
    by_device = pc.match_substring_regex(rows["device"].cast(pa.string()), ONE_SENSOR)
    by_name = pc.match_substring_regex(rows["clock_id"].cast(pa.string()), SENSOR_ID)
    is_one = pc.or_(pc.fill_null(by_device, False), pc.fill_null(by_name, False))
    counted = np.asarray(pc.fill_null(rows["clock_s"], -1)).astype(np.int64)
    known = of & np.asarray(is_one) & (counted >= 0)
    age[known] = counted[known] * SECOND
    return age
