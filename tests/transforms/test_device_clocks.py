"""Clocks of devices beside a counter: phones set wrong, receivers, exports that disagree, trips."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.lake import (
    BERLIN,
    PERSON,
    Person,
    Row,
    clarity,
    kept,
    lake_of,
    opened,
    put,
    rows,
    table,
)
from tests.strategies import micros
from transforms.clocks.findings import Finding
from transforms.clocks.participant import finding_rows
from warehouse.schema import CLOCK_FINDING, table_of
from warehouse.store.lake import Lake
from warehouse.store.rows import write_table

pytestmark = pytest.mark.whole

MARCH = dt.datetime(2025, 3, 28, 12, tzinfo=dt.UTC)  # two days before spring
Face = Callable[[dt.datetime], dt.datetime]


def moments(begin: dt.datetime, hours: float, every: int = 5) -> list[dt.datetime]:
    return [begin + dt.timedelta(minutes=n) for n in range(0, int(hours * 60), every)]


def berlin(moment: dt.datetime) -> dt.datetime:
    return moment.astimezone(ZoneInfo(BERLIN)).replace(tzinfo=None)


def readings(
    instants: Iterable[dt.datetime], face: Face, counter: str = "8AB1CD", born: dt.datetime = MARCH
) -> list[tuple[str, int, int, str]]:
    """What a device with that face writes: wall, mg/dL (tells which), seconds, transmitter."""
    return [
        (face(t).isoformat(), 80 + n % 200, int((t - born).total_seconds()) + 7000, counter)
        for n, t in enumerate(instants)
    ]


def ingested(folder: Path, files: dict[str, str], zone: str = BERLIN) -> Lake:
    lake = Lake(folder / "lake")
    kept(lake, put(folder, files), zone=zone)
    return lake


def starts(lake: Lake, metric: str = "interstitial_glucose") -> list[dt.datetime]:
    return [row["start_at"] for row in table(lake, "sample") if row["metric"] == metric]


def findings(lake: Lake) -> list[tuple[str, int | None]]:
    return [(row["kind"], row["size_min"]) for row in table(lake, "clock_finding")]


def zones(lake: Lake) -> list[str]:
    return [row["zone"] for row in table(lake, "zone_timeline")]


def as_local(told: Iterable[Row]) -> bool:
    return all(row["start_local"] == berlin(row["start_at"]) for row in told)


def test_a_phone_set_to_a_wrong_zone_moves_nobody(tmp_path: Path) -> None:
    wrong = (MARCH + dt.timedelta(hours=20), MARCH + dt.timedelta(hours=23))

    def face(moment: dt.datetime) -> dt.datetime:
        return berlin(moment) - dt.timedelta(hours=9 if wrong[0] <= moment < wrong[1] else 0)

    told = moments(MARCH, 60)
    carbs = face(wrong[0] + dt.timedelta(minutes=62))  # while the phone was wrong
    text = clarity(readings(told, face))
    text += f"9999,{carbs.isoformat()},Carbs,,,,iPhone G6,,,33,,,,\n"
    lake = ingested(tmp_path, {"a.csv": text})
    assert starts(lake) == told
    assert zones(lake) == [BERLIN]
    assert as_local(row for row in table(lake, "sample") if row["start_at"])
    assert ("clock_change", -540) in findings(lake)
    assert ("clock_change", 540) in findings(lake)
    assert ("lone_evidence", None) in findings(lake)
    # the carbs' clock was shown twice, by the phone: when, is not known
    assert starts(lake, "dietary_carbohydrate") == [None]


SPRING = dt.datetime(2025, 3, 30, 1, tzinfo=dt.UTC)
BY_HAND = SPRING + dt.timedelta(hours=33)


def behind(moment: dt.datetime) -> dt.datetime:
    """The face of a receiver, which is set to summer time a day late."""
    return berlin(moment) - dt.timedelta(hours=SPRING <= moment < BY_HAND)


def test_what_a_receiver_notes_follows_its_own_clock(tmp_path: Path) -> None:
    noted = SPRING + dt.timedelta(hours=8, minutes=2)
    text = clarity(readings(moments(MARCH, 96), behind), device="SM64259010")
    text += f"9999,{behind(noted).isoformat()},Carbs,,,,SM64259010,,,33,,,,\n"
    lake = ingested(tmp_path, {"a.csv": text})
    assert starts(lake, "dietary_carbohydrate") == [noted]
    (row,) = (r for r in table(lake, "sample") if r["metric"] == "dietary_carbohydrate")
    assert row["time_basis"] == "device_clock"
    assert row["start_local"] == berlin(noted)


def test_a_receiver_goes_on_until_a_hand_sets_it(tmp_path: Path) -> None:
    told = moments(MARCH, 96)
    lake = ingested(tmp_path, {"a.csv": clarity(readings(told, behind), device="SM64259010")})
    assert starts(lake) == told
    assert zones(lake) == [BERLIN]
    assert as_local(table(lake, "sample"))
    assert findings(lake) == [("clock_unmoved", -60), ("clock_change", 60)]
    (row,) = table(lake, "zone_timeline")
    assert row["device_clock_count"] == 0  # a receiver says nothing of the zone


def test_exports_that_tell_the_same_readings_an_hour_apart_are_one_set(tmp_path: Path) -> None:
    told = moments(MARCH, 30)
    again = told[100:]
    files = {
        "a.csv": clarity(readings(told, berlin)),
        "b.csv": clarity(
            [
                ((dt.datetime.fromisoformat(wall) - dt.timedelta(hours=1)).isoformat(), *rest)
                for wall, *rest in readings(told, berlin)[100:]
            ]
        ),
    }
    lake = ingested(tmp_path, files)
    assert starts(lake) == told
    assert [kind for kind, _ in findings(lake)].count("re_timed") == 1
    assert ("re_timed", 60) in findings(lake)
    assert zones(lake) == [BERLIN]
    assert len(again) > 200


def test_a_journey_over_several_sensors_is_one_journey(tmp_path: Path) -> None:
    """Each sensor counts anew; the way out falls into the first, the way back into the third."""
    out, back = MARCH + dt.timedelta(days=6), MARCH + dt.timedelta(days=25)

    def face(moment: dt.datetime) -> dt.datetime:
        zone = "America/New_York" if out <= moment < back else BERLIN
        return moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)

    told, lines = [], []
    for number in range(4):
        begin = MARCH + dt.timedelta(days=10 * number)
        worn = moments(begin, 239, 15)
        told += worn
        lines += readings(worn, face, f"42199189280{number}", begin)
    lake = ingested(tmp_path, {"a.csv": clarity(sorted(lines))})
    assert starts(lake) == told
    assert zones(lake) == [BERLIN, "America/New_York", BERLIN]


def test_a_spreadsheet_made_one_counter_of_several(tmp_path: Path) -> None:
    """Excel turns twelve digits into 4.21992E+11: two sensors, one name, the same counts."""
    later = MARCH + dt.timedelta(days=10)
    first, second = moments(MARCH, 100, 15), moments(later, 100, 15)
    lines = readings(first, berlin, "4.21992E+11") + readings(second, berlin, "4.21992E+11", later)
    lake = ingested(tmp_path, {"a.csv": clarity(lines)})
    assert starts(lake) == first + second
    assert findings(lake) == [("clock_change", 60)]


@pytest.mark.parametrize("in_order_of_time", [True, False])
def test_carbs_of_the_repeated_hour_go_with_the_records_around_them(
    in_order_of_time: bool, tmp_path: Path
) -> None:
    """If the file is in order of time; sorted by its clock, the records around say nothing."""
    autumn = dt.datetime(2025, 10, 25, 22, tzinfo=dt.UTC)
    noted = autumn + dt.timedelta(hours=3, minutes=22)  # 02:22, the second time
    lines = clarity(readings(moments(autumn, 6), berlin)).splitlines()
    carbs = f"999,{berlin(noted).isoformat()},Carbs,,,,iPhone G6,,,33,,,,"
    lines.insert(1 + (3 * 60 + 22) // 5 + 1, carbs)
    if not in_order_of_time:
        lines[1:] = sorted(lines[1:], key=lambda line: line.split(",")[1])
    lake = ingested(tmp_path, {"a.csv": "\n".join(lines) + "\n"})
    assert starts(lake, "dietary_carbohydrate") == [noted if in_order_of_time else None]
    assert starts(lake) == moments(autumn, 6)
    (row,) = (r for r in table(lake, "sample") if r["metric"] == "dietary_carbohydrate")
    assert row["time_basis"] == ("zone_inferred" if in_order_of_time else "unresolved")


def test_without_any_zone_counters_wait(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    text = clarity(readings(moments(MARCH, 60), berlin))
    kept(lake, put(tmp_path, {"a.csv": text}), zone=None)
    assert set(starts(lake)) == {None}
    assert table(lake, "zone_timeline") == []
    assert findings(lake) == []


@pytest.mark.parametrize(
    ("kind", "note", "is_complete"),
    [
        ("clock_change", None, True),
        ("shifted_sleep", "clocks: shifted sleep", True),
        ("unresolved", "clocks: unresolved", False),
    ],
)
def test_nights_name_what_is_doubted_about_their_clocks(
    kind: str, note: str | None, is_complete: bool, tmp_path: Path
) -> None:
    """A finding in the day after the first night touches it, and neither of the others."""
    person = Person(BERLIN)
    for day in (10, 11, 12):
        person.sleep(f"2025-03-{day}T22:00:00+00:00", [("light", 480)])
    person.cgm("2025-03-10T20:00:00+00:00", [100 + n % 20 for n in range(3 * 288)])
    lake = lake_of(tmp_path, {PERSON: person})
    at = dt.datetime(2025, 3, 11, 12, tzinfo=dt.UTC)
    finding = Finding("oura", micros(at), micros(at) + 1, kind, None, "an example")
    write_table(
        lake, "clock_finding", PERSON, table_of(finding_rows([finding]), CLOCK_FINDING.remove(0))
    )
    with opened(lake) as connection:
        told = rows(
            connection, "select quality_notes, is_complete from night_to_day order by sleep_date"
        )
    assert (told[0]["quality_notes"], told[0]["is_complete"]) == (note, is_complete)
    assert (told[1]["quality_notes"], told[1]["is_complete"]) == (None, True)
    assert "clocks" not in (told[2]["quality_notes"] or "")
