"""Every format that tells a night, joined with the glucose of a Clarity export of the same days.

What a night must come to was read off its input by hand, and stands in a table: begin and end with
the offset that the place had, and the minutes that its stages or totals add up to. Of Clarity's
readings each has a value that follows from its instant, so that the mean of a night is known
without any of the project's code.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import pytest

from connectors import connectors
from flows.deriving.completion import build_views
from flows.deriving.derivation import derivation
from flows.deriving.pipeline import prepared, read_all
from tests.golden_case import cases
from tests.lake import BERLIN, Row, asked, at, clarity, golden, put, tolerant
from tests.whole_nights import MADE
from warehouse.store.lake import Lake

pytestmark = pytest.mark.whole

NEW_YORK, CHICAGO, PACIFIC = "America/New_York", "America/Chicago", "America/Los_Angeles"


@dataclass(frozen=True)
class Told:
    """A night as a person reads it off an input: a golden case, or `made` in whole_nights.py.

    `minutes` are those asleep; None where the export has a begin and an end and no more.
    """

    connector: str
    case: str
    zone: str
    onset: str
    wake: str
    minutes: float | None

    def __str__(self) -> str:
        return self.connector

    @property
    def ends(self) -> tuple[dt.datetime, dt.datetime]:
        return at(self.onset), at(self.wake)


# Most are nights of a change of the clocks, of which a reader of wall clocks is an hour wrong.
NIGHTS = [
    Told("aireadi_watch", "sleep", PACIFIC,  # in UTC; of 355 minutes 10 are unknown
         "2025-03-28T22:45-07:00", "2025-03-29T04:40-07:00", 60 + 50 + 25 + 210),
    Told("apple_health", "sleep_old_and_new_values", "Europe/Copenhagen",  # at summer's offset
         "2019-02-01T21:45+01:00", "2019-02-02T05:20+01:00", 455),
    Told("autosleep", "days_some_of_them_split", PACIFIC,
         "2025-03-08T22:48-08:00", "2025-03-09T07:05-07:00", 7 * 60 + 9),
    Told("beddit", "sessions_not_in_order", BERLIN,
         "2025-03-29T20:59:30.094552+01:00", "2025-03-30T07:21:13.810166+02:00", 30681 / 60),
    Told("dreem", "made", BERLIN, "2025-03-29T23:40+01:00", "2025-03-30T07:20+02:00", 390),
    Told("edf_hypnogram", "made", BERLIN, "2025-03-29T22:33+01:00", "2025-03-30T06:18+02:00", 395),
    Told("eight_sleep", "night_and_nap_of_the_pod", PACIFIC,
         "2026-03-07T23:53-08:00", "2026-03-08T07:38:30-07:00", (12000 + 3000 + 9030) / 60),
    Told("empatica_embrace", "made", BERLIN,
         "2025-03-29T22:48+01:00", "2025-03-30T07:28+02:00", 450),
    Told("emfit", "a_night_of_the_service", BERLIN,  # in epoch seconds, until the last 10 minutes
         "2025-03-29T23:40+01:00", "2025-03-30T07:30+02:00", 90 + 70 + 60 + 90 + 90),
    Told("fitabase_export", "made", CHICAGO,
         "2017-03-11T23:10-06:00", "2017-03-12T07:40-05:00", 440),
    Told("fitbit_takeout", "sleep_spring_phantom_hour", BERLIN,
         "2021-03-27T22:28:30+01:00", "2021-03-28T10:19:30+02:00", 621),
    Told("fitbit_web", "titled_and_quoted", NEW_YORK,
         "2021-03-14T00:11-05:00", "2021-03-14T08:11-04:00", 386),
    Told("gadgetbridge", "made", BERLIN,
         "2026-03-28T23:11+01:00", "2026-03-29T06:02+02:00", 50 + 70 + 30 + 191),
    Told("garmin_connect", "sleep_naps", BERLIN,  # in UTC, by a key that says GMT
         "2025-02-28T23:00+01:00", "2025-03-01T05:50+01:00", 60 + 240 + 90),
    Told("garmin_connect_api", "made", PACIFIC,
         "2025-08-06T22:52-07:00", "2025-08-07T06:22-07:00", 180 + 80 + 90 + 80),
    Told("garmin_connect_web", "nights_24_hours", BERLIN,  # of its date is the end alone
         "2024-06-01T22:28+02:00", "2024-06-02T08:26+02:00", 8 * 60 + 49),
    # Fields of the file as another reader prints them, seconds from the end of 1989: light at
    # 1143670800, deep 1143674280, REM 1143680400, 3 minutes not measurable, light 1143682080,
    # awake 1143694320.
    Told("garmin_fit", "sleep_and_a_nap", BERLIN,
         "2026-03-28T23:20+01:00", "2026-03-29T06:52+02:00", 58 + 102 + 25 + 204),
    Told("ggir_part4", "nights_past_midnight", BERLIN,  # 29.75 and 38.5 after midnight of the 30th
         "2025-03-31T05:45+02:00", "2025-03-31T14:30+02:00", 7.7 * 60),
    Told("ggir_part5", "days_from_waking_to_waking", BERLIN,  # 22.85 and 31.4, in one night
         "2025-03-29T22:51+01:00", "2025-03-30T07:24+02:00", 398.7),
    Told("google_fit", "night_with_segments", BERLIN,
         "2025-03-29T23:06+01:00", "2025-03-30T05:00:00.5+02:00", 120 + 144 + 0.5 / 60),
    Told("google_health_api", "sleep_over_a_change_of_clocks", BERLIN,
         "2026-03-28T23:41+01:00", "2026-03-29T07:16+02:00", 335 + 60),
    Told("health_auto_export", "metrics_and_a_night", PACIFIC,
         "2024-02-06T23:05-08:00", "2024-02-07T06:40-08:00", 7.25 * 60),
    Told("health_connect", "two_apps_one_night", BERLIN,  # 27600 s in bed, 750 of them awake
         "2026-10-25T00:32:30+02:00", "2026-10-25T07:00+01:00", (27600 - 750) / 60),
    Told("huawei_health", "made", BERLIN, "2026-03-28T23:00+01:00", "2026-03-29T07:30+02:00", 440),
    Told("nsrr_annotations", "made", BERLIN,
         "2025-03-29T22:35:30+01:00", "2025-03-30T05:55:30+02:00", 150 + 100 + 100 + 20),
    Told("openmhealth_sleep", "data_points", BERLIN,
         "2025-03-29T23:41+01:00", "2025-03-30T08:53+02:00", 7.6 * 60),
    Told("oura", "api_sleep_spring_forward_night", BERLIN,  # 2 + 80 + 1 epochs of 5 minutes
         "2024-03-30T23:20+01:00", "2024-03-31T07:00+02:00", 400),
    Told("philips_actiware", "made", BERLIN,
         "2025-07-02T23:00+02:00", "2025-07-03T06:30+02:00", 430),
    Told("pillow", "nights_naps_and_what_never_ended", BERLIN,
         "2025-03-29T23:58:30+01:00", "2025-03-30T08:17:02+02:00", 80 + 200 + 130),
    Told("plees_tracker", "sleeps_by_a_button", BERLIN,
         "2025-03-29T23:00+01:00", "2025-03-30T07:30:00.123+02:00", None),
    Told("polar_accesslink", "nights_past_midnight", BERLIN,  # three hours of it have no stage
         "2025-03-29T23:50+01:00", "2025-03-30T08:19:37+02:00", 33 + 47 + 50 + 139 + 37 / 60),
    Told("polar_flow", "nights_over_the_change_of_clocks", BERLIN,
         "2025-03-29T23:45+01:00", "2025-03-30T08:25+02:00", 100.5 + 94.5 + 55 + 140 + 64),
    Told("research_ohiot1dm", "every_element", NEW_YORK,
         "2021-12-07T23:31-05:00", "2021-12-08T06:22-05:00", None),
    Told("samsung_health", "made", NEW_YORK,  # in UTC without saying so
         "2024-10-24T00:33-04:00", "2024-10-24T06:17-04:00", 150 + 60 + 88 + 40),
    Told("sleep_as_android", "made", "Europe/Vienna",
         "2025-03-29T23:40+01:00", "2025-03-30T07:50+02:00", 120 + 100 + 70 + 120),
    Told("sleep_cycle", "seconds_of_the_new_generation", BERLIN,
         "2025-03-29T21:51:22+01:00", "2025-03-30T07:13:42+02:00", 27657.3 / 60),
    Told("sleepmeter", "diary_below_sections", BERLIN,  # holes of 25 and 11 minutes
         "2025-03-29T23:30+01:00", "2025-03-30T08:15+02:00", 465 - 25 - 11),
    Told("ultrahuman_ring", "a_day_with_a_nap", BERLIN,
         "2026-03-28T23:30+01:00", "2026-03-29T07:00+02:00", 240 + 60 + 90),
    Told("whoop_api", "bundle_by_endpoint", CHICAGO,
         "2022-04-23T21:25:44.774-05:00", "2022-04-24T05:25:44.774-05:00", 240 + 110 + 100),
    Told("whoop_export", "sleeps_over_a_change_of_clocks", BERLIN,  # the second 02:32:40
         "2021-10-31T02:32:40+01:00", "2021-10-31T08:17:18+01:00", 318),
    Told("withings_api", "summaries_of_mat_and_watch", BERLIN,
         "2021-03-27T23:00+01:00", "2021-03-28T08:00+02:00", 440),
    Told("withings_export", "sleep_german_without_rem", BERLIN,
         "2021-03-27T23:10+01:00", "2021-03-28T08:02+02:00", 250 + 200),
    Told("yasa_hypnogram", "made", BERLIN,
         "2025-03-29T22:40+01:00", "2025-03-30T07:10+02:00", 440),
    Told("zepp", "nights_in_utc_with_rem_and_a_date_without", BERLIN,
         "2025-03-29T23:13+01:00", "2025-03-30T06:07+02:00", 76 + 206 + 67),
]  # fmt: skip
# worn to bed, and yet no night
NO_NIGHT = {
    "actigraph_actilife": "counts of movement, and nobody has told sleep from waking",
    "compumedics_profusion": "stages without a date",
    "empatica_e4": "a session of pulse or temperature",
    "mesa_actigraphy": "a day of the week and no date",
    "philips_awd": "counts of movement, and nobody has told sleep from waking",
}
WORN = {"eeg", "ring", "watch", "actigraph", "mat"}


def grid(told: Told) -> Iterator[dt.datetime]:
    """Instants of a sensor from a day before a night to a day after it, never a night's ends."""
    onset, wake = (end.astimezone(dt.UTC) for end in told.ends)
    moment = onset.replace(minute=2, second=17, microsecond=0) - dt.timedelta(days=1)
    while moment < wake + dt.timedelta(days=1):
        yield moment
        moment += dt.timedelta(minutes=5)


