"""The glucose columns of `night_to_day` in plain Python, from their definitions and not from SQL.

Moments are minutes from anywhere; a reading is a moment, mg/dL, its range band and the minutes
that it stands for. Bands: 0 below 54, 1 below 70, 2 to 140, 3 to 180, 4 to 250, 5 above.
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Number = float | None


@dataclass(frozen=True)
class Reading:
    at: float
    mgdl: float
    band: int
    interval: float = 5


@dataclass(frozen=True)
class Night:
    """Onset, wake and the local midnight before the wake."""

    onset: float
    wake: float
    midnight: float


def band(mgdl: float) -> int:
    return sum((mgdl >= 54, mgdl >= 70, mgdl > 140, mgdl > 180, mgdl > 250))


def band_mmol(value: float) -> int:
    return sum((value >= 3.0, value >= 3.9, value > 7.8, value > 10.0, value > 13.9))


def within(readings: Sequence[Reading], first: float, until: float) -> list[Reading]:
    return [r for r in readings if first <= r.at < until]


def mean(values: Sequence[float]) -> Number:
    return statistics.fmean(values) if values else None


def sd(values: Sequence[float]) -> Number:
    return statistics.stdev(values) if len(values) > 1 else None


def share(readings: Sequence[Reading], test: Callable[[int], bool]) -> Number:
    return mean([100.0 * test(r.band) for r in readings])


def cv(values: Sequence[float]) -> Number:
    spread, middle = sd(values), mean(values)
    return None if spread is None or middle is None else 100 * spread / middle


def risk(values: Sequence[float], sign: int) -> Number:
    """Kovatchev's low (-1) or high (1) blood glucose index."""
    f = [math.log(value) ** 1.084 - 5.381 for value in values]
    return mean([22.77 * x * x if x * sign > 0 else 0.0 for x in f])


def gri(readings: Sequence[Reading]) -> Number:
    if not readings:
        return None
    of = Counter(r.band for r in readings)
    weighted = 3.0 * of[0] + 2.4 * of[1] + 0.8 * of[4] + 1.6 * of[5]
    return min(100.0, 100 * weighted / len(readings))


def mag(readings: Sequence[Reading]) -> Number:
    """Mean absolute change per hour over neighbours at most 45 minutes apart."""
    pairs = [(a, b) for a, b in itertools.pairwise(readings) if b.at - a.at <= 45]
    minutes = sum(b.at - a.at for a, b in pairs)
    return sum(abs(b.mgdl - a.mgdl) for a, b in pairs) / (minutes / 60) if pairs else None


def coverage(readings: Sequence[Reading], minutes: float) -> Number:
    return min(100.0, 100 * sum(r.interval for r in readings) / minutes) if readings else None


def gap(readings: Sequence[Reading], first: float, until: float) -> Number:
    if not readings:
        return None
    moments = [first, *(r.at for r in readings), until]
    return max(b - a for a, b in itertools.pairwise(moments))


def smooth(readings: Sequence[Reading]) -> list[tuple[float, float, float]]:
    """15-minute means by their first and last moment, where 12 minutes were observed."""
    found = []
    for last in readings:
        part = [r for r in readings if last.at - 895 / 60 <= r.at <= last.at]
        if sum(r.interval for r in part) >= 12:
            found.append((part[0].at, last.at, sum(r.mgdl for r in part) / len(part)))
    return found


def fasting(night: Sequence[Reading], wake: float, minutes: float) -> Number:
    """Mean of the minutes before wake, where two thirds were observed."""
    part = [r for r in night if r.at >= wake - minutes - 5 / 60]
    is_enough = sum(r.interval for r in part) >= minutes * 2 / 3
    return mean([r.mgdl for r in part]) if is_enough else None


def iauc(points: Sequence[tuple[float, float]], base: float) -> float:
    """Area above the base, Wolever's: of a crossing only the triangle above it."""
    area = 0.0
    for (t, a), (u, b) in itertools.pairwise(points):
        a, b = a - base, b - base
        if a >= 0 and b >= 0:
            area += (u - t) * (a + b) / 2
        elif a > 0 or b > 0:
            up, down = max(a, b), -min(a, b)
            area += up * up / (up + down) * (u - t) / 2
    return area


def covered(points: Sequence[tuple[float, float]], until: float) -> bool:
    return len(points) > 1 and points[-1][0] - points[0][0] >= 0.8 * until


def area_to_the_ends(
    points: Sequence[tuple[float, float]], base: float, until: float
) -> float | None:
    """Area from 0 to `until` of lines through readings at most 20 minutes apart; None where they
    do not reach from end to end."""
    area = reached = 0.0
    for (t, a), (u, b) in itertools.pairwise(points):
        first, last = max(t, 0), min(u, until)
        if u - t <= 20 and last > first:
            at = [a + (b - a) * (m - t) / (u - t) for m in (first, last)]
            area += iauc([(first, at[0]), (last, at[1])], base)
            reached += last - first
    return area if reached >= until - 1e-6 else None


