"""Readings that one sensor's device tells twice, seconds apart. Source: Loop, Trio, nightguard."""

from __future__ import annotations

import numpy as np

from transforms.arrays import SECOND, Mask, Micros, Values
from transforms.glucose.pace import WINDOW, local_median

# Shorter distances first: in a stream of one a minute the next reading is 60 s away.
REACHES = (20 * SECOND, 60 * SECOND + SECOND // 2)
SHARE = 0.35  # of the pace: what is nearer was not measured anew
SAME_MGDL = 5.0  # what glucose moves in a minute at most; apps smooth and round


def told_again(at: Micros) -> Micros:
    """For each reading of one sensor the place of the first telling of it (n,): its own, if it is.

    `at` are instants in order. A reading is told again at the same instant, or up to a minute
    later while the sensor's pace is much longer.
    """
    first = np.arange(len(at))
    first[1:][at[1:] == at[:-1]] = -1
    first = np.maximum.accumulate(first)
    for reach in REACHES:
        heads = np.flatnonzero(first == np.arange(len(at)))
        lead = _leaders(at[heads], reach)
        moved = heads[lead]
        place = np.arange(len(at))
        place[heads] = moved
        first = place[first]
    return first


def _leaders(at: Micros, reach: int) -> Micros:
    """For each of different instants the place of the one that tells it first, within `reach`."""
    here = np.arange(len(at))
    is_close = np.append(False, np.diff(at) <= reach)
    if not is_close.any():
        return here
    begin = np.flatnonzero(~is_close)
    size = np.diff(np.append(begin, len(at)))
    # a longer chain is a fast sensor
    is_short = at[begin + size - 1] - at[begin] <= reach
    lead = np.where(np.repeat(is_short, size), np.repeat(begin, size), here)
    head = np.flatnonzero(lead == here)
    step = np.diff(at[head]).astype(np.float64)
    if not len(step):
        return here
    middle = local_median(step)
    rank = np.searchsorted(head, lead)
    pace = middle[np.clip(rank - WINDOW // 2, 0, len(middle) - 1)]
    return np.where(at - at[lead] <= SHARE * pace, lead, here)


def told_twice(at: Micros, value: Values, first: Micros) -> Mask:
    """Whether each is an earlier reading: of nearly its value, or at its instant with another."""
    again = first != np.arange(len(at))
    change = np.abs(value - value[first])
    same_instant = at == at[first]
    twice: Mask = again & np.where(same_instant, change > 0, change <= SAME_MGDL)
    return twice