def glucose_at(moment: dt.datetime) -> int:
    """What the sensor says at an instant, mg/dL."""
    return 80 + int(moment.timestamp()) // 300 % 97


def export(told: Told) -> str:
    """The days around a night as Clarity writes them, on the wall clock of a phone."""
    zone = ZoneInfo(told.zone)
    return clarity(
        (f"{each.astimezone(zone):%Y-%m-%dT%H:%M:%S}", glucose_at(each),
         round(each.timestamp()) - 1_400_000_000, "8XXXXX")
        for each in grid(told)
    )  # fmt: skip


def files(told: Told) -> dict[str, bytes | str]:
    """Both exports of a person."""
    if told.case == "made":
        ending, write = MADE[told.connector]
        return {f"sleep.{ending}": write(), "clarity.csv": export(told)}
    case = golden(told.connector, told.case)
    (path,) = case.folder.glob("input.*")
    ending = {".sql": ".db", ".annotations": ".edf"}.get(path.suffix, path.suffix)
    return {f"sleep{ending}": case.data(), "clarity.csv": export(told)}


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, dt.date], Row]:
    """Nights of a lake with one person for each format, all derived in one run."""
    folder = tmp_path_factory.mktemp("vendors")
    lake = tolerant(Lake(folder / "lake"))
    for told in NIGHTS:
        settings = prepared(lake, told.connector, told.zone)
        paths = put(folder / told.connector, files(told))
        for receipt in read_all(lake, told.connector, paths, settings):
            assert receipt.error is None, (told.connector, receipt.error)
    with derivation(lake, settings) as derive:
        for told in NIGHTS:
            derive.align(told.connector)
        derive.finish()
    build_views(lake, settings)
    found = asked(lake, "from night_to_day")
    return {(row["participant_id"], row["sleep_date"]): row for row in found}


