"""Sleep in the views: which source, what is merged, what the minutes add up to. All by hand."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from flows.settings import Settings
from tests.lake import Person, Row, asked, assert_checked, at, lake_of
from transforms.clocks.timeline import Stay
from warehouse.store.lake import Lake

pytestmark = pytest.mark.whole

HOUR = ("light", 60)
NIGHT = [
    ("awake", 10),
    ("light", 120),
    ("deep", 90),
    ("awake", 20),
    ("rem", 60),
    ("light", 150),
    ("awake", 15),
]


def staged() -> Person:
    """Seven hours asleep from 23:10 to 06:30, twenty minutes awake between."""
    return Person().sleep("2025-03-10T23:00", NIGHT)


def totals(person: Person, session: str, **values: float) -> Person:
    for metric, value in values.items():
        unit = "/min" if "heart" in metric else "min"
        person.sample(metric, "2025-03-10T23:00", value, unit, key=session, connector="oura")
    return person


def apple(person: Person, device: str, *pieces: tuple[str, str, str]) -> Person:
    """Pieces of sleep as Apple keeps them: by device, of no session."""
    for label, start, end in pieces:
        person.episode("sleep_stage", label, start, end, device=device, connector="apple_health")
    return person


PEOPLE = {
    "staged": staged(),
    # 02:30 did not exist that night: its instant is inferred
    "jumped": Person().sleep("2025-03-30T02:30", [("light", 240)]),
    "bed": Person().sleep("2025-03-10T23:00", NIGHT, bed=("2025-03-10T22:40", "2025-03-11T07:00")),
    "unscored": Person().sleep(
        "2025-03-10T23:00",
        [("unknown", 20), ("light", 120), ("unknown", 30), ("light", 90), ("unknown", 40)],
    ),
    "classic": Person().sleep(
        "2025-03-10T23:00", [("asleep_unspecified", 200), ("awake", 4), ("asleep_unspecified", 100)]
    ),
    "sixty": staged().sleep("2025-03-11T07:45", [HOUR], session="second"),
    "sixty_one": staged().sleep("2025-03-11T07:46", [HOUR], session="second", label="nap"),
    "two_hours": staged().sleep("2025-03-11T08:30", [("light", 60)]),
    "over_two_hours": staged().sleep("2025-03-11T08:31", [("light", 60)]),
    "day_sleeper": Person()
    .sleep("2025-03-11T11:00", [("light", 180)])
    .sleep("2025-03-11T15:40", [("light", 180)]),
    "late_nap": Person()
    .sleep("2025-03-11T11:00", [("light", 180)])
    .sleep("2025-03-11T15:40", [("light", 60)]),
    "night_worker": Person()
    .sleep("2025-03-11T08:00", [("light", 300)])
    .sleep("2025-03-11T16:00", [("light", 240)]),
    "naps": staged()
    .sleep("2025-03-11T12:00", [("light", 14)])
    .sleep("2025-03-11T14:00", [("light", 15)])
    .sleep("2025-03-11T16:30", [("light", 170)], label="nap")
    .sleep("2025-03-11T12:30", [("light", 20)], connector="oura")
    .sleep("2025-03-11T20:30", [("light", 20)], connector="oura"),
    "long_nap": staged().sleep("2025-03-11T12:00", [("light", 181)], label="nap"),
    "only_a_nap": Person().sleep("2025-03-11T13:00", [("light", 90)]),
    "sources": staged()
    .sleep("2025-03-10T23:05", [("light", 400)], connector="oura")
    .sleep("2025-03-10T23:06", [("rem", 500)], connector="apple_health")
    .sleep("2025-03-11T22:00", [("light", 400)], connector="apple_health")
    .sleep("2025-03-12T23:00", [("light", 170)], connector="oura")
    .sleep("2025-03-12T23:00", [("light", 400)], connector="zeta"),
    "two_sleeps": Person()
    .sleep("2025-03-10T22:00", [("light", 200)], label="main_sleep")
    .sleep("2025-03-11T05:00", [("light", 240)]),
    "two_equals": Person()
    .sleep("2025-03-10T22:00", [("light", 200)])
    .sleep("2025-03-11T05:00", [("light", 240)]),
    "lengths": Person()
    .sleep("2025-03-10T23:00", [("light", 179)])
    .sleep("2025-03-11T23:00", [("light", 180)])
    .sleep("2025-03-12T20:00", [("light", 14 * 60)])
    .sleep("2025-03-13T20:00", [("light", 14 * 60 + 1)]),
    "bare": Person().sleep("2025-03-10T23:00", end="2025-03-11T07:00"),
    "totals": totals(
        Person().sleep("2025-03-10T23:00", end="2025-03-11T07:00", session="s", connector="oura"),
        "s",
        total_sleep_time=420,
        latency_to_sleep_onset=12,
        wake_after_sleep_onset=48,
        deep_sleep_time=80,
        rem_sleep_time=100,
        light_sleep_time=240,
        sleep_heart_rate=51,
        sleep_heart_rate_lowest=44,
    ),
    "impossible": totals(
        Person().sleep("2025-03-10T23:00", end="2025-03-11T07:00", session="s", connector="oura"),
        "s",
        total_sleep_time=4200,
        sleep_heart_rate=0,
    ),
    "no_total": totals(
        Person().sleep("2025-03-10T23:00", end="2025-03-11T07:00", session="s", connector="oura"),
        "s",
        deep_sleep_time=80,
        rem_sleep_time=100,
        light_sleep_time=240,
        wake_after_sleep_onset=60,
    ),
    "no_rem": totals(
        Person().sleep("2025-03-10T23:00", end="2025-03-11T07:00", session="s", connector="oura"),
        "s",
        deep_sleep_time=80,
        light_sleep_time=240,
    ),
    "impossible_stage": totals(
        Person().sleep("2025-03-10T23:00", end="2025-03-11T07:00", session="s", connector="oura"),
        "s",
        deep_sleep_time=8000,
        light_sleep_time=240,
    ),
    "islands": apple(
        apple(
            Person(),
            "watch",
            ("light", "2025-03-10T23:10", "2025-03-11T01:00"),
            ("deep", "2025-03-11T01:00", "2025-03-11T02:00"),
            ("rem", "2025-03-11T02:30", "2025-03-11T04:00"),
            ("light", "2025-03-11T05:05", "2025-03-11T06:00"),
        ),
        "phone",
        ("in_bed", "2025-03-10T22:50", "2025-03-11T06:20"),
    ),
    "own_bed": apple(
        apple(
            Person(),
            "watch",
            ("in_bed", "2025-03-10T22:40", "2025-03-11T07:10"),
            ("light", "2025-03-10T23:00", "2025-03-11T07:00"),
        ),
        "phone",
        ("in_bed", "2025-03-10T22:50", "2025-03-11T07:20"),
    ),
    "far_bed": apple(
        apple(Person(), "watch", ("light", "2025-03-10T23:00", "2025-03-11T06:30")),
        "app",
        ("in_bed", "2025-03-10T21:50", "2025-03-11T07:40"),
    ),
    "bed_of_years": apple(
        apple(Person(), "watch", ("light", "2025-03-10T23:00", "2025-03-11T06:30")),
        "app",
        ("in_bed", "2001-01-01T00:00", "2026-01-01T00:00"),
    ),
    "session_and_phone": apple(
        Person().sleep("2025-03-10T23:00", [("light", 480)], session="s", connector="apple_health"),
        "phone",
        ("in_bed", "2025-03-10T22:30", "2025-03-11T07:30"),
    ),
    "phone": apple(Person(), "phone", ("in_bed", "2025-03-10T23:00", "2025-03-11T07:00")),
    "timer": Person()
    .sleep("2025-03-10T23:00", [("light", 420)])
    .sleep("2025-03-11T23:00", [("light", 420)])
    .sleep("2025-03-12T23:00", [("light", 420)])
    .sleep("2025-03-11T02:00", [("light", 2400)], connector="oura"),
    "flag_on_a_fragment": Person()
    .sleep("2025-03-11T21:03", [("light", 62)], label="main_sleep")
    .sleep("2025-03-11T02:59", [("light", 191)], label="nap"),
    "two_on_a_date": Person()
    .sleep("2025-03-09T23:00", [("light", 420)])
    .sleep("2025-03-11T00:30", [("light", 345)])
    .sleep("2025-03-11T17:10", [("light", 375)]),
    "overlapping": apple(
        Person(),
        "watch",
        ("light", "2025-03-10T23:00", "2025-03-11T02:00"),
        ("deep", "2025-03-11T01:00", "2025-03-11T03:00"),
        ("rem", "2025-03-11T01:30", "2025-03-11T01:40"),
        ("light", "2025-03-11T03:00", "2025-03-11T04:00"),
    ),
    "spring": Person()
    .sleep("2025-03-28T23:00", [HOUR] * 8)
    .sleep("2025-03-29T23:00", [HOUR] * 8, anchor_wall=at("2025-03-29T23:00"))
    .sleep("2025-03-30T23:00", [HOUR] * 8),
    "only_spring": Person().sleep("2025-03-29T23:00", end="2025-03-30T08:00"),
    "traveller": Person(stays=[Stay(at("2025-03-11T12:00"), "America/New_York")])
    .sleep("2025-03-10T23:00", [HOUR] * 8)
    .sleep("2025-03-11T23:00", [HOUR] * 8)
    .sleep("2025-03-12T23:00", [HOUR] * 8),
    "two_trackers": Person()
    .sleep("2025-03-10T19:30", [("light", 240)])
    .sleep("2025-03-10T19:30", [("light", 600)], connector="oura"),
    "woken": Person().sleep(
        "2025-03-10T23:00",
        [
            ("light", 100),
            ("awake", 5),
            ("deep", 60),
            ("awake", 4.5),
            ("light", 60),
            ("awake", 9),
            ("rem", 60),
        ],
    ),
}


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return lake_of(tmp_path_factory.mktemp("sleep"), PEOPLE)


def nights(lake: Lake, who: str) -> list[Row]:
    return asked(lake, "from night_to_day where participant_id = ? order by sleep_date", who)


def night(lake: Lake, who: str) -> Row:
    (row,) = nights(lake, who)
    return row


def minutes(row: Row, *names: str) -> list[float]:
    return [row[f"{name}_min"] for name in names]


def test_stages_add_up(lake: Lake) -> None:
    row = night(lake, "staged")
    assert (row["onset_local"], row["wake_local"]) == (
        at("2025-03-10T23:10"),
        at("2025-03-11T06:30"),
    )
    assert minutes(row, "sleep_period", "total_sleep", "wake_after_onset") == [440, 420, 20]
    assert minutes(row, "light", "deep", "rem", "rem_latency") == [270, 90, 60, 230]
    assert row["awakening_count"] == 1
    assert row["midpoint_local_h"] == pytest.approx(2 + 50 / 60)
    assert (row["sleep_basis"], row["sleep_connector"]) == ("stages", "fitbit_takeout")


def test_a_night_of_inferred_instants_says_so(lake: Lake) -> None:
    assert "some instants inferred" in night(lake, "jumped")["quality_notes"]
    assert "inferred" not in night(lake, "staged")["quality_notes"]


def test_without_a_time_in_bed_the_session_is_it_and_no_latency_is_known(lake: Lake) -> None:
    row = night(lake, "staged")
    assert (row["time_in_bed_min"], row["sleep_latency_min"]) == (465, None)
    assert row["sleep_efficiency_pct"] == pytest.approx(100 * 420 / 465)


def test_the_time_in_bed_frames_the_stages(lake: Lake) -> None:
    row = night(lake, "bed")
    assert (row["time_in_bed_min"], row["sleep_latency_min"]) == (500, 30)
    assert row["sleep_efficiency_pct"] == pytest.approx(100 * 420 / 500)
    assert minutes(row, "sleep_period", "total_sleep", "wake_after_onset") == [440, 420, 20]


def test_what_was_not_scored_is_neither_sleep_nor_wake(lake: Lake) -> None:
    row = night(lake, "unscored")
    assert minutes(row, "time_in_bed", "sleep_period", "total_sleep") == [300, 240, 210]
    assert (row["wake_after_onset_min"], row["awakening_count"]) == (0, 0)


def test_sleep_without_stages_has_no_minutes_of_them(lake: Lake) -> None:
    row = night(lake, "classic")
    assert minutes(row, "total_sleep", "wake_after_onset") == [300, 4]
    assert minutes(row, "light", "deep", "rem", "rem_latency") == [None] * 4
    assert row["awakening_count"] == 0


def test_wake_runs_of_five_minutes_are_awakenings(lake: Lake) -> None:
    row = night(lake, "woken")
    assert (row["awakening_count"], row["wake_after_onset_min"]) == (2, 18.5)


def test_an_hour_apart_is_one_sleep_and_the_gap_is_awake(lake: Lake) -> None:
    row = night(lake, "sixty")
    assert row["wake_local"] == at("2025-03-11T08:45")
    assert minutes(row, "total_sleep", "wake_after_onset", "nap") == [480, 95, 0]
    assert row["awakening_count"] == 2


@pytest.mark.parametrize(
    ("name", "wake", "awake"),
    [("sixty_one", "2025-03-11T08:46", 96), ("two_hours", "2025-03-11T09:30", 140)],
)
def test_a_wake_of_up_to_two_hours_in_the_night_is_part_of_it(
    name: str, wake: str, awake: int, lake: Lake
) -> None:
    row = night(lake, name)
    assert row["wake_local"] == at(wake)
    assert minutes(row, "total_sleep", "nap", "total_sleep_24h") == [480, 0, 480]
    assert row["wake_after_onset_min"] == awake


def test_a_longer_wake_ends_the_night_and_what_follows_is_told(lake: Lake) -> None:
    row = night(lake, "over_two_hours")
    assert row["wake_local"] == at("2025-03-11T06:30")
    assert minutes(row, "total_sleep", "nap", "secondary_sleep", "total_sleep_24h") == [
        *(420, 0, 60, 480)
    ]
    assert row["is_complete"] is False
    assert "more sleep on that date after the final wake" in row["quality_notes"]


def test_a_wake_by_day_is_part_of_a_sleep_if_it_is_shorter_than_both(lake: Lake) -> None:
    """A night worker: 11:00 to 14:00, then 100 minutes awake; and a nap after a long morning."""
    assert minutes(night(lake, "day_sleeper"), "total_sleep", "wake_after_onset") == [360, 100]
    assert minutes(night(lake, "late_nap"), "total_sleep", "nap") == [180, 60]


def test_naps_are_short_sleeps_of_the_same_source_on_the_same_date(lake: Lake) -> None:
    names = "nap", "secondary_sleep", "total_sleep_24h"
    assert minutes(night(lake, "naps"), *names) == [185, 14, 619]
    assert minutes(night(lake, "long_nap"), *names) == [0, 181, 601]
    assert minutes(night(lake, "night_worker"), *names) == [0, 240, 540]


def test_every_date_with_sleep_has_a_row(lake: Lake) -> None:
    row = night(lake, "only_a_nap")
    assert minutes(row, "total_sleep", "nap", "total_sleep_24h") == [90, 0, 90]
    assert (row["is_night_valid"], row["is_short_6h"]) == (False, True)


def test_one_source_per_night_by_priority(lake: Lake) -> None:
    """Oura; the only one there is; and one that nobody ranked before a nap of the best."""
    found = [(row["sleep_connector"], row["total_sleep_min"]) for row in nights(lake, "sources")]
    assert found == [("oura", 400), ("apple_health", 400), ("zeta", 400)]


def test_the_priority_is_a_setting(tmp_path: Path) -> None:
    chosen = Settings.model_validate({"priority": {"sleep": ["apple_health"]}})
    lake = lake_of(tmp_path, {"sources": PEOPLE["sources"]}, chosen)
    assert nights(lake, "sources")[0]["sleep_connector"] == "apple_health"


def test_the_vendors_main_sleep_then_the_longest(lake: Lake) -> None:
    assert night(lake, "two_sleeps")["total_sleep_min"] == 200
    assert night(lake, "two_equals")["total_sleep_min"] == 240


def test_a_valid_night_has_three_to_fourteen_hours(lake: Lake) -> None:
    assert [row["is_night_valid"] for row in nights(lake, "lengths")] == [False, True, True, False]


def test_how_much_of_a_bare_session_was_sleep_is_not_known(lake: Lake) -> None:
    row = night(lake, "bare")
    assert row["sleep_basis"] == "span"
    assert minutes(row, "sleep_period", "time_in_bed") == [480] * 2
    names = ("total_sleep", "total_sleep_24h", "light", "wake_after_onset", "sleep_latency")
    assert minutes(row, *names) == [None] * 5
    assert row["sleep_efficiency_pct"] is row["is_short_6h"] is row["awakening_count"] is None
    assert row["quality_notes"].startswith("minutes asleep are not known")


def test_a_session_with_totals_alone_takes_the_vendors_word(lake: Lake) -> None:
    row = night(lake, "totals")
    assert row["sleep_basis"] == "totals"
    names = ("total_sleep", "sleep_latency", "wake_after_onset", "light", "deep", "rem")
    assert minutes(row, *names) == [420, 12, 48, 240, 80, 100]
    assert row["sleep_efficiency_pct"] == 87.5
    assert (row["sleep_heart_rate_bpm"], row["sleep_heart_rate_min_bpm"]) == (51, 44)


def test_an_impossible_total_is_none(lake: Lake) -> None:
    row = night(lake, "impossible")
    assert (row["total_sleep_min"], row["sleep_heart_rate_bpm"]) == (None, None)


def test_without_a_total_the_stages_are_the_sleep(lake: Lake) -> None:
    names = ("total_sleep", "wake_after_onset", "light", "deep", "rem")
    assert minutes(night(lake, "no_total"), *names) == [420, 60, 240, 80, 100]
    assert minutes(night(lake, "no_rem"), *names) == [320, None, 240, 80, None]


def test_an_impossible_stage_makes_no_sum(lake: Lake) -> None:
    names = ("total_sleep", "light", "deep")
    assert minutes(night(lake, "impossible_stage"), *names) == [None, 240, None]


def test_pieces_without_a_session_make_a_night_that_the_phone_frames(lake: Lake) -> None:
    row = night(lake, "islands")
    assert (row["onset_local"], row["wake_local"]) == (
        at("2025-03-10T23:10"),
        at("2025-03-11T06:00"),
    )
    assert minutes(
        row, "time_in_bed", "sleep_latency", "total_sleep", "wake_after_onset", "nap"
    ) == [*(450, 20, 315, 95, 0)]
    assert row["time_in_bed_basis"] == "in_bed_other_device"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("own_bed", (510, "in_bed")),  # its own device speaks, whatever others say
        ("far_bed", (450, "session")),  # a third app that has somebody in bed for ten hours
        ("bed_of_years", (450, "session")),
        ("session_and_phone", (480, "session")),
    ],
)
def test_time_in_bed_is_that_of_the_sleepers_own_device(
    name: str, expected: tuple[int, str], lake: Lake
) -> None:
    row = night(lake, name)
    assert (row["time_in_bed_min"], row["time_in_bed_basis"]) == expected
    assert row["sleep_efficiency_pct"] == pytest.approx(100 * row["total_sleep_min"] / expected[0])


def test_a_sleep_of_days_stands_before_no_night(lake: Lake) -> None:
    found = [(str(row["sleep_date"]), row["total_sleep_min"]) for row in nights(lake, "timer")]
    assert found == [("2025-03-11", 420), ("2025-03-12", 420), ("2025-03-13", 420)]


def test_a_main_flag_decides_between_comparable_sleeps_alone(lake: Lake) -> None:
    row = night(lake, "flag_on_a_fragment")
    assert minutes(row, "total_sleep", "nap") == [191, 62]


def test_a_day_ends_with_the_next_sleep_of_three_hours(lake: Lake) -> None:
    """00:30 to 06:15 and 17:10 to 23:25 end on one date: the day before ends at 00:30."""
    first, second = nights(lake, "two_on_a_date")
    assert (first["day_hours"], first["is_day_capped"]) == (18.5, False)
    assert minutes(second, "total_sleep", "secondary_sleep", "total_sleep_24h") == [375, 345, 720]


def test_the_middle_of_a_night_is_what_the_wall_clock_showed(lake: Lake) -> None:
    _, over, after = nights(lake, "spring")
    assert (over["midpoint_local_h"], after["midpoint_local_h"]) == (4, 3)


def test_dates_with_time_in_bed_alone_are_no_nights_and_told(lake: Lake) -> None:
    assert nights(lake, "phone") == []
    (row,) = asked(lake, "from in_bed_only where participant_id = 'phone'")
    assert (str(row["sleep_date"]), row["time_in_bed_min"]) == ("2025-03-11", 480)


def test_stages_that_overlap_count_once_and_the_first_stays(lake: Lake) -> None:
    row = night(lake, "overlapping")
    assert minutes(row, "total_sleep", "light", "deep", "rem") == [300, 240, 60, 0]
    sql = "select stage, stage_min from sleep_stage where participant_id = ? order by start_at"
    stages = asked(lake, sql, "overlapping")
    assert [(s["stage"], s["stage_min"]) for s in stages] == [
        ("light", 180),
        ("deep", 60),
        ("light", 60),
    ]


def test_a_change_of_the_clocks_is_told_and_costs_no_minute(lake: Lake) -> None:
    before, over, after = nights(lake, "spring")
    assert [row["timezone_changed"] for row in (before, over, after)] == [False, True, False]
    assert {row["total_sleep_min"] for row in (before, over, after)} == {480}
    assert [row["wake_local"].hour for row in (before, over, after)] == [7, 8, 7]
    assert night(lake, "only_spring")["timezone_changed"] is True
    assert night(lake, "only_spring")["sleep_period_min"] == 480
    assert before["day_hours"] == 16
    assert over["day_hours"] == 15


def test_a_journey_is_told_on_the_first_night_after(lake: Lake) -> None:
    rows = nights(lake, "traveller")
    assert [row["timezone_changed"] for row in rows] == [False, True, False]
    # New York had moved its clocks, Berlin had not: five hours
    assert rows[0]["day_hours"] == 16 + 5
    assert [row["sleep_date"] for row in rows] == [dt.date(2025, 3, d) for d in (11, 12, 13)]


def test_nights_of_two_trackers_do_not_overlap(lake: Lake) -> None:
    """One says 19:30 to 23:30, the other to 05:30: the longer one is the night."""
    row = night(lake, "two_trackers")
    assert (row["sleep_connector"], row["total_sleep_min"]) == ("oura", 600)


def test_checks_find_nothing(lake: Lake) -> None:
    assert_checked(lake)


# The body: of the night's own source, else the best other one; doubtful values do not count.
def heart(person: Person, values: list[float], **more: object) -> Person:
    for n, value in enumerate(values):
        moment = at("2025-03-10T23:30") + dt.timedelta(minutes=n)
        person.sample("heart_rate", moment.isoformat(), value, "/min", **more)
    return person


BODIES = {
    "own": heart(
        heart(staged(), [50, 60, 300], connector="fitbit_takeout"), [90], connector="oura"
    ),
    "other": heart(heart(staged(), [70], connector="zeta"), [80, 90], connector="apple_health"),
    "early": staged().sample(
        "heart_rate", "2025-03-10T23:09", 99, "/min", connector="fitbit_takeout"
    ),
    "dated": staged()
    .daily("skin_temperature_deviation", "2025-03-11", -0.3, "Cel", connector="fitbit_takeout")
    .daily("skin_temperature_deviation", "2025-03-10", 0.9, "Cel", connector="fitbit_takeout")
    .daily("sleep_oxygen_saturation", "2025-03-11", 96, "%", connector="oura"),
    "measured": staged()
    .sample(
        "heart_rate_variability_rmssd", "2025-03-11T01:00", 40, "ms", connector="fitbit_takeout"
    )
    .sample("heart_rate_variability_sdnn", "2025-03-11T01:00", 55, "ms", connector="apple_health")
    .sample("respiratory_rate", "2025-03-11T02:00", 14, "/min", connector="fitbit_takeout")
    .sample("oxygen_saturation", "2025-03-11T02:00", 0.95, "1", connector="apple_health"),
}


@pytest.fixture(scope="module")
def bodies(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return lake_of(tmp_path_factory.mktemp("bodies"), BODIES)


def test_heart_rate_of_the_nights_own_source(bodies: Lake) -> None:
    row = night(bodies, "own")
    assert (row["sleep_heart_rate_bpm"], row["sleep_heart_rate_min_bpm"]) == (55, 50)


def test_heart_rate_of_the_best_other_source(bodies: Lake) -> None:
    assert night(bodies, "other")["sleep_heart_rate_bpm"] == 85


def test_what_was_before_onset_is_not_of_the_night(bodies: Lake) -> None:
    assert night(bodies, "early")["sleep_heart_rate_bpm"] is None


def test_a_number_for_a_date_is_of_the_night_that_ended_then(bodies: Lake) -> None:
    row = night(bodies, "dated")
    assert row["skin_temperature_deviation_cel"] == -0.3
    assert row["sleep_spo2_pct"] is None


def test_two_ways_to_tell_variability_are_two_columns(bodies: Lake) -> None:
    row = night(bodies, "measured")
    assert (row["sleep_hrv_rmssd_ms"], row["sleep_hrv_sdnn_ms"]) == (40, 55)
    assert (row["sleep_respiratory_rate_brpm"], row["sleep_spo2_pct"]) == (14, 95)
