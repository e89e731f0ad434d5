"""Instant, wall clock and how both are known: every kind of time that an export may tell."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.deriving.pipeline import ingest
from flows.deriving.samples import VOCABULARY
from tests.lake import BERLIN, PERSON, Row, clarity, put, reported, stream_of, table
from tests.strategies import at, clock_of, micros
from transforms import align
from transforms.clocks.anchor import anchored
from transforms.clocks.counter import runs
from transforms.clocks.known import Clocks
from transforms.clocks.timeline import Timeline
from transforms.clocks.times import times
from transforms.clocks.wall_clock import BASES
from warehouse.store.lake import Lake

CLOCK = clock_of(BERLIN)
FOLD = micros(dt.datetime(2025, 10, 26, 0))  # instant at which 02:00 is shown first
HOUR = dt.timedelta(hours=1)


def told(shape: str, facts: list[Row], clock: Timeline | None = CLOCK) -> list[Row]:
    """The canonical times of facts, in their order; instants naive, as UTC."""
    rows = reported(shape, facts)
    columns = times(rows, clock and clocks_of(rows, clock)).columns()
    names = list(columns)
    values = zip(*(columns[name].to_pylist() for name in names), strict=True)
    found = [dict(zip(names, row, strict=True)) for row in values]
    for row in found:
        for name in ("start_at", "end_at"):
            row[name] = row[name].replace(tzinfo=None) if row[name] else None
    return found


def clocks_of(rows: pa.Table, zone: Timeline) -> Clocks:
    """The clocks of a person who was where `zone` says, counters in the rows included."""
    if "clock_s" not in rows.column_names:
        return Clocks.of(zone)
    counted = rows.filter(pc.is_valid(rows["clock_s"]))
    return replace(Clocks.of(zone), runs=tuple(anchored(runs(counted), zone, [], (2024, 2026))))


def one(shape: str = "sample", clock: Timeline | None = CLOCK, **fact: object) -> Row:
    (row,) = told(shape, [fact], clock)
    return row


def time(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def utc(text: str) -> dt.datetime:
    return time(text).replace(tzinfo=dt.UTC)


def test_an_offset_stated_at_the_recording_needs_no_zone() -> None:
    for clock in (CLOCK, None):
        row = one(clock=clock, start_wall=time("2025-10-26T02:30"), start_offset_min=60)
        assert row["start_at"] == time("2025-10-26T01:30")
        assert row["start_local"] == time("2025-10-26T02:30")
        assert row["time_basis"] == "offset"


def test_an_instant_with_its_wall_clock_is_an_offset_stated() -> None:
    row = one(start_utc=utc("2025-07-01T10:00"), start_wall=time("2025-07-01T06:00"))
    assert (row["start_at"], row["start_local"]) == (
        time("2025-07-01T10:00"),
        time("2025-07-01T06:00"),
    )
    assert row["time_basis"] == "offset"


def test_an_instant_with_an_offset_shows_the_clock_of_then_and_there() -> None:
    row = one(start_utc=utc("2025-07-01T10:00"), start_offset_min=-240, clock=None)
    assert row["start_local"] == time("2025-07-01T06:00")
    assert row["time_basis"] == "offset"


def test_a_bare_instant_takes_its_wall_clock_from_the_zone() -> None:
    row = one(start_utc=utc("2025-10-26T00:30"))
    assert row["start_local"] == time("2025-10-26T02:30")
    assert row["time_basis"] == "utc"
    row = one(start_utc=utc("2025-10-26T00:30"), clock=None)
    assert (row["start_at"], row["start_local"]) == (time("2025-10-26T00:30"), None)
    assert row["time_basis"] == "utc"


def test_a_bare_wall_clock_is_tied_down_by_the_zone() -> None:
    row = one(start_wall=time("2025-07-01T10:00"))
    assert row["start_at"] == time("2025-07-01T08:00")
    assert row["time_basis"] == "zone"


def test_without_a_zone_a_wall_clock_stays_one() -> None:
    row = one(start_wall=time("2025-07-01T10:00"), end_wall=time("2025-07-01T11:00"), clock=None)
    assert (row["start_at"], row["end_at"]) == (None, None)
    assert (row["start_local"], row["end_local"]) == (
        time("2025-07-01T10:00"),
        time("2025-07-01T11:00"),
    )
    assert row["time_basis"] == "unresolved"


def test_a_wall_clock_that_did_not_exist_is_moved_on_and_marked() -> None:
    facts = reported("sample", [{"start_wall": time("2025-03-30T02:30")}])
    found = times(facts, Clocks.of(CLOCK))
    (row,) = told("sample", [{"start_wall": time("2025-03-30T02:30")}])
    assert row["start_at"] == time("2025-03-30T01:30")
    assert row["start_local"] == time("2025-03-30T03:30")
    assert row["time_basis"] == "zone_inferred"
    assert found.is_nonexistent.tolist() == [True]


def test_the_repeated_hour_alone_is_not_guessed_at() -> None:
    row = one(start_wall=time("2025-10-26T02:30"))
    assert (row["start_at"], row["time_basis"]) == (None, "unresolved")
    assert row["start_local"] == time("2025-10-26T02:30")


ENDS: dict[str, tuple[Row, Row, str, str]] = {
    "its own zone": ({}, {"end_wall": "2025-10-26T04:00"}, "2025-10-26T03:00", "2025-10-26T04:00"),
    "its own offset": (
        {},
        {"end_wall": "2025-10-26T02:30", "end_offset_min": 60},
        "2025-10-26T01:30",
        "2025-10-26T02:30",
    ),
    "an instant": ({}, {"end_utc": "2025-10-26T03:00"}, "2025-10-26T03:00", "2025-10-26T04:00"),
    # in the offset that the start states, since the export states none for the end
    "the start's offset": (
        {"start_offset_min": 120},
        {"end_wall": "2025-10-26T05:00"},
        "2025-10-26T03:00",
        "2025-10-26T04:00",
    ),
    "the first pass": (
        {},
        {"end_wall": "2025-10-26T02:30"},
        "2025-10-26T00:30",
        "2025-10-26T02:30",
    ),
}


@pytest.mark.parametrize("case", ENDS)
def test_an_end_is_known_by(case: str) -> None:
    start, end, instant, wall = ENDS[case]
    moments = {
        k: utc(v) if k == "end_utc" else time(v) for k, v in end.items() if k != "end_offset_min"
    }
    fact = {"start_wall": time("2025-10-25T23:00"), **start, **end, **moments}
    (row,) = told("episode", [fact])
    assert (row["end_at"], row["end_local"]) == (time(instant), time(wall))


def test_an_end_in_the_repeated_hour_is_not_before_its_start() -> None:
    row = one("episode", start_utc=utc("2025-10-26T01:10"), end_wall=time("2025-10-26T02:30"))
    assert row["end_at"] == time("2025-10-26T01:30")


def test_an_end_has_the_wall_clock_of_the_start_where_no_zone_is_known() -> None:
    row = one(
        "episode",
        clock=None,
        start_utc=utc("2025-07-01T22:00"),
        start_offset_min=120,
        end_utc=utc("2025-07-02T06:00"),
    )
    assert row["end_local"] == time("2025-07-02T08:00")


def test_no_end_is_no_end() -> None:
    row = one("episode", start_wall=time("2025-07-01T22:00"))
    assert (row["end_at"], row["end_local"]) == (None, None)


# Fitbit writes all times of a sleep in the offset of its start, also past a change of the clocks.
@pytest.mark.parametrize(
    ("start", "hours", "wake"),
    [
        ("2025-03-29T23:00", 8, "2025-03-30T08:00"),
        ("2025-10-25T23:00", 8, "2025-10-26T06:00"),
    ],
    ids=["spring", "autumn"],
)
def test_a_night_over_a_change_keeps_its_true_length(start: str, hours: int, wake: str) -> None:
    first = time(start)
    facts: list[Row] = [{"kind": "sleep", "start_wall": first, "end_wall": first + hours * HOUR}]
    for n in range(2 * hours):
        begin = first + n * HOUR / 2
        facts.append({"kind": "sleep_stage", "start_wall": begin, "end_wall": begin + HOUR / 2})
    night, *stages = told("episode", [{**fact, "anchor_wall": first} for fact in facts])
    assert night["end_at"] - night["start_at"] == hours * HOUR
    assert night["end_local"] == time(wake)
    assert all(stage["end_at"] - stage["start_at"] == HOUR / 2 for stage in stages)
    assert [s["end_at"] for s in stages[:-1]] == [s["start_at"] for s in stages[1:]]
    assert {row["time_basis"] for row in (night, *stages)} == {"zone"}


def test_a_session_anchored_in_the_repeated_hour_is_of_its_second_pass() -> None:
    start = time("2025-10-26T02:20")
    row = one("episode", start_wall=start, end_wall=start + HOUR, anchor_wall=start)
    ends = time("2025-10-26T01:20"), time("2025-10-26T02:20")
    assert (row["start_at"], row["end_at"], row["time_basis"]) == (*ends, "zone_inferred")


# A transmitter's counter: seconds since it was started.
DAY_BEFORE = FOLD - 20 * 3_600_000_000


def counted(offsets_min: list[float], owner: str | None, born: int, skew_s: float = 0) -> list[Row]:
    """Readings at minutes from the first showing of 02:00, as a Clarity export tells them."""
    facts = []
    for minute in offsets_min:
        instant = FOLD + round(minute * 60_000_000)
        wall = int(CLOCK.wall(np.array([instant]))[0])
        facts.append(
            {
                "metric": "interstitial_glucose",
                "start_wall": at(wall),
                "clock_id": owner,
                "clock_s": (instant - born) // 1_000_000 + round(skew_s * minute / 120),
                "truth": at(instant),
            }
        )
    return facts


def without_truth(facts: list[Row]) -> list[Row]:
    return [{k: v for k, v in fact.items() if k != "truth"} for fact in facts]


# Whose counters, and how many days before the change they were started.
TRANSMITTERS: list[list[tuple[str | None, float]]] = [
    [("8AB", 3)],
    [(None, 3)],
    [("8AB", 88), ("9CD", 1)],
    [("A", 5), ("B", 5.5)],
]


@st.composite
def two_transmitters(draw: st.DrawFn) -> list[Row]:
    """Readings every five minutes around the repeated hour of one or two transmitters, shuffled."""
    facts: list[Row] = []
    for owner, days in draw(st.sampled_from(TRANSMITTERS)):
        phase = draw(st.floats(0, 4.9))
        minutes = [phase + 5 * n for n in range(-12, 36)]
        lost = draw(st.sets(st.sampled_from(minutes), max_size=24))
        kept = [m for m in minutes if m not in lost] + [-70 + phase]
        skew = draw(st.integers(-60, 60))
        facts += counted(kept, owner, DAY_BEFORE - int(days * 86_400_000_000), skew)
    return draw(st.permutations(facts))


@pytest.mark.whole
@settings(max_examples=60)
@given(two_transmitters())
def test_a_counter_settles_the_repeated_hour_in_any_order(facts: list[Row]) -> None:
    found = told("sample", without_truth(facts))
    assert [row["start_at"] for row in found] == [fact["truth"] for fact in facts]
    assert {row["time_basis"] for row in found} == {"device_clock"}


def test_a_counter_that_began_anew_is_no_company() -> None:
    """Its distance to the readings around is not one that a clock can be moved by."""
    around = counted([-30, -25, 150], "8AB", DAY_BEFORE)
    odd = counted([5], "8AB", DAY_BEFORE + 30 * 3_600_000_000)
    assert told("sample", without_truth(odd))[-1]["time_basis"] == "unresolved"
    assert told("sample", without_truth(around + odd))[-1]["start_at"] == odd[0]["truth"]


def test_a_counter_without_company_says_nothing() -> None:
    assert told("sample", without_truth(counted([5], "8AB", DAY_BEFORE)))[0]["start_at"] is None


def test_a_phone_that_was_moved_back_once_was_at_home() -> None:
    """Two readings of one clock time, an hour of the counter apart."""
    facts = counted([5, 65], "8AB", DAY_BEFORE)
    found = told("sample", without_truth(facts))
    assert [row["start_at"] for row in found] == [fact["truth"] for fact in facts]


def test_company_of_the_day_before_is_company() -> None:
    facts = counted([-60 * 30, 5, 65], "8AB", DAY_BEFORE - 10**12)
    found = told("sample", without_truth(facts))
    assert [row["start_at"] for row in found] == [fact["truth"] for fact in facts]


def test_a_device_keeps_its_offset_from_one_transmitter_to_the_next() -> None:
    facts = counted([-5], "8AB", DAY_BEFORE) + counted([5, 65], "9CD", DAY_BEFORE - 10**9)
    found = told("sample", without_truth(facts))
    assert [row["start_at"] for row in found] == [fact["truth"] for fact in facts]


def series(*walls: str, **more: object) -> list[Row]:
    return [
        {"metric": "interstitial_glucose", "start_wall": time(f"2025-10-26T{w}"), **more}
        for w in walls
    ]


PASSES = ("01:45", "02:00", "02:15", "02:30", "02:45", "02:00", "02:15", "02:30", "02:45", "03:00")


def true_instants() -> list[dt.datetime]:
    first = time("2025-10-25T23:45")
    return [first + dt.timedelta(minutes=15 * n) for n in range(10)]


@pytest.mark.parametrize("newest_first", [False, True])
def test_one_step_back_in_the_order_of_records_tells_the_passes(newest_first: bool) -> None:
    facts = series(*PASSES)
    found = told("sample", facts[::-1] if newest_first else facts)
    expected = true_instants()
    assert [row["start_at"] for row in found] == (expected[::-1] if newest_first else expected)
    inside = found[1:-1]
    assert {row["time_basis"] for row in inside} == {"zone_inferred"}


def test_each_series_has_its_own_order() -> None:
    """Two sensors one after the other in a file: neither is the other's step back."""
    facts = series(*PASSES, device="A") + series(*PASSES, device="B")
    found = told("sample", facts)
    assert [row["start_at"] for row in found] == true_instants() * 2


