"""Which of two numbers is the day: settled for a whole file, or refused."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest

from connectors.contract import UndatableFile
from connectors.reading.stamps import DAY_FIRST, MONTH_FIRST, stamped


def read(*stamps: str, usual: str | None = None) -> list[str | None]:
    times = stamped(pa.array(stamps, pa.string()), usual).times.to_pylist()
    return [time and time.isoformat() for time in times]


def test_every_way_to_write_a_moment() -> None:
    assert read("11-30-2018 11:34 PM", "12-1-2018 12:04 am") == [
        "2018-11-30T23:34:00",
        "2018-12-01T00:04:00",
    ]
    assert read("30.11.2018 23.34", "01.12.2018, 00:04:05") == [
        "2018-11-30T23:34:00",
        "2018-12-01T00:04:05",
    ]
    assert read("30/11/18 11:34 p. m.", "1/2/18 8:02\u202fAM") == [
        "2018-11-30T23:34:00",
        "2018-02-01T08:02:00",
    ]
    assert read("2018-02-03T3:34", "2018/2/3 03:34:05.25") == [
        "2018-02-03T03:34:00",
        "2018-02-03T03:34:05.250000",
    ]


def test_what_is_no_moment_is_none() -> None:
    assert read("13/1/2020 25:00", "13/1/2020 13:00 PM", "", "x", "31/2/2020 8:00", "0000-1-1 0:00",
                "13/13/2020 8:00", "13/1/2020", usual=DAY_FIRST) == [None] * 8  # fmt: skip


@pytest.mark.parametrize("step", [1, -1])
@pytest.mark.parametrize("written, order", [("%d/%m", DAY_FIRST), ("%m/%d", MONTH_FIRST)])
def test_nights_tell_the_order(step: int, written: str, order: str) -> None:
    start = dt.datetime(2024, 5, 3, 22)
    moments = [start + dt.timedelta(minutes=15 * i) for i in range(150)][::step]
    stamps = pa.array([f"{each:{written}/%Y %H:%M}" for each in moments])
    assert stamped(stamps).order == order
    assert stamped(stamps).times.to_pylist() == moments
    assert stamped(stamps, usual=MONTH_FIRST).order == order


def test_a_convention_holds_where_nothing_speaks_against_it() -> None:
    assert read("5/6/2020 10:00", usual=DAY_FIRST) == ["2020-06-05T10:00:00"]
    assert read("5/6/2020 10:00", usual=MONTH_FIRST) == ["2020-05-06T10:00:00"]
    assert read("5/6/2020 10:00 AM") == ["2020-05-06T10:00:00"]
    assert read("5.6.2020 10:00") == ["2020-06-05T10:00:00"]
    assert read("5/5/2020 10:00") == ["2020-05-05T10:00:00"]
    assert read("5/13/2020 10:00", "5/6/2020 10:00", usual=DAY_FIRST)[1] == "2020-05-06T10:00:00"


def test_the_days_that_a_file_is_about_tell_the_order() -> None:
    stamps = pa.array(["5/6/2020 10:00", "5/7/2020 10:00"])
    june = (dt.date(2020, 6, 1), dt.date(2020, 7, 30))
    may = (dt.date(2020, 5, 1), dt.date(2020, 5, 30))
    assert stamped(stamps, within=june).order == DAY_FIRST
    assert stamped(stamps, within=may).order == MONTH_FIRST
    assert stamped(
        stamps, MONTH_FIRST, within=(dt.date(2020, 1, 1), dt.date(2020, 12, 1))
    ).order == (MONTH_FIRST)


def test_nothing_is_guessed() -> None:
    with pytest.raises(UndatableFile, match="look alike"):
        read("5/6/2020 10:00", "5/7/2020 10:00")
    with pytest.raises(UndatableFile, match="some dates"):
        read("13/6/2020 10:00", "6/13/2020 10:00", usual=DAY_FIRST)
