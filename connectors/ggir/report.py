"""What the reports of GGIR have in common: a row per night, of one person or of many."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from connectors.contract import BrokenFile
from connectors.reading.query import query
from connectors.reading.text_sql import dated, later
from connectors.reading.verdict import case_of

_DAY = "coalesce(try_strptime(day, '%d/%m/%Y'), try_strptime(day, '%Y-%m-%d'))"
_FAULTS = [
    ("is_short", "ragged_row:calendar_date"),
    ("day is null", "missing_time:calendar_date"),
    ("evening is null", "unreadable_time:calendar_date"),
    ("start_wall is null", "unreadable_time:sleeponset"),
    ("end_wall is null", "unreadable_time:wakeup"),
    ("end_wall <= start_wall", "end_before_start:wakeup"),
]


def of_one_person(rows: pa.Table) -> None:
    """Nothing, for rows whose column `person` names one.

    Raises: BrokenFile for a report of several people.
    """
    if (people := pc.count_distinct(rows["person"]).as_py()) > 1:
        raise BrokenFile(
            f"nights of {people} people in one report: split it by its column ID, and give each "
            "to its participant"
        )


def nights(rows: pa.Table, others: str = "null") -> pa.Table:
    """The rows with `session`, `label`, `start_wall`, `end_wall` and the verdict on each.

    `day` is the date of the evening, `onset` and `wake` are hours after the midnight before it and
    go on past 24. `others` is SQL for why a row that has both ends is no night. NA is nothing.
    """
    names = [name for name in rows.column_names if name not in ("record", "is_short")]
    clean = ", ".join(f"nullif(trim({name}), 'NA') as {name}" for name in names)
    return query(
        f"""with told as (select * replace ({clean}) from rows),
        timed as (
            select *, {dated(_DAY)} as evening, try_cast(onset as double) * 3600 as onset_s,
                try_cast(wake as double) * 3600 as wake_s
            from told
        ), placed as (
            select *, {later("evening", "onset_s")} as start_wall,
                {later("evening", "wake_s")} as end_wall, 'night ' || day as session,
                'sleep' as label
            from timed
        ), told_apart as (
            select *, case when onset is null and wake is null then 'no_night'
                else {others} end as skip from placed
        )
        select *, case when skip is null then {case_of(_FAULTS)} end as fault,
            concat_ws('|', day, onset, wake) as raw
        from told_apart""",
        rows=rows,
    )
