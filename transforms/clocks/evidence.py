"""What extracted rows tell of clocks: offsets, names of zones, counters, readings with neither."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

import duckdb
import numpy as np
import pyarrow as pa

from transforms.arrays import Micros
from transforms.clocks.claims import Claim
from transforms.clocks.counter import LONGEST_SILENCE
from transforms.clocks.every_zone import is_zone
from transforms.coded import codes, same
from transforms.sources import numbered

_NAIVE = "start_wall is not null and start_utc is null and start_offset_min is null"


def claims(connection: duckdb.DuckDBPyConnection, parts: Iterable[str]) -> list[Claim]:
    """Every offset that was stated at a recording, and every zone named beside one, by time.

    `parts` are FROM clauses of extracted samples and episodes with connector and file. One record
    is one piece of evidence, in however many exports it stands; what a source says again within
    three hours is one claim. Names that are no zone say nothing.
    """
    told = " union all ".join(_TOLD.format(part=part) for part in parts if _says(connection, part))
    if not told:
        return []
    rows = connection.sql(_SAYING.format(told=told)).to_arrow_table()
    what, names = numbered([rows[name] for name in ("connector", "device", "zone", "offset_min")])
    found = []
    for number, first, last, count in _stretches(*_pieces(what, rows)):
        connector, device, zone, offset = names[number]
        source = connector if device is None else f"{connector} {device}"
        if offset is not None:
            found.append(Claim(first, last, source or "", "offset", int(offset), None, count))
        elif zone is not None and is_zone(zone):
            found.append(Claim(first, last, source or "", "zone_name", None, zone, count))
    return sorted(found, key=_by_time)


def _says(connection: duckdb.DuckDBPyConnection, part: str) -> bool:
    """Whether any row states an offset or names a zone: most formats do neither."""
    ((found,),) = connection.execute(
        f"""select count(zone) + count(start_offset_min)
            + count(*) filter (start_utc is not null and start_wall is not null) from {part}"""
    ).fetchall()
    return bool(found)


def _by_time(claim: Claim) -> tuple[int, int, str, bool, str, int]:
    """Sorts claims; of one moment and source the names of zones before offsets."""
    told = claim.zone or ""
    return claim.first, claim.last, claim.source, not told, told, claim.offset_min or 0


def _pieces(what: Micros, rows: pa.Table) -> tuple[Micros, Micros, Micros]:
    """What is said, from when and until when, in this order: once for each record of a file,
    and once for records of several files that say the same of the same time."""
    file, record, first, last = (
        codes(rows["file"]),
        *(np.asarray(rows[name]) for name in ("record", "first", "last")),
    )
    order = np.lexsort((record, file, what))
    begins = np.flatnonzero(~same(order, what, file, record))
    what, first, last = (
        what[order[begins]],
        np.minimum.reduceat(first[order], begins),
        np.maximum.reduceat(last[order], begins),
    )
    order = np.lexsort((last, first, what))
    order = order[~same(order, what, first, last)]
    return what[order], first[order], last[order]


def _stretches(what: Micros, first: Micros, last: Micros) -> Iterator[tuple[int, int, int, int]]:
    """What is said, from when, until when, by how many pieces; a silence begins another."""
    edges = np.flatnonzero(np.diff(what, prepend=-1))
    for a, b in itertools.pairwise([*edges.tolist(), len(what)]):
        reached = np.maximum.accumulate(last[a:b])
        silent = first[a + 1 : b] - reached[:-1] > LONGEST_SILENCE
        begins = np.append(0, np.flatnonzero(silent) + 1)
        yield from zip(
            itertools.repeat(int(what[a])),
            first[a:b][begins].tolist(),
            np.maximum.reduceat(last[a:b], begins).tolist(),
            np.diff(begins, append=b - a).tolist(),
            strict=False,
        )


# An interval is told in one offset, or its two ends in two.
_TOLD = """
    select connector, device, file, record, zone, start_offset as offset_min, start_us as first,
        case when zone is not null or end_offset = start_offset then coalesce(end_us, start_us)
            else start_us end as last
    from (
        select connector, device, file, record, zone,
            coalesce(start_offset_min, (epoch_us(start_wall) - epoch_us(start_utc)) // 60000000)
                as start_offset,
            coalesce(end_offset_min, (epoch_us(end_wall) - epoch_us(end_utc)) // 60000000)
                as end_offset,
            coalesce(
                epoch_us(start_utc), epoch_us(start_wall) - 60000000 * start_offset_min::bigint
            ) as start_us,
            coalesce(epoch_us(end_utc), epoch_us(end_wall) - 60000000 * end_offset_min::bigint)
                as end_us
        from {part}
        where zone is not null or start_offset_min is not null
            or (start_utc is not null and start_wall is not null)
    )
    union all
    select connector, device, file, record, null, end_offset_min, end_us, end_us
    from (select *, epoch_us(end_utc) as end_us from {part})
    where zone is null and end_us is not null and end_offset_min <> start_offset_min
"""
_SAYING = """
    select connector, device, file, record, zone, first, last,
        case when zone is null then offset_min::varchar end as offset_min
    from ({told})
    where first is not null and (zone is not null or abs(offset_min) <= 840)
"""


def counted(connection: duckdb.DuckDBPyConnection, part: str) -> pa.Table:
    """Rows with a counter: connector, file, record, device, clock_id, clock_s, start_wall."""
    return connection.execute(
        f"""
        select connector, file, record, device, clock_id, clock_s, start_wall
        from {part} where clock_s is not null and {_NAIVE}
        """
    ).to_arrow_table()


def bare_readings(connection: duckdb.DuckDBPyConnection, part: str) -> pa.Table:
    """Sensor readings by a wall clock alone: connector, device, start_wall."""
    return connection.execute(
        f"""
        select distinct connector, coalesce(device, '') as device, start_wall
        from {part}
        where metric = 'interstitial_glucose' and clock_s is null and {_NAIVE}
        """
    ).to_arrow_table()


def near_folds(
    connection: duckdb.DuckDBPyConnection, part: str, shape: str, days: Iterable[tuple[str, str]]
) -> pa.Table:
    """Rows of a shape by a wall clock alone within stretches of `days`, of all files: connector,
    file, record, metric or kind, device, start_wall (of whatever tells their offset)."""
    what, bare = ("metric", "clock_s is null") if shape == "sample" else ("kind", "true")
    within = " or ".join(f"wall between timestamp '{a}' and timestamp '{b}'" for a, b in days)
    return connection.execute(
        f"""
        select connector, file, record, {what}, device, wall as start_wall
        from (select *, coalesce(anchor_wall, start_wall) as wall from {part})
        where {bare} and {_NAIVE} and ({within})
        """
    ).to_arrow_table()
