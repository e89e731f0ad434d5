"""Where a person was: each export alone, defaults of writers, what the receipt asks."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from tests.lake import BERLIN, clarity, kept, libreview, put, reported, table
from tests.strategies import MINUTE, at, clock_of, micros
from tests.travellers import YEARS, clocks_of, exports, traveller
from transforms.arrays import DAY, HOUR
from transforms.clocks.claims import Claim
from transforms.clocks.counter import Run
from transforms.clocks.findings import of_contradictions
from transforms.clocks.itinerary import Patience, itinerary
from transforms.clocks.known import Clocks
from transforms.clocks.questions import of_runs
from transforms.clocks.timeline import Span, Stay, spans_of, timeline
from transforms.clocks.times import times
from transforms.clocks.wall_clock import BASES
from transforms.clocks.writers import defaults
from warehouse.store.lake import Lake

NEW_YORK = "America/New_York"


@pytest.mark.parametrize("seed", range(6))
def test_each_export_alone_agrees_with_all_together(seed: int) -> None:
    """What an export places otherwise it asks about; only where nobody moved in it nothing tells
    that it lies abroad."""
    who = traveller(seed, every=60)
    home = timeline([Stay(None, who.home)], *YEARS)
    for chosen in exports(who, 10, seed):
        rows = who.rows(chosen, "f" * 16)
        clocks = clocks_of(rows, who.home)
        is_wrong = times(rows, clocks).start.micros != who.instants[chosen]
        asked_of = [run.counter for run in clocks.runs if not run.is_sure]
        is_asked = np.asarray(pc.is_in(rows["clock_id"], pa.array(asked_of, pa.string())))
        shown = who.clock.offset_at(who.instants[chosen])
        moved = np.count_nonzero(np.diff(shown - home.offset_at(who.instants[chosen])))
        assert moved == 0 or not (is_wrong & ~is_asked).any()


def test_a_question_names_a_whole_story() -> None:
    """One sensor abroad and back is one question, not one for each place."""

    def run(first_day: int, offset: int, rival: int) -> Run:
        ends = first_day * DAY, (first_day + 1) * DAY
        return Run(
            "dexcom_clarity",
            "f",
            "iOS G7",
            "S1",
            0,
            *ends,
            *ends,
            1,
            2,
            offset,
            offset,
            rival,
            False,
        )

    (question,) = of_runs([run(0, 120, -240), run(1, -240, -600), run(2, -240, -600)])
    assert (question.taken, question.instead) == (
        "UTC+02:00, then UTC-04:00",
        "UTC-04:00, then UTC-10:00",
    )
    assert question.days == 3


def nightly(source: str, offsets: list[int], first: dt.datetime) -> list[Claim]:
    """An offset stated each night from a date on."""
    begins = [micros(first) + n * DAY for n in range(len(offsets))]
    return [
        Claim(b, b + 8 * HOUR, source, "offset", o) for b, o in zip(begins, offsets, strict=True)
    ]


JANUARY, JUNE = dt.datetime(2025, 1, 10, 22), dt.datetime(2025, 6, 10, 22)


@pytest.mark.parametrize(
    ("home", "claims", "expected"),
    [
        # 0 always, in New York: no journey to London
        (NEW_YORK, nightly("health_connect app", [0] * 9, JANUARY), {"health_connect app"}),
        # winter time all summer
        (BERLIN, nightly("garmin watch", [60] * 9, JUNE), {"garmin watch"}),
        # never moved while the clocks of home were
        (NEW_YORK, nightly("strava", [-360] * 150, JANUARY), {"strava"}),
        # a fortnight in Denver is a journey as far as anyone can tell
        (NEW_YORK, nightly("garmin watch", [-360] * 14, JUNE), set()),
        # it says so itself when it is at home
        (NEW_YORK, nightly("oura", [-300] * 5 + [0] * 5, JANUARY), set()),
        # a phone of another kind says the same: London it was
        (
            NEW_YORK,
            nightly("health_connect app", [0] * 4, JANUARY)
            + nightly("oura", [0] * 4 + [-300] * 4, JANUARY),
            set(),
        ),
    ],
)
def test_a_constant_offset_is_a_default(home: str, claims: list[Claim], expected: set[str]) -> None:
    assert defaults(claims, clock_of(home)) == expected


def test_sources_that_state_different_offsets_at_once_are_a_finding() -> None:
    claims = nightly("oura", [60] * 5, JANUARY) + nightly(
        "garmin watch", [60, 0, 0, 60, 60], JANUARY
    )
    spans = spans_of([Stay(None, BERLIN)], 2024, 2026)
    told = itinerary(spans, sorted(claims, key=lambda c: c.first), (2024, 2026), Patience())
    assert told.spans == (Span(spans[0].start, spans[0].end, BERLIN),)
    (finding,) = of_contradictions(told.contradictions)
    assert (finding.stream, finding.kind) == ("garmin watch", "outvoted")


@pytest.mark.parametrize("is_before", [True, False])
def test_an_event_beside_a_move_has_the_clock_of_its_neighbour(is_before: bool) -> None:
    """A gap of two hours, in which a phone's clock goes ahead by one: insulin near either end."""
    born = micros(dt.datetime(2025, 6, 1))
    before = [(born + n * 5 * MINUTE, -300) for n in range(300)]
    after = [(before[-1][0] + (120 + n * 5) * MINUTE, -240) for n in range(300)]
    near, offset = after[0] if is_before else before[-1]
    event = near + (-3 if is_before else 3) * MINUTE
    facts = [
        {
            "metric": "interstitial_glucose",
            "start_wall": at(instant + shown * MINUTE),
            "device": "iOS G7",
            "clock_id": "S1",
            "clock_s": (instant - born) // 1_000_000,
        }
        for instant, shown in [*before, *after]
    ]
    wall = at(event + offset * MINUTE)
    facts.append({"metric": "insulin_bolus", "start_wall": wall, "device": "iOS G7"})
    rows = reported("sample", facts)
    told = times(rows, clocks_of(rows.slice(0, len(facts) - 1), "America/Chicago"))
    assert int(told.start.micros[-1]) == event
    assert BASES[told.basis[-1]] == "zone_inferred"


