"""Repeated-measures correlation: how two things go together within people, all of them at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr

from transforms.effect.bootstrap import SAME, Floats, Integers


@dataclass(frozen=True)
class Correlation:
    """A correlation with its 95 % interval, two-sided p, degrees of freedom and common slope."""

    r: float
    low: float
    high: float
    p: float
    freedom: int
    slope: float


def centred(person: Integers, values: Floats) -> Floats:
    """Values (n,) minus the mean of their person; persons are numbered from 0."""
    mean = np.bincount(person, values) / np.bincount(person)
    return values - mean[person]


def repeated_correlation(person: Integers, x: Floats, y: Floats) -> Correlation | None:
    """The correlation of x and y (n,) after every person's own means are taken off.

    None if there is one person, if x or y does not vary within anyone, or there are too few values.
    Values of one person count as independent, which nights that follow one another are not quite:
    the interval is rather too narrow.

    Source: Bland and Altman 1995, BMJ 310:446; Bakdash and Marusich 2017, Front Psychol 8:456.
    """
    persons = len(np.unique(person))
    freedom = len(x) - persons - 1
    if persons < 2 or freedom < 2:
        return None
    a, b = centred(person, x), centred(person, y)
    size = np.array([a @ a, b @ b])
    whole = np.array([((v - v.mean()) ** 2).sum() for v in (x, y)])
    if not np.all(whole > 0) or np.any(size <= SAME * whole):
        return None
    r = float(np.clip(a @ b / np.sqrt(size[0] * size[1]), -1, 1))
    slope = float(a @ b / size[0])
    if 1 - r * r <= SAME:
        return Correlation(r, r, r, 0.0, freedom, slope)
    reach = 1.959964 / np.sqrt(freedom - 1)
    low, high = (float(np.tanh(np.arctanh(r) + side * reach)) for side in (-1, 1))
    t = abs(r) * np.sqrt(freedom / (1 - r * r))
    return Correlation(r, low, high, float(2 * stdtr(freedom, -t)), freedom, slope)
