"""Where a person was: what settings, stated offsets, named zones and phones come to together."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from tests.strategies import MINUTE, micros
from transforms.arrays import DAY, HOUR
from transforms.clocks.claims import Claim
from transforms.clocks.itinerary import Itinerary, Patience, itinerary
from transforms.clocks.places import Doubt, doubt, home
from transforms.clocks.timeline import Span, Stay, spans_of

YEARS = (2024, 2026)
BERLIN = "Europe/Berlin"


def moment(text: str) -> int:
    return micros(dt.datetime.fromisoformat(text))


def says(first: str, hours: float, told: int | str, source: str = "oura", **more: object) -> Claim:
    """A claim from `first` (UTC) on: an offset in minutes, or a zone's name."""
    begin = moment(first)
    end = begin + int(hours * HOUR)
    if isinstance(told, str):
        return Claim(begin, end, source, "zone_name", zone=told, **more)  # type: ignore[arg-type]
    return Claim(begin, end, source, "offset", told, **more)  # type: ignore[arg-type]


def clarity(first: str, last: str) -> Claim:
    """A phone in New York, by its counter."""
    return Claim(moment(first), moment(last), "clarity", "device_clock", -240)


def found(*claims: Claim, stays: list[Stay] | None = None) -> Itinerary:
    spans = spans_of(stays or [Stay(None, BERLIN)], *YEARS)
    return itinerary(spans, sorted(claims, key=lambda c: (c.first, c.source)), YEARS, Patience())


def zones(told: Itinerary) -> list[str]:
    return [span.zone for span in told.spans]


def reasons(told: Itinerary) -> list[tuple[str, str]]:
    return [(c.claim.source, c.reason) for c in told.contradictions]


HOME = [says("2025-05-01T22:00", 8, 120), says("2025-05-20T22:00", 8, 120)]
AWAY = [says(f"2025-05-{day}T04:00", 8, -240) for day in ("05", "06", "07")]


def test_offsets_that_agree_with_home_change_nothing() -> None:
    told = found(*HOME)
    assert zones(told) == [BERLIN]
    assert (told.doubts, told.contradictions) == ((), ())


def test_a_stay_lasts_from_its_first_observation_to_its_last() -> None:
    told = found(*HOME, *AWAY)
    assert zones(told) == [BERLIN, "America/New_York", BERLIN]
    assert told.spans[1] == Span(AWAY[0].first, AWAY[-1].last + 1, "America/New_York", "evidence")
    assert told.is_doubted(np.array([AWAY[0].first - HOUR, AWAY[-1].last + HOUR])).all()
    assert not told.is_doubted(np.array([AWAY[0].first + HOUR, AWAY[0].first - 3 * DAY])).any()


def test_a_night_alone_is_not_enough_for_a_short_stay() -> None:
    told = found(*HOME, AWAY[0])
    assert zones(told) == [BERLIN]
    assert reasons(told) == [("oura", "lone")]


def test_two_sources_are() -> None:
    told = found(*HOME, AWAY[0], says("2025-05-05T05:00", 1, -240, "withings"))
    assert zones(told) == [BERLIN, "America/New_York", BERLIN]


def test_a_zone_that_is_named_is_preferred_to_others_of_its_offset() -> None:
    named = says("2025-05-05T13:00", 1, "America/Toronto", "apple_health")
    assert zones(found(*HOME, *AWAY, named)) == [BERLIN, "America/Toronto", BERLIN]


def test_the_zone_of_a_stay_fits_all_its_evidence() -> None:
    """In November 2025 -5 hours is New York or Chicago's summer; with -4 before, New York."""
    before = says("2025-10-31T04:00", 8, -240)
    after = [says(f"2025-11-0{day}T05:00", 8, -300) for day in (3, 4)]
    assert zones(found(before, *after)) == [BERLIN, "America/New_York", BERLIN]
    # without daylight saving at all
    after = [says(f"2025-11-0{day}T05:00", 8, -240) for day in (3, 4)]
    assert "America/New_York" not in zones(found(before, *after))


def test_settings_win_and_say_what_they_overrule() -> None:
    stays = [Stay(None, BERLIN), Stay(dt.datetime(2025, 5, 4), "Europe/London")]
    told = found(*HOME[:1], *AWAY, stays=stays)
    assert zones(told) == [BERLIN, "Europe/London"]
    assert reasons(told) == [("oura", "overruled")] * 3
    assert {c.zone for c in told.contradictions} == {"Europe/London"}


def test_after_the_end_of_a_named_journey_evidence_counts_again() -> None:
    stays = [
        Stay(None, BERLIN),
        Stay(dt.datetime(2025, 4, 1), "Europe/London", dt.datetime(2025, 4, 9)),
    ]
    told = found(*HOME, *AWAY, stays=stays)
    assert zones(told) == [BERLIN, "Europe/London", BERLIN, "America/New_York", BERLIN]


