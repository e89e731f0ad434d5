"""Within one person: nights of a pair, slope, interval, shifts, families, verdicts."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.stats import t as student

from tests.simulated import MONDAY, nights_with, person
from transforms.effect import bootstrap
from transforms.effect.bootstrap import (
    Floats,
    adjusted,
    estimate,
    left_over,
    needed_for_verdict,
    placed,
    residuals,
    shift_p,
    slow,
    varying,
)
from transforms.effect.nights import Nights
from transforms.effect.pairs import (
    COLUMNS,
    COVERAGE,
    EXPOSURES,
    HABIT,
    HABITS,
    OUTCOMES,
    RELATIONS,
    SENSOR_DAY,
    SLEEP,
    TOO_EARLY,
    TOO_FEW,
    UNCLEAR,
    UNMOVED,
    WAKE,
    Asked,
    every_pair,
    verdict,
)
from transforms.effect.within import Pair, effects, related

LENGTH, MEAN, FASTING = EXPOSURES[0], OUTCOMES[0], OUTCOMES[4]
PAIRS = list(every_pair())


def nights(days: list[int], **columns: list[float]) -> Nights:
    """Nights of Monday the 5th of January 2026 and so many days after; what is not told is NaN."""
    values = {name: np.array(column, dtype=np.float64) for name, column in columns.items()}
    free = (np.array(days) % 7 >= 5).astype(np.float64)
    return nights_with(
        MONDAY + np.array(days), free, {COVERAGE: np.full(len(days), 100.0)} | values
    )


def asked(exposure: str, outcome: str = "wake16h_mean_mgdl", relation: str = "same_night") -> Asked:
    (found,) = (
        pair
        for pair in PAIRS
        if (pair.exposure.name, pair.outcome.name, pair.relation) == (exposure, outcome, relation)
    )
    return found


# which nights


def test_a_gap_keeps_its_nights_and_a_long_one_keeps_a_week() -> None:
    assert placed(np.array([10, 11, 14, 22, 31, 400])).tolist() == [0, 1, 4, 12, 20, 28]


def test_relations_go_by_the_calendar() -> None:
    """Sleep of 1 to 9 h and fasting glucose 101 to 109; the night of day 4 is missing."""
    days = [0, 1, 2, 3, 5, 6, 7, 8]
    sleep, fasting = ([60.0 * (d + 1) for d in days], [101.0 + d for d in days])
    own = nights(days, total_sleep_min=sleep, fasting_mgdl=fasting)
    found = {of: related(own, asked("total_sleep_min", "fasting_mgdl", of)) for of in RELATIONS}
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
    assert found["same_night"].covariates[:, 0].tolist() == [0, 0, 0, 0, 1, 1, 0, 0]


def test_a_habit_comes_before_the_night_or_lies_in_the_day() -> None:
    days = list(range(4))
    own = nights(
        days,
        last_meal_to_bed_min=[60.0, 120, 180, 240],
        morning_daylight_min=[30.0, 60, 90, 120],
        wake16h_mean_mgdl=[100.0, 101, 102, 103],
    )
    before = related(own, asked("last_meal_to_bed_min", relation="day_before"))
    assert (before.first.tolist(), before.second.tolist()) == ([1, 2, 3], [101, 102, 103])
    within = related(own, asked("morning_daylight_min", relation="same_day"))
    assert (within.first.tolist(), within.second.tolist()) == ([1, 2, 3, 4], [100, 101, 102, 103])


def column_in(pair: Pair, column: list[float]) -> bool:
    return any(np.allclose(of, column) for of in pair.covariates.T)


def test_what_stands_beside_a_pair() -> None:
    """Wake and sensor of the glucose, the other night, both free days, drinks of the evening."""
    days = list(range(9))
    sleep, wake = [400.0 + d * d for d in days], [6.0 + d % 3 for d in days]
    sensor, drinks = [3.0, *range(8)], [2.0, 0, 1, 1, 1, 1, np.nan, 3, 4]
    own = nights(
        days,
        total_sleep_min=sleep,
        wake16h_mean_mgdl=[100.0 + d for d in days],
        alcohol_drink_count=drinks,
        **{WAKE: wake, SENSOR_DAY: sensor},
    )
    same = related(own, asked("total_sleep_min"))
    assert column_in(same, wake) and column_in(same, sensor)
    assert column_in(same, [np.mean(sleep[:-1]), *sleep[:-1]])  # of the first night nobody knows
    assert column_in(same, [0, 2, 0, 1, 1, 1, 1, 0, 3])  # not logged is no drink, here alone
    assert column_in(same, [0, 0, 0, 0, 0, 1, 1, 0, 0])
    assert column_in(same, [0.25, 0, 0, 0, 0, 0, 1, 1, 0])
    before = related(own, asked("total_sleep_min", relation="night_before"))
    assert column_in(before, sleep[1:]) and column_in(before, wake[1:])
    reverse = related(own, asked("total_sleep_min", relation="reverse"))
    assert column_in(reverse, wake[:-1]) and column_in(reverse, sleep[:-1])
    assert column_in(reverse, sensor[:-1])
    four = related(own, asked("total_sleep_min", relation="four_nights"))
    assert column_in(four, [0, 0, 0.25, 0.5, 0.5, 0.5])  # a share of the four that was free


def test_what_shares_most_of_its_nights_has_no_neighbour() -> None:
    days = list(range(9))
    rolling = [60.0 + d * d for d in days]
    own = nights(days, sleep_regularity_index_7d=rolling, wake16h_mean_mgdl=[1.0 * d for d in days])
    pair = related(own, asked("sleep_regularity_index_7d"))
    assert not column_in(pair, [np.mean(rolling[:-1]), *rolling[:-1]])


def test_few_drinks_explain_nothing() -> None:
    days = list(range(9))
    some = {
        "total_sleep_min": [400.0 + d for d in days],
        "wake16h_mean_mgdl": [1.0 * d for d in days],
    }
    four = nights(days, **some, caffeine_after_14h_mg=[80.0] * 4 + [np.nan] * 5)
    five = nights(days, **some, caffeine_after_14h_mg=[80.0] * 5 + [np.nan] * 4)
    width = [related(own, asked("total_sleep_min")).covariates.shape[1] for own in (four, five)]
    assert width[1] == width[0] + 1


def test_coverage_counts_where_it_varies_and_belongs() -> None:
    days = list(range(20))
    some = {
        "total_sleep_min": [400.0 + d for d in days],
        "wake16h_mean_mgdl": [1.0 * d for d in days],
    }
    varied = [80.0 + d for d in days]
    steady = nights(days, **some)
    uneven = nights(days, **some, wake16h_coverage_pct=varied, fasting_mgdl=[1.0 * d for d in days])
    assert not column_in(related(steady, asked("total_sleep_min")), [100.0] * 20)
    assert column_in(related(uneven, asked("total_sleep_min")), varied)
    assert not column_in(related(uneven, asked("total_sleep_min", "fasting_mgdl")), varied)
    # of the day that came first
    reverse = related(uneven, asked("total_sleep_min", relation="reverse"))
    assert column_in(reverse, varied[:-1])


# the slope and its interval


def series(nights: int = 60, slope: float = 2.0) -> tuple[Floats, Floats, Floats, Floats]:
    """Days as floats, covariates, x, y."""
    rng = np.random.default_rng(5)
    day = np.arange(nights, dtype=np.float64)
    free = (day % 7 >= 5).astype(np.float64)
    x = rng.standard_normal(nights) + free
    y = slope * x + 4 * free + 0.1 * day + rng.standard_normal(nights)
    return day, free[:, None], x, y


def whole(day: Floats, covariates: Floats) -> Floats:
    return np.concatenate([slow(placed(day.astype(np.int64))), varying(covariates)], 1)


def test_slow_is_whatever_takes_a_fortnight() -> None:
    """A wave of 30 nights is gone, one of a week is not; few nights have few columns."""
    place = np.arange(120)
    waves = np.stack([np.sin(2 * np.pi * place / period) for period in (30, 7)], 1)
    left = residuals(slow(place), waves)
    assert left[:, 0].std() < 0.1 * waves[:, 0].std()
    assert left[:, 1].std() > 0.9 * waves[:, 1].std()
    assert slow(place).shape == (120, 2 + 17)
    assert slow(8 * np.arange(14)).shape == (14, 2 + 2)


def test_the_slope_is_that_of_least_squares() -> None:
    day, beside, x, y = series()
    found = estimate(day.astype(np.int64), beside, x, y)
    assert found is not None
    expected = np.linalg.lstsq(np.column_stack([whole(day, beside), x]), y, rcond=None)[0][-1]
    assert found.slope == pytest.approx(expected, rel=1e-9)
    assert found.low < 2 < found.high
    assert found.slope - found.low == pytest.approx(found.high - found.slope)
    assert 0 < found.p < 1e-4
    assert found.shift_p == pytest.approx(1 / 56)  # 55 shifts, of 3 to 57 nights


def test_a_draw_is_the_slope_of_its_nights_alone() -> None:
    """Of the first ten draws, by least squares on nights as often as they were drawn."""
    day, beside, x, y = series(40)
    left = residuals(whole(day, beside), np.stack([x, y], 1))
    there = np.flatnonzero(day % 9 != 4)
    drawn = bootstrap._drawn_slopes(there, left[there])
    counts = bootstrap.draws(40).T.astype(int)
    for number in range(10):
        chosen = np.repeat(np.arange(40), counts[number])
        chosen = chosen[np.isin(chosen, there)]
        exposed = np.column_stack([np.ones(len(chosen)), left[chosen, 0]])
        expected = np.linalg.lstsq(exposed, left[chosen, 1], rcond=None)[0][-1]
        assert drawn[number] == pytest.approx(expected, rel=1e-6)


def test_the_interval_is_the_spread_of_draws_made_wider() -> None:
    """300 nights like their neighbours, and t of 1.5 x 300 / 7 degrees of freedom."""
    day, beside, x, y = series(300)
    rng = np.random.default_rng(1)
    x, y = x + 3 * _ar(rng, 300), y + 3 * _ar(rng, 300)
    found = estimate(day.astype(np.int64), beside, x, y)
    assert found is not None
    design = whole(day, beside)
    left, place = residuals(design, np.stack([x, y], 1)), np.arange(300)
    columns = design.shape[1]
    assert columns == 2 + 42 + 1
    error = bootstrap._drawn_slopes(place, left).std(ddof=1)
    error *= np.sqrt(300 / 293) * np.sqrt(300 / (300 - columns + 1))
    alike = bootstrap.alike_error(place, left, 1)
    assert 0.8 * error < alike < 1.25 * error
    error = max(error, alike)
    sure, powerful = (float(student.ppf(share, 1.5 * 300 / 7)) for share in (0.975, 0.8))
    assert (found.high - found.low) / 2 == pytest.approx(sure * error, rel=1e-6)
    assert needed_for_verdict(found, 0.05) == pytest.approx((sure + powerful) * error, rel=1e-6)


def test_draws_are_blocks_of_a_week_and_always_the_same() -> None:
    counts = bootstrap.draws(14).T
    assert counts.shape == (2000, 14)
    assert set(counts.sum(1)) == {14}
    starts = {tuple(np.flatnonzero(np.diff(row, prepend=0) > 0)) for row in counts}
    assert {len(s) for s in starts} <= {1, 2}
    assert max(max(s) for s in starts) == 7
    bootstrap.draws.cache_clear()
    assert np.array_equal(counts, bootstrap.draws(14).T)


def test_weekends_are_not_taken_for_sleep() -> None:
    """Longer sleep and higher glucose at weekends, and nothing else."""
    day, beside, _, _ = series(84)
    rng = np.random.default_rng(1)
    free = (day % 7 >= 5).astype(np.float64)
    x, y = 7 + free + rng.standard_normal(84), 100 + 6 * free + rng.standard_normal(84)
    with_, without = (estimate(day.astype(np.int64), d, x, y) for d in (beside, beside[:, :0]))
    assert with_ is not None and without is not None
    assert with_.low < 0 < with_.high
    assert without.low > 0.3


def test_what_does_not_vary_has_no_slope() -> None:
    day, beside, x, y = series()
    days = day.astype(np.int64)
    assert estimate(days, beside, np.full(60, 7.0), y) is None
    assert estimate(days, beside, x, np.full(60, 100.0)) is None
    assert estimate(days, beside, 3 + 2 * day, y) is None  # nothing but its trend
    assert estimate(days, beside, 0.25 * 60 * (7 + 1e-13 * x), y) is None  # rounding
    exact = estimate(days, beside, x, 3 * x)
    assert exact is not None
    assert (exact.slope, exact.low, exact.high) == pytest.approx((3, 3, 3))


@pytest.mark.parametrize("rho", [0.0, 0.5])
def test_neighbours_alike_make_a_slope_less_sure(rho: float) -> None:
    """2000 nights of an AR(1) without its slow part; the error is that of the whole AR(1)."""
    rng = np.random.default_rng(2)
    place = np.arange(2000)
    x = np.convolve(rng.standard_normal(2003), np.ones(4) / 4, "valid")  # a mean of four nights
    rest = np.zeros(2000)
    for i, noise in enumerate(rng.standard_normal(2000)):
        rest[i] = rho * rest[i - 1] + noise
    left = residuals(slow(place), np.stack([x, x + rest], 1))
    covariance = rho ** np.abs(place[:, None] - place) / (1 - rho**2)
    own = left[:, 0]
    expected = np.sqrt(own @ covariance @ own) / (own @ own)
    assert bootstrap.alike_error(place, left, 0) == pytest.approx(expected, rel=0.1)


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
    assert verdict(asked("total_sleep_min"), count, interval, adjusted_p, shift) == words


def test_the_other_way_round_has_words_of_its_own() -> None:
    reverse = asked("total_sleep_min", relation="reverse")
    assert verdict(reverse, 30, (-9.0, -2.0), 0.01, 0.01) == "shorter after a higher mean"
    assert reverse.slope_unit == "min per 10 mg/dL"


# everything of one person


def test_what_is_asked_is_fixed() -> None:
    assert len(PAIRS) == 6 * 6 * 4 + 10 * 6 + 3 * 4
    assert len({(p.exposure.name, p.outcome.name, p.relation) for p in PAIRS}) == len(PAIRS)
    assert {p.family for p in PAIRS if p.exposure in EXPOSURES} == {SLEEP}
    assert {p.family for p in PAIRS if p.exposure in HABITS} == {HABIT}
    within = {p.outcome.name for p in PAIRS if p.relation == "same_day"}
    assert "fasting_mgdl" not in within and "breakfast_iauc_2h_mgdl_min" not in within


def test_everything_of_a_person_and_twice_the_same() -> None:
    own = person(np.random.default_rng(4), 120, 4.0)
    found = effects(own)
    assert [e.asked for e in found] == PAIRS
    assert repr(found) == repr(effects(own))
    first = found[0]
    assert first.asked == asked("total_sleep_min")
    assert first.verdict == "higher after longer sleep"
    assert first.asked.slope_unit == "mg/dL per h"
    assert first.estimate is not None
    assert first.estimate.low < 4 < first.estimate.high
    assert (first.first_day, first.last_day) == (own.day[0], own.day[-1])
    raw = np.array([e.estimate.p if e.estimate else np.nan for e in found])
    sleep = np.array([e.asked.family == SLEEP for e in found])
    assert np.allclose([e.adjusted_p for e in found[:144]], adjusted(raw[sleep]), equal_nan=True)
    assert np.isnan(raw[~sleep]).all()


def test_habits_are_a_family_of_their_own() -> None:
    """Room and naps that do nothing leave the p of sleep as it was."""
    rng = np.random.default_rng(4)
    own = person(rng, 120, 4.0)
    n = len(own.day)
    more = {
        "bedroom_temperature_cel": 18 + rng.standard_normal(n),
        "day_nap_min": np.where(rng.random(n) < 0.5, 30.0, 0.0),
    }
    bare, rich = effects(own), effects(dataclasses.replace(own, values={**own.values, **more}))
    assert [e.adjusted_p for e in bare[:144]] == pytest.approx(
        [e.adjusted_p for e in rich[:144]], nan_ok=True
    )
    raw = np.array([e.estimate.p if e.estimate else np.nan for e in rich[144:]])
    assert np.count_nonzero(~np.isnan(raw)) == 12
    assert np.allclose([e.adjusted_p for e in rich[144:]], adjusted(raw), equal_nan=True)


def test_detectable_is_by_the_rule_of_the_verdict() -> None:
    """Beside 143 others a slope has to be larger than alone, and one as large is given a word."""
    found = effects(person(np.random.default_rng(4), 120, 0.0))
    first = found[0]
    assert first.estimate is not None and first.verdict == UNCLEAR
    known = sum(e.estimate is not None for e in found[:144])
    assert first.detectable == pytest.approx(needed_for_verdict(first.estimate, 0.05 / known))
    assert first.detectable > 1.3 * needed_for_verdict(first.estimate, 0.05)
    (loud,) = effects(person(np.random.default_rng(4), 120, 2 * first.detectable))[:1]
    assert loud.verdict == "higher after longer sleep"


@pytest.mark.parametrize("count", [0, 1, 13])
def test_too_few_nights_have_no_number(count: int) -> None:
    found = effects(_first(person(np.random.default_rng(4), 60, 4.0), count))
    assert {e.verdict for e in found} == {TOO_FEW}
    assert {e.estimate for e in found} == {None}
    assert max(e.night_count for e in found) == count


def test_some_nights_have_numbers_and_no_verdict() -> None:
    found = effects(_first(person(np.random.default_rng(4), 60, 4.0), 27))
    assert {e.verdict for e in found} <= {TOO_FEW, TOO_EARLY, UNMOVED}
    assert found[0].verdict == TOO_EARLY
    assert all((e.estimate is None) == (e.verdict != TOO_EARLY) for e in found)


def test_always_in_range_is_no_finding() -> None:
    own = person(np.random.default_rng(4), 60, 0.0)
    values = {**own.values, "wake16h_titr_pct": np.full(len(own.day), 100.0)}
    found = effects(dataclasses.replace(own, values=values))[:144]
    of = {e.verdict for e in found if e.asked.outcome.name == "wake16h_titr_pct"}
    assert of == {UNMOVED}


def test_both_nights_tell_which_one_it_is() -> None:
    """Only the night before the night acts, and neighbours are alike."""
    rng = np.random.default_rng(3)
    own = person(rng, 300, 0.0, phi_night=0.6, missing=0.0)
    place = own.day - own.day[0]
    before = np.full(int(place[-1]) + 2, 7.0)
    before[place + 1] = own.values["total_sleep_min"] / 60
    mean = own.values["wake16h_mean_mgdl"] + 4 * (before[place] - 7)
    own = dataclasses.replace(own, values={**own.values, "wake16h_mean_mgdl": mean})
    same = related(own, asked("total_sleep_min"))
    last = related(own, asked("total_sleep_min", relation="night_before"))
    found = [estimate(p.day, p.covariates, p.first, p.second) for p in (same, last)]
    assert found[0] is not None and found[1] is not None
    assert found[0].low < 0 < found[0].high
    assert found[1].low < 4 < found[1].high
    left = left_over(same.day, same.covariates[:, :1], np.stack([same.first, same.second], 1))
    assert left[:, 0] @ left[:, 1] / (left[:, 0] @ left[:, 0]) > 0.7  # without it


def _first(own: Nights, count: int) -> Nights:
    values = {name: of[:count] for name, of in own.values.items()}
    return Nights(own.day[:count], own.free[:count], values)


def test_columns_are_named_once() -> None:
    assert len(set(COLUMNS)) == len(COLUMNS)
