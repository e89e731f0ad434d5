"""Which stages belong to which sleep, where an export keeps the two in different files.

Some tell a night twice, by two algorithms, of which the connector carries one. The stages of both
are there and would be laid over each other. A stage names its sleep, so it counts with it. Where
no sleep at all is near, the stages came alone, and are all that is known of the night.

Others have stages that name no sleep. They belong to the sleep of the same export in which their
middle lies; of two of them (a mat's and a watch's) to the one that begins later.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.clocks.timeline import Mask, Micros
from transforms.coded import codes
from transforms.sources import numbered

NEAR = 24 * 3_600_000_000  # microseconds between the two, at most


def belonging(episode: pa.Table) -> pa.Table:
    """The canonical episodes: stages without a sleep have its name, those of no sleep are gone."""
    return without_orphans(adopted(episode))


def adopted(episode: pa.Table) -> pa.Table:
    """The canonical episodes, stages that name no sleep with the session in which they lie."""
    kind = episode["kind"].cast(pa.string())
    has_session = np.asarray(pc.is_valid(episode["session"]))
    is_placed = np.asarray(
        pc.and_(pc.is_valid(episode["start_at"]), pc.is_valid(episode["end_at"]))
    )
    is_sleep = np.asarray(pc.fill_null(pc.equal(kind, "sleep"), False)) & has_session & is_placed
    is_stage = np.asarray(pc.fill_null(pc.equal(kind, "sleep_stage"), False)) & is_placed
    is_lone = is_stage & ~has_session
    connector = codes(episode["connector"])
    is_lone &= np.isin(connector, connector[is_sleep])
    if not is_lone.any():
        return episode
    start, end = _micros(episode["start_at"]), _micros(episode["end_at"])
    middle = (start + end) // 2
    found = np.full(len(start), -1)
    for each in np.unique(connector[is_lone]):
        lone = np.flatnonzero(is_lone & (connector == each))
        lone = lone[np.argsort(middle[lone], kind="stable")]
        sleeps = np.flatnonzero(is_sleep & (connector == each))
        for sleep in sleeps[np.lexsort((end[sleeps], start[sleeps]))]:
            low, high = np.searchsorted(middle[lone], (start[sleep], end[sleep]))
            found[lone[low:high]] = sleep
    source = pa.array(np.maximum(found, 0), mask=found < 0)
    session = episode["session"].cast(pa.string()).combine_chunks()
    session = pc.if_else(pa.array(found >= 0), session.take(source), session)
    place, told = episode.column_names.index("session"), episode["session"].type
    is_coded = pa.types.is_dictionary(told)
    return episode.set_column(
        place, "session", session.dictionary_encode() if is_coded else session
    )


def without_orphans(episode: pa.Table) -> pa.Table:
    """The canonical episodes without stages whose own sleep is missing while another is near."""
    kind = episode["kind"].cast(pa.string())
    has_session = np.asarray(pc.is_valid(episode["session"]))
    is_sleep = np.asarray(pc.fill_null(pc.equal(kind, "sleep"), False)) & has_session
    is_stage = np.asarray(pc.fill_null(pc.equal(kind, "sleep_stage"), False)) & has_session
    of_sleep, _ = numbered([episode["connector"], episode["session"]])
    is_orphan = is_stage & ~np.isin(of_sleep, of_sleep[is_sleep])
    if not is_orphan.any():
        return episode
    start, end = _micros(episode["start_at"]), _micros(episode["end_at"])
    connector = codes(episode["connector"])
    # a sleep goes as a whole: by the begin of its first stage
    begin = np.full(len(of_sleep), np.iinfo(np.int64).max)
    np.minimum.at(begin, of_sleep[is_orphan], start[is_orphan])
    is_left_out = np.zeros(len(start), np.bool_)
    for each in np.unique(connector[is_orphan]):
        mine = is_orphan & (connector == each)
        told = is_sleep & (connector == each)
        is_left_out[mine] = _is_near(begin[of_sleep[mine]], start[told], end[told])
    return episode.filter(pa.array(~is_left_out))


def _is_near(moment: Micros, start: Micros, end: Micros) -> Mask:
    """Whether any of the stretches is at most `NEAR` from each moment."""
    order = np.argsort(start)
    latest = np.maximum.accumulate(end[order])
    count = np.searchsorted(start[order], moment + NEAR, side="right")
    if not len(latest):
        return np.zeros(len(moment), np.bool_)
    return np.asarray((count > 0) & (latest[np.maximum(count, 1) - 1] >= moment - NEAR))


def _micros(column: pa.ChunkedArray) -> Micros:
    return np.asarray(pc.fill_null(column.cast(pa.int64()), 0)).astype(np.int64)
