"""Sleep and wake of each stream without overlaps: what every question about a night begins with.

Stages count, and whole sessions that came without any. Where two overlap, the later one begins when
the earlier one ends; what lies within an earlier one is no part of its own.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.arrays import Mask, Micros
from transforms.coded import codes, same
from transforms.sources import numbered

ASLEEP = ("light", "deep", "rem", "asleep_unspecified")
NOT_SLEEP = ("in_bed", "out_of_bed")  # says where somebody was, not whether they slept
NEVER = np.iinfo(np.int64).min


def sleep_parts(episode: pa.Table) -> pa.Table:
    """The table `sleep_part`, by connector, device and instant, of the canonical episodes of one
    participant."""
    rows = _counted(episode)
    label, file, device, connector = (
        codes(rows[name]) for name in ("label", "file", "device", "connector")
    )
    start, end = _micros(rows["start_at"]), _micros(rows["end_at"])
    order = np.lexsort((file, label, np.asarray(rows["record"]), -end, start, device, connector))
    rows, start, end = rows.take(pa.array(order)), start[order], end[order]
    is_asleep = _is_in(rows["label"], ASLEEP)
    same_stream = same(order, connector, device)
    covered = _latest_before(end, same_stream)
    is_kept = end > covered
    asleep = _latest_before(np.where(is_asleep & is_kept, end, NEVER), same_stream)
    begin = np.maximum(start, covered)
    local = _micros(rows["start_local"]) + begin - start
    parts = {
        **{name: rows[name] for name in rows.column_names},
        "is_asleep": pa.array(is_asleep),
        "start_at": pa.array(begin).cast(rows["start_at"].type),
        "start_local": pa.array(local).cast(rows["start_local"].type),
        "covered_until": pa.array(covered, mask=covered == NEVER).cast(rows["end_at"].type),
        "asleep_until": pa.array(asleep, mask=asleep == NEVER).cast(rows["end_at"].type),
    }
    return pa.table(parts).filter(pa.array(is_kept))


def _counted(episode: pa.Table) -> pa.Table:
    """Stages with length, an instant and a wall clock, and sessions that have no such stage."""
    is_placed = (
        _is_in(episode["kind"], ("sleep", "sleep_stage"))
        & np.asarray(pc.fill_null(pc.greater(episode["end_at"], episode["start_at"]), False))
        & np.asarray(pc.is_valid(episode["start_local"]))
        & np.asarray(pc.is_valid(episode["label"]))
        & ~_is_in(episode["label"], NOT_SLEEP)
    )
    rows = episode.filter(pa.array(is_placed))
    is_staged = _is_in(rows["kind"], ("sleep_stage",))
    sleep, _ = numbered([rows["connector"], rows["session"]])
    is_told_by_stages = np.isin(sleep, sleep[is_staged]) & np.asarray(pc.is_valid(rows["session"]))
    label = pc.if_else(pa.array(is_staged), rows["label"].cast(pa.string()), "asleep_unspecified")
    place = rows.column_names.index("label")
    rows = rows.set_column(place, "label", label.combine_chunks().dictionary_encode())
    return rows.append_column("is_staged", pa.array(is_staged)).filter(
        pa.array(is_staged | ~is_told_by_stages)
    )


def _is_in(column: pa.ChunkedArray, words: tuple[str, ...]) -> Mask:
    return np.asarray(pc.is_in(column.cast(pa.string()), pa.array(words)))


def _micros(column: pa.ChunkedArray) -> Micros:
    return np.asarray(column.cast(pa.int64())).astype(np.int64)


def _latest_before(moment: Micros, same_stream: Mask) -> Micros:
    """The latest moment of the rows before each in its stream; NEVER for the first."""
    latest = np.full(len(moment), NEVER)
    for run in np.split(np.arange(len(moment)), np.flatnonzero(~same_stream)[1:]):
        latest[run[1:]] = np.maximum.accumulate(moment[run[:-1]])
    return latest
