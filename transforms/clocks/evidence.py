"""What extracted rows tell of clocks: offsets, names of zones, counters, readings with neither."""

from __future__ import annotations

import functools
import zoneinfo
from collections.abc import Iterable

import duckdb
import pyarrow as pa

from transforms.clocks.claims import Claim
from transforms.clocks.counter import LONGEST_SILENCE

_NAIVE = "start_wall is not null and start_utc is null and start_offset_min is null"


def claims(connection: duckdb.DuckDBPyConnection, parts: Iterable[str]) -> list[Claim]:
    """Every offset that was stated at a recording, and every zone named beside one, by time.

    `parts` are FROM clauses of extracted samples and episodes with connector and file. One record
    is one piece of evidence, in however many exports it stands; what a source says again within
    three hours is one claim. Names that are no zone say nothing.
    """
    told = " union all ".join(_TOLD.format(part=part) for part in parts)
    if not told:
        return []
    rows = connection.execute(f"with told as ({told}) {_CLAIMS}").fetchall()
    return [
        Claim(first, last, source, "zone_name" if zone else "offset", offset, zone, pieces)
        for source, zone, offset, first, last, pieces in rows
        if zone is None or is_zone(zone)
    ]


@functools.cache
def is_zone(name: str) -> bool:
    """Whether a text is the IANA name of a zone."""
    return name in zoneinfo.available_timezones()


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
_CLAIMS = f"""
    , piece as (
        select connector || coalesce(' ' || device, '') as source, zone,
            case when zone is null then offset_min end as offset_min, file, record,
            min(first) as first, max(last) as last
        from told
        where first is not null and (zone is not null or abs(offset_min) <= 840)
        group by all
    ),
    once as (select distinct source, zone, offset_min, first, last from piece),
    apart as (
        select *, first - max(last) over (
            partition by source, zone, offset_min order by first, last
            rows between unbounded preceding and 1 preceding) as silence
        from once
    ),
    numbered as (
        select *, count(*) filter (silence is null or silence > {LONGEST_SILENCE}) over (
            partition by source, zone, offset_min order by first, last) as nth
        from apart
    )
    select source, zone, offset_min::integer, min(first) as first, max(last) as last,
        count(*)::integer
    from numbered
    group by source, zone, offset_min, nth
    order by first, last, source, zone, offset_min
"""


def counted(connection: duckdb.DuckDBPyConnection, part: str) -> pa.Table:
    """Rows with a counter: connector, file, record, device, clock_id, clock_s, start_wall."""
    return connection.sql(
        f"""
        select connector, file, record, device, clock_id, clock_s, start_wall
        from {part} where clock_s is not null and {_NAIVE}
        """
    ).to_arrow_table()


def bare_readings(connection: duckdb.DuckDBPyConnection, part: str) -> pa.Table:
    """Sensor readings by a wall clock alone: connector, device, start_wall."""
    return connection.sql(
        f"""
        select distinct connector, coalesce(device, '') as device, start_wall
        from {part}
        where metric = 'interstitial_glucose' and clock_s is null and {_NAIVE}
        """
    ).to_arrow_table()
