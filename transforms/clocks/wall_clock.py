"""Instants of naive wall clocks: by a device's counter, by its clock, by where the person was.

The best that is known of a row decides, in this order: its own counter; the clock of its device,
where other rows of that device have one; a clock that nobody moved; the person's zone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.clocks.counter import offsets
from transforms.clocks.device_clock import DeviceClock, of_devices
from transforms.clocks.fold import by_record_order
from transforms.clocks.known import Clocks
from transforms.clocks.timeline import Mask, Micros, Resolved

BASES = ("offset", "utc", "device_clock", "zone", "zone_inferred", "unresolved")
OFFSET, UTC, DEVICE_CLOCK, ZONE, ZONE_INFERRED, UNRESOLVED = range(6)
Basis = np.ndarray[tuple[int], np.dtype[np.int8]]


@dataclass(frozen=True)
class Placed:
    """Instants of rows, how they are known (indexes BASES), and what is odd about their clock."""

    instant: Micros
    basis: Basis
    is_nonexistent: Mask
    is_unmoved: Mask


def placed(rows: pa.Table, clocks: Clocks, wall: Micros, anchor: Micros, naive: Mask) -> Placed:
    """Instants of the rows that are `naive`; `anchor` is the wall clock that tells the offset."""
    found = clocks.zone.resolve(anchor)
    basis = np.full(len(wall), ZONE, np.int8)
    instant = found.first.copy()
    missing = naive & (found.count == 0)
    basis[missing] = ZONE_INFERRED
    unmoved = _by_unmoved(rows, clocks, anchor, naive, instant, basis)
    counted = _by_counter(rows, clocks, anchor, naive, instant, basis)
    device, skipped = _by_device(rows, clocks, found, anchor, naive & ~counted, instant, basis)
    told = counted | device
    unmoved &= ~told
    rest = naive & ~told & ~unmoved
    missing = (missing & rest) | skipped
    twice = rest & (found.count > 1)
    basis[twice] = UNRESOLVED
    if twice.any():
        settled, choice = clocks.folds.find(rows, twice)
        instant[settled], basis[settled] = choice[settled], ZONE_INFERRED
        twice &= ~settled
        settled, choice = by_record_order(rows, found, anchor, naive, twice)
        instant[settled], basis[settled] = choice[settled], ZONE_INFERRED
    sleep = (basis == UNRESOLVED) & _is_of_sleep(rows)
    instant[sleep], basis[sleep] = found.last[sleep], ZONE_INFERRED
    sure = rest & (basis == ZONE)
    if sure.any():
        basis[sure & clocks.itinerary.is_doubted(instant)] = ZONE_INFERRED
    return Placed(instant + wall - anchor, basis, missing, unmoved)


def _is_of_sleep(rows: pa.Table) -> Mask:
    """Which rows are of a sleep that tells its length: only its place is in doubt, by an hour.

    Taken is the second pass of the clock: after it the wall clock runs on, as the end of such a
    sleep does that lies as far from its begin as the sleep is long.
    """
    anchored = np.asarray(pc.is_valid(rows["anchor_wall"]))
    if "kind" not in rows.column_names:
        return anchored
    kinds = pa.array(["sleep", "sleep_stage"])
    is_sleep: Mask = np.asarray(pc.is_in(rows["kind"].cast(pa.string()), kinds))
    return anchored | is_sleep


def _by_counter(
    rows: pa.Table, clocks: Clocks, wall: Micros, naive: Mask, instant: Micros, basis: Basis
) -> Mask:
    """Fill in the rows with a counter whose run is anchored."""
    if "clock_s" not in rows.column_names or not clocks.runs:
        return np.zeros(len(wall), np.bool_)
    has, sure, offset = offsets(rows, clocks.runs)
    has &= naive
    instant[has] = (wall - offset)[has]
    basis[has] = np.where(sure[has], DEVICE_CLOCK, ZONE_INFERRED)
    return has


def _by_unmoved(
    rows: pa.Table, clocks: Clocks, wall: Micros, naive: Mask, instant: Micros, basis: Basis
) -> Mask:
    """Fill in the rows of clocks that were behind their owner's."""
    mine = np.zeros(len(wall), np.bool_)
    for clock in clocks.unmoved:
        these = naive & clock.covers(rows, wall)
        instant[these], basis[these] = wall[these] - clock.offset, ZONE_INFERRED
        mine |= these
    return mine


def _by_device(
    rows: pa.Table,
    clocks: Clocks,
    zone: Resolved,
    wall: Micros,
    naive: Mask,
    instant: Micros,
    basis: Basis,
) -> tuple[Mask, Mask]:
    """Fill in the rows without a counter near others of the same device that have one.

    Which these are, and which of them tell a time that the device's clock never showed.
    """
    told, skipped = np.zeros((2, len(wall)), np.bool_)
    for of_device, device in of_devices(rows, clocks):
        asked = np.flatnonzero(naive & of_device)
        shown = device.shown(wall[asked])
        near = device.near(shown.first)
        asked, first, last = asked[near], shown.first[near], shown.last[near]
        count, is_open = shown.count[near], shown.is_open[near] | device.is_doubted(first)
        same = (zone.count[asked] == 1) & (zone.first[asked] == first)
        instant[asked] = first
        basis[asked] = np.where(same, ZONE, DEVICE_CLOCK)
        basis[asked[(count == 0) | is_open]] = ZONE_INFERRED
        twice = np.flatnonzero(count > 1)
        choice = _by_neighbours(rows, device, wall, asked[twice], first[twice], last[twice])
        instant[asked[twice]] = choice[0]
        basis[asked[twice]] = np.where(choice[1], ZONE_INFERRED, UNRESOLVED)
        told[asked] = True
        skipped[asked[count == 0]] = True
    return told, skipped


def _by_neighbours(
    rows: pa.Table, device: DeviceClock, wall: Micros, asked: Micros, first: Micros, last: Micros
) -> tuple[Micros, Mask]:
    """Of the few rows that a device's clock showed twice: instants by the records around them."""
    instant, settled = first.copy(), np.zeros(len(asked), np.bool_)
    for place, row in enumerate(asked.tolist()):
        early, late = int(wall[row] - first[place]), int(wall[row] - last[place])
        file, record = rows["file"][row].as_py(), rows["record"][row].as_py()
        offset = device.by_records(file, record, early, late)
        if offset is not None:
            instant[place], settled[place] = wall[row] - offset, True
    return instant, settled
