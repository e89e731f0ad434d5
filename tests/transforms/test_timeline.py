"""Local time to UTC and back: zoneinfo is asked moment by moment, the timeline by columns."""

from __future__ import annotations

import datetime as dt
import itertools
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.strategies import (
    MINUTE,
    ZONES,
    at,
    changes_of,
    clock_of,
    journeys,
    micros,
    zoned_instants,
)
from transforms.arrays import HOUR, SECOND, Micros
from transforms.clocks.timeline import Stay, Timeline, offset_of, timeline

BERLIN = clock_of("Europe/Berlin")


def walls(*moments: str) -> Micros:
    return np.array([micros(dt.datetime.fromisoformat(m)) for m in moments], np.int64)


def by_zoneinfo(wall: int, zone: str) -> tuple[int, int, int]:
    """How often a zone's clock showed `wall`, and its first and last instant (PEP 495)."""
    info = ZoneInfo(zone)
    both = [micros(at(wall).replace(tzinfo=info, fold=fold)) for fold in (0, 1)]
    shown = {
        instant
        for instant in both
        if at(instant).replace(tzinfo=dt.UTC).astimezone(info).replace(tzinfo=None) == at(wall)
    }
    return len(shown), min(shown, default=both[0]), max(shown, default=both[0])


@given(zoned_instants())
def test_instant_to_wall_agrees_with_zoneinfo(asked: tuple[str, Micros]) -> None:
    zone, instants = asked
    info = ZoneInfo(zone)
    expected = [
        micros(at(i).replace(tzinfo=dt.UTC).astimezone(info).replace(tzinfo=None)) for i in instants
    ]
    assert clock_of(zone).wall(instants).tolist() == expected


@given(zoned_instants())
@example(("Pacific/Apia", walls("2011-12-30T12:00", "2011-12-29T23:59", "2011-12-31T00:00")))
@example(("Australia/Lord_Howe", walls("2025-04-06T01:29", "2025-04-06T01:30", "2025-04-06T02:00")))
@example(("America/Sao_Paulo", walls("2018-02-17T23:30", "2018-11-04T00:30", "2018-02-18T00:00")))
def test_wall_to_instant_agrees_with_zoneinfo(asked: tuple[str, Micros]) -> None:
    """The numbers serve as wall clocks here: they lie close to a change there too."""
    zone, wall = asked
    found = clock_of(zone).resolve(wall)
    expected = [by_zoneinfo(int(w), zone) for w in wall]
    assert [*zip(*map(np.ndarray.tolist, (found.count, found.first, found.last)), strict=True)] == (
        expected
    )


@given(zoned_instants())
def test_local_to_utc_to_local_is_the_identity_where_the_clock_showed_it(
    asked: tuple[str, Micros],
) -> None:
    zone, wall = asked
    clock = clock_of(zone)
    found = clock.resolve(wall)
    for instant in (found.first, found.last):
        back = clock.wall(instant)
        assert np.array_equal(back[found.count > 0], wall[found.count > 0])
        assert (back[found.count == 0] != wall[found.count == 0]).all()


@given(journeys(), st.lists(st.integers(0, 364 * 24 * 60), min_size=1, max_size=60))
def test_instant_to_wall_to_instants_finds_it_again(stays: list[Stay], minutes: list[int]) -> None:
    clock = timeline(stays, 2014, 2016)
    instants = micros(dt.datetime(2015, 1, 1)) + np.array(minutes, np.int64) * MINUTE
    found = clock.resolve(clock.wall(instants))
    assert (found.count >= 1).all()
    assert (found.first <= instants).all() and (instants <= found.last).all()
    exactly = (instants == found.first) | (instants == found.last)
    assert exactly[found.count <= 2].all()
    assert np.array_equal(found.first[found.count == 1], found.last[found.count == 1])
    assert (found.first < found.last)[found.count > 1].all()


@settings(max_examples=25)
@given(journeys())
@example([Stay(None, "Pacific/Apia")])
@example([Stay(None, "Asia/Kolkata"), Stay(dt.datetime(2015, 10, 25, 5), "Europe/Berlin")])
def test_a_year_has_all_its_minutes_once(stays: list[Stay]) -> None:
    """Every instant shows one wall clock, so the showings of all wall clocks add up to them."""
    clock = timeline(stays, 2014, 2016)
    first, last = micros(dt.datetime(2015, 1, 1)), micros(dt.datetime(2015, 12, 31))
    year = np.arange(first, last, MINUTE)
    ends = clock.resolve(np.array([first, last]))
    assert ends.count.tolist() == [1, 1]
    elapsed = int(ends.first[1] - ends.first[0]) // MINUTE
    assert clock.resolve(year).count.sum() == elapsed