def test_no_step_back_settles_nothing() -> None:
    facts = series("01:45", "02:00", "02:15", "02:30", "02:45", "03:00")
    bases = [row["time_basis"] for row in told("sample", facts)]
    assert bases == ["zone", *["unresolved"] * 4, "zone"]


def test_rows_sorted_by_wall_clock_settle_nothing() -> None:
    facts = series("01:45", "02:00", "02:00", "02:15", "02:15", "02:45", "02:45", "03:00")
    bases = [row["time_basis"] for row in told("sample", facts)]
    assert bases == ["zone", *["unresolved"] * 6, "zone"]


def test_several_steps_back_settle_nothing() -> None:
    facts = series("01:45", "02:00", "02:45", "02:15", "02:50", "02:05", "03:00")
    assert {row["time_basis"] for row in told("sample", facts)[1:-1]} == {"unresolved"}


def test_the_order_in_one_year_says_nothing_about_another() -> None:
    other = [
        {**f, "start_wall": f["start_wall"].replace(year=2024, day=27)} for f in series(*PASSES[:6])
    ]
    bases = [row["time_basis"] for row in told("sample", other + series("01:45", "02:00", "02:15"))]
    assert bases == ["zone", *["zone_inferred"] * 5, "zone", "unresolved", "unresolved"]


