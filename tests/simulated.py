"""Made-up people whose effect of sleep on glucose is known, with weekends and missing nights."""

from __future__ import annotations

import numpy as np
from scipy.signal import lfilter

from transforms.effect.bootstrap import Floats
from transforms.effect.pairs import COVERAGE
from transforms.effect.within import Nights

MONDAY = 20_458  # 2026-01-05, in days since 1970


def alike(rng: np.random.Generator, nights: int, phi: float) -> Floats:
    """An AR(1) (nights,) of standard deviation 1: phi is the correlation of neighbours."""
    noise = rng.standard_normal(nights + 60) * np.sqrt(1 - phi**2)
    return np.asarray(lfilter([1], [1, -phi], noise)[60:], dtype=np.float64)


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
    values = {
        "total_sleep_min": 60 * hours,
        "sleep_efficiency_pct": 90 + 3 * alike(rng, nights, phi_night),
        "midpoint_local_h": 3.5 + 0.6 * alike(rng, nights, phi_night) + free,
        "sleep_regularity_index_7d": 70 + 25 * regular,
        "deep_min": 60 * hours * (0.16 + 0.03 * share),
        "rem_min": 60 * hours * (0.22 - 0.03 * share),
        COVERAGE: np.minimum(100, 96 + 4 * alike(rng, nights, 0.2)),
        "wake16h_mean_mgdl": mean,
        "wake16h_sd_mgdl": spread,
        "wake16h_titr_pct": np.minimum(100, 100 - 0.5 * (mean - 100) - 0.7 * (spread - 15)),
        "fasting_mgdl": 92 + 5 * alike(rng, nights, phi_day),
        "breakfast_iauc_2h_mgdl_min": np.where(rng.random(nights) < 0.7, rise, np.nan),
    }
    there = rng.random(nights) >= missing
    there[nights // 3 : nights // 3 + 7] = False
    return Nights(day[there], free[there], {name: of[there] for name, of in values.items()})