def test_what_is_stated_beats_a_phones_clock_and_both_are_told() -> None:
    phone = clarity("2025-05-05T00:00", "2025-05-08T00:00")
    told = found(says("2025-05-05T22:00", 8, 120), says("2025-05-06T22:00", 8, 120), phone)
    asked = np.array([moment("2025-05-06T01:00"), moment("2025-05-06T12:00")])
    offsets = told.timeline.offset_at(asked)
    assert offsets.tolist() == [120 * MINUTE, -240 * MINUTE]
    assert reasons(told) == []  # each is followed where the other is silent
    inside = clarity("2025-05-05T23:00", "2025-05-06T04:00")
    told = found(says("2025-05-05T22:00", 8, 120), inside)
    assert zones(told) == [BERLIN]
    assert reasons(told) == [("clarity", "outvoted")]


def test_two_places_one_after_the_other_are_not_home_in_between() -> None:
    east = [says(f"2025-05-{day}T20:00", 8, 240) for day in ("08", "09")]
    told = found(*HOME, *AWAY, *east)
    assert zones(told) == [BERLIN, "America/New_York", "Asia/Dubai", BERLIN]
    assert told.spans[1].end == told.spans[2].start


def test_an_offset_of_nowhere_is_not_followed() -> None:
    told = found(*HOME, says("2025-05-05T04:00", 8, 137), says("2025-05-06T04:00", 8, 137))
    assert zones(told) == [BERLIN]
    assert reasons(told) == [("oura", "no_zone")] * 2


STRETCH = (moment("2025-01-01T00:00"), moment("2025-12-31T00:00"))


def test_home_is_the_zone_that_most_days_name() -> None:
    """However many records a day has."""
    claims = [
        *(says(f"2025-05-{day:02}T22:00", 8, "Europe/Copenhagen") for day in range(1, 21)),
        says("2025-06-01T22:00", 120, "America/New_York", pieces=2000),
    ]
    assert home(claims, [], STRETCH, YEARS) == "Europe/Copenhagen"
    assert home([], ["Europe/Copenhagen"], STRETCH, YEARS) == "Europe/Copenhagen"


def test_home_is_told_by_offsets_only_if_they_fit_one_rule() -> None:
    winter = says("2025-01-05T22:00", 8, 60)
    summer = says("2025-07-05T22:00", 8, 120)
    assert home([winter, summer], [], STRETCH, YEARS) == BERLIN
    assert home([winter], [], STRETCH, YEARS) is None
    # in a winter alone all zones of that offset agree
    january = (moment("2025-01-01T00:00"), moment("2025-02-01T00:00"))
    assert home([winter], [], january, YEARS) == BERLIN


def test_two_zones_named_alike_often_are_no_home() -> None:
    claims = [
        says("2025-05-01T22:00", 8, "Europe/Copenhagen"),
        says("2025-06-01T22:00", 8, "America/New_York"),
    ]
    assert home(claims, [], STRETCH, YEARS) is None
    same = [claims[0], says("2025-06-01T22:00", 8, BERLIN)]
    assert home(same, [], STRETCH, YEARS) == BERLIN


@pytest.mark.parametrize("patience", [Patience(stay_min=4 * HOUR), Patience(stay_min=0)])
def test_patience_is_a_setting(patience: Patience) -> None:
    spans = spans_of([Stay(None, BERLIN)], *YEARS)
    assert "America/New_York" in zones(itinerary(spans, AWAY[:1], YEARS, patience))
    apart = [AWAY[0], says("2025-05-09T04:00", 8, -240)]
    told = itinerary(spans, apart, YEARS, Patience(join=2 * DAY))
    assert zones(told) == [BERLIN]  # each is a lone one
    told = itinerary(spans, apart, YEARS, Patience(join=4 * DAY))
    assert zones(told) == [BERLIN, "America/New_York", BERLIN]


def doubted(*claims: Claim, stays: list[Stay] | None = None) -> Doubt | None:
    spans = spans_of(stays or [Stay(None, BERLIN)], *YEARS)
    stretch = (claims[0].first, claims[-1].last)
    return doubt(claims, spans, [], stretch, YEARS)


def nights(offset: int | str, first: int, count: int) -> list[Claim]:
    return [says(f"2025-05-{day:02}T04:00", 8, offset) for day in range(first, first + count)]


def test_a_home_that_most_evidence_is_against_is_doubted() -> None:
    away = nights("America/New_York", 1, 12)
    assert doubted(*away, *nights(120, 13, 3)) == Doubt(12, 15, "America/New_York")


@pytest.mark.parametrize(
    "claims",
    [
        [*nights(-240, 1, 10), *nights(120, 11, 10)],  # half of it
        nights(-240, 1, 9),  # a journey
        nights("Europe/Paris", 1, 20),  # another name, and the same clock
    ],
)
def test_a_home_that_less_is_against_is_not(claims: list[Claim]) -> None:
    assert doubted(*claims) is None


def test_a_journey_of_the_settings_speaks_against_no_home() -> None:
    stays = [
        Stay(None, BERLIN),
        Stay(dt.datetime(2025, 4, 30), "America/New_York", dt.datetime(2025, 6, 1)),
    ]
    assert doubted(*nights(-240, 1, 25), stays=stays) is None


def test_where_a_doubted_home_is_may_be_open() -> None:
    assert doubted(*nights(-240, 1, 6), *nights(540, 7, 6)) == Doubt(12, 12, None)