def breakfast(
    readings: Sequence[Reading], meal: float | None, until: float = 180
) -> tuple[Number, Number, Number]:
    """Base, rise to the highest reading in three hours, area in two; `until` the next meal."""
    if meal is None:
        return None, None, None
    near = [(r.at - meal, r.mgdl) for r in readings if -30 <= r.at - meal <= 200]
    base = mean([g for t, g in near if -15 <= t <= 0])
    if base is None:
        base = mean([g for t, g in near if -30 <= t <= 5])
    after3 = [(t, g) for t, g in near if 0 <= t <= until]
    if base is None:
        return None, None, None
    rise = max(g for _, g in after3) - base if until >= 60 and covered(after3, until) else None
    return base, rise, area_to_the_ends(near, base, 120) if until >= 120 else None


def expected(
    nights: Sequence[Night], number: int, readings: Sequence[Reading], meals: Sequence[float] = ()
) -> dict[str, object]:
    """The glucose columns of one night; `readings` are sorted."""
    it = nights[number]
    after = nights[number + 1].onset if number + 1 < len(nights) else math.inf
    is_capped = after - it.wake > 24 * 60
    until = it.wake + 20 * 60 if is_capped else after
    night, day = within(readings, it.onset, it.wake), within(readings, it.wake, until)
    until16 = min(it.wake + 16 * 60, until)
    first16 = within(readings, it.wake, until16)
    at_onset = within(readings, it.onset - 15, it.onset + 15)
    meal = next((m for m in sorted(meals) if m >= it.wake), math.inf)
    first_meal = meal if meal < min(it.wake + 5 * 60, until) else None
    following = min((m - meal for m in meals if m > meal), default=math.inf)
    base, rise, area = breakfast(readings, first_meal, min(180, following))
    late = min((g for t, _, g in smooth(night) if t >= it.midnight), default=None)
    rested, rested30, rested60 = (fasting(night, it.wake, minutes) for minutes in (15, 30, 60))
    is_by_night = -6 * 60 <= (it.onset + it.wake) / 2 - it.midnight <= 10 * 60
    is_early = first_meal is not None and first_meal <= it.wake + 180
    before = base if is_early and base is not None else rested
    is_dawn_known = is_by_night and before is not None and late is not None
    dawn = before - late if is_dawn_known else None  # type: ignore[operator]
    values, by_day = [r.mgdl for r in night], [r.mgdl for r in day]
    by_16 = [r.mgdl for r in first16]
    has_dawn = None if dawn is None or late is None else dawn >= 20 and round(late) >= 70
    day_share, day_gap = coverage(day, until - it.wake), gap(day, it.wake, until)
    night_share, night_gap = coverage(night, it.wake - it.onset), gap(night, it.onset, it.wake)
    return {
        "overnight_mean_mgdl": mean(values),
        "overnight_sd_mgdl": sd(values),
        "overnight_cv_pct": cv(values),
        "overnight_min_mgdl": min(values, default=None),
        "overnight_nadir_mgdl": min((g for _, _, g in smooth(night)), default=None),
        "overnight_tbr70_pct": share(night, lambda b: b <= 1),
        "overnight_tir_pct": share(night, lambda b: b in (2, 3)),
        "overnight_titr_pct": share(night, lambda b: b == 2),
        "overnight_coverage_pct": night_share,
        "overnight_reading_count": len(night) or None,
        "onset_mgdl": mean([r.mgdl for r in at_onset]),
        "fasting_mgdl": rested,
        "fasting_30min_mgdl": rested30,
        "fasting_60min_mgdl": rested60,
        "dawn_delta_mgdl": dawn,
        "has_dawn_phenomenon": has_dawn,
        "breakfast_peak_delta_mgdl": rise,
        "breakfast_iauc_2h_mgdl_min": area,
        "day_hours": (until - it.wake) / 60,
        "day_mean_mgdl": mean(by_day),
        "day_median_mgdl": statistics.median(by_day) if by_day else None,
        "day_sd_mgdl": sd(by_day),
        "day_cv_pct": cv(by_day),
        "day_tir_pct": share(day, lambda b: b in (2, 3)),
        "day_titr_pct": share(day, lambda b: b == 2),
        "day_tbr70_pct": share(day, lambda b: b <= 1),
        "day_tbr54_pct": share(day, lambda b: b == 0),
        "day_tar180_pct": share(day, lambda b: b >= 4),
        "day_tar250_pct": share(day, lambda b: b == 5),
        "day_mag_mgdl_h": mag(day),
        "day_lbgi": risk(by_day, -1),
        "day_hbgi": risk(by_day, 1),
        "day_gri": gri(day),
        "day_coverage_pct": day_share,
        "day_reading_count": len(day) or None,
        "is_day_capped": is_capped,
        "wake16h_mean_mgdl": mean(by_16),
        "wake16h_sd_mgdl": sd(by_16),
        "wake16h_cv_pct": cv(by_16),
        "wake16h_tir_pct": share(first16, lambda b: b in (2, 3)),
        "wake16h_titr_pct": share(first16, lambda b: b == 2),
        "wake16h_coverage_pct": coverage(first16, until16 - it.wake),
        "is_night_valid": 180 <= it.wake - it.onset <= 14 * 60,
        "is_day_valid": (day_share or 0) >= 70 and day_gap is not None and day_gap <= 180,
        "is_complete": (
            180 <= it.wake - it.onset <= 14 * 60
            and (day_share or 0) >= 70
            and day_gap is not None
            and day_gap <= 180
            and (night_share or 0) >= 80
            and night_gap is not None
            and night_gap <= 60
        ),
    }
