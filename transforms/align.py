"""Reported facts to canonical rows: instants, units, flags, one copy. Tables in, tables out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.arrays import Mask, Micros, Values
from transforms.clocks.known import Clocks
from transforms.clocks.timeline import DAY, FAR_AHEAD, HIGHEST
from transforms.clocks.times import Times, times
from transforms.clocks.wall_clock import UNRESOLVED, UTC
from transforms.coded import codes, encoded, same
from transforms.flags import joined
from transforms.glucose.limits import limited
from transforms.glucose.readings import told
from transforms.glucose.sensors import is_warming_up, sensor_codes, sensor_columns
from transforms.units import conversion

VERSION = "8"  # of everything in this package: a new one derives every table again
GLUCOSE = "interstitial_glucose"
SCAN = "interstitial_glucose_scan"
GRACE = DAY  # by which a clock may be ahead of the one that dated the export


@dataclass(frozen=True)
class Quantity:
    """What alignment needs to know of a metric."""

    unit: str
    low: float
    high: float


Vocabulary = Mapping[str, Quantity]
Made = Mapping[str, int]  # file to the instant at which it was made at the latest, microseconds
NOT_TOLD: Made = {}


def sample(
    rows: pa.Table, clocks: Clocks | None, vocabulary: Vocabulary, made: Made = NOT_TOLD
) -> pa.Table:
    """Canonical samples, sorted by metric, instant, connector, device, sensor, end, newest, record.

    `rows` has the shape's columns plus connector, file and newness; `made` tells of files when
    they were made. What lies after that has no instant.
    """
    rows = _coded(rows)
    when, is_future = _placed(rows, clocks, made)
    value, known, implausible, unknown_unit = _values(rows, vocabulary)
    metric, connector, device = (codes(rows[n]) for n in ("metric", "connector", "device"))
    newness, record = np.asarray(rows["newness"]), np.asarray(rows["record"])
    start = np.where(when.start.known, when.start.micros, when.start_local.micros)
    # an instant and a wall clock that no instant is known for may be the same number by chance
    unresolved = (~when.start.known).astype(np.int64)
    is_cgm = np.asarray(pc.is_in(rows["metric"].cast(pa.string()), pa.array([GLUCOSE, SCAN])))
    stream = (metric * (connector.max(initial=0) + 1) + connector) * (
        device.max(initial=0) + 2
    ) + device
    sensor = sensor_codes(rows, start, stream, is_cgm & when.start.known)
    # value last only so that the order is total, whatever order the rows came in
    ties = (value, record, -newness, when.end.micros, sensor, device, connector, unresolved)
    order = _sorted((start, metric), ties)
    same_instant = same(order, stream, sensor, start, when.end.micros, unresolved)
    is_reading = np.asarray(pc.equal(rows["metric"], GLUCOSE)) & when.start.known
    found = told(order[is_reading[order]], start, value, stream, sensor)
    flags = {
        "implausible": implausible,
        **found.flags(known),
        "warm_up": is_warming_up(rows, is_cgm),
        "unknown_unit": unknown_unit,
        "nonexistent_local": when.is_nonexistent,
        "unmoved_clock": when.is_unmoved,
        "future": is_future,
    }
    table = pa.table(
        {
            **_shared(rows, when),
            "metric": rows["metric"],
            "value": pa.array(value, mask=~known),
            "unit": _canonical_unit(rows, vocabulary),
            "bound": limited(rows, is_cgm),
            "flag": joined(flags).dictionary_encode(),
            "reported_value": rows["value"],
            "reported_unit": rows["unit"],
            "interval_min": found.interval_min(),
            **sensor_columns(rows, is_cgm),
        }
    )
    if (order[1:] < order[:-1]).any():  # a file in order of time is in order already
        table = table.take(pa.array(order))
    return table.append_column("occurrence", pa.array(_running_count(same_instant), pa.int32()))


def episode(rows: pa.Table, clocks: Clocks | None, made: Made = NOT_TOLD) -> pa.Table:
    """Canonical episodes, sorted by kind, start, connector, device, end, label, file, record."""
    rows = _coded(rows)
    when, is_future = _placed(rows, clocks, made)
    columns = [codes(rows[n]) for n in ("kind", "connector", "device", "label", "file")]
    kind, connector, device, label, file = columns
    start = np.where(when.start.known, when.start.micros, when.start_local.micros)
    keys = (
        np.asarray(rows["record"]),
        file,
        label,
        when.end.micros,
        device,
        connector,
        start,
        kind,
    )
    table = pa.table(
        {
            **_shared(rows, when),
            "kind": rows["kind"],
            "label": rows["label"],
            "session": rows["session"],
            "flag": joined(
                {
                    "nonexistent_local": when.is_nonexistent,
                    "unmoved_clock": when.is_unmoved,
                    "future": is_future,
                }
            ),
        }
    )
    return table.take(pa.array(np.lexsort(keys)))


def daily(rows: pa.Table, vocabulary: Vocabulary) -> pa.Table:
    """Canonical daily values, sorted by metric, date, connector, device, newest file, record."""
    value, known, implausible, unknown_unit = _values(rows, vocabulary)
    metric, connector, device = (codes(rows[n]) for n in ("metric", "connector", "device"))
    date = np.asarray(rows["date"].cast(pa.int32()))
    newness, record = np.asarray(rows["newness"]), np.asarray(rows["record"])
    order = np.lexsort((value, record, -newness, device, connector, date, metric))
    return pa.table(
        {
            "metric": rows["metric"],
            "date": rows["date"],
            "value": pa.array(value, mask=~known),
            "unit": _canonical_unit(rows, vocabulary),
            "flag": joined({"implausible": implausible, "unknown_unit": unknown_unit}),
            "reported_value": rows["value"],
            "reported_unit": rows["unit"],
            **{name: rows[name] for name in ("device", "key", "connector", "file", "record")},
        }
    ).take(pa.array(order))


def _placed(rows: pa.Table, clocks: Clocks | None, made: Made) -> tuple[Times, Mask]:
    """Times of rows, and which of them lie after their file was made: no clock has shown those."""
    when = times(rows, clocks)
    if not made or not rows.num_rows:
        return when, np.zeros(rows.num_rows, np.bool_)
    files = encoded(rows["file"])
    latest = np.array([made.get(name, FAR_AHEAD) for name in files.dictionary.to_pylist()])
    latest = latest[np.asarray(files.indices)] + GRACE
    start = np.where(when.start.known, when.start.micros, when.start_local.micros - HIGHEST)
    is_future = (when.start.known | when.start_local.known) & (start > latest)
    return when.without(is_future), is_future


def unplaced(aligned: pa.Table) -> int:
    """How many rows have no instant or no wall clock."""
    missing = pc.or_(pc.is_null(aligned["start_at"]), pc.is_null(aligned["start_local"]))
    return int(pc.sum(missing).as_py() or 0)


def needs_zone(rows: pa.Table) -> bool:
    """Whether any row has an instant or a wall clock alone, so that only a zone gives the other."""
    basis = times(rows, None).basis
    return bool(np.isin(basis, (UTC, UNRESOLVED)).any())


def _shared(rows: pa.Table, when: Times) -> dict[str, pa.Array]:
    names = ("device", "key", "connector", "file", "record")
    return {**when.columns(), **{name: rows[name] for name in names}}


def _coded(rows: pa.Table) -> pa.Table:
    """The table with repeating texts as dictionaries: encoded once, sorted and written as such."""
    for name in ("metric", "kind", "label", "connector", "file", "device", "unit", "bound"):
        if name in rows.column_names:
            place = rows.column_names.index(name)
            coded = rows[name].combine_chunks().dictionary_encode()
            rows = rows.set_column(place, name, coded)
    return rows


def _values(rows: pa.Table, vocabulary: Vocabulary) -> tuple[Values, Mask, Mask, Mask]:
    """Canonical values, which are known, which are implausible, which have an unknown unit."""
    value = np.asarray(pc.fill_null(rows["value"], np.nan)).astype(np.float64).copy()
    implausible = np.zeros(len(value), np.bool_)
    unknown = np.zeros(len(value), np.bool_)
    pairs = codes(rows["metric"]) * 1000 + codes(rows["unit"])
    seen, where = np.unique(pairs, return_index=True)
    for code, index in zip(seen, where, strict=True):
        mine = pairs == code
        quantity = vocabulary[rows["metric"][int(index)].as_py()]
        change = conversion(rows["unit"][int(index)].as_py() or "", quantity.unit)
        if change is None:
            value[mine], unknown[mine] = np.nan, True
            continue
        if change != (1.0, 0.0):
            value[mine] = value[mine] * change[0] + change[1]
        implausible |= mine & ((value < quantity.low) | (value > quantity.high))
    return value, ~np.isnan(value), implausible, unknown


def _canonical_unit(rows: pa.Table, vocabulary: Vocabulary) -> pa.Array:
    metrics = encoded(rows["metric"])
    units = pa.array(
        [vocabulary[name].unit for name in metrics.dictionary.to_pylist()], pa.string()
    )
    return units.take(metrics.indices).dictionary_encode()


def _sorted(keys: tuple[Micros, ...], ties: tuple[Micros | Values, ...]) -> Micros:
    """The order by `keys` (last is first, as in numpy), and by `ties` where all keys agree."""
    order = np.lexsort(keys)
    agrees = same(order, *keys)
    tied = np.flatnonzero(agrees | np.append(agrees[1:], False))
    if len(tied):
        rows = order[tied]
        again = np.lexsort(tuple(key[rows] for key in (*ties, *keys)))
        order[tied] = rows[again]
    return order


def _running_count(agrees: Mask) -> Micros:
    """1 where a run begins, 2 for its second row, and so on."""
    index = np.arange(len(agrees))
    return index - np.maximum.accumulate(np.where(agrees, 0, index)) + 1