@pytest.mark.parametrize("year", [2007, 2011, 2015, 2025])
@pytest.mark.parametrize("zone", ZONES)
def test_every_local_day_is_as_long_as_it_was(zone: str, year: int) -> None:
    clock, info = clock_of(zone), ZoneInfo(zone)
    midnights = [dt.datetime(year, 1, 1) + dt.timedelta(days=d) for d in range(366)]
    for day, after in itertools.pairwise(midnights):
        minutes = np.arange(micros(day), micros(after), MINUTE)
        length = after.replace(tzinfo=info).astimezone(dt.UTC) - day.replace(tzinfo=info)
        # a midnight that does not exist, or that stands in a repeated hour, bounds no day
        if {by_zoneinfo(micros(m), zone)[0] for m in (day, after)} == {1}:
            assert clock.resolve(minutes).count.sum() == length // dt.timedelta(minutes=1)


@pytest.mark.parametrize("zone", ZONES)
def test_changes_are_found_to_the_second(zone: str) -> None:
    info = ZoneInfo(zone)
    clock = clock_of(zone)
    assert len(clock.start) == len(changes_of(zone)) + 1
    for start in clock.start[1:].tolist():
        before, after = (
            at(i).replace(tzinfo=dt.UTC).astimezone(info).utcoffset()
            for i in (start - 1_000_000, start)
        )
        assert before != after


def test_the_repeated_hour_is_shown_twice() -> None:
    found = BERLIN.resolve(walls("2025-10-26T01:59:59", "2025-10-26T02:00", "2025-10-26T03:00"))
    assert found.count.tolist() == [1, 2, 1]
    assert (
        found.first.tolist()
        == walls("2025-10-25T23:59:59", "2025-10-26T00:00", "2025-10-26T02:00").tolist()
    )
    assert found.last[1] - found.first[1] == HOUR


def test_the_hour_left_out_is_read_by_the_offset_before() -> None:
    found = BERLIN.resolve(walls("2025-03-30T01:59:59", "2025-03-30T02:00", "2025-03-30T02:30"))
    assert found.count.tolist() == [1, 0, 0]
    assert (
        found.first.tolist()
        == walls("2025-03-30T00:59:59", "2025-03-30T01:00", "2025-03-30T01:30").tolist()
    )
    assert np.array_equal(found.first, found.last)
    assert (
        BERLIN.wall(found.first).tolist()
        == walls("2025-03-30T01:59:59", "2025-03-30T03:00", "2025-03-30T03:30").tolist()
    )


def journey() -> Timeline:
    """Berlin, at noon of 3 November to New York, at noon there of the 9th back."""
    return timeline(
        [
            Stay(None, "Europe/Berlin"),
            Stay(dt.datetime(2025, 11, 3, 12), "America/New_York"),
            Stay(dt.datetime(2025, 11, 9, 12), "Europe/Berlin"),
        ],
        2025,
        2025,
    )


def test_a_journey_west_repeats_hours_and_one_east_leaves_some_out() -> None:
    clock = journey()
    found = clock.resolve(
        walls(
            "2025-11-03T05:59",
            "2025-11-03T06:00",
            "2025-11-03T11:59",
            "2025-11-03T12:00",
            "2025-11-09T12:00",
            "2025-11-09T17:59",
            "2025-11-09T18:00",
        )
    )
    assert found.count.tolist() == [1, 2, 2, 1, 0, 0, 1]
    assert (found.last - found.first)[1:3].tolist() == [6 * HOUR, 6 * HOUR]
    assert (
        found.first[4:].tolist()
        == walls("2025-11-09T17:00", "2025-11-09T22:59", "2025-11-09T17:00").tolist()
    )


def test_a_change_in_a_repeated_hour_is_its_first_pass() -> None:
    clock = timeline(
        [Stay(None, "Europe/Berlin"), Stay(dt.datetime(2025, 10, 26, 2, 30), "UTC")], 2025, 2025
    )
    assert clock.start[-1] == walls("2025-10-26T00:30")[0]


def test_long_before_and_after_the_nearest_offset_holds() -> None:
    found = BERLIN.resolve(walls("1950-01-01T12:00", "2090-07-01T12:00"))
    assert found.count.tolist() == [1, 1]


@pytest.mark.parametrize("second", ["2025-05-01T12:00", "2025-04-30T12:00"])
def test_stays_out_of_order_are_refused(second: str) -> None:
    stays = [
        Stay(None, "America/New_York"),
        Stay(dt.datetime(2025, 5, 1, 12), "Europe/Berlin"),
        Stay(dt.datetime.fromisoformat(second), "Asia/Kolkata"),
    ]
    with pytest.raises(ValueError, match="order"):
        timeline(stays, 2025, 2025)


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(ZoneInfoNotFoundError):
        timeline([Stay(None, "Europe/Atlantis")], 2025, 2025)


def test_nothing_asked_nothing_answered() -> None:
    found = BERLIN.resolve(np.zeros(0, np.int64))
    assert len(found.count) == len(found.first) == len(found.last) == 0


@pytest.mark.parametrize(
    ("instant", "offset"),
    [
        (-62_135_600_400_000_000, 33_539 * SECOND),  # the year 0; local mean time
        (-(1 << 61), 33_539 * SECOND),
        (1 << 61, 9 * HOUR),
    ],
)
def test_beyond_the_calendar_an_offset_is_that_of_its_end(instant: int, offset: int) -> None:
    assert offset_of("Asia/Tokyo", instant) == offset