@pytest.mark.parametrize("told", NIGHTS, ids=str)
def test_a_night_is_what_its_export_says_with_the_glucose_of_those_hours(
    told: Told, nights: dict[tuple[str, dt.date], Row]
) -> None:
    onset, wake = told.ends
    row = nights[told.connector, wake.date()]
    assert row["sleep_connector"] == told.connector
    assert (row["onset_at"], row["wake_at"]) == (onset, wake)
    assert row["onset_local"] == onset.replace(tzinfo=None)
    assert row["wake_local"] == wake.replace(tzinfo=None)
    minutes = None if told.minutes is None else pytest.approx(told.minutes, abs=1e-6)
    assert row["total_sleep_min"] == minutes
    overnight = [glucose_at(each) for each in grid(told) if onset <= each < wake]
    assert row["overnight_reading_count"] == len(overnight) > 50
    assert row["overnight_mean_mgdl"] == pytest.approx(sum(overnight) / len(overnight))


def test_every_format_that_tells_sleep_has_a_night_here() -> None:
    shown = {told.connector for told in NIGHTS}
    told = {
        case.connector
        for case in cases()
        if case.expected.exists() and '"kind": "sleep"' in case.expected.read_text()
    }
    worn = {name for name, each in connectors().items() if each.source in WORN}
    assert told - shown == set()
    assert (worn | told) - shown == NO_NIGHT.keys()
    assert not shown & NO_NIGHT.keys()
