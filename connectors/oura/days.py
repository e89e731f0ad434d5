"""Oura values of a calendar day: scores, temperature, steps, oxygen, and totals without a bedtime.

A day is the day of waking. `contributors` are scores from 1 to 100, also the one that is called
resting_heart_rate: none of them is carried.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from connectors.contract import Item, Skip, shaped
from connectors.oura.sleep import told
from connectors.reading.query import query
from connectors.reading.text_sql import date

# Source: API description (v2); real daily_sleep documents.
DAILY = {
    "sleep_score": ("sleep_score", "{score}"),
    "readiness_score": ("readiness_score", "{score}"),
    "temperature_deviation": ("skin_temperature_deviation", "Cel"),
    "steps": ("step_count", "{count}"),
    "active_calories": ("energy_burned", "kcal"),
    "average_spo2": ("sleep_oxygen_saturation", "%"),
}
DAY_DOCUMENT = (
    *("id", "day", "score", "contributors", "temperature_deviation", "steps", "active_calories"),
    "spo2_percentage",
)
# A score does not say of what: its contributors do.
_SCORED = """
select * exclude (score),
    case when contributors like '%deep_sleep%' then score end as sleep_score,
    case when contributors like '%recovery_index%' or contributors like '%sleep_balance%'
           or (contributors is null and temperature_deviation is not null) then score
    end as readiness_score,
    case when json_valid(spo2_percentage) and spo2_percentage like '{%'
         then json_extract_string(spo2_percentage, '$.average') else spo2_percentage
    end as average_spo2,
    score is not null and contributors is null and temperature_deviation is null
        and coalesce(steps, active_calories) is null as is_nameless,
    false as is_carried
from documents
"""


def day_documents(documents: pa.Table) -> Iterator[Item]:
    """daily_sleep, daily_readiness, daily_activity and daily_spo2, by what stands in each.

    Skips: `no_value` (an activity score alone, oxygen not measured).
    """
    scored = query(_SCORED, documents=documents)
    yield from days(query("select * from scored where not is_nameless", scored=scored), DAILY)
    yield shaped(
        "reject",
        query(
            """select record, 'unknown_code' as code, 'score' as field, score as raw
               from documents semi join (select record from scored where is_nameless)
               using (record)""",
            scored=scored,
            documents=documents,
        ),
    )


def days(rows: pa.Table, columns: dict[str, tuple[str, str]]) -> Iterator[Item]:
    """Daily values of rows with record, id, day, is_carried (elsewhere too), and the columns."""
    values = query(
        f"select *, {date('day')} as date from ({told(columns, 'rows')})",
        rows=rows,
    )
    yield shaped(
        "daily",
        query(
            """select record, metric, date, value, unit, id as key from values
               where date is not null and value is not null and not is_missing order by record""",
            values=values,
        ),
    )
    yield shaped(
        "reject",
        query(
            """select record, 'unreadable_number' as code, field, text as raw
               from values where date is not null and value is null
               union all by name
               select record, case when day is null then 'missing_time' else 'unreadable_time' end
                   as code, 'day' as field, day as raw
               from values where date is null group by record, day order by record""",
            values=values,
        ),
    )
    empty = query(
        """select count(*) as n from rows where not is_carried and record not in
               (select record from values where date is null or not coalesce(is_missing, false))""",
        rows=rows,
        values=values,
    )
    if count := empty["n"][0].as_py():
        yield Skip("no_value", count)
