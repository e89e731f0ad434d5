"""Several people at once: repeated-measures correlation and the mixed model."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from tests.simulated import person
from transforms.effect.mixed import mixed_slope
from transforms.effect.rmcorr import centred, repeated_correlation
from transforms.effect.together import together

BLAND = Path(__file__).parents[1] / "reference" / "bland1995_rm_corr.csv"


def test_correlation_of_bland_and_altman() -> None:
    """Intramural pH and PaCO2 of 8 people; numbers of the R package rmcorr."""
    with BLAND.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    who = np.array([int(row["Subject"]) - 1 for row in rows])
    ph, pressure = (np.array([float(row[name]) for row in rows]) for name in ("pH", "PacO2"))
    found, turned = repeated_correlation(who, ph, pressure), repeated_correlation(who, pressure, ph)
    assert found is not None and turned is not None
    assert found.r == turned.r == pytest.approx(-0.5067697, abs=5e-8)
    assert (found.freedom, found.slope) == (38, pytest.approx(-2.37083, abs=5e-6))
    assert found.p == pytest.approx(0.000847, abs=5e-7)
    assert (found.low, found.high) == pytest.approx((-0.7067, -0.2319), abs=5e-5)


def test_means_of_people_do_not_count() -> None:
    """Within each of two people y falls with x; who has more x has more y. By hand: r = -1."""
    who = np.array([0, 0, 0, 1, 1, 1])
    x, y = np.array([1.0, 2, 3, 11, 12, 13]), np.array([3.0, 2, 1, 13, 12, 11])
    assert centred(who, x).tolist() == [-1, 0, 1, -1, 0, 1]
    found = repeated_correlation(who, x, y)
    assert found is not None
    assert (found.r, found.slope) == (-1, -1)


def test_no_correlation_where_there_is_none_to_have() -> None:
    one, two = np.zeros(6, np.int64), np.array([0, 0, 0, 1, 1, 1])
    x = np.array([1.0, 2, 4, 3, 5, 1])
    assert repeated_correlation(one, x, x[::-1].copy()) is None
    assert repeated_correlation(two, x, np.array([5.0, 5, 5, 7, 7, 7])) is None
    assert repeated_correlation(two[2:4], x[2:4], x[:2]) is None


def people(count: int, slope: float, differ: float, seed: int = 6) -> list[np.ndarray]:
    """Person, x, y, covariates of 60 nights each: who sleeps more has lower levels."""
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(count), 60)
    usual = rng.standard_normal(count)
    x = 7 + usual[who] + rng.standard_normal(len(who))
    own = slope + differ * rng.standard_normal(count)
    free = np.tile(np.arange(60) % 7 >= 5, count).astype(np.float64)
    y = 100 - 8 * usual[who] + own[who] * (x - 7 - usual[who]) + 3 * free
    y += 3 * rng.standard_normal(count)[who] + 4 * rng.standard_normal(len(who))
    covariates = np.stack([np.tile(np.arange(60.0) - 29.5, count), free], 1)
    return [who, x, y, covariates]


def test_the_mixed_model_finds_the_slope_within_people() -> None:
    found = mixed_slope(*people(12, 2.0, 0.5))
    assert found is not None
    assert found.model == "level and slope by person"
    assert found.slope == pytest.approx(2.0, abs=0.6)
    assert 0 < found.low < 2 < found.high
    assert found.p < 0.001


@pytest.mark.parametrize("count", [2, 3, 4])
def test_few_people_have_one_slope(count: int) -> None:
    found = mixed_slope(*people(count, 2.0, 0.0))
    assert found is not None
    assert found.model == "level by person"
    assert found.low < 2 < found.high


@pytest.mark.simulation
def test_the_mixed_model_keeps_what_it_promises() -> None:
    """The interval has the slope in about 95 of 100 populations."""
    held = 0
    for seed in range(60):
        found = mixed_slope(*people(8, 1.0, 0.5, seed))
        assert found is not None
        held += found.low <= 1 <= found.high
    assert held >= 52  # of 60 at 95 %, fewer than that once in 500


def test_one_person_or_nothing_to_see_has_no_model() -> None:
    who, x, y, covariates = people(2, 2.0, 0.0)
    assert mixed_slope(who[:60], x[:60], y[:60], covariates[:60]) is None
    assert mixed_slope(who, np.full(120, 7.0), y, covariates) is None
    assert mixed_slope(who, x, np.full(120, 100.0), covariates) is None


@pytest.mark.simulation
def test_everyone_together() -> None:
    rng = np.random.default_rng(9)
    found = together([person(rng, 90, 3.0) for _ in range(3)] + [person(rng, 10, 3.0)])
    assert len(found) == 30
    first = found[0]
    assert (first.exposure, first.outcome) == ("total_sleep_min", "wake16h_mean_mgdl")
    assert first.person_count == 3  # of ten nights nothing is told
    assert first.correlation is not None and first.mixed is not None
    assert first.correlation.low > 0.2
    assert first.mixed.low < 3 < first.mixed.high
    assert first.correlation.slope == pytest.approx(first.mixed.slope, abs=1)


def test_one_person_is_not_together() -> None:
    found = together([person(np.random.default_rng(9), 60, 3.0)])
    assert [(f.correlation, f.mixed) for f in found] == [(None, None)] * 30
