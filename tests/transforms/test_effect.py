"""Within one person: nights of a pair, slope, interval, shifts, families, verdicts."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.stats import t as student

from tests.simulated import MONDAY, person
from transforms.effect import bootstrap
from transforms.effect.bootstrap import Floats, adjusted, estimate, placed, residuals, shift_p
from transforms.effect.pairs import (
    COVERAGE,
    EXPOSURES,
    OUTCOMES,
    RELATIONS,
    TOO_EARLY,
    TOO_FEW,
    UNCLEAR,
    UNMOVED,
    verdict,
)
from transforms.effect.within import Nights, design, effects, related

SLEEP, MEAN, FASTING = EXPOSURES[0], OUTCOMES[0], OUTCOMES[3]
MEASURES = [measure.name for measure in (*EXPOSURES, *OUTCOMES)]


def nights(days: list[int], **columns: list[float]) -> Nights:
    """Nights of Monday the 5th of January 2026 and so many days after; what is not told is NaN."""
    day = MONDAY + np.array(days)
    values = {name: np.full(len(days), np.nan) for name in MEASURES}
    values[COVERAGE] = np.full(len(days), 100.0)
    values |= {name: np.array(column, dtype=np.float64) for name, column in columns.items()}
    return Nights(day, (np.array(days) % 7 >= 5).astype(np.float64), values)


# which nights


def test_a_gap_keeps_its_nights_and_a_long_one_keeps_a_week() -> None:
    assert placed(np.array([10, 11, 14, 22, 31, 400])).tolist() == [0, 1, 4, 12, 20, 28]


def test_relations_go_by_the_calendar() -> None:
    """Sleep of 1 to 8 h and fasting glucose 101 to 108; the night of day 4 is missing."""
    days = [0, 1, 2, 3, 5, 6, 7, 8]
    sleep, fasting = ([60.0 * (d + 1) for d in days], [101.0 + d for d in days])
    own = nights(days, total_sleep_min=sleep, fasting_mgdl=fasting)
    found = {of: related(own, SLEEP, FASTING, of) for of in RELATIONS}
    told = {
        of: list(zip((p.day - MONDAY).tolist(), p.first.tolist(), p.second.tolist(), strict=True))
        for of, p in found.items()
    }
    assert told["same_night"] == [(d, d + 1, 101 + d) for d in days]
    assert told["night_before"] == [(d, d, 101 + d) for d in (1, 2, 3, 6, 7, 8)]
    assert told["four_nights"] == [(3, 2.5, 104), (8, 7.5, 109)]
    # in tens of mg/dL, then the minutes of the night after
    expected = [(d, (100 + d) / 10, 60 * (d + 1)) for d in (1, 2, 3, 6, 7, 8)]
    assert np.allclose(told["reverse"], expected)
    assert found["same_night"].covariates[:, 1].tolist() == [0, 0, 0, 0, 1, 1, 0, 0]


def test_coverage_counts_where_it_varies_and_belongs() -> None:
    days = list(range(20))
    some = {
        "total_sleep_min": [400.0 + d for d in days],
        "wake16h_mean_mgdl": [1.0 * d for d in days],
    }
    varied = [80.0 + d for d in days]
    steady = nights(days, **some)
    uneven = nights(days, **some, wake16h_coverage_pct=varied, fasting_mgdl=[1.0 * d for d in days])
    assert related(steady, SLEEP, MEAN, "same_night").covariates.shape == (20, 2)
    assert related(uneven, SLEEP, MEAN, "same_night").covariates[:, 2].tolist() == varied
    assert related(uneven, SLEEP, FASTING, "same_night").covariates.shape == (20, 2)
    # of the day that came first
    assert related(uneven, SLEEP, MEAN, "reverse").covariates[:, 2].tolist() == varied[:-1]


# the slope and its interval


def series(nights: int = 60, slope: float = 2.0) -> tuple[Floats, Floats, Floats, Floats]:
    """Days as floats, design, x, y."""
    rng = np.random.default_rng(5)
    day = np.arange(nights, dtype=np.float64)
    covariates = np.stack([day, (day % 7 >= 5)], 1)
    x = rng.standard_normal(nights) + covariates[:, 1]
    y = slope * x + 4 * covariates[:, 1] + 0.1 * day + rng.standard_normal(nights)
    return day, design(covariates), x, y


def test_the_slope_is_that_of_least_squares() -> None:
    day, beside, x, y = series()
    found = estimate(day.astype(np.int64), beside, x, y)
    assert found is not None
    expected = np.linalg.lstsq(np.column_stack([beside, x]), y, rcond=None)[0][-1]
    assert found.slope == pytest.approx(expected, rel=1e-9)
    assert found.low < 2 < found.high
    assert found.slope - found.low == pytest.approx(found.high - found.slope)
    assert 0 < found.p < 1e-4
    assert found.shift_p == pytest.approx(1 / 56)  # 55 shifts, of 3 to 57 nights


def test_a_draw_is_the_slope_of_its_nights_alone() -> None:
    """Of the first ten draws, by least squares on nights as often as they were drawn."""
    day, beside, x, y = series(40)
    left = residuals(beside, np.stack([x, y], 1))
    there = np.flatnonzero(day % 9 != 4)
    drawn = bootstrap._drawn_slopes(there, beside[there], left[there])
    counts = bootstrap._counts(40).T.astype(int)
    for number in range(10):
        chosen = np.repeat(np.arange(40), counts[number])
        chosen = chosen[np.isin(chosen, there)]
        exposed = np.column_stack([beside[chosen], left[chosen, 0]])
        expected = np.linalg.lstsq(exposed, left[chosen, 1], rcond=None)[0][-1]
        assert drawn[number] == pytest.approx(expected, rel=1e-6)


def test_the_interval_is_the_spread_of_draws_made_wider() -> None:
    """300 nights like their neighbours, and t of 1.5 x 300 / 7 degrees of freedom."""
    day, beside, x, y = series(300)
    rng = np.random.default_rng(1)
    x, y = x + 3 * _ar(rng, 300), y + 3 * _ar(rng, 300)
    found = estimate(day.astype(np.int64), beside, x, y)
    assert found is not None
    left, place = residuals(beside, np.stack([x, y], 1)), np.arange(300)
    cut_off = bootstrap._cut_off(place, left)
    assert cut_off > 1.01
    error = bootstrap._drawn_slopes(place, beside, left).std(ddof=1) * np.sqrt(300 / 293) * cut_off
    sure, powerful = (float(student.ppf(share, 1.5 * 300 / 7)) for share in (0.975, 0.8))
    assert (found.high - found.low) / 2 == pytest.approx(sure * error, rel=1e-6)
    assert found.detectable == pytest.approx((sure + powerful) * error, rel=1e-6)


def test_draws_are_blocks_of_a_week_and_always_the_same() -> None:
    counts = bootstrap._counts(14).T
    assert counts.shape == (2000, 14)
    assert set(counts.sum(1)) == {14}
    starts = {tuple(np.flatnonzero(np.diff(row, prepend=0) > 0)) for row in counts}
    assert {len(s) for s in starts} <= {1, 2}
    assert max(max(s) for s in starts) == 7
    bootstrap._counts.cache_clear()
    assert np.array_equal(counts, bootstrap._counts(14).T)


def test_weekends_are_not_taken_for_sleep() -> None:
    """Longer sleep and higher glucose at weekends, and nothing else."""
    day, beside, _, _ = series(84)
    rng = np.random.default_rng(1)
    free = (day % 7 >= 5).astype(np.float64)
    x, y = 7 + free + rng.standard_normal(84), 100 + 6 * free + rng.standard_normal(84)
    with_, without = (estimate(day.astype(np.int64), d, x, y) for d in (beside, beside[:, :1]))
    assert with_ is not None and without is not None
    assert with_.low < 0 < with_.high
    assert without.low > 0.3


def test_what_does_not_vary_has_no_slope() -> None:
    day, beside, x, y = series()
    days = day.astype(np.int64)
    assert estimate(days, beside, np.full(60, 7.0), y) is None
    assert estimate(days, beside, x, np.full(60, 100.0)) is None
    assert estimate(days, beside, 3 + 2 * day, y) is None  # nothing but its trend
    exact = estimate(days, beside, x, 3 * x)
    assert exact is not None
    assert (exact.slope, exact.low, exact.high) == pytest.approx((3, 3, 3))


def test_neighbours_alike_widen_the_interval() -> None:
    """The factor of an AR(1): none of noise, and by hand for a correlation of 0.5."""
    rng = np.random.default_rng(2)
    place = np.arange(20_000)
    noise = rng.standard_normal((20_000, 2))
    assert bootstrap._cut_off(place, noise) == pytest.approx(1, abs=0.01)
    # x is 1 throughout and y an AR(1) of 0.5, whose sum is 3; blocks see
    # 1 + 2 (6/14 + 5/28 + 4/56 + 3/112 + 2/224 + 1/448)
    alike = np.stack([np.ones(20_000), _ar(rng, 20_000)], 1)
    assert bootstrap._cut_off(place, alike) == pytest.approx(np.sqrt(3 / 2.4330), abs=0.02)


def _ar(rng: np.random.Generator, size: int) -> Floats:
    out = np.zeros(size)
    for i, noise in enumerate(rng.standard_normal(size)):
        out[i] = 0.5 * out[i - 1] + noise
    return out - out.mean()


# shifts


def test_shifts_are_those_counted_one_by_one() -> None:
    rng = np.random.default_rng(8)
    place = np.flatnonzero(rng.random(45) < 0.8)
    place = np.concatenate([[0], place[(place > 0) & (place < 44)], [44]])
    x = rng.standard_normal(len(place))
    y = 0.3 * x + rng.standard_normal(len(place))
    own, other = np.full(45, np.nan), np.full(45, np.nan)
    own[place], other[place] = x, y
    sizes = []
    for shift in (0, *range(3, 43)):
        moved = np.roll(own, shift)
        both = ~np.isnan(moved) & ~np.isnan(other)
        a, b = moved[both], other[both]
        sizes.append(abs(a @ b) / np.sqrt((a @ a) * (b @ b)))
    expected = (1 + sum(size >= sizes[0] for size in sizes[1:])) / len(sizes)
    assert shift_p(place, x, y) == pytest.approx(expected)


def test_a_week_is_not_shifted() -> None:
    place = np.arange(7)
    assert np.isnan(shift_p(place, np.arange(7) - 3.0, np.arange(7) - 3.0))


# families and words


def test_benjamini_hochberg_by_hand() -> None:
    assert adjusted(np.array([0.01, 0.04, 0.03, 0.005])) == pytest.approx([0.02, 0.04, 0.04, 0.02])
    assert adjusted(np.array([0.9, 0.8])) == pytest.approx([0.9, 0.9])
    assert adjusted(np.array([])).tolist() == []


def test_who_has_no_p_is_not_in_the_family() -> None:
    found = adjusted(np.array([0.01, np.nan, 0.5]))
    assert found[[0, 2]] == pytest.approx([0.02, 0.5])
    assert np.isnan(found[1])


@pytest.mark.parametrize(
    ("count", "interval", "adjusted_p", "shift", "words"),
    [
        (13, (1.0, 3.0), 0.001, 0.001, TOO_FEW),
        (27, (1.0, 3.0), 0.001, 0.001, TOO_EARLY),
        (28, (1.0, 3.0), 0.001, 0.001, "higher after longer sleep"),
        (28, (-3.0, -1.0), 0.05, 1 / 24, "lower after longer sleep"),
        (200, (1.0, 3.0), 0.05, 0.02, "higher after longer sleep"),
        (200, (1.0, 3.0), 0.05, 0.021, UNCLEAR),
        (28, (-1.0, 3.0), 0.001, 0.001, UNCLEAR),
        (28, (1.0, 3.0), 0.051, 0.001, UNCLEAR),
        (28, (1.0, 3.0), 0.001, 0.042, UNCLEAR),
        (28, (1.0, 3.0), np.nan, np.nan, UNCLEAR),
        (40, None, np.nan, np.nan, UNMOVED),
    ],
)
def test_verdicts(
    count: int,
    interval: tuple[float, float] | None,
    adjusted_p: float,
    shift: float,
    words: str,
) -> None:
    assert verdict(SLEEP, MEAN, count, interval, adjusted_p, shift) == words


def test_the_other_way_round_has_words_of_its_own() -> None:
    assert verdict(MEAN, SLEEP, 30, (-9.0, -2.0), 0.01, 0.01) == "shorter after a higher mean"


# everything of one person


def test_everything_of_a_person_and_twice_the_same() -> None:
    own = person(np.random.default_rng(4), 120, 4.0)
    found = effects(own)
    assert len({(e.exposure, e.outcome, e.relation) for e in found}) == len(found) == 120
    assert found == effects(own)
    first = found[0]
    assert (first.exposure, first.outcome, first.relation) == (SLEEP.name, MEAN.name, "same_night")
    assert first.verdict == "higher after longer sleep"
    assert first.slope_unit == "mg/dL per h"
    assert first.estimate is not None
    assert first.estimate.low < 4 < first.estimate.high
    assert (first.first_day, first.last_day) == (own.day[0], own.day[-1])
    raw = np.array([e.estimate.p if e.estimate else np.nan for e in found])
    assert np.allclose([e.adjusted_p for e in found], adjusted(raw), equal_nan=True)


@pytest.mark.parametrize("count", [0, 1, 13])
def test_too_few_nights_have_no_number(count: int) -> None:
    found = effects(_first(person(np.random.default_rng(4), 60, 4.0), count))
    assert {e.verdict for e in found} == {TOO_FEW}
    assert [e.estimate for e in found] == [None] * 120
    assert max(e.night_count for e in found) == count


def test_some_nights_have_numbers_and_no_verdict() -> None:
    found = effects(_first(person(np.random.default_rng(4), 60, 4.0), 27))
    assert {e.verdict for e in found} <= {TOO_FEW, TOO_EARLY, UNMOVED}
    assert found[0].verdict == TOO_EARLY
    assert all((e.estimate is None) == (e.verdict != TOO_EARLY) for e in found)


def test_always_in_range_is_no_finding() -> None:
    own = person(np.random.default_rng(4), 60, 0.0)
    values = {**own.values, "wake16h_titr_pct": np.full(len(own.day), 100.0)}
    found = effects(dataclasses.replace(own, values=values))
    of = {e.verdict for e in found if e.outcome == "wake16h_titr_pct"}
    assert of == {UNMOVED}


def _first(own: Nights, count: int) -> Nights:
    values = {name: of[:count] for name, of in own.values.items()}
    return Nights(own.day[:count], own.free[:count], values)
