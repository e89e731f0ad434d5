"""Made-up travellers with a phone and a sensor: a year of Clarity rows, and exports cut from it.

The truth is known: where the person was at every instant. An export is rows of a stretch of the
year, as people download it: of two weeks to three months, one over the end of another, begun at
home or abroad.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from tests.lake import reported
from tests.strategies import MINUTE, micros
from transforms.clocks.itinerary import Patience
from transforms.clocks.known import Clocks, Readings
from transforms.clocks.timeline import DAY, HOUR, Micros, Stay, Timeline, spans_of, timeline

YEARS = (2023, 2026)
BEGIN, END = micros(dt.datetime(2024, 2, 1)), micros(dt.datetime(2025, 2, 1))
HOMES = (
    "America/New_York", "Europe/Berlin", "Europe/London", "Europe/Bucharest", "Australia/Sydney",
    "America/Sao_Paulo", "Asia/Kolkata", "America/Los_Angeles", "Asia/Jerusalem",
)  # fmt: skip
PLACES = (
    "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles", "Europe/London",
    "Europe/Berlin", "Europe/Paris", "Europe/Athens", "Asia/Dubai", "Asia/Kolkata", "Asia/Tokyo",
    "Asia/Bangkok", "Australia/Sydney", "America/Mexico_City", "America/Bogota", "Europe/Lisbon",
    "Atlantic/Canary", "Africa/Johannesburg", "Europe/Istanbul", "America/Halifax",
)  # fmt: skip


@dataclass(frozen=True)
class Traveller:
    """A home, journeys, and every reading of a year: instant, sensor, seconds of its counter."""

    home: str
    stays: list[Stay]
    instants: Micros
    sensor: Micros
    count: Micros

    @property
    def clock(self) -> Timeline:
        """What the phone showed."""
        return timeline(self.stays, *YEARS)

    def rows(self, chosen: Micros, file: str) -> pa.Table:
        """An export of some of the readings, as a connector reports it."""
        (one,) = reported("sample", [{"metric": "interstitial_glucose"}]).to_batches()
        columns = {name: pa.repeat(one[name][0], len(chosen)) for name in one.schema.names}
        columns["record"] = pa.array(np.arange(1, len(chosen) + 1))
        columns["start_wall"] = pa.array(self.clock.wall(self.instants[chosen])).cast(
            pa.timestamp("us")
        )
        columns["device"] = pa.repeat(pa.scalar("iOS G7"), len(chosen))
        columns["file"] = pa.repeat(pa.scalar(file), len(chosen))
        columns["clock_id"] = pa.array([f"S{n}" for n in self.sensor[chosen].tolist()])
        columns["clock_s"] = pa.array(self.count[chosen])
        return pa.table(columns, schema=one.schema)


def traveller(seed: int, every: int = 20, home: str | None = None) -> Traveller:
    """One of any number of travellers, a reading every so many minutes."""
    rng = np.random.default_rng(seed)
    home = home or str(rng.choice(HOMES))
    stays = [Stay(None, home), *_journeys(rng, home)]
    instants, sensors, counts = [], [], []
    begin, number = BEGIN, 0
    days = int(rng.choice([10, 90]))  # G7, G6
    while begin < END:
        end = min(begin + days * DAY, END)
        found = np.arange(begin, end, every * MINUTE)
        instants.append(found)
        sensors.append(np.full(len(found), number))
        counts.append((found - begin) // 1_000_000 + int(rng.integers(1, 50_000)))
        begin, number = end + int(rng.integers(5, 300)) * MINUTE, number + 1
    told = np.concatenate(instants)
    kept = rng.random(len(told)) < 0.97
    for _ in range(int(rng.integers(0, 12))):  # nobody wore it, the phone was off
        hole = int(rng.integers(BEGIN, END))
        kept &= (told < hole) | (told > hole + int(rng.exponential(20) * HOUR))
    return Traveller(
        home, stays, told[kept], np.concatenate(sensors)[kept], np.concatenate(counts)[kept]
    )


def _journeys(rng: np.random.Generator, home: str) -> Iterator[Stay]:
    """Journeys of days, seldom of weeks; some lead on to a second place."""
    at = dt.datetime(2024, 1, 20)
    others = [place for place in PLACES if place != home]
    while True:
        at += dt.timedelta(days=2 + rng.exponential(45))
        if at > dt.datetime(2025, 2, 1):
            return
        for _ in range(1 + (rng.random() < 0.2)):
            yield Stay(at.replace(microsecond=0), str(rng.choice(others)))
            at += dt.timedelta(days=0.3 + rng.exponential(40 if rng.random() < 0.07 else 7))
        yield Stay(at.replace(microsecond=0), home)


def exports(who: Traveller, count: int, seed: int) -> list[Micros]:
    """The readings of each of some exports: stretches of two weeks, a month or three, anywhere."""
    rng = np.random.default_rng(seed)
    found = []
    while len(found) < count:
        days = int(rng.choice([14, 30, 90]))
        begin = int(rng.integers(BEGIN - 3 * DAY, END - 5 * DAY))
        mine = np.flatnonzero((who.instants >= begin) & (who.instants < begin + days * DAY))
        if len(mine) > 20:
            found.append(mine)
    return found


def clocks_of(rows: pa.Table, home: str) -> Clocks:
    """All that can be known of the clocks of exports, if home is told."""
    spans = spans_of([Stay(None, home)], *YEARS)
    return Clocks.told(spans, [], Readings(rows, rows.slice(0, 0)), YEARS, Patience())
