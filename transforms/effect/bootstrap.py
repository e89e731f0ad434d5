"""How sure a slope is, where one night resembles the next: blocks of a week, and shifts in time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

BLOCK = 7  # nights
DRAWS = 2000
SEED = 20_251_026
FIRST_SHIFT = 3  # nights; a smaller one leaves most of what neighbours share
FEWEST_SHARED = 10  # nights that a shift must leave to compare
FREEDOM_PER_BLOCK = 1.5
MOST_ALIKE = 0.9  # correlation of neighbours that is taken for one at most
SAME = 1e-9  # a share of variance that is nothing but rounding
DISTINCT = 1e-6  # a share of variance that is enough to tell a column from others
LEAST_DRAWS = 0.9  # share of draws that must give a slope
SLOWEST = 14  # nights; what comes and goes more slowly is no effect of a night


@dataclass(frozen=True)
class Estimate:
    """A slope with its 95 % interval, standard error and degrees of freedom.

    `plain` is the error that least squares would give to nights that share nothing.
    """

    slope: float
    low: float
    high: float
    p: float
    shift_p: float
    error: float
    plain: float
    freedom: float


def placed(day: Integers) -> Integers:
    """Places (n,) of ascending days on a calendar from 0.

    A night that is missing keeps its place, but a gap longer than a block takes one block only.
    """
    steps = np.minimum(np.diff(day), BLOCK + 1)
    return np.concatenate([[0], np.cumsum(steps)]).astype(np.int64)


def residuals(design: Floats, columns: Floats) -> Floats:
    """What least squares on `design` (n, k) leaves of `columns` (n, m)."""
    basis, scale, _ = np.linalg.svd(design, full_matrices=False)
    basis = basis[:, scale > SAME * scale[0]]
    left: Floats = columns - basis @ (basis.T @ columns)
    return left


def slow(place: Integers) -> Floats:
    """Columns (n, k) of what changes slowly: ones, a line, cosines that take a fortnight and more.

    A holiday of ten days, an illness, a season change sleep and glucose together for a while.
    """
    span = int(place[-1]) + 1
    wave = np.arange(1, 2 * len(place) // SLOWEST + 1)
    line = (place - place.mean()) / span
    cosines = np.cos(np.pi * (place[:, None] + 0.5) * wave / span)
    return np.concatenate([np.ones((len(place), 1)), line[:, None], cosines], 1)


def varying(covariates: Floats) -> Floats:
    """The covariates (n, k) that vary, each in its standard deviations from its mean."""
    centred = covariates - covariates.mean(0)
    size = centred.std(0)
    varies = size > SAME * (1 + np.abs(covariates).max(0, initial=0))
    return np.asarray(centred[:, varies] / size[varies], dtype=np.float64)


def left_over(day: Integers, covariates: Floats, columns: Floats) -> Floats:
    """What slow changes and covariates (n, k) leave of columns (n, m); days ascend."""
    return residuals(np.concatenate([slow(placed(day)), varying(covariates)], 1), columns)


def estimate(day: Integers, covariates: Floats, x: Floats, y: Floats) -> Estimate | None:
    """The slope of y on x (n,) beside covariates (n, k) and slow changes; days ascend.

    The interval is slope ± t · SD of 2000 slopes from blocks of 7 nights, drawn with the same seed
    every time. t has 1.5 degrees of freedom for each block of nights that are there, and the SD is
    made larger by what `widened` says: a percentile interval of so few blocks is too narrow. Where
    `alike_error` is larger, it counts. None if x or y does not vary beside the rest, or not in
    enough of the draws.

    Source: Künsch 1989, Ann Stat 17:1217 (moving blocks).
    """
    place, pair = placed(day), np.stack([x, y], 1)
    beside = np.concatenate([slow(place), varying(covariates)], 1)
    left = residuals(beside, pair)
    total = ((pair - pair.mean(0)) ** 2).sum(0)
    is_constant = np.sqrt(total / len(x)) <= SAME * np.abs(pair).max(0)
    if np.any(is_constant | ((left**2).sum(0) <= SAME * total)):
        return None
    scale = np.sqrt((left**2).mean(0))
    drawn = _drawn_slopes(place, left / scale)
    if len(drawn) < LEAST_DRAWS * DRAWS:
        return None
    slope = float(left[:, 0] @ left[:, 1] / (left[:, 0] @ left[:, 0]))
    error = float(drawn.std(ddof=1) * scale[1] / scale[0])
    error *= widened(place, beside.shape[1])
    error = max(error, alike_error(place, left, len(beside.T) - len(slow(place).T)))
    freedom = freedom_of(place)
    reach = float(stdtrit(freedom, 0.975)) * error
    return Estimate(
        slope,
        slope - reach,
        slope + reach,
        float(2 * stdtr(freedom, -abs(slope) / error)) if error > 0 else 0.0,
        shift_p(place, left[:, 0], left[:, 1]),
        error,
        plain_error(left, beside.shape[1]),
        freedom,
    )


def plain_error(left: Floats, others: int) -> float:
    """The error of the slope of left[:, 1] on left[:, 0] by least squares, beside other columns."""
    x, y = left[:, 0], left[:, 1]
    size = float(x @ x)
    rest = y - x * (x @ y / size)
    return float(np.sqrt(rest @ rest / max(len(x) - others - 1, 1) / size))


def freedom_of(place: Integers) -> float:
    """Degrees of freedom of an SD of draws: 1.5 for each block of nights that are there."""
    return FREEDOM_PER_BLOCK * len(place) / BLOCK


def widened(place: Integers, slow_count: int) -> float:
    """By how much an SD of draws of n nights is too small: sqrt(n / (n - 7)), and slow columns."""
    calendar, nights = int(place[-1]) + 1, len(place)
    return float(np.sqrt(calendar / (calendar - BLOCK) * nights / (nights - slow_count + 1)))


def needed_for_verdict(found: Estimate, level: float) -> float:
    """The slope that has a p of at most `level` in four of five such series."""
    share = np.array([1 - level / 2, 0.8])
    return float(stdtrit(found.freedom, share).sum()) * found.error


def alike_error(place: Integers, left: Floats, others: int) -> float:
    """The error of the slope of left[:, 1] on left[:, 0], were what it leaves an AR(1).

    Blocks of 7 see little of what nights share beyond them, which counts where x changes slowly (a
    mean of four nights, a regularity of seven). `others` is the number of columns taken off beside
    the slow ones. Those took the slow part of the AR(1) too: how alike neighbours look without it
    tells how alike they are, and the variance of all of it.
    """
    x, y = left[:, 0], left[:, 1]
    size = float(x @ x)
    rest = y - x * (x @ y / size)
    follows = np.flatnonzero(np.diff(place) == 1)
    if len(follows) < 2:
        return 0.0
    variance = float((rest**2).mean())
    looks = float((rest[follows] * rest[follows + 1]).mean()) / max(variance, 1e-300)
    rho, seen, share = _without_slow()
    true = float(np.interp(looks, seen, rho))
    variance /= float(np.interp(true, rho, share)) * (1 - (others + 1) / len(x))
    calendar = np.zeros(2 * (int(place[-1]) + 1))
    calendar[place] = x
    together = np.fft.irfft(np.abs(np.fft.rfft(calendar)) ** 2, len(calendar))
    lag = np.arange(1, int(place[-1]) + 1)
    total = together[0] + 2 * float((true**lag * together[lag]).sum())
    return float(np.sqrt(variance * max(total, 0))) / size


@lru_cache(maxsize=1)
def _without_slow() -> tuple[Floats, Floats, Floats]:
    """Of AR(1)s: their rho, what it is without periods of a fortnight and more, and what variance
    that leaves of 1."""
    rho = np.linspace(0, MOST_ALIKE, 50)
    wave = np.pi * (np.arange(2000) + 0.5) / 2000
    power = 1 / (1 - 2 * rho[:, None] * np.cos(wave) + rho[:, None] ** 2)
    fast = wave >= 2 * np.pi / SLOWEST
    kept = power[:, fast].sum(1)
    return rho, (power * np.cos(wave))[:, fast].sum(1) / kept, kept / power.sum(1)


def _drawn_slopes(place: Integers, pair: Floats) -> Floats:
    """Slopes (at most DRAWS,) of pair[:, 1] on pair[:, 0] and a level, in every draw."""
    x, y = pair[:, 0], pair[:, 1]
    terms = np.stack([np.ones(len(x)), x, y, x * x, x * y])
    count, sum_x, sum_y, sum_xx, sum_xy = terms @ draws(int(place[-1]) + 1)[place]
    count = np.maximum(count, 1)
    square = sum_xx - sum_x**2 / count
    varies = square > DISTINCT * count
    slopes: Floats = (sum_xy - sum_x * sum_y / count)[varies] / square[varies]
    return slopes


@lru_cache(maxsize=4)
def draws(nights: int) -> Floats:
    """How often each night (rows) comes in each draw (columns), blocks side by side."""
    rng = np.random.default_rng(SEED)
    blocks = -(-nights // BLOCK)
    start = rng.integers(0, nights - BLOCK + 1, (DRAWS, blocks))
    place = (start[:, :, None] + np.arange(BLOCK)).reshape(DRAWS, -1)[:, :nights]
    cell = place * DRAWS + np.arange(DRAWS)[:, None]
    counts = np.bincount(cell.ravel(), minlength=nights * DRAWS)
    return counts.reshape(nights, DRAWS).astype(np.float64)


def shift_p(place: Integers, x: Floats, y: Floats) -> float:
    """How often x goes with y as closely when shifted by 3 to n - 3 nights around the circle.

    x and y are residuals (nights,) at `place`. Among all correlations of nights that a shift brings
    together, the real one counts as one. NaN if no shift leaves enough nights.
    """
    nights = int(place[-1]) + 1
    series = np.zeros((5, nights))
    series[:, place] = np.stack([x, x**2, y, y**2, np.ones(len(x))])
    turned = np.fft.rfft(series)

    def met(first: int, second: int) -> Floats:
        product = np.conj(turned[first]) * turned[second]
        return np.asarray(np.fft.irfft(product, nights), dtype=np.float64)

    shared, joint = met(4, 4), met(0, 2)
    size = np.sqrt(np.maximum(met(1, 4) * met(4, 3), 0))
    shift = np.arange(nights)
    usable = (shift >= FIRST_SHIFT) & (shift <= nights - FIRST_SHIFT)
    usable &= (shared > FEWEST_SHARED - 0.5) & (size > 0)
    if not usable.any():
        return float("nan")
    real = abs(joint[0]) / size[0]
    others = np.abs(joint[usable]) / size[usable]
    return float((1 + np.count_nonzero(others >= real * (1 - SAME))) / (1 + len(others)))


def adjusted(p: Floats) -> Floats:
    """p values (m,) adjusted for a family; NaN is no member.

    Source: Benjamini and Hochberg 1995, J R Stat Soc B 57:289.
    """
    known = ~np.isnan(p)
    out = np.full(len(p), np.nan)
    if known.any():
        from scipy.stats import false_discovery_control  # a second to load, for nobody without a p

        out[known] = false_discovery_control(p[known])
    return out
