"""Records that lie after their export was made: the clock that told them was wrong. No time is
guessed for them: they are kept without an instant, so that nothing is made of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.arrays import Mask
from transforms.clocks.times import Column, Times
from transforms.clocks.wall_clock import UNRESOLVED
from transforms.copies.age import ARCHIVE_NAME, ARCHIVE_TIME, NEAR, STATED

FLAG = "after_export"
FEW_PCT = 10.0  # of a file's rows; if more lie behind the times of an archive, those are wrong


@dataclass(frozen=True)
class Limit:
    """Microseconds (UTC) after which no record of a file can lie; whether that is certain."""

    at: int
    is_sure: bool


def not_after(
    told: Mapping[str, Any], last: dt.datetime | None, now: dt.datetime
) -> dict[str, Any] | None:
    """`at` (ISO) and `by`, what tells it: the latest time that a file may hold. None if nothing in
    it is later. `told` is when it was made (age.py)."""
    at, by = now, "now"
    if told["by"] in (STATED, ARCHIVE_NAME, ARCHIVE_TIME):
        made = dt.datetime.fromisoformat(told["made_at"])
        at, by = min((made, told["by"]), (now, "now"))
    at = at.replace(minute=0, second=0, microsecond=0) + NEAR
    return {"at": at.isoformat(), "by": by} if last is not None and last > at else None


def limits(manifests: Sequence[Mapping[str, Any]]) -> dict[str, Limit]:
    """The limits of the files that have records after theirs."""
    found = {}
    for manifest in manifests:
        if told := manifest.get("not_after"):
            at = dt.datetime.fromisoformat(told["at"]).replace(tzinfo=dt.UTC)
            is_sure = told["by"] in (STATED, "now")
            found[manifest["file"]] = Limit(int(at.timestamp()) * 1_000_000, is_sure)
    return found


def beyond(rows: pa.Table, when: Times, limits: Mapping[str, Limit]) -> Mask:
    """Rows that begin after their file's limit (n,)."""
    found = np.zeros(rows.num_rows, np.bool_)
    for file, limit in limits.items():
        mine = np.asarray(pc.equal(rows["file"].cast(pa.string()), file)).astype(np.bool_)
        at = np.where(when.start.known, when.start.micros, when.start_local.micros)
        late = mine & (at > limit.at)
        if limit.is_sure or 100 * late.sum() <= FEW_PCT * mine.sum():
            found |= late
    return found


def without_instant(when: Times, rows: Mask) -> Times:
    """The same times; of some rows the instant is not known."""
    if not rows.any():
        return when
    basis = when.basis.copy()
    basis[rows] = UNRESOLVED
    start, end = (Column(c.micros, c.known & ~rows) for c in (when.start, when.end))
    return replace(when, start=start, end=end, basis=basis)


def is_beyond(aligned: pa.Table) -> pa.ChunkedArray:
    """Whether canonical rows are such records."""
    flags = pc.fill_null(aligned["flag"].cast(pa.string()), "")
    return pc.match_substring(flags, FLAG)


def placeable(aligned: pa.Table) -> pa.Table:
    """Canonical rows without them."""
    return aligned.filter(pc.invert(is_beyond(aligned)))


def late_rows(aligned: pa.Table) -> int:
    """How many canonical rows are such records."""
    return int(pc.sum(is_beyond(aligned)).as_py() or 0)
