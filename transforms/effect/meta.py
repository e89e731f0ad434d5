"""Slopes of several people put together: random effects, each person as sure as their nights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import stdtr, stdtrit

from transforms.effect.bootstrap import Floats

FEWEST_FOR_INTERVAL = 5  # people
CLOSE = 1e-3  # of the equation that the spread between people has to meet
MODEL = "random effects of people's own slopes, Hartung-Knapp"


@dataclass(frozen=True)
class Meta:
    """The mean of people's slopes; NaN where there is no number, and `note` says why.

    low, high                         of the mean, 95 %
    spread                            standard deviation of people's true slopes, tau
    i2_pct                            share of the spread of slopes that is not chance, %
    prediction_low, prediction_high   where the slope of one more such person lies, 95 %
    """

    slope: float
    low: float = np.nan
    high: float = np.nan
    p: float = np.nan
    spread: float = np.nan
    i2_pct: float = np.nan
    prediction_low: float = np.nan
    prediction_high: float = np.nan
    note: str = ""


def evened(errors: Floats, plain: Floats) -> Floats:
    """Errors (k,) that are larger than those of least squares by one factor for everyone.

    An error from few blocks is a rough estimate, and who has a small one by chance would weigh too
    much. What neighbouring nights share is taken for alike among people.
    """
    if not np.all(plain > 0):
        return errors
    return np.asarray(plain * np.sqrt(((errors / plain) ** 2).mean()), dtype=np.float64)


def meta(slopes: Floats, errors: Floats) -> Meta:
    """The mean of slopes (k,) with standard errors (k,), k from 2 on.

    Spread between people by Paule and Mandel, interval by Hartung and Knapp with t of k - 1 degrees
    of freedom, prediction interval with t of k - 2. The errors are estimates, and who has a small
    one by chance weighs too much: of Hartung and Knapp's error and that of the weighted squares the
    larger one counts. No interval below five people: it would be as wide as nothing, or too narrow.

    Source: Paule and Mandel 1982, J Res NBS 87:377; Hartung and Knapp 2001, Stat Med 20:1771;
    Sidik and Jonkman 2006, Comput Stat Data Anal 50:3681 (squares); Higgins, Thompson and
    Spiegelhalter 2009, J R Stat Soc A 172:137 (prediction).
    """
    count = len(slopes)
    if not np.all(errors > 0):
        return Meta(float(slopes.mean()), note="someone's slope has no error to weigh it by")
    from statsmodels.stats.meta_analysis import combine_effects  # a second to load

    # in units of a typical error, by which the iteration knows when to stop
    size = float(np.median(errors))
    with np.errstate(divide="ignore", invalid="ignore"):  # of slopes that are all the same
        found = combine_effects(slopes / size, (errors / size) ** 2, method_re="pm", use_t=True)
    mean, tau2 = float(found.mean_effect_re), float(found.tau2)
    if not _is_met(slopes / size, errors / size, mean, tau2):
        return Meta(np.nan, note="the spread between people did not converge")
    if count < FEWEST_FOR_INTERVAL:
        note = f"no interval below {FEWEST_FOR_INTERVAL} people"
        return Meta(mean * size, note=note)
    error = max(float(found.sd_eff_w_re_hksj), _by_squares(slopes / size - mean, found))
    reach = float(stdtrit(count - 1, 0.975)) * error
    ahead = float(stdtrit(count - 2, 0.975)) * float(np.sqrt(tau2 + error**2))
    q = float(found.q)
    return Meta(
        mean * size,
        (mean - reach) * size,
        (mean + reach) * size,
        float(2 * stdtr(count - 1, -abs(mean) / error)) if error > 0 else 0.0,
        float(np.sqrt(tau2)) * size,
        100 * max(0.0, 1 - (count - 1) / q) if q > 0 else 0.0,
        (mean - ahead) * size,
        (mean + ahead) * size,
    )


def _by_squares(apart: Floats, found: Any) -> float:
    """The error of the mean by each slope's weighted distance from it, whatever the weights."""
    share = np.asarray(found.weights_rel_re)
    return float(np.sqrt((share**2 * apart**2 / (1 - share)).sum()))


def _is_met(slopes: Floats, errors: Floats, mean: float, tau2: float) -> bool:
    """Whether weighted squares come to k - 1, or to less without a spread: nobody else says."""
    over = float(((slopes - mean) ** 2 / (errors**2 + tau2)).sum()) - (len(slopes) - 1)
    return bool(np.isfinite(tau2)) and (abs(over) <= CLOSE or (tau2 == 0 and over <= 0))
