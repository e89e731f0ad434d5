"""For how many minutes a CGM reading stands: the pace of its sensor, stretch by stretch.

A pace is what many neighbours agree upon. What is lost does not make a sensor slower: a hole, every
second hour, two of three readings for an hour. A slower pace takes three hours to be believed.
"""

from __future__ import annotations

import numpy as np

from transforms.arrays import MINUTE, Mask, Micros, Values

# What sensors keep: Libre 3 and Juggluco 1, Dexcom, Medtronic, Libre 3 in LibreView 5, Libre 1 and
# 2 15 minutes. Source: their exports.
KEPT_MIN = np.array([1.0, 5.0, 15.0])
NEAR = 1.35  # a step is of a pace if it is at most so many times longer or shorter
LONGEST_MIN = 15.0  # no reading stands for more
WINDOW = 7  # steps that agree by majority on what is around
FEWEST_FAST, FEWEST_SLOW = 6, 12  # steps in a row that change the pace


def paces(at: Micros) -> Values:
    """Minutes that each reading of one sensor stands for (n,); NaN for a reading that is alone.

    `at` are different instants in order.
    """
    step = np.diff(at) / MINUTE
    if not len(step):
        return np.full(len(at), np.nan)
    usual = float(np.median(step))
    if _longest_run(~_is_near(step, usual)) < FEWEST_FAST:
        return np.full(len(at), min(usual, LONGEST_MIN))
    around = _around(step)
    place = np.argmin(np.abs(np.log(around[:, None] / KEPT_MIN)), axis=1)
    is_kept = _is_near(around, KEPT_MIN[place])
    # 0 for what no sensor keeps: readings are missing, or it is a pace of its own
    kind = _settled(np.where(is_kept, place + 1, 0), around)
    minutes = np.empty(len(step))
    for each in np.unique(kind):
        mine = kind == each
        nominal = KEPT_MIN[each - 1] if each else float(np.median(around[mine]))
        steps = step[mine & _is_near(step, nominal)]
        minutes[mine] = min(float(np.median(steps)) if len(steps) else nominal, LONGEST_MIN)
    return np.append(minutes, minutes[-1])


def _is_near(step: Values, pace: float | Values) -> Mask:
    near: Mask = (step <= NEAR * pace) & (step * NEAR >= pace)
    return near


def _longest_run(is_one: Mask) -> int:
    edges = np.flatnonzero(np.diff(np.concatenate(([0], is_one.astype(np.int8), [0]))))
    return int((edges[1::2] - edges[::2]).max(initial=0))


def local_median(step: Values) -> Values:
    """The median of each `WINDOW` steps in a row, (n - WINDOW + 1,) or of all of them, (1,)."""
    if len(step) <= WINDOW:
        return np.array([np.median(step)])
    middle: Values = np.median(np.lib.stride_tricks.sliding_window_view(step, WINDOW), axis=1)
    return middle


def _around(step: Values) -> Values:
    """What the steps before or after each come to, whichever it agrees with; a hole: before it."""
    middle = local_median(step)
    here = np.arange(len(step))
    before = middle[np.clip(here - WINDOW, 0, len(middle) - 1)]
    after = middle[np.clip(here, 0, len(middle) - 1)]
    off_before, off_after = (np.abs(np.log(step / pace)) for pace in (before, after))
    is_hole = step > NEAR * np.maximum(before, after)
    return np.where(is_hole | (off_before <= off_after), before, after)


def _settled(kind: Micros, around: Values) -> Micros:
    """Kinds without those that do not last: they join what is beside them, the shortest first."""
    pace = np.where(kind > 0, KEPT_MIN[kind - 1], around)
    while True:
        begin = np.flatnonzero(np.append(True, kind[1:] != kind[:-1]))
        length = np.diff(np.append(begin, len(kind)))
        weak, into = _weak(kind[begin], length, pace[begin])
        if not weak.any():
            return kind
        source = np.where(weak, into, np.arange(len(begin)))
        kind = np.repeat(kind[begin][source], length)
        pace = np.repeat(pace[begin][source], length)


def _weak(kind: Micros, length: Micros, pace: Values) -> tuple[Mask, Micros]:
    """Which runs join another now, and which one; no two beside each other do."""
    here = np.arange(len(kind))
    left, right = (here - 1).clip(0), (here + 1).clip(max=len(here) - 1)
    faster = (pace[left] < pace) | (pace[right] < pace)
    weak = length < np.where(faster, FEWEST_SLOW, FEWEST_FAST)
    weak |= (kind == 0) & faster
    weak &= len(here) > 1
    size = np.where(weak, length, np.iinfo(np.int64).max)
    weak &= ((left == here) | (size < size[left])) & ((right == here) | (size <= size[right]))
    # beside something faster it lost readings; else the longer of two
    prefers_left = np.where(
        (pace[left] < pace) == (pace[right] < pace),
        length[left] >= length[right],
        pace[left] < pace,
    )
    to_left = (right == here) | ((left != here) & prefers_left)
    return weak, np.where(to_left, left, right)
