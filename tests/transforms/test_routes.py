"""One sensor by two routes, one night by two sources, one counter by two devices."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from flows.deriving.pipeline import ingest
from flows.deriving.samples import VOCABULARY
from tests.lake import BERLIN, PERSON, Row, asked, clarity, opened, put, reported, rows
from tests.strategies import clock_of
from transforms import align
from transforms.clocks.findings import Finding
from transforms.clocks.known import Clocks
from transforms.copies.routes import marked, routes, shifted_copies
from transforms.sleep.same_night import shifted_sleeps
from warehouse.store.lake import Lake

pytestmark = pytest.mark.whole

START = dt.datetime(2025, 6, 2, 22, tzinfo=dt.UTC)
PRIORITY = ("dexcom_clarity", "nightscout", "apple_health")


def glucose(count: int, seed: int = 1) -> np.ndarray:
    """A wandering glucose, mg/dL."""
    rng = np.random.default_rng(seed)
    waves = 30 * np.sin(np.arange(count) / 23) + 20 * np.sin(np.arange(count) / 61)
    return np.round(120 + waves + rng.normal(0, 4, count))


def facts(values: np.ndarray, connector: str, late_min: float = 0, every: int = 5) -> list[Row]:
    """Readings with instants, some minutes later than START says."""
    return [
        {
            "metric": "interstitial_glucose",
            "start_utc": START + dt.timedelta(minutes=every * n + late_min),
            "value": float(value),
            "unit": "mg/dL",
            "connector": connector,
        }
        for n, value in enumerate(values)
    ]


def canonical(told: list[Row]) -> pa.Table:
    return align.sample(reported("sample", told), Clocks.of(clock_of(BERLIN)), VOCABULARY)


DAYS3 = glucose(3 * 288)


@pytest.mark.parametrize("late", [60, -60, 180, 7, -343])
def test_a_copy_at_a_constant_time_is_found_and_marked(late: int) -> None:
    table = canonical(facts(DAYS3, "dexcom_clarity") + facts(DAYS3, "nightscout", late))
    found, place = shifted_copies(routes(table), PRIORITY)
    assert {f.size_min for f in found} == {late}
    assert {f.stream for f in found} == {"nightscout"}
    flagged = marked(table, place, "shifted_copy").to_pylist()
    copies = [row for row in flagged if row["flag"] == "shifted_copy"]
    assert {row["connector"] for row in copies} == {"nightscout"}
    assert len(copies) == len(DAYS3)
    assert sum(row["connector"] == "dexcom_clarity" for row in flagged) == len(DAYS3)


def test_a_rounded_copy_is_a_copy() -> None:
    rounded = np.round(np.round(DAYS3 / 18.0156, 1) * 18.0156)
    table = canonical(facts(DAYS3, "dexcom_clarity") + facts(rounded, "apple_health", 60))
    found, _ = shifted_copies(routes(table), PRIORITY)
    assert [(f.stream, f.size_min) for f in found] == [("apple_health", 60)]


def test_a_flat_day_goes_with_the_days_around_it() -> None:
    flat = DAYS3.copy()
    flat[200:500] = 100
    table = canonical(facts(flat, "dexcom_clarity") + facts(flat, "nightscout", 60))
    found, place = shifted_copies(routes(table), PRIORITY)
    assert [f.size_min for f in found] == [60]
    assert len(place) == len(flat)


def test_a_copy_at_the_same_time_is_no_finding() -> None:
    table = canonical(facts(DAYS3, "dexcom_clarity") + facts(DAYS3, "nightscout", 1 / 60))
    assert shifted_copies(routes(table), PRIORITY)[0] == []


def test_two_sensors_are_no_copies() -> None:
    table = canonical(facts(DAYS3, "dexcom_clarity") + facts(glucose(864, 2), "nightscout", 60))
    assert shifted_copies(routes(table), PRIORITY)[0] == []
    near = DAYS3 + np.random.default_rng(3).normal(0, 8, len(DAYS3)).round()
    table = canonical(facts(DAYS3, "dexcom_clarity") + facts(near, "nightscout"))
    assert shifted_copies(routes(table), PRIORITY)[0] == []


def test_an_instant_that_is_stated_is_better_than_a_wall_clock() -> None:
    walls = [
        {
            **{k: v for k, v in fact.items() if k != "start_utc"},
            "start_wall": fact["start_utc"].replace(tzinfo=None) + dt.timedelta(hours=3),
        }
        for fact in facts(DAYS3, "dexcom_clarity")
    ]
    table = canonical(walls + facts(DAYS3, "nightscout"))
    found, _ = shifted_copies(routes(table), PRIORITY)
    assert {(f.stream, f.size_min) for f in found} == {("dexcom_clarity", 60)}


def entries(values: np.ndarray, late_min: int) -> str:
    """A Nightscout download of the same readings."""
    return json.dumps(
        [
            {
                "_id": f"{n:024x}",
                "type": "sgv",
                "sgv": int(value),
                "date": int((START + dt.timedelta(minutes=5 * n + late_min)).timestamp() * 1000),
                "dateString": (START + dt.timedelta(minutes=5 * n + late_min)).isoformat(),
                "device": "xDrip",
            }
            for n, value in enumerate(values)
        ]
    )


def test_a_shifted_copy_is_kept_and_not_used(tmp_path: Path) -> None:
    wall = START.replace(tzinfo=None) + dt.timedelta(hours=2)
    readings = [
        ((wall + dt.timedelta(minutes=5 * n)).isoformat(), int(v), 10_000 + 300 * n, "8AB1CD")
        for n, v in enumerate(DAYS3)
        if n < 500 or n > 560  # a hole that the late copy must not fill
    ]
    lake = Lake(tmp_path / "lake")
    files = {"clarity.csv": clarity(readings), "entries.json": entries(DAYS3, 60)}
    receipt = ingest(lake, put(tmp_path, files), PERSON, BERLIN)
    assert receipt.is_clean
    with opened(lake) as connection:
        used = rows(connection, "select connector, count(*) as n from glucose group by connector")
        kept = rows(connection, "select count(*) as n from sample group by connector order by 1")
        (finding,) = rows(connection, "select * from clock_finding")
    assert used == [{"connector": "dexcom_clarity", "n": len(readings)}]
    assert [row["n"] for row in kept] == [len(readings), len(DAYS3)]
    assert (finding["kind"], finding["size_min"]) == ("shifted_copy", 60)
    assert finding["stream"] == "nightscout xDrip"


@pytest.mark.parametrize("names", [("a", "z"), ("z", "a"), (None, "a"), ("a", None)])
@pytest.mark.parametrize("late_min", [60, -60])
def test_of_two_uploaders_the_one_that_runs_on_is_kept(
    names: tuple[str | None, str | None], late_min: int
) -> None:
    """Three days of the one; the middle one again by the other, an hour ahead or behind."""
    values = glucose(3 * 288)
    told = facts(values, "nightscout")
    again = facts(values, "nightscout", late_min)[288 : 2 * 288]
    both = [
        {**fact, "device": name}
        for name, mine in zip(names, (told, again), strict=True)
        for fact in mine
    ]
    table = align.sample(reported("sample", both), Clocks.of(clock_of(BERLIN)), VOCABULARY)
    _, copies = shifted_copies(routes(table), PRIORITY)
    assert {table["device"][int(row)].as_py() for row in copies} == {names[1]}
    assert len(copies) == 288


def test_a_third_route_tells_which_of_two_is_shifted() -> None:
    """Two routes of equal length: by priority the shifted one would be kept."""
    values = glucose(2 * 288)
    both = facts(values, "dexcom_clarity", 60) + facts(values, "nightscout")
    table = align.sample(
        reported("sample", [*both, *facts(values, "xdrip")]),
        Clocks.of(clock_of(BERLIN)),
        VOCABULARY,
    )
    _, copies = shifted_copies(routes(table), PRIORITY)
    assert {table["connector"][int(row)].as_py() for row in copies} == {"dexcom_clarity"}


def sleeps(connector: str, hours: list[float], length: float = 7.5) -> list[Row]:
    """A night each day, some hours later than 22:00 UTC."""
    begins = [START + dt.timedelta(days=n, hours=late) for n, late in enumerate(hours)]
    return [
        {
            "kind": "sleep",
            "label": "sleep",
            "session": begin.isoformat(),
            "start_utc": begin,
            "end_utc": begin + dt.timedelta(hours=length),
            "connector": connector,
        }
        for begin in begins
    ]


def nights(*told: list[Row]) -> list[tuple[str, int | None]]:
    return [(finding.stream, finding.size_min) for finding in judged(*told)[1]]


def judged(*told: list[Row]) -> tuple[list[Row], list[Finding]]:
    """Episodes after the judgement of shifted nights, and the findings."""
    clocks = Clocks.of(clock_of(BERLIN))
    table = align.episode(reported("episode", [f for each in told for f in each]), clocks)
    marked, found = shifted_sleeps(table, clocks, ("oura", "fitbit_takeout"))
    return marked.to_pylist(), found


def not_used(*told: list[Row]) -> Counter[str]:
    """How many nights of each source are marked as copies by a worse clock."""
    return Counter(
        row["connector"] for row in judged(*told)[0] if "shifted_copy" in (row["flag"] or "")
    )


def test_nights_a_whole_hour_apart_are_told_run_by_run() -> None:
    watch = [0, 0.1, 1.05, 1.1, 0.05, -2]
    assert nights(sleeps("oura", [0] * 6), sleeps("fitbit_takeout", watch)) == [
        ("fitbit_takeout", 60),
        ("fitbit_takeout", -120),
    ]


def test_of_a_shifted_night_the_better_clock_is_used() -> None:
    """By priority where nothing else tells; by the hours of sleep; by a third source."""
    assert not_used(sleeps("oura", [0] * 4), sleeps("fitbit_takeout", [1] * 4)) == {
        "fitbit_takeout": 4
    }
    # Oura by day, though it is asked first
    assert not_used(sleeps("oura", [9] * 4), sleeps("fitbit_takeout", [0] * 4)) == {"oura": 4}
    two = [sleeps(name, [0] * 4) for name in ("fitbit_takeout", "withings")]
    assert not_used(sleeps("oura", [1] * 4), *two) == {"oura": 4}


def test_one_shifted_night_may_be_chance() -> None:
    told = sleeps("oura", [0] * 3), sleeps("fitbit_takeout", [0, 1, 0])
    assert nights(*told) == [("fitbit_takeout", 60)]
    assert not not_used(*told)
    apart = sleeps("oura", [0] * 3), sleeps("fitbit_takeout", [1, 0, 1])
    assert nights(*apart) == [("fitbit_takeout", 60)] * 2
    assert not not_used(*apart)


def test_a_sleep_that_has_a_nearer_twin_is_no_copy() -> None:
    """The ring tells a night and hours later one as long, which the watch does not tell."""
    ring = sleeps("oura", [0] * 3) + sleeps("oura", [9] * 3)
    for connector in ("fitbit_takeout", "withings"):
        watch = sleeps(connector, [0] * 3)
        assert nights(ring, watch) == []
        assert not not_used(ring, watch)


def test_a_shifted_night_is_never_chosen(tmp_path: Path) -> None:
    """A ring tells the nights of a watch nine hours late: by day, on the same dates."""
    logs, oura = [], []
    for day in range(3, 8):
        start = dt.datetime(2025, 3, day, 23)
        end = start + dt.timedelta(hours=7)
        logs.append(fitbit_log(day, start, end))
        late = [(t + dt.timedelta(hours=9)).isoformat() + "+01:00" for t in (start, end)]
        oura.append(
            {"id": f"o{day}", "type": "long_sleep", "bedtime_start": late[0],
             "bedtime_end": late[1], "day": late[1][:10], "total_sleep_duration": 25200,
             "time_in_bed": 25200, "sleep_phase_5_min": "2" * 84}
        )  # fmt: skip
    lake = Lake(tmp_path / "lake")
    files = {"sleep-2025-03-01.json": json.dumps(logs), "oura.json": json.dumps({"data": oura})}
    ingest(lake, put(tmp_path / "in", files), PERSON, BERLIN)
    told = asked(lake, "select connector, total_sleep_24h_min from sleep_nightly")
    assert [tuple(row.values()) for row in told] == [("fitbit_takeout", 420)] * 5
    (finding,) = asked(lake, "select stream, kind, size_min from clock_finding")
    assert tuple(finding.values()) == ("oura", "shifted_sleep", 540)


def fitbit_log(number: int, start: dt.datetime, end: dt.datetime) -> Row:
    minutes = (end - start) // dt.timedelta(minutes=1)
    light = {"dateTime": start.isoformat() + ".000", "level": "light", "seconds": 60 * minutes}
    return {
        "logId": number, "dateOfSleep": f"{end:%Y-%m-%d}", "startTime": f"{start.isoformat()}.000",
        "endTime": f"{end.isoformat()}.000", "duration": 60_000 * minutes, "timeInBed": minutes,
        "minutesAsleep": minutes, "minutesAwake": 0, "minutesToFallAsleep": 0,
        "minutesAfterWakeup": 0, "efficiency": 100, "type": "stages", "infoCode": 0,
        "logType": "auto_detected", "mainSleep": True,
        "levels": {"summary": {}, "data": [light], "shortData": []},
    }  # fmt: skip


def test_nights_that_differ_at_one_end_alone_are_no_finding() -> None:
    longer = sleeps("fitbit_takeout", [1] * 3, length=6.5)
    assert nights(sleeps("oura", [0] * 3), longer) == []
    assert nights(sleeps("oura", [0] * 3), sleeps("fitbit_takeout", [0.5] * 3)) == []
