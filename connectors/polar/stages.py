"""Polar stages, as transitions: each lasts until the next one, the last until the end of the sleep.

A transition at or after the end is a mark of the end and no stage.
"""

from __future__ import annotations

import pyarrow as pa

from connectors.reading.query import query

# Source: fixtures and readers of other people; NONREM12 is an enum of the devices.
STATES = {
    "WAKE": "awake",
    "SLEEP": "asleep_unspecified",
    "REM": "rem",
    "NONREM": "asleep_unspecified",
    "NONREM1": "light",
    "NONREM2": "light",
    "NONREM12": "light",
    "NONREM3": "deep",
    "WS_UNKNOWN": "unknown",
    "UNKNOWN": "unknown",
}
# Source: AccessLink's description of the hypnogram.
CODES = {"0": "awake", "1": "rem", "2": "light", "3": "light", "4": "deep", "5": "unknown"}


def stages(changes: pa.Table, names: dict[str, str]) -> pa.Table:
    """Episodes of transitions: record, session, device, start_utc, start_offset_min, end_utc,
    end_offset_min of the sleep; `offset_s` from its beginning, and `state`."""
    words = " ".join(f"when '{state}' then '{stage}'" for state, stage in names.items())
    return query(
        f"""with inside as (
            select *, start_utc + to_microseconds(cast(offset_s * 1e6 as bigint)) as from_utc
            from changes where offset_s >= 0 and offset_s < 172800
        ), lasting as (
            select * exclude (end_utc), end_utc as until_utc, least(end_utc, coalesce(
                lead(from_utc) over (partition by record order by from_utc), end_utc)) as end_utc
            from inside where from_utc < end_utc
        )
        select record, 'sleep_stage' as kind, case state {words} else 'unknown' end as label,
            session, device, from_utc as start_utc, start_offset_min, end_utc,
            -- the offset of the end is told for the end of the sleep alone
            if(end_utc = until_utc, end_offset_min, start_offset_min) as end_offset_min,
            session as key
        from lasting where end_utc > from_utc order by record, from_utc""",
        changes=changes,
    )
