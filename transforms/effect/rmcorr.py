"""Repeated-measures correlation: how two things go together within people, all of them at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit

from transforms.effect.bootstrap import SAME, Floats

MOST = 1 - 1e-12  # a correlation that can still be drawn out to Fisher's z


@dataclass(frozen=True)
class Correlation:
    """A correlation with its 95 % interval, two-sided p, degrees of freedom and common slope."""

    r: float
    low: float
    high: float
    p: float
    freedom: float
    slope: float


def correlation_of_people(left: Sequence[Floats], errors: Floats) -> Correlation | None:
    """The correlation within people of what is left (n, 2) of each, as sure as people are alike.

    `errors` (k,) are the standard errors of each one's slope of what is left, which know that
    nights resemble each other. The error of Fisher's z is that of leaving out one person after the
    other, or what those errors come to if that is larger: people may be alike by chance. None for
    one person, or where nothing varies.

    Source: Bland and Altman 1995, BMJ 310:446; Bakdash and Marusich 2017, Front Psychol 8:456 (the
    correlation); Efron and Stein 1981, Ann Stat 9:586 (the error).
    """
    sums = np.array([[a @ a, b @ b, a @ b] for a, b in (of.T for of in left)])
    total = sums.sum(0)
    count = len(left)
    if count < 2 or not (total[0] > 0 and total[1] > 0):
        return None
    others = total - sums
    r = float(_r(total))
    z = np.arctanh(_r(np.concatenate([total[None], others])))
    jackknife = float(np.sqrt((count - 1) / count * ((z[1:] - z[1:].mean()) ** 2).sum()))
    slope = float(total[2] / total[0])
    # of the common slope, a mean of people's weighted by how much x varies in each
    common = float(np.sqrt(((sums[:, 0] * errors) ** 2).sum()) / total[0])
    alike = common * float(np.sqrt(total[0] / total[1])) / max(1 - r * r, SAME)
    error = max(jackknife, alike)
    freedom = count - 1
    if not error > 0:
        return Correlation(r, r, r, 0.0, freedom, slope)
    reach = float(stdtrit(freedom, 0.975)) * error
    low, high = (float(np.tanh(z[0] + side * reach)) for side in (-1, 1))
    p = float(2 * stdtr(freedom, -abs(float(z[0])) / error))
    return Correlation(r, low, high, p, freedom, slope)


def _r(sums: Floats) -> Floats:
    """Correlations of sums of squares and products (..., 3)."""
    size = np.sqrt(np.maximum(sums[..., 0] * sums[..., 1], 1e-300))
    return np.asarray(np.clip(sums[..., 2] / size, -MOST, MOST), dtype=np.float64)