def test_readings_after_their_export_was_made_are_not_used(tmp_path: Path) -> None:
    """LibreView says when a file was made; of one that does not the day of reading is the last."""
    days = [f"{day}-03-2025" for day in (13, 14, 15, 17)]
    libre = libreview([(f"{day} 10:00", 100) for day in days], made="15-03-2025 08:00 UTC")
    ahead = dt.datetime.now(dt.UTC).year + 2
    dexcom = clarity([(f"{year}-03-01T10:00:00", 90, 0, "") for year in (2025, ahead)])
    lake = Lake(tmp_path / "lake")
    kept(lake, put(tmp_path / "in", {"a.csv": libre, "b.csv": dexcom}))
    rows = table(lake, "sample")
    late = [(row["connector"], row["start_local"].day) for row in rows if row["flag"] == "future"]
    assert sorted(late) == [("dexcom_clarity", 1), ("libreview", 17)]
    assert all((row["start_at"] is None) == (row["flag"] == "future") for row in rows)
    told = {(row["stream"], row["kind"]) for row in table(lake, "clock_finding")}
    assert {kind for _, kind in told} == {"future"}


def sleep(zone: str, start: str, end: str, **more: object) -> tuple[str, str | None, str]:
    """Begin and end in UTC of one sleep by a wall clock, and how they are known."""
    walls = {
        "start_wall": dt.datetime.fromisoformat(start),
        "end_wall": dt.datetime.fromisoformat(end),
    }
    rows = reported("episode", [{"kind": "sleep", "label": "sleep", **walls, **more}])
    found = times(rows, Clocks.of(clock_of(zone)))
    ends = [f"{at(int(each.micros[0])):%d %H:%M}" for each in (found.start, found.end)]
    return ends[0], ends[1], BASES[found.basis[0]]


def test_a_sleep_that_begins_in_an_hour_that_comes_twice_is_placed() -> None:
    """By the second pass, after which the clock is not moved again before its end."""
    begin = dt.datetime(2025, 4, 6, 2, 30)
    fitbit = sleep("Australia/Sydney", "2025-04-06T02:30", "2025-04-06T09:00", anchor_wall=begin)
    assert fitbit == ("05 16:30", "05 23:00", "zone_inferred")
    assert sleep(NEW_YORK, "2025-11-02T01:10", "2025-11-02T08:00") == (
        *("02 06:10", "02 13:00"),
        "zone_inferred",
    )
    nap = sleep(BERLIN, "2025-10-26T02:05", "2025-10-26T02:50")
    assert nap == ("26 01:05", "26 01:50", "zone_inferred")


def test_a_sleep_that_ends_in_such_an_hour_is_inferred() -> None:
    told = sleep(BERLIN, "2025-10-25T22:00", "2025-10-26T02:30")
    assert told == ("25 20:00", "26 00:30", "zone_inferred")
    assert sleep(BERLIN, "2025-10-25T22:00", "2025-10-26T03:30")[2] == "zone"


def test_a_reading_in_such_an_hour_stays_unknown() -> None:
    rows = reported(
        "sample",
        [{"metric": "interstitial_glucose", "start_wall": dt.datetime(2025, 10, 26, 2, 30)}],
    )
    assert BASES[times(rows, Clocks.of(clock_of(BERLIN))).basis[0]] == "unresolved"
