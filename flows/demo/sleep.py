"""Made-up nights: a person's local clock, when they go to bed and get up, and the stages between.

Instants are whole seconds since 1970, UTC. A night is epochs of 30 seconds, in cycles of about 90
minutes: deep sleep early, REM late, wakes long and short.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from transforms.arrays import SECOND, Mask, Micros
from transforms.clocks.timeline import Stay, timeline

Seconds = npt.NDArray[np.int64]
Stages = npt.NDArray[np.int8]

MINUTE, HOUR, DAY = 60, 3_600, 86_400
EPOCH = 30  # seconds: what trackers score in
AWAKE, LIGHT, DEEP, REM, UP = range(5)
# Minutes of a night's cycles one to five; later ones are as the last.
DEEP_MIN = (38, 27, 12, 4, 0)
REM_MIN = (9, 20, 27, 30, 30)
CYCLE_MIN = 92
BRIEF_MAX = 6  # epochs: wakes up to three minutes are told apart from longer ones by Fitbit
BRIEF_PER_HOUR = 2.2
LATE_SHARE = 0.13  # of nights: to bed two hours later than usual, up as always


@dataclass(frozen=True)
class Habits:
    """When a person sleeps. Hours count from the midnight before getting up; work, then free."""

    bed_h: tuple[float, float]
    up_h: tuple[float, float]
    nap_share: float = 0.0


class Clock:
    """The wall clock of a person at home, day 0 being the first of the month in question."""

    def __init__(self, zone: str, first: dt.date) -> None:
        self.zone, self.first = zone, first
        self._line = timeline([Stay(None, zone)], first.year, first.year + 1)

    def wall(self, instant: Seconds | int) -> Seconds:
        """What the clock shows, as seconds since 1970 of the same clock."""
        micros: Micros = np.asarray(instant, np.int64) * SECOND
        return self._line.wall(micros) // SECOND

    def hour(self, instant: Seconds) -> npt.NDArray[np.float64]:
        """The hour of the day that the clock shows, with its fraction."""
        return self.wall(instant) % DAY / HOUR

    def iso(self, instant: Seconds | int) -> npt.NDArray[np.str_]:
        """What the clock shows, `2025-10-12T22:41:30`."""
        return iso(self.wall(instant))

    def at(self, day: int, hour: float) -> int:
        """The instant at which the clock shows an hour of a day; the first, if it does twice."""
        wall = (self.first - dt.date(1970, 1, 1)).days + day
        micros = np.array([wall * DAY + round(hour * HOUR)], np.int64) * SECOND
        return int(self._line.resolve(micros).first[0]) // SECOND

    def is_free(self, day: int) -> bool:
        """Whether the day is a Saturday or a Sunday."""
        return (self.first + dt.timedelta(days=day)).weekday() >= 5


def iso(seconds: Seconds | int) -> npt.NDArray[np.str_]:
    """Seconds since 1970 as date and time."""
    return np.datetime_as_string(np.asarray(seconds).astype("datetime64[s]"))


@dataclass(frozen=True)
class Sleep:
    """From going to bed to getting up.

    stages  of every epoch, short wakes not shown
    brief   which epochs are wakes of three minutes at most, laid over the stages
    """

    start: int
    stages: Stages
    brief: Mask
    is_main: bool = True

    @property
    def end(self) -> int:
        return self.start + EPOCH * len(self.stages)

    @property
    def painted(self) -> Stages:
        """The stages as they really were."""
        return np.where(self.brief, AWAKE, self.stages).astype(np.int8)

    @property
    def hours_asleep(self) -> float:
        return float((self.painted != AWAKE).sum()) * EPOCH / HOUR


def runs(codes: npt.ArrayLike) -> list[tuple[int, int, int]]:
    """Stretches of equal codes: (code, first, one after the last)."""
    codes = np.asarray(codes)
    edges = np.flatnonzero(np.diff(codes)) + 1
    return [(int(codes[a]), int(a), int(b)) for a, b in pairwise([0, *edges, len(codes)])]


def nights(habits: Habits, clock: Clock, days: int, rng: np.random.Generator) -> list[Sleep]:
    """The main sleep before every day but the first, and the naps of free days, in order."""
    sleeps = []
    for day in range(1, days):
        is_free = clock.is_free(day)
        bed = habits.bed_h[is_free] + rng.normal(0, 0.4)
        bed += rng.uniform(1.4, 2.3) if rng.random() < LATE_SHARE else 0
        up = habits.up_h[is_free] + rng.normal(0, 0.45 if is_free else 0.2)
        sleeps.append(_night(clock.at(day, bed), clock.at(day, up), rng))
        if is_free and rng.random() < habits.nap_share:
            sleeps.append(_nap(clock.at(day, rng.uniform(14, 15.5)), rng))
    return sleeps


def _night(bed: int, up: int, rng: np.random.Generator) -> Sleep:
    bed -= bed % EPOCH
    epochs = (up - bed) // EPOCH
    stages = [AWAKE] * int(rng.integers(8, 45))
    for cycle in range(epochs):
        if len(stages) >= epochs:
            break
        for stage, minutes in _cycle(min(cycle, len(DEEP_MIN) - 1), rng):
            stages += [stage] * round(minutes * MINUTE / EPOCH)
    told = np.array(stages[:epochs], np.int8)
    told[-int(rng.integers(4, 20)) :] = AWAKE
    return Sleep(bed, told, _brief(told, rng))


def _cycle(number: int, rng: np.random.Generator) -> Iterable[tuple[int, float]]:
    deep = DEEP_MIN[number] * rng.uniform(0.7, 1.3)
    rem = REM_MIN[number] * rng.uniform(0.7, 1.3)
    light = max(CYCLE_MIN + rng.normal(0, 8) - deep - rem, 20)
    wake = rng.uniform(3.5, 9) if rng.random() < 0.35 else 0
    return ((LIGHT, 0.4 * light), (DEEP, deep), (LIGHT, 0.6 * light), (REM, rem), (AWAKE, wake))


def _brief(stages: Stages, rng: np.random.Generator) -> Mask:
    """Short wakes inside of sleep, none touching another wake."""
    brief = np.zeros(len(stages), np.bool_)
    for _ in range(rng.poisson(BRIEF_PER_HOUR * len(stages) * EPOCH / HOUR)):
        start, length = int(rng.integers(1, len(stages))), int(rng.integers(1, BRIEF_MAX + 1))
        around = slice(start - 1, start + length + 1)
        if not brief[around].any() and (stages[around] != AWAKE).all():
            brief[start : start + length] = True
    return brief


def _nap(start: int, rng: np.random.Generator) -> Sleep:
    """Light sleep of less than an hour, in whole minutes, restless at its beginning."""
    minutes = int(rng.integers(25, 55))
    stages = np.full(minutes * 2, LIGHT, np.int8)
    brief = np.zeros(len(stages), np.bool_)
    brief[: 2 * int(rng.integers(1, 4))] = True
    return Sleep(start - start % MINUTE, stages, brief, is_main=False)
