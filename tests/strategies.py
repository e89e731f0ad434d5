"""What may happen to a clock, for Hypothesis: zones, moments close to their changes, journeys."""

from __future__ import annotations

import datetime as dt
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import strategies as st

from transforms.arrays import DAY, HOUR, Micros
from transforms.clocks.timeline import Stay, Timeline, timeline

# Whole and half hours, both hemispheres, half an hour of summer time (Lord Howe), none (Kolkata),
# a day that was left out (Apia 2011), winter time in Ramadan (Casablanca), changes at midnight
# (Sao Paulo, Beirut), a quarter of an hour (Chatham), a country that moved (Caracas).
ZONES = (
    "Europe/Berlin",
    "Europe/London",
    "America/New_York",
    "America/Sao_Paulo",
    "America/Caracas",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Asia/Kolkata",
    "Asia/Beirut",
    "Africa/Casablanca",
    "UTC",
)
FIRST_YEAR, LAST_YEAR = 2000, 2036
EPOCH = dt.datetime(1970, 1, 1)
MINUTE = 60_000_000


def micros(moment: dt.datetime) -> int:
    """Microseconds since 1970, of a wall clock or of an instant."""
    naive = moment.astimezone(dt.UTC).replace(tzinfo=None) if moment.tzinfo else moment
    return (naive - EPOCH) // dt.timedelta(microseconds=1)


def at(micros_: int) -> dt.datetime:
    """The other way round, naive."""
    return EPOCH + dt.timedelta(microseconds=int(micros_))


@cache
def clock_of(zone: str) -> Timeline:
    """A life in one zone."""
    return timeline([Stay(None, zone)], FIRST_YEAR, LAST_YEAR)


@cache
def changes_of(zone: str) -> tuple[int, ...]:
    """Instants at which a zone changes its offset, asked of zoneinfo hour by hour."""
    info = ZoneInfo(zone)
    first = int(dt.datetime(FIRST_YEAR, 1, 2, tzinfo=dt.UTC).timestamp())
    last = int(dt.datetime(LAST_YEAR, 12, 30, tzinfo=dt.UTC).timestamp())
    hours = range(first, last, 6 * 3600)
    offsets = [dt.datetime.fromtimestamp(s, info).utcoffset() for s in hours]
    return tuple(
        s * 1_000_000 for s, a, b in zip(hours, offsets, offsets[1:], strict=False) if a != b
    )


def instants(zone: str) -> st.SearchStrategy[int]:
    """Any instant, every other one within a day of a change."""
    low, high = micros(dt.datetime(FIRST_YEAR, 1, 3)), micros(dt.datetime(LAST_YEAR, 12, 28))
    anywhere = st.integers(low, high)
    if not changes_of(zone):
        return anywhere
    near = st.builds(
        lambda change, away: change + away,
        st.sampled_from(changes_of(zone)),
        st.integers(-DAY, DAY) | st.integers(-24, 30).map(lambda quarters: quarters * HOUR // 4),
    )
    return anywhere | near


zones = st.sampled_from(ZONES)


@st.composite
def zoned_instants(draw: st.DrawFn, size: int = 30) -> tuple[str, Micros]:
    """A zone and instants in it."""
    zone = draw(zones)
    found = draw(st.lists(instants(zone), min_size=1, max_size=size))
    return zone, np.array(found, np.int64)


@st.composite
def visits(draw: st.DrawFn) -> list[Stay]:
    """A home and up to three journeys in 2015 of two days to a fortnight, more than four weeks
    apart and not in the first three: home is where most of the days are."""
    stays = [Stay(None, draw(zones))]
    day = dt.datetime(2015, 2, 12)
    for _ in range(draw(st.integers(0, 3))):
        day += dt.timedelta(days=draw(st.integers(28, 70)), hours=draw(st.integers(0, 23)))
        until = day + dt.timedelta(days=draw(st.integers(2, 14)))
        stays.append(Stay(day, draw(zones), until))
        day = until
    return stays


@st.composite
def journeys(draw: st.DrawFn) -> list[Stay]:
    """A home and up to three moves in 2015, at least two weeks apart, from February on."""
    stays = [Stay(None, draw(zones))]
    day = dt.datetime(2015, 2, 1)
    for _ in range(draw(st.integers(0, 3))):
        day += dt.timedelta(days=draw(st.integers(14, 75)), minutes=draw(st.integers(0, 1439)))
        stays.append(Stay(day, draw(zones)))
    return stays
