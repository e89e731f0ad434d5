"""Where the numbers of a night come from: rows of night_source add up to those of night_to_day."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import json
from pathlib import Path

import pytest

from flows.commands.explain import explain_night, ranges
from flows.usage import UsageError
from tests.flows.test_invariants import reference
from tests.lake import PERSON, Person, Row, asked, at, demo_lake, demo_people, lake_of
from warehouse.night_parts import HISTORY, METRICS, PARTS, WHOLE
from warehouse.store.lake import Lake
from warehouse.view_files import views

pytestmark = pytest.mark.whole

ASLEEP = ("light", "deep", "rem", "asleep_unspecified")
STAGE_TOTALS = ("light_sleep_time", "deep_sleep_time", "rem_sleep_time")
# columns of night_to_day from the rows that night_source lists
RECOMPUTED = f"""
    select
        participant_id,
        sleep_date,
        coalesce(
            sum(value) filter (part = 'vendor_totals' and what = 'total_sleep_time'),
            sum(value) filter (part = 'vendor_totals' and what in {STAGE_TOTALS}),
            sum(value) filter (part = 'sleep' and what in {ASLEEP})
        ) as total_sleep_min,
        coalesce(
            sum(value) filter (part = 'sleep' and what = 'light'),
            sum(value) filter (part = 'vendor_totals' and what = 'light_sleep_time')
        ) as light_min,
        coalesce(
            sum(value) filter (part = 'sleep' and what = 'deep'),
            sum(value) filter (part = 'vendor_totals' and what = 'deep_sleep_time')
        ) as deep_min,
        coalesce(
            sum(value) filter (part = 'sleep' and what = 'rem'),
            sum(value) filter (part = 'vendor_totals' and what = 'rem_sleep_time')
        ) as rem_min,
        coalesce(
            sum(value) filter (part = 'nap_totals' and what = 'total_sleep_time'),
            sum(value) filter (part = 'nap_totals' and what in {STAGE_TOTALS}),
            sum(value) filter (part = 'nap' and what in {ASLEEP})
        ) as nap_min,
        coalesce(
            sum(value) filter (part = 'secondary_totals' and what = 'total_sleep_time'),
            sum(value) filter (part = 'secondary_totals' and what in {STAGE_TOTALS}),
            sum(value) filter (part = 'secondary' and what in {ASLEEP})
        ) as secondary_sleep_min,
        count(*) filter (part = 'overnight_glucose') as overnight_reading_count,
        avg(value) filter (part = 'overnight_glucose') as overnight_mean_mgdl,
        stddev_samp(value) filter (part = 'overnight_glucose') as overnight_sd_mgdl,
        min(value) filter (part = 'overnight_glucose') as overnight_min_mgdl,
        avg(value) filter (part = 'onset') as onset_mgdl,
        avg(value) filter (part = 'fasting') as fasting_mgdl,
        count(*) filter (part = 'day_glucose') as day_reading_count,
        avg(value) filter (part = 'day_glucose') as day_mean_mgdl,
        median(value) filter (part = 'day_glucose') as day_median_mgdl,
        avg(value) filter (part = 'wake16h_glucose') as wake16h_mean_mgdl,
        stddev_samp(value) filter (part = 'wake16h_glucose') as wake16h_sd_mgdl,
        coalesce(
            avg(value) filter (part = 'body' and what = 'heart_rate'),
            avg(value) filter (part = 'vendor_totals' and what = 'sleep_heart_rate')
        ) as sleep_heart_rate_bpm,
        coalesce(
            min(value) filter (part = 'body' and what = 'heart_rate'),
            min(value) filter (part = 'vendor_totals' and what = 'sleep_heart_rate_lowest')
        ) as sleep_heart_rate_min_bpm,
        coalesce(
            avg(value) filter (part = 'body' and what = 'heart_rate_variability_rmssd'),
            avg(value) filter (part = 'vendor_totals'
                and what = 'sleep_heart_rate_variability_rmssd'),
            max(value) filter (part = 'vendor_daily'
                and what = 'sleep_heart_rate_variability_rmssd')
        ) as sleep_hrv_rmssd_ms,
        avg(value) filter (part = 'body' and what = 'heart_rate_variability_sdnn')
            as sleep_hrv_sdnn_ms,
        coalesce(
            avg(value) filter (part = 'body' and what = 'respiratory_rate'),
            avg(value) filter (part = 'vendor_totals' and what = 'sleep_respiratory_rate'),
            max(value) filter (part = 'vendor_daily' and what = 'sleep_respiratory_rate')
        ) as sleep_respiratory_rate_brpm,
        coalesce(
            avg(value) filter (part = 'body' and what = 'oxygen_saturation'),
            avg(value) filter (part = 'vendor_totals' and what = 'sleep_oxygen_saturation'),
            max(value) filter (part = 'vendor_daily' and what = 'sleep_oxygen_saturation')
        ) as sleep_spo2_pct,
        coalesce(
            avg(value) filter (part = 'body' and what = 'skin_temperature_deviation'),
            max(value) filter (part = 'vendor_daily' and what = 'skin_temperature_deviation')
        ) as skin_temperature_deviation_cel,
        sum(value) filter (part = 'steps') as step_count,
        sum(value) filter (part = 'drinks' and what = 'dietary_caffeine')
            as caffeine_after_14h_mg,
        sum(value) filter (part = 'drinks' and what = 'alcohol_drink') as alcohol_drink_count,
        avg(value) filter (part = 'room') as bedroom_temperature_cel
    from night_source
    group by participant_id, sleep_date
