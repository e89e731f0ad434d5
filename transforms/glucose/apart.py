"""Two sensors at once that are clearly apart: of two people, or one of them is wrong."""

from __future__ import annotations

import itertools

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.arrays import HOUR, MINUTE, Micros, Values
from transforms.clocks.findings import Finding
from transforms.sources import numbered

KIND = "two_sensors_apart"
BESIDE = 15 * MINUTE // 2  # readings at most so far apart are compared
APART_MGDL, APART_SHARE = 30.0, 0.25  # sensors of one person differ by a tenth or so


def sensors_apart(samples: pa.Table, metric: str) -> list[Finding]:
    """Findings about pairs of sensors in canonical samples that run at once for an hour and more
    and are mostly more than 30 mg/dL and a quarter apart.

    Sensors are those that exports name; where they do not, each file may be one.
    """
    flags = pc.fill_null(samples["flag"].cast(pa.string()), "")
    is_left_out = pc.match_substring_regex(flags, "implausible|shifted_copy|told_twice")
    has = pc.and_(pc.is_valid(samples["start_at"]), pc.is_valid(samples["value"]))
    mine = pc.and_(pc.and_(has, pc.invert(is_left_out)), pc.equal(samples["metric"], metric))
    rows = samples.filter(mine)
    if not rows.num_rows:
        return []
    at = np.asarray(rows["start_at"].cast(pa.int64())).astype(np.int64)
    value = np.asarray(rows["value"])
    lane = pc.coalesce(rows["sensor"].cast(pa.string()), rows["file"].cast(pa.string()))
    number, names = numbered([rows["connector"], rows["device"], lane])
    lanes = []
    for each in range(len(names)):
        place = np.flatnonzero(number == each)
        place = place[np.argsort(at[place], kind="stable")]
        lanes.append((at[place], value[place], " ".join(part or "" for part in names[each][:2])))
    found = []
    for (one, ones, name), (other, others, beside) in itertools.combinations(lanes, 2):
        if one[0] > other[-1] or other[0] > one[-1]:
            continue
        when, difference, share = _compared(one, ones, other, others)
        if len(when) < 4 or when[-1] - when[0] < HOUR:
            continue
        size = float(np.median(difference))
        if size > APART_MGDL and float(np.median(share)) > APART_SHARE:
            text = f"{size:.0f} mg/dL apart from a sensor of {beside} that runs at the same time"
            first, last = int(when[0]), int(when[-1])
            found.append(Finding(name.strip(), first, last, KIND, None, text))
    return found


def _compared(
    at: Micros, value: Values, others: Micros, other_value: Values
) -> tuple[Micros, Values, Values]:
    """Instants with a reading of another beside them, how far apart these are, and as a share."""
    right = np.searchsorted(others, at).clip(0, len(others) - 1)
    left = (right - 1).clip(0)
    near = np.where(np.abs(others[left] - at) < np.abs(others[right] - at), left, right)
    there = np.abs(others[near] - at) <= BESIDE
    mine, theirs = value[there], other_value[near[there]]
    difference = np.abs(mine - theirs)
    return at[there], difference, difference / ((mine + theirs) / 2)
