"""Stability, variability, phase: equal to the reference vectors, NULL where nights are few."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest

from tests.lake import Person, Row, asked, assert_checked, lake_of
from tests.warehouse.test_sleep_history import EXPECTED, nights, reference_person

pytestmark = pytest.mark.whole


def rhythm(folder: Path, person: Person) -> Row:
    lake = lake_of(folder, {"p1": person})
    assert_checked(lake)
    (row,) = asked(lake, "from sleep_rhythm")
    return row


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Row:
    return rhythm(tmp_path_factory.mktemp("lake"), reference_person())


def test_rhythm_is_that_of_the_vectors(told: Row) -> None:
    assert (told["night_count"], told["hour_pair_count"]) == (15, 15 * 24 - 1)
    assert (str(told["first_date"]), str(told["last_date"])) == ("2024-03-05", "2024-03-19")
    stability = EXPECTED["IS_vanSomeren_population"]
    assert told["interdaily_stability"] == pytest.approx(stability, rel=1e-12)
    variability = EXPECTED["IV_vanSomeren_population"]
    assert told["intradaily_variability"] == pytest.approx(variability, rel=1e-12)


def test_pyactigraphy_divides_by_one_less(told: Row) -> None:
    """Variances of 24 and of 360 hours, with n - 1: what its numbers differ by."""
    larger = (24 / 23) * (359 / 360)
    theirs = EXPECTED["IS_pyActigraphy_sampleVar"]
    assert told["interdaily_stability"] * larger == pytest.approx(theirs, rel=1e-12)
    theirs = EXPECTED["IV_pyActigraphy"]
    assert told["intradaily_variability"] * 359 / 360 == pytest.approx(theirs, rel=1e-12)


def test_phase_is_that_of_the_vectors(told: Row) -> None:
    deviation = EXPECTED["cpd_mean_hours_ref_mean"]
    assert told["composite_phase_deviation_h"] == pytest.approx(deviation, rel=1e-9)
    corrected = EXPECTED["msf_sc"] / 60
    assert told["midsleep_free_corrected_h"] == pytest.approx(corrected, rel=1e-9)


def test_the_same_night_every_night_is_stable(tmp_path: Path) -> None:
    """From 23 to 7 o'clock: two whole changes a day; 2025-03-15 is a Saturday."""
    row = rhythm(tmp_path, nights(*[480] * 7, start="2025-03-14"))
    assert row["interdaily_stability"] == 1
    # 14 changes in 167 pairs; hours are a third asleep: variance 2 / 9
    assert row["intradaily_variability"] == pytest.approx(14 / 167 / (2 / 9))
    assert row["composite_phase_deviation_h"] == pytest.approx(0, abs=1e-12)
    assert row["midsleep_free_corrected_h"] == pytest.approx(3)


def test_six_nights_are_too_few(tmp_path: Path) -> None:
    row = rhythm(tmp_path, nights(*[480] * 6, start="2025-03-14"))
    assert row["night_count"] == 6
    assert row["interdaily_stability"] is row["intradaily_variability"] is None
    assert row["composite_phase_deviation_h"] is row["midsleep_free_corrected_h"] is None


def hourly(days: list[list[tuple[int, int]]]) -> np.ndarray:
    """Minutes asleep (days, 24) of stretches in minutes from noon."""
    state = np.zeros((len(days), 1440))
    for day, stretches in enumerate(days):
        for begin, end in stretches:
            state[day, begin:end] = 1
    return state.reshape(len(days), 24, 60).sum(axis=2)


def test_a_missing_night_is_no_day_awake(tmp_path: Path) -> None:
    """Its day is left out, and no change is counted across it; a nap of half an hour counts."""
    lengths = (480, 420, 500, None, 450, 480, 390, 510)
    person = nights(*lengths)
    person.sleep("2025-03-12T14:00+00:00", [("light", 30)])
    row = rhythm(tmp_path, person)
    days = [[(660, 660 + n)] for n in lengths if n]
    days[2] = [(120, 150), *days[2]]  # after noon: in the day of the night that follows
    x = hourly(days)
    changes = np.concatenate([np.diff(x[:3].ravel()), np.diff(x[3:].ravel())])
    assert (row["night_count"], row["hour_pair_count"]) == (7, len(changes))
    assert row["interdaily_stability"] == pytest.approx(x.mean(axis=0).var() / x.var(), rel=1e-12)
    expected = (changes**2).mean() / x.var()
    assert row["intradaily_variability"] == pytest.approx(expected, rel=1e-12)
    middle = np.array([23 + n / 120 - 24 for n in lengths if n])
    off, step = middle - middle.mean(), np.diff(middle)
    known = [0, 1, 3, 4, 5]  # steps within three and within four nights
    expected = np.hypot(off[1:][known], step[known]).mean()
    assert row["composite_phase_deviation_h"] == pytest.approx(expected, rel=1e-9)


def test_longer_free_nights_bring_the_middle_forward(tmp_path: Path) -> None:
    """Two hours more on Saturday and Sunday: half of what they are longer than all is taken off."""
    person = nights(*[600, 600, 480, 480, 480, 480, 480], start="2025-03-14")
    row = rhythm(tmp_path, person)
    longer = 600 - (2 * 600 + 5 * 480) / 7
    assert row["midsleep_free_corrected_h"] == pytest.approx(4 - longer / 120)


def test_midpoints_about_midnight(tmp_path: Path) -> None:
    """Sleep from 20:00, ten minutes earlier or later: the middle is at midnight."""
    person = Person("UTC")
    for day in range(7):
        begin = dt.datetime(2025, 3, 14 + day, 20) + dt.timedelta(minutes=10 if day % 2 else -10)
        person.sleep(f"{begin.isoformat()}+00:00", [("light", 480)])
    row = rhythm(tmp_path, person)
    mean = 10 * (3 - 4) / 7
    off = [abs((10 if day % 2 else -10) - mean) for day in range(1, 7)]
    assert row["composite_phase_deviation_h"] == pytest.approx(np.hypot(off, 20).mean() / 60)
