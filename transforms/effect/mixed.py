"""A mixed model of several people: a slope within people, beside what differs between them."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit
from statsmodels.regression.mixed_linear_model import MixedLM

from transforms.effect.bootstrap import Floats, Integers
from transforms.effect.rmcorr import centred
from transforms.effect.within import design

FEWEST_FOR_BETWEEN = 3  # people, for a slope between them
FEWEST_FOR_SLOPES = 5  # people, for slopes that differ between them


@dataclass(frozen=True)
class MixedSlope:
    """The slope within people with its 95 % interval and p; `model` says what differs by person."""

    slope: float
    low: float
    high: float
    p: float
    model: str


def mixed_slope(person: Integers, x: Floats, y: Floats, covariates: Floats) -> MixedSlope | None:
    """The slope of y on x within people, of (n,) values; persons are numbered from 0.

    x is split into what lies within a person, from their mean of the nights that enter, and that
    mean; covariates (n, k) beside it. Levels differ by person, and from five people on also slopes.
    None if no such model can be fitted. Given the person, nights count as independent.
    """
    persons = int(person.max()) + 1 if len(person) else 0
    if persons < 2:
        return None
    within = centred(person, x)
    fixed = [within[:, None], design(covariates)]
    if persons >= FEWEST_FOR_BETWEEN:
        fixed.append((x - within - x.mean())[:, None])
    exposed, size = np.concatenate(fixed, 1), float(y.std())
    if np.linalg.matrix_rank(exposed) < exposed.shape[1] or not size > 0:
        return None
    ones = np.ones((len(x), 1))
    if persons >= FEWEST_FOR_SLOPES:
        random = np.concatenate([ones, within[:, None]], 1)
        found = _fitted(person, y / size, exposed, random)
        if found is not None:
            return _told(*found, persons - 1, size, "level and slope by person")
    found = _fitted(person, y / size, exposed, ones)
    if found is None:
        return None
    freedom = len(x) - persons - exposed.shape[1] + 1
    return _told(*found, freedom, size, "level by person")


def _fitted(
    person: Integers, y: Floats, exposed: Floats, random: Floats
) -> tuple[float, float] | None:
    """The first coefficient and its standard error by REML; None if it does not converge."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            fit = MixedLM(y, exposed, person, exog_re=random).fit(reml=True)
        except (np.linalg.LinAlgError, ValueError):
            return None
        slope, error = float(fit.fe_params[0]), float(fit.bse_fe[0])
    if not (fit.converged and np.isfinite(slope) and np.isfinite(error) and error > 0):
        return None
    return slope, error


def _told(slope: float, error: float, freedom: int, size: float, model: str) -> MixedSlope:
    reach = float(stdtrit(freedom, 0.975)) * error
    p = float(2 * stdtr(freedom, -abs(slope) / error))
    return MixedSlope(slope * size, (slope - reach) * size, (slope + reach) * size, p, model)