def test_bases_are_listed_from_best_to_worst() -> None:
    assert BASES == ("offset", "utc", "device_clock", "zone", "zone_inferred", "unresolved")


def aligned(facts: list[Row], clock: Timeline | None = CLOCK) -> list[Row]:
    whole = [{"value": 100.0, "unit": "mg/dL", **fact} for fact in facts]
    found: list[Row] = align.sample(
        reported("sample", whole), clock and Clocks.of(clock), VOCABULARY
    ).to_pylist()
    return found


def test_an_unresolved_reading_does_not_push_out_another() -> None:
    """02:05 unresolved is the same number as 02:05 UTC, which Berlin's clock shows as 03:05."""
    facts = series("01:50", "02:05", "02:20", "03:05", "03:20")
    assert [row["occurrence"] for row in aligned(facts)] == [1] * 5


def test_readings_that_stand_twice_are_counted() -> None:
    rows = aligned(series("05:00", "05:00", "05:00", "05:05"))
    assert [row["occurrence"] for row in rows] == [1, 2, 3, 1]


def test_two_sensors_at_once_keep_their_own_rhythm_and_jumps() -> None:
    every5 = series(*(f"05:{m:02}" for m in range(0, 60, 5)), connector="nightscout")
    every5[6]["value"] = 190.0
    every15 = series("05:02", "05:17", "05:32", "05:47", connector="libreview")
    alone = series("05:31", connector="apple_health")
    rows = aligned(every15 + every5 + alone)
    assert {(row["connector"], row["interval_min"]) for row in rows} == {
        ("nightscout", 5.0),
        ("libreview", 15.0),
        ("apple_health", None),
    }
    jumps = [row["start_local"].minute for row in rows if row["flag"] == "rapid_change"]
    assert jumps == [25, 30, 35]
    assert {row["connector"] for row in rows if row["flag"] == "rapid_change"} == {"nightscout"}


