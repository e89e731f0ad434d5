"""Names that people type for a zone: places are taken, of all others it is asked which place."""

from __future__ import annotations

import zoneinfo

import pytest

from transforms.clocks.every_zone import WELL_KNOWN, everywhere
from transforms.clocks.zone_names import is_place, problem_with

MEANT = {
    "EST": "America/New_York",
    "EST5EDT": "America/New_York",
    "CST": "America/Chicago",
    "MST": "America/Denver",
    "HST": "Pacific/Honolulu",
    "CET": "Europe/Berlin",
    "MET": "Europe/Berlin",
    "EET": "Europe/Athens",
    "WET": "Europe/Lisbon",
    "GMT": "Europe/London",
    "PST": "America/Los_Angeles",
    "AEST": "Australia/Sydney",
    "GMT+4": "Asia/Dubai",
    "UTC-3:30": "America/St_Johns",
    "+0530": "Asia/Kolkata",
    "Etc/GMT+5": "America/New_York",
    "Etc/GMT-9": "Asia/Tokyo",
    "Berlin": "Europe/Berlin",
    "europe/berlin": "Europe/Berlin",
    "America/Newyork": "America/New_York",
    "New York": "America/New_York",
    "Europe/Londn": "Europe/London",
    "Asia/Tokio": "Asia/Tokyo",
}


@pytest.mark.parametrize(("typed", "meant"), MEANT.items())
def test_what_is_no_place_is_asked_about(typed: str, meant: str) -> None:
    assert not is_place(typed)
    problem = problem_with(typed)
    assert problem is not None
    assert problem.startswith(typed)
    assert meant in problem


@pytest.mark.parametrize("typed", ["", "Mars/Base", "../../etc/passwd", "Factory", "xyz"])
def test_what_nobody_can_guess_is_refused_all_the_same(typed: str) -> None:
    assert "Europe/Berlin" in (problem_with(typed) or "")


@pytest.mark.parametrize("name", ["UTC", "Etc/UTC", "Japan", "US/Eastern", "America/Indiana/Knox"])
def test_a_place_is_taken_as_it_is(name: str) -> None:
    assert problem_with(name) is None


def test_every_place_of_the_world_is_one() -> None:
    assert [name for name in everywhere() if not is_place(name)] == []
    no_place = {n for n in zoneinfo.available_timezones() if not is_place(n)}
    assert no_place.isdisjoint(WELL_KNOWN)
    assert {"EST", "MST7MDT", "GMT0", "Etc/GMT+5", "Zulu", "Greenwich"} <= no_place
