"""Figures are functions of rows: what is drawn lies where the numbers say."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any
from xml.etree import ElementTree

import pytest

from pages.drawing import scales, shapes
from pages.drawing.svg import number, tag
from pages.figures import calendar, profile, raster, spark, streams, strip, together
from pages.figures.units import MGDL, MMOLL, hours, plain
from pages.lines import lines

NIGHT = dt.datetime(2025, 6, 1, 23, tzinfo=dt.UTC)


def places(image: str, class_: str) -> list[tuple[float, float, float, float]]:
    """The boxes of a look: x, y, width, height."""
    svg = ElementTree.fromstring(image)
    found = [e for e in svg.iter() if e.attrib.get("class") == class_ and "d" in e.attrib]
    pattern = r"M(\S+) (\S+)h(\S+)v([^h]+)h[^z]+z"
    return [
        (float(a), float(b), float(c), float(d))
        for e in found
        for a, b, c, d in re.findall(pattern, e.attrib["d"])
    ]


def night(date: str = "2025-06-02", **more: Any) -> dict[str, Any]:
    """A row of night_to_day: from 23:00 to 7:00 at two hours ahead of UTC."""
    day = dt.date.fromisoformat(date)
    wake = dt.datetime.combine(day, dt.time(5), dt.UTC)
    onset = wake - dt.timedelta(hours=8)
    numbers = dict.fromkeys(
        (
            *("sleep_efficiency_pct", "light_min", "deep_min", "rem_min", "overnight_mean_mgdl"),
            *("fasting_mgdl", "dawn_delta_mgdl", "has_dawn_phenomenon", "wake16h_mean_mgdl"),
            *("wake16h_tir_pct", "quality_notes", "nap_min", "midpoint_local_h"),
            *("sleep_regularity_index_7d", "sleep_debt_7d_min", "wake16h_titr_pct"),
        )
    )
    told = {
        "sleep_date": day,
        "onset_at": onset,
        "wake_at": wake,
        "onset_local": (onset + dt.timedelta(hours=2)).replace(tzinfo=None),
        "wake_local": (wake + dt.timedelta(hours=2)).replace(tzinfo=None),
        "total_sleep_min": 450,
        "timezone_changed": False,
        "is_complete": True,
        "is_short_6h": False,
    }
    return {**numbers, **told, **more}


def sleep(date: str = "2025-06-02", is_main: bool = True, bed: bool = True) -> dict[str, Any]:
    row = night(date)
    early, late = dt.timedelta(minutes=30), dt.timedelta(minutes=15)
    return {
        **{name: row[name] for name in ("sleep_date", "onset_at", "wake_at")},
        **{name: row[name] for name in ("onset_local", "wake_local")},
        "bed_at": row["onset_at"] - early if bed else None,
        "rise_at": row["wake_at"] + late if bed else None,
        "is_main": is_main,
    }


# drawing


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (-0.04, "0"), (12, "12"), (-3.25, "-3.2"), (0.05, "0"), (100.96, "101")],
)
def test_a_coordinate_is_short(value: float, text: str) -> None:
    assert number(value) == text


def test_what_is_written_is_escaped_once() -> None:
    assert tag("text", "<&>", class_='"a"') == '<text class="&#34;a&#34;">&lt;&amp;&gt;</text>'
    assert tag("g", tag("path", d="M0 0"), fill=None) == '<g><path d="M0 0"/></g>'


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(40, 200, [50, 100, 150, 200]), (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]), (5, 5, [5])],
)
def test_ticks_are_round(low: float, high: float, expected: list[float]) -> None:
    assert scales.ticks(low, high) == expected


def test_labels_of_days_are_mondays() -> None:
    first, last = dt.date(2025, 1, 1), dt.date(2025, 12, 31)
    found = scales.days(first, last)
    assert 4 <= len(found) <= 8 and {each.weekday() for each in found} == {0}
    assert scales.days(first, first) == [first]


def test_a_line_has_gaps_where_nothing_is_known() -> None:
    path = shapes.line([(0, 1), (1, 2), (2, None), (3, 4), (4, None), (5, 6), (6, 7)], "a")
    assert re.findall("M[^M]*", path.split('"')[1]) == ["M0 1l1 1", "M3 4h0", "M5 6l1 1"]
    assert shapes.line([(0, None)], "a") == ""


def test_differences_add_up_to_the_place() -> None:
    points = [(n * 0.333, (n * n) % 7 * 0.777) for n in range(400)]
    d = shapes.line(points, "a").split('d="')[1].split('"')[0]
    steps = [float(each) for each in re.findall(r"-?\d+(?:\.\d)?", d)]
    assert sum(steps[0::2]) == pytest.approx(points[-1][0], abs=0.051)
    assert sum(steps[1::2]) == pytest.approx(points[-1][1], abs=0.051)


# figures


def test_a_night_lies_at_its_hours() -> None:
    figure = raster.raster([night()], [sleep()])
    assert figure is not None
    x = scales.Scale(0, 48, 64, 736)
    (own,) = places(figure.image, "asleep")
    # the line of 1 June begins at its noon: 23:00 is 11 hours on, 7:00 is 19
    assert own[0] == pytest.approx(x(11), abs=0.1) and own[2] == pytest.approx(x(8) - 64, abs=0.1)
    bed = places(figure.image, "bed")
    assert bed[0][0] == pytest.approx(x(10.5), abs=0.1)
    assert bed[0][2] == pytest.approx(x(8.75) - 64, abs=0.1)
    assert places(figure.image, "nap") == []


def test_two_nights_stand_on_their_lines() -> None:
    dates = ("2025-06-02", "2025-06-03")
    figure = raster.raster([night(d) for d in dates], [sleep(d, bed=False) for d in dates])
    assert figure is not None
    lefts = sorted(round(place[0]) for place in places(figure.image, "asleep"))
    x = scales.Scale(0, 48, 64, 736)
    assert lefts == [round(x(11)), round(x(11)), round(x(35))]
    assert places(figure.image, "bed") == []
    assert [row[0] for row in figure.table] == list(dates)
    assert raster.raster([], []) is None


def test_the_ranges_fill_the_bar() -> None:
    summary = {"tbr54_pct": 1, "tbr70_pct": 4, "tir_pct": 70, "tar180_pct": 26, "tar250_pct": 6,
               "titr_pct": 50}  # fmt: skip
    figure = profile.ranges(summary, MMOLL)
    assert figure is not None
    bars = [e for e in ElementTree.fromstring(figure.image).iter() if "edge" in e.get("class", "")]
    wide = [float(e.attrib["width"]) / 7.44 for e in bars]
    assert wide == pytest.approx([1, 3, 70, 20, 6], abs=0.05)
    assert [row[1] for row in figure.table] == [
        "1.0 %",
        "3.0 %",
        "70.0 %",
        "20.0 %",
        "6.0 %",
        "50.0 %",
    ]
    assert "in range, 3.9 to 10.0" in figure.table[2][0]
    assert profile.ranges({**summary, "tir_pct": None}, MGDL) is None


def test_the_curve_is_where_the_percentiles_are() -> None:
    rows = [
        {"minute_of_day": 5 * n, "day_count": 9, "p05_mgdl": 80.0, "p25_mgdl": 90.0,
         "p50_mgdl": None if n == 100 else 120.0, "p75_mgdl": 130.0, "p95_mgdl": 160.0}
        for n in range(288)
    ]  # fmt: skip
    figure = profile.profile(rows, MGDL)
    assert figure is not None
    (curve,) = (e for e in ElementTree.fromstring(figure.image).iter() if e.get("class") == "curve")
    y = scales.Scale(40, 200, 288, 12)
    starts = re.findall(r"M(\S+) (\S+)l", curve.attrib["d"])
    assert [float(at) for _, at in starts] == pytest.approx([y(120)] * 2, abs=0.05)
    assert profile.profile([{**row, "p50_mgdl": None} for row in rows], MGDL) is None


def strip_of(row: dict[str, Any], **around: Any) -> Any:
    return strip.strip(row, strip.Around(**around), MGDL)


def test_a_strip_has_each_thing_at_its_time() -> None:
    row = night(fasting_mgdl=100.0, has_dawn_phenomenon=True, dawn_delta_mgdl=25.0)
    onset, wake = row["onset_at"], row["wake_at"]
    hour = dt.timedelta(hours=1)
    figure = strip_of(
        row,
        stages=[{"start_at": onset, "end_at": onset + hour, "stage": "deep"},
                {"start_at": onset + hour, "end_at": wake, "stage": "rem"}],
        readings=[{"start_at": onset + n * hour / 12, "glucose_mgdl": 100.0} for n in range(60)],
        meals=[{"start_at": wake + hour, "kind": "meal", "carbohydrate_g": 40.0},
               {"start_at": wake + 99 * hour, "kind": "meal", "carbohydrate_g": 41.0}],
        exercise=[{"start_at": wake + 2 * hour, "end_at": wake + 3 * hour, "label": "Walking"}],
    )  # fmt: skip
    x = scales.Scale(0, 25, 64, 736)
    (deep,) = places(figure.image, "s-deep")
    assert deep[0] == pytest.approx(x(1), abs=0.1)
    assert deep[2] == pytest.approx(x(2) - x(1), abs=0.1)
    (rem,) = places(figure.image, "s-rem")
    assert rem[2] == pytest.approx(x(9) - x(2), abs=0.1) and rem[1] < deep[1]
    (bar,) = places(figure.image, "exercise")
    assert bar[0] == pytest.approx(x(11), abs=0.1)
    texts = [e.text for e in ElementTree.fromstring(figure.image).iter() if e.text]
    assert "40 g" in texts and "41 g" not in texts
    assert "fasting 100, dawn +25" in texts
    assert "00:00" in texts  # two hours ahead of UTC, at 22:00 UTC


def test_a_strip_without_anything_is_one_all_the_same() -> None:
    figure = strip_of(night())
    assert "fasting –" in figure.caption
    ElementTree.fromstring(figure.image)


def test_a_terminal_shows_the_same_night() -> None:
    row = night()
    onset, wake = row["onset_at"], row["wake_at"]
    hour = dt.timedelta(hours=1)
    stages = [{"start_at": onset, "end_at": wake, "stage": "deep"}]
    readings = [{"start_at": onset + n * hour / 4, "glucose_mgdl": 40.0 + 4 * n} for n in range(32)]
    meals = [{"start_at": wake + hour, "kind": "detected_rise", "carbohydrate_g": None}]
    drawn = lines(row, strip.Around(stages, readings, meals), MGDL, 100)
    text = {n: "".join(sign for sign, _ in line.cells) for n, line in enumerate(drawn)}
    assert {len(each) for each in text.values()} == {100}
    assert text[0].index("█") == 4 and text[0].count("█") == 32  # 4 columns an hour
    assert text[4][4] == "▁" and text[4][3] == " "  # 40 mg/dL is seen, nothing is blank
    assert "high" not in {look for _, look in drawn[1].cells}
    assert text[5].strip() == "○" and text[5].index("○") == 40
    assert "03:00" in text[6] and "09:00" in text[6]


def test_a_calendar_has_a_week_in_a_row() -> None:
    daily = [{"date": dt.date(2025, 6, 8), "tir_pct": 88.0, "is_valid": True},
             {"date": dt.date(2025, 6, 9), "tir_pct": 10.0, "is_valid": False}]  # fmt: skip
    figure = calendar.calendar([night("2025-06-02")], daily)
    assert figure is not None
    cells = [
        e for e in ElementTree.fromstring(figure.image).iter() if "shade" in e.get("class", "")
    ]
    assert len(cells) == 2 * 7
    assert [e.get("class") for e in cells if e.get("class") != "shade-none"] == ["shade-3"] * 2
    assert figure.table == [["2025-06-02", "7:30", "–"], ["2025-06-08", "–", "88.0"]]


def test_a_long_name_of_a_stream_is_cut_where_it_is_drawn_alone() -> None:
    kind = {"metric": "heart_rate_variability_rmssd", "connector": "google_health_api"}
    day = {"device": None, "reading_count": 9, "date": dt.date(2025, 6, 1), "observed_pct": 90.0}
    figure = streams.streams([{**kind, **day}], [], [])
    assert figure is not None
    assert figure.table[0][0] == "heart rate variability rmssd, google_health_api"
    drawn = [
        e.text or "" for e in ElementTree.fromstring(figure.image).iter() if e.tag.endswith("text")
    ]
    assert "heart rate variabili…, google_health_api" in drawn
    assert max(map(len, drawn)) <= streams.NAME_MAX


def test_streams_have_glucose_first_and_daily_numbers_together() -> None:
    def row(metric: str, day: int, count: int, share: float | None) -> dict[str, Any]:
        return {"metric": metric, "connector": "oura", "device": None, "reading_count": count,
                "date": dt.date(2025, 6, day), "observed_pct": share}  # fmt: skip

    coverage = [row("total_sleep_time", 1, 1, None), row("sleep_score", 1, 2, None),
                row("heart_rate", 1, 900, 80.0), row("interstitial_glucose", 2, 288, 100.0),
                row("insulin", 1, 7, None)]  # fmt: skip
    figure = streams.streams(coverage, [], [])
    assert figure is not None
    assert [line[0] for line in figure.table] == [
        *("interstitial glucose, oura", "heart rate, oura", "insulin, oura"),
        "numbers of the day, oura",
    ]
    assert figure.table[-1][-2:] == ["1", "3"]
    assert len(places(figure.image, "seen-full")) == 1


def test_too_few_nights_are_counted_down() -> None:
    few = [
        night(f"2025-06-{n:02d}", fasting_mgdl=90.0, wake16h_mean_mgdl=100.0) for n in range(1, 6)
    ]
    pair = together.PAIRS[0]
    assert together.verdict(pair, [], few, MGDL) == "Not enough nights: 9 more (5 of 14)."
    effect = {"exposure": pair.exposure, "outcome": pair.outcome, "relation": "same_night",
              "night_count": 5, "slope": None, "verdict": "not enough nights"}  # fmt: skip
    assert together.verdict(pair, [effect], few, MGDL).startswith("Not enough nights: 9 more")


def test_columns_that_effect_does_not_have_are_not_needed() -> None:
    pair = together.PAIRS[0]
    bare = {"exposure": pair.exposure, "outcome": pair.outcome, "relation": "same_night"}
    nights = [night(wake16h_mean_mgdl=100.0), night("2025-06-03", wake16h_mean_mgdl=110.0)]
    assert together.forest([bare], MGDL) is None
    assert "Not enough" in together.verdict(pair, [bare], nights, MGDL)
    full = {**bare, "slope": -1.0, "slope_low": -2.0, "slope_high": 0.5}
    figure = together.forest([full], MGDL)
    assert figure is not None and figure.table[0][2:5] == ["−1.00", "−2.00", "0.50"]
    assert together.scatter(pair, nights, [full], MGDL) is not None


def test_a_slope_is_told_in_the_unit_that_was_asked_for() -> None:
    pair = together.PAIRS[0]
    row = {"exposure": pair.exposure, "outcome": pair.outcome, "relation": "same_night",
           "slope": 18.0156, "slope_low": -18.0156, "slope_high": 36.0312, "night_count": 30,
           "slope_unit": "mg/dL per h", "verdict": "no clear relation"}  # fmt: skip
    told = together.verdict(pair, [row], [], MMOLL)
    assert "1.00 mmol/L per h, 95 % interval −1.00 to 2.00, 30 nights." in told
    assert (
        together.verdict(pair, [{**row, "is_current": False}], [], MGDL).count("other nights") == 1
    )


def test_a_spark_breaks_where_nights_are_missing() -> None:
    image = spark.spark([night("2025-06-02"), night("2025-06-03"), night("2025-06-09")])
    assert image.count("M") == 2 and 'aria-hidden="true"' in image


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (plain(None), "–"),
        (plain(-0.04, 1), "0.0"),
        (plain(-3.0), "−3"),
        (hours(428), "7:08"),
        (hours(-61), "−1:01"),
        (MMOLL.text(180.156), "10.0"),
        (MGDL.text(None), "–"),
    ],
)
def test_numbers_are_written(said: str, text: str) -> None:
    assert said == text