"""
LAKES = {"demo": demo_lake, "corpus": lambda: reference()[0]}


@pytest.fixture(scope="module", params=LAKES)
def lake(request: pytest.FixtureRequest) -> Lake:
    return LAKES[request.param]()


def nights(lake: Lake) -> list[tuple[Row, Row]]:
    """Each night as night_to_day has it, and recomputed."""
    known = asked(lake, "from night_to_day order by participant_id, sleep_date")
    again = asked(lake, f"from ({RECOMPUTED}) order by participant_id, sleep_date")
    return list(zip(known, again, strict=True))


def test_rows_of_night_source_add_up_to_night_to_day(lake: Lake) -> None:
    compared: set[str] = set()
    for known, again in nights(lake):
        for column in known.keys() & again.keys() - {"participant_id", "sleep_date"}:
            value, place = again[column], (known["participant_id"], known["sleep_date"], column)
            if column.endswith("_count"):
                value = value or None
            if value is None and known[column] == 0:  # nothing was there to add up
                continue
            assert known[column] == (value if value is None else pytest.approx(value)), place
            compared |= {column} if known[column] is not None else set()
    assert len(compared) > 18


def test_a_row_is_in_a_part_once(lake: Lake) -> None:
    key = views()["night_source"].grain
    assert asked(lake, f"select {key} from night_source group by all having count(*) > 1") == []


def test_every_row_is_a_row_of_a_table(lake: Lake) -> None:
    """File and record are those of a fact of that participant, which `files` accounts for."""
    lost = """
        from night_source anti join (
            select participant_id, file, record from sample
            union select participant_id, file, record from episode
            union select participant_id, file, record from daily
        ) using (participant_id, file, record)
    """
    assert asked(lake, lost) == []
    assert asked(lake, "from night_source anti join source_file using (participant_id, file)") == []


def test_a_record_number_is_a_line_of_the_vendors_file() -> None:
    readings = asked(
        demo_lake(),
        "select start_local, value, file, record from night_source "
        "where participant_id = 'ada' and part = 'overnight_glucose' order by start_at",
    )
    lines = {}
    for path in demo_people()["ada"].paths:
        data = path.read_bytes()
        if path.suffix == ".csv":
            text = data.decode("utf-8-sig").splitlines()
            lines[hashlib.sha256(data).hexdigest()[:16]] = text
    assert {r["file"] for r in readings} == lines.keys()
    for reading in readings:
        (cells,) = csv.reader([lines[reading["file"]][reading["record"] - 1]])
        assert cells[1] == reading["start_local"].isoformat()
        assert float(cells[7].replace("Low", "40")) == reading["value"]


def test_of_two_sources_only_the_chosen_one_is_listed(tmp_path: Path) -> None:
    made = Person().sleep("2025-03-09T23:00", [("light", 480)])
    made.sleep("2025-03-09T23:00", [("light", 300)], connector="garmin_connect")
    for connector, value in (("garmin_connect", 70), ("apple_health", 60)):
        for hour in range(4):
            start = f"2025-03-10T0{hour}:00"
            made.sample("heart_rate", start, value, "/min", connector=connector)
    made.cgm("2025-03-10T00:00", [100] * 12, connector="dexcom_clarity")
    made.cgm("2025-03-10T00:00", [200] * 4, every=15, connector="nightscout")
    lake = lake_of(tmp_path, {PERSON: made})
    found = asked(lake, "select distinct part, connector from night_source order by all")
    assert {(row["part"], row["connector"]) for row in found} == {
        ("sleep", "fitbit_takeout"),
        ("body", "garmin_connect"),
        ("overnight_glucose", "dexcom_clarity"),
    }


def test_steps_and_room_are_of_the_device_that_speaks(tmp_path: Path) -> None:
    made = Person().sleep("2025-03-09T23:00", [("light", 480)])
    for device, start, end, count in (
        ("watch", "2025-03-10T08:00", "2025-03-10T08:10", 500),
        ("phone", "2025-03-10T08:00", "2025-03-10T08:12", 400),  # the same walk
        ("phone", "2025-03-10T12:50", "2025-03-10T13:20", 900),
        ("watch", "2025-03-10T06:50", "2025-03-10T07:10", 200),  # half of it before the day
    ):
        more = {"end_wall": at(end), "connector": "apple_health", "device": device}
        made.sample("step_count", start, count, "{count}", **more)
    for n in range(32):
        start = (at("2025-03-09T23:00") + dt.timedelta(minutes=15 * n)).isoformat()
        for device in ("a", "b")[: 1 + n % 2]:
            more = {"connector": "apple_health", "device": device}
            made.sample("room_temperature", start, 20 + n / 10, "Cel", **more)
    lake = lake_of(tmp_path, {PERSON: made})
    ((known, _),) = nights(lake)
    told = (
        "select part, device, count(*) as n, sum(value) as total from night_source where part in "
    )
    found = asked(lake, f"{told} ('steps', 'room') group by all order by all")
    assert [tuple(row.values()) for row in found] == [
        ("room", "a", 32, pytest.approx(32 * known["bedroom_temperature_cel"])),
        ("steps", "phone", 2, 1300),
    ]
    assert known["step_count"] == 1300


def test_every_column_of_night_to_day_is_explained() -> None:
    told = {name for columns in (*PARTS.values(), *HISTORY.values(), WHOLE) for name in columns}
    told |= {name for by in METRICS.values() for columns in by.values() for name in columns}
    assert told == views()["night_to_day"].columns.keys() - {"participant_id", "sleep_date"}


@pytest.mark.parametrize(
    "numbers, told",
    [([], ""), ([7], "7"), ([1, 2, 3, 5], "1-3, 5"), ([1, 3, 4], "1, 3-4")],
)
def test_record_numbers_are_told_as_ranges(numbers: list[int], told: str) -> None:
    assert ranges(numbers) == told


def test_explain_names_numbers_files_and_records(capsys: pytest.CaptureFixture[str]) -> None:
    assert explain_night(demo_lake().root, "ada", "2025-11-09", False, "table") == 0
    out = capsys.readouterr().out
    ((mean, first, last, file),) = (
        tuple(row.values())
        for row in asked(
            demo_lake(),
            "select avg(value), min(record), max(record), any_value(file) from night_source where "
            "participant_id = 'ada' and sleep_date = '2025-11-09' and part = 'overnight_glucose'",
        )
    )
    assert f"overnight_mean_mgdl {mean:.6g}" in out
    assert f"{first}-{last}" in out
    assert file in out
    assert "Clarity_Export_Example_Ada_2025-11-12_203004.csv" in out
    assert "2025-11-07 to 2025-11-09" in out  # sleep_debt_3d_min


@pytest.mark.parametrize("form", ["csv", "json"])
def test_explain_lists_every_row(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert explain_night(demo_lake().root, "ben", "2025-11-05", True, form) == 0
    out = capsys.readouterr().out
    listed = list(csv.DictReader(io.StringIO(out))) if form == "csv" else json.loads(out)
    count = "select count(*) as n from night_source where participant_id = 'ben' and sleep_date = ?"
    assert [len(listed)] == [row["n"] for row in asked(demo_lake(), count, "2025-11-05")]


@pytest.mark.parametrize(
    "who, date, said",
    [
        ("nobody", "2025-11-05", "there is ada, ben"),
        ("ben", "2025-12-05", "2025-11-06, 2025-11-07, 2025-11-08"),
        ("ben", "yesterday", "such as 2025-10-26"),
    ],
)
def test_explain_says_what_to_ask_instead(who: str, date: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        explain_night(demo_lake().root, who, date, False, "table")