def test_nothing_resolved_is_a_stream_of_nothing() -> None:
    table_ = align.sample(reported("sample", series("05:00", "05:05")), None, VOCABULARY)
    assert stream_of(table_).num_rows == 0
    assert stream_of(table_.slice(0, 0)).num_rows == 0


@pytest.mark.whole
def test_ingest_without_a_zone_keeps_everything_and_says_what_to_do(tmp_path: Path) -> None:
    text = clarity(
        [("2025-07-01T10:00:00", 101, 1000, "8AB"), ("2025-07-01T10:05:00", 102, 1300, "8AB")]
    )
    lake = Lake(tmp_path / "lake")
    receipt = ingest(lake, put(tmp_path, {"a.csv": text}), PERSON)
    (problem,) = receipt.problems
    assert not receipt.is_clean
    assert problem.startswith("2 rows of p1 have a clock time and no known time zone")
    assert "--timezone" in problem
    assert [(r["start_at"], r["time_basis"]) for r in table(lake, "sample")] == [
        (None, "unresolved")
    ] * 2
    receipt = ingest(lake, put(tmp_path, {"a.csv": text}), PERSON, BERLIN)
    assert receipt.is_clean
    assert [r["time_basis"] for r in table(lake, "sample")] == ["device_clock"] * 2


@pytest.mark.whole
def test_a_bare_instant_waits_for_a_zone_too(tmp_path: Path) -> None:
    document = (
        '[{"type":"sgv","sgv":101,"date":1751364000000,"dateString":"2025-07-01T10:00:00.000Z"}]'
    )
    lake = Lake(tmp_path / "lake")
    receipt = ingest(lake, put(tmp_path, {"entries.json": document}), PERSON)
    (row,) = table(lake, "sample")
    assert (row["time_basis"], row["start_local"]) == ("utc", None)
    (problem,) = receipt.problems
    assert problem.startswith("1 rows of p1")


@pytest.mark.whole
def test_nothing_waits_that_states_its_offset(tmp_path: Path) -> None:
    night = (Path(__file__).parents[1] / "golden/oura/api_sleep_spring_forward_night").glob(
        "input.*"
    )
    receipt = ingest(Lake(tmp_path / "lake"), night, PERSON)
    assert receipt.problems == []
