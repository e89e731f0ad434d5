"""Made-up people whose effect of sleep on glucose is known, with weekends and missing nights."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.signal import lfilter

from transforms.effect.bootstrap import Floats, Integers
from transforms.effect.nights import Nights
from transforms.effect.pairs import COLUMNS, COVERAGE, WAKE

MONDAY = 20_458  # 2026-01-05, in days since 1970
SLOT = 5  # minutes


def alike(rng: np.random.Generator, nights: int, phi: float) -> Floats:
    """An AR(1) (nights,) of standard deviation 1: phi is the correlation of neighbours."""
    noise = rng.standard_normal(nights + 60) * np.sqrt(1 - phi**2)
    return np.asarray(lfilter([1], [1, -phi], noise)[60:], dtype=np.float64)


def nights_with(day: Integers, free: Floats, values: dict[str, Floats]) -> Nights:
    """Nights of which nothing else is known."""
    unknown = {name: np.full(len(day), np.nan) for name in COLUMNS}
    return Nights(day, free, unknown | values)


def person(
    rng: np.random.Generator,
    nights: int,
    slope: float,
    phi_day: float = 0.5,
    phi_night: float = 0.3,
    missing: float = 0.15,
) -> Nights:
    """`slope` mg/dL of the day's mean per hour of sleep; nothing else of the night has an effect.

    At weekends sleep is longer by 0.8 h and later by 1 h, glucose higher by 3 mg/dL and its spread
    larger. Glucose drifts. A share of nights is missing, and a week after the first third is.
    """
    day = MONDAY + np.arange(nights)
    free = (np.arange(nights) % 7 >= 5).astype(np.float64)
    hours = 7 + alike(rng, nights, phi_night) + 0.8 * free
    share = alike(rng, nights, phi_night)
    regular = np.full(nights, np.nan)
    regular[6:] = np.convolve(alike(rng, nights, phi_night), np.ones(7) / 7, "valid")
    mean = 105 + slope * (hours - 7) + 5 * alike(rng, nights, phi_day) + 3 * free
    mean += 0.02 * np.arange(nights)
    spread = 18 + 3 * alike(rng, nights, phi_day) + free
    rise = 2000 + 900 * alike(rng, nights, phi_day)
    middle = 3.5 + 0.6 * alike(rng, nights, phi_night) + free
    values = {
        "total_sleep_min": 60 * hours,
        "sleep_efficiency_pct": 90 + 3 * alike(rng, nights, phi_night),
        "midpoint_local_h": middle,
        "sleep_regularity_index_7d": 70 + 25 * regular,
        "deep_min": 60 * hours * (0.16 + 0.03 * share),
        "rem_min": 60 * hours * (0.22 - 0.03 * share),
        WAKE: middle + hours / 2,
        COVERAGE: np.minimum(100, 96 + 4 * alike(rng, nights, 0.2)),
        "wake16h_mean_mgdl": mean,
        "wake16h_excess_mgdl": mean - 105,
        "wake16h_sd_mgdl": spread,
        "wake16h_titr_pct": np.minimum(100, 100 - 0.5 * (mean - 100) - 0.7 * (spread - 15)),
        "fasting_mgdl": 92 + 5 * alike(rng, nights, phi_day),
        "breakfast_iauc_2h_mgdl_min": np.where(rng.random(nights) < 0.7, rise, np.nan),
    }
    there = rng.random(nights) >= missing
    there[nights // 3 : nights // 3 + 7] = False
    return nights_with(day[there], free[there], {name: of[there] for name, of in values.items()})


# Glucose by the clock: sleep does nothing to it, and yet a mean of the day is another after a
# longer sleep.


def at_the_clock(minute: Floats) -> Floats:
    """A morning, three meals and a night of glucose, mg/dL, at minutes of the wall clock."""
    hour = np.mod(minute / 60, 24)
    usual = 95 + 6 * np.exp(-(((hour - 6) / 2) ** 2))
    for meal, height in ((7.5, 35), (12.5, 30), (19, 40)):
        usual += _meal(60 * (hour - meal), height)
    return np.asarray(usual, dtype=np.float64)


def after_waking(minute: Floats) -> Floats:
    """The breakfast of somebody who eats an hour after waking, mg/dL, by minutes from wake."""
    return _meal(minute - 60, 35)


def _meal(minute: Floats, height: float) -> Floats:
    late = np.maximum(minute, 0) / 45
    return np.asarray(height * late * np.exp(1 - late), dtype=np.float64)


def by_the_clock(
    rng: np.random.Generator,
    nights: int,
    breakfast: str,
    slope: float = 0.0,
    woken: Callable[[Floats], Floats] = lambda wake: wake,
    noise: float = 4.0,
) -> Nights:
    """Somebody whose glucose follows the clock, and `slope` mg/dL per hour of sleep all day.

    breakfast  clock: half past seven; wake: an hour after waking
    woken      of wakes what is made of them, minutes of the day
    noise      mg/dL by which the mean of a day differs from that of another

    The mean is that of the 16 hours after wake, or of the day if the next sleep comes earlier.
    """
    free = (np.arange(nights) % 7 >= 5).astype(np.float64)
    onset = -30 + 45 * alike(rng, nights + 1, 0.3) + 30 * np.append(free, 0)
    wake = woken(420 + 50 * alike(rng, nights, 0.2) + 50 * free)
    sleep = 0.92 * (wake - onset[:-1])
    until = np.minimum(wake + 960, 1440 + onset[1:])
    step = np.arange(0, 960, SLOT)
    minute = wake[:, None] + step
    glucose = at_the_clock(minute)
    if breakfast == "wake":
        clock = np.mod(minute / 60, 24)
        glucose += after_waking(step)[None] - _meal(60 * (clock - 7.5), 35)
    glucose += slope * (sleep[:, None] / 60 - 7)
    glucose[minute >= until[:, None]] = np.nan
    mean = np.nanmean(glucose, 1) + noise * alike(rng, nights, 0.5)
    values = {
        "total_sleep_min": sleep,
        WAKE: wake / 60,
        COVERAGE: np.full(nights, 100.0),
        "wake16h_mean_mgdl": mean,
    }
    return nights_with(MONDAY + np.arange(nights), free, values)
