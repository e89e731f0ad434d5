"""Several people at once: their slopes put together, and the correlation within them."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import t as student
from statsmodels.stats import meta_analysis

from tests.simulated import person
from transforms.effect.bootstrap import Floats
from transforms.effect.meta import evened, meta
from transforms.effect.pairs import HABIT
from transforms.effect.rmcorr import correlation_of_people
from transforms.effect.together import together
from transforms.effect.within import effects

BLAND = Path(__file__).parents[1] / "reference" / "bland1995_rm_corr.csv"


# slopes


def test_equal_errors_are_a_mean_with_its_t() -> None:
    """By hand: slopes as sure as each other have the interval of their mean, tau and I2."""
    slopes, errors = np.array([0.0, 1, 2, 4, 8]), np.full(5, 0.5)
    found = meta(slopes, errors)
    mean, variance = 3.0, float(slopes.var(ddof=1))
    reach = float(student.ppf(0.975, 4)) * np.sqrt(variance / 5)
    assert (found.slope, found.low, found.high) == pytest.approx(
        (mean, mean - reach, mean + reach), rel=1e-4
    )
    assert found.spread == pytest.approx(np.sqrt(variance - 0.25), rel=1e-3)
    q = 4 * variance / 0.25
    assert found.i2_pct == pytest.approx(100 * (1 - 4 / q))
    ahead = float(student.ppf(0.975, 3)) * np.sqrt(variance - 0.25 + variance / 5)
    assert found.prediction_high == pytest.approx(mean + ahead, rel=1e-3)
    assert found.p == pytest.approx(2 * student.sf(mean / np.sqrt(variance / 5), 4), rel=1e-3)
    assert found.note == ""


def test_who_is_surer_counts_more_and_a_larger_unit_changes_nothing() -> None:
    slopes, errors = np.array([0.0, 0.1, -0.1, 0.05, 3]), np.array([0.1, 0.1, 0.1, 0.1, 5])
    found, thousand = meta(slopes, errors), meta(1000 * slopes, 1000 * errors)
    assert abs(found.slope) < 0.1
    assert found.spread == 0 and found.i2_pct == 0
    assert (thousand.slope, thousand.low) == pytest.approx((1000 * found.slope, 1000 * found.low))


@pytest.mark.parametrize("count", [2, 3, 4])
def test_few_people_have_no_interval(count: int) -> None:
    found = meta(np.array([0.0, 0, 7, 1])[:count], np.full(count, 0.8))
    assert np.isfinite(found.slope)
    assert np.isnan([found.low, found.high, found.p, found.spread, found.prediction_low]).all()
    assert found.note == "no interval below 5 people"


def test_what_did_not_converge_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """With one step of the iteration, which statsmodels ends without a word."""
    true = meta_analysis._fit_tau_iterative

    def cut(eff: Floats, var_eff: Floats) -> tuple[float, bool]:
        found: tuple[float, bool] = true(eff, var_eff, maxiter=1)
        return found

    slopes, errors = np.array([0.0, 1, 2, 4, 8]), np.array([0.1, 0.5, 0.2, 1, 0.3])
    assert np.isfinite(meta(slopes, errors).low)
    monkeypatch.setattr(meta_analysis, "_fit_tau_iterative", cut)
    found = meta(slopes, errors)
    assert np.isnan(found.slope) and np.isnan(found.low)
    assert found.note == "the spread between people did not converge"


def test_a_slope_without_an_error_is_not_weighed() -> None:
    found = meta(np.array([1.0, 1, 1, 1, 1]), np.array([0.0, 1, 1, 1, 1]))
    assert np.isnan(found.low)
    assert "no error" in found.note


def test_errors_are_larger_by_one_factor() -> None:
    """By hand: squares larger by 1, 4 and 4 are all larger by 3."""
    found = evened(np.array([1.0, 2, 6]), np.array([1.0, 1, 3]))
    assert found == pytest.approx(np.sqrt(3) * np.array([1, 1, 3]))
    exact = np.array([0.0, 1])
    assert evened(exact, exact).tolist() == [0, 1]


# correlation


def bland() -> list[Floats]:
    """pH and PaCO2 of each of 8 people, their means taken off."""
    with BLAND.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    who = np.array([int(row["Subject"]) for row in rows])
    values = np.array([[float(row[name]) for name in ("pH", "PacO2")] for row in rows])
    return [values[who == each] - values[who == each].mean(0) for each in np.unique(who)]


def test_correlation_of_bland_and_altman() -> None:
    """Correlation and common slope as of the R package rmcorr."""
    left = bland()
    found = correlation_of_people(left, np.full(8, 0.5))
    assert found is not None
    assert found.r == pytest.approx(-0.5067697, abs=5e-8)
    assert (found.freedom, found.slope) == (7, pytest.approx(-2.37083, abs=5e-6))
    assert found.low < found.r < found.high


def test_its_error_is_that_of_leaving_people_out() -> None:
    left = bland()
    without = []
    for at in range(8):
        a, b = np.concatenate([of for other, of in enumerate(left) if other != at]).T
        without.append(np.arctanh(a @ b / np.sqrt((a @ a) * (b @ b))))
    error = np.sqrt(7 / 8 * ((without - np.mean(without)) ** 2).sum())
    found = correlation_of_people(left, np.full(8, 1e-6))
    assert found is not None
    t = abs(np.arctanh(found.r)) / error
    assert found.p == pytest.approx(2 * student.sf(t, 7))


def test_people_alike_by_chance_are_no_surer_than_their_nights() -> None:
    """Three people with one and the same correlation of 0.1: leaving one out tells nothing."""
    x, y = np.array([1.0, -1, 1, -1]), np.array([1.0, -1, -1, 1])
    left = [np.stack([x, 0.1 * x + y], 1)] * 3
    found = correlation_of_people(left, np.full(3, 0.5))
    assert found is not None
    assert found.p > 0.5


def test_no_correlation_where_there_is_none_to_have() -> None:
    one = np.array([[1.0, 2], [-1, -2]])
    assert correlation_of_people([one], np.array([0.1])) is None
    assert correlation_of_people([one * [0, 1]] * 2, np.array([0.1, 0.1])) is None


# everyone


@pytest.mark.simulation
def test_everyone_together() -> None:
    rng = np.random.default_rng(9)
    people = [person(rng, 90, 3.0) for _ in range(6)] + [person(rng, 10, 3.0)]
    found = together([(own, effects(own)) for own in people])
    assert len(found) == 36 + 72
    first = found[0]
    assert (first.asked.exposure.name, first.asked.outcome.name, first.asked.relation) == (
        "total_sleep_min",
        "wake16h_mean_mgdl",
        "same_night",
    )
    assert first.person_count == 6  # of ten nights nothing is told
    assert first.correlation is not None and first.meta is not None
    assert first.correlation.low > 0.2
    assert first.meta.low < 3 < first.meta.high
    assert first.correlation.slope == pytest.approx(first.meta.slope, abs=1)
    assert first.adjusted_p >= first.meta.p
    assert {each.note for each in found if each.asked.family == HABIT} == {
        "no two people with a slope"
    }


@pytest.mark.simulation
def test_three_people_have_a_slope_and_no_interval() -> None:
    rng = np.random.default_rng(9)
    people = [person(rng, 60, slope) for slope in (0.0, 0.0, 7.0)]
    first = together([(own, effects(own)) for own in people])[0]
    assert first.meta is not None and first.correlation is not None
    assert 0 < first.meta.slope < 5
    assert np.isnan(first.meta.low) and np.isnan(first.correlation.low)
    assert first.correlation.p > 0.05
    assert first.note == "no interval below 5 people"


def test_one_person_is_not_together() -> None:
    own = person(np.random.default_rng(9), 60, 3.0)
    found = together([(own, effects(own))])
    assert {(f.correlation, f.meta) for f in found} == {(None, None)}
