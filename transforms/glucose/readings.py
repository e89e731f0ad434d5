"""What is told of CGM readings by their neighbours: pace, and doubts about them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from transforms.arrays import MINUTE, Mask, Micros, Values
from transforms.flags import rapid
from transforms.glucose.limits import flat
from transforms.glucose.pace import LONGEST_MIN, paces
from transforms.glucose.sensors import not_speaking
from transforms.glucose.told_twice import told_again, told_twice


@dataclass(frozen=True)
class Told:
    """Of each row (n,): minutes that it stands for, NaN if unknown, and its flags."""

    minutes: Values
    rapid: Mask
    twice: Mask
    silent: Mask
    flat: Mask

    @classmethod
    def nothing(cls, length: int) -> Told:
        return cls(np.full(length, np.nan), *(np.zeros(length, np.bool_) for _ in range(4)))

    def interval_min(self) -> pa.Array:
        return pa.array(self.minutes, mask=np.isnan(self.minutes))

    def flags(self, known: Mask) -> dict[str, Mask]:
        """The masks by the names of flags; of rows whose value is not `known` not all of them."""
        return {
            "rapid_change": self.rapid & known,
            "told_twice": self.twice,
            "second_sensor": self.silent,
            "flat": self.flat & known,
        }


def told(placed: Micros, at: Micros, value: Values, stream: Micros, sensor: Micros) -> Told:
    """What neighbours tell of readings: `placed` are their rows, of all (n,), in order of time.

    `stream` numbers devices, `sensor` their sensors (-1 for none named).
    """
    found = Told.nothing(len(at))
    order = placed[np.argsort(stream[placed], kind="stable")]
    for device in _runs(stream[order]):
        rows = order[device]
        for lane in _lanes(sensor[rows]):
            _of_one(found, rows[lane], at, value)
        unknown = rows[np.isnan(found.minutes[rows])]
        found.minutes[unknown] = _usual(at[rows])
        found.silent[rows] = not_speaking(at[rows], sensor[rows])
    return found


def _of_one(found: Told, rows: Micros, every_at: Micros, every_value: Values) -> None:
    """Fill in what is told of the readings of one sensor, in order of time."""
    at, value = every_at[rows], every_value[rows]
    first = told_again(at)
    is_first = first == np.arange(len(at))
    pace = paces(at[is_first])
    found.minutes[rows] = pace[np.cumsum(is_first) - 1]
    found.twice[rows] = told_twice(at, value, first)
    kept = np.flatnonzero(~found.twice[rows])
    found.rapid[rows[kept]] = rapid(value[kept], at[kept], np.arange(len(kept)) > 0)
    found.flat[rows[is_first]] = flat(value[is_first], np.diff(at[is_first]) / MINUTE, pace)


def _usual(at: Micros) -> float:
    """The median distance of instants in order, at most 15 minutes; NaN of one instant."""
    step = np.diff(at)
    step = step[step > 0]
    return min(float(np.median(step)) / MINUTE, LONGEST_MIN) if len(step) else np.nan


def _runs(number: Micros) -> list[Micros]:
    """Places of each run of equal numbers."""
    edges = np.flatnonzero(np.diff(number)) + 1
    return np.split(np.arange(len(number)), edges) if len(number) else []


def _lanes(sensor: Micros) -> list[Micros]:
    """Places of each sensor, in their order."""
    if not len(sensor) or (sensor == sensor[0]).all():
        return [np.arange(len(sensor))]
    return [np.flatnonzero(sensor == name) for name in np.unique(sensor)]
