"""Documents of WHOOP's API (versions 1 and 2), however they were saved.

One record is a sleep, a recovery, a workout or a cycle. Times are instants with Z, and
`timezone_offset` is that of the recording. Milliseconds, /min, %, Cel, kJ, metres. A document that
is not scored has no numbers. A recovery tells its sleep by `sleep_id` and has no time but the one
of its making; where the sleep is in the same file, it stands over the sleep.

Evidence: the API's description and public readers' fixtures; no real answer at hand.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from connectors.contract import Connector, Head, Item, Source, Total, shaped
from connectors.reading import text_sql
from connectors.reading.json_prefix import documents_in
from connectors.reading.json_wrapped import documents
from connectors.reading.outcome import faults, samples, skips, sound
from connectors.reading.query import query

MARKS = frozenset({"score_state"})
STAGES = "score.stage_summary.total_"
SLEEP = {
    "in_bed": ("time_in_bed", "ms"),
    "awake": ("wake_after_sleep_onset", "ms"),
    "light": ("light_sleep_time", "ms"),
    "deep": ("deep_sleep_time", "ms"),
    "rem": ("rem_sleep_time", "ms"),
    "awakenings": ("number_of_awakenings", "{count}"),
    "breaths": ("sleep_respiratory_rate", "/min"),
    "performance": ("sleep_score", "{score}"),
    "efficiency": ("sleep_efficiency", "%"),
}
RECOVERY = {
    "resting_pulse": ("resting_heart_rate", "/min"),
    "hrv": ("sleep_heart_rate_variability_rmssd", "ms"),
    "oxygen": ("sleep_oxygen_saturation", "%"),
    "skin_temperature": ("skin_temperature", "Cel"),
}
WORKOUT = {"energy": ("energy_burned", "kJ"), "distance": ("distance", "m")}
# Source: API description (v2).
_PATHS = {
    "id": "id",
    "sleep_id": "sleep_id",
    "start": "start",
    "end": "end",
    "made": "created_at",
    "zone": "timezone_offset",
    "nap": "nap",
    "sport": "sport_name",
    "in_bed": f"{STAGES}in_bed_time_milli",
    "awake": f"{STAGES}awake_time_milli",
    "light": f"{STAGES}light_sleep_time_milli",
    "deep": f"{STAGES}slow_wave_sleep_time_milli",
    "rem": f"{STAGES}rem_sleep_time_milli",
    "awakenings": "score.stage_summary.disturbance_count",
    "breaths": "score.respiratory_rate",
    "performance": "score.sleep_performance_percentage",
    "efficiency": "score.sleep_efficiency_percentage",
    "recovery": "score.recovery_score",
    "resting_pulse": "score.resting_heart_rate",
    "hrv": "score.hrv_rmssd_milli",
    "oxygen": "score.spo2_percentage",
    "skin_temperature": "score.skin_temp_celsius",
    "energy": "score.kilojoule",
    "distance": "score.distance_meter",
}
_SPAN = "start_utc, start_offset_min, end_utc, key"
_RAW = ("id", "start", "end", "zone")


def identify(head: Head) -> str | None:
    """`documents_json` where a document has WHOOP's keys."""
    for _, document in documents_in(head, MARKS):
        keys = document.keys()
        if "user_id" in keys and ({"start", "timezone_offset"} <= keys or "sleep_id" in keys):
            return "documents_json"
    return None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Sleeps with totals, recovery, exercise.

    Skips: `cycle` (from one sleep to the next), `not_scored` (a recovery without numbers).

    Raises: BrokenFile if the JSON is cut or holds no document.
    """
    found = documents(source, MARKS)
    yield Total(found.num_rows)
    judged = query(_judged(), found=found)
    yield from skips(judged)
    judged = query("select * exclude (skip) from judged where skip is null", judged=judged)
    yield faults(judged, *_RAW)
    yield from _carried(sound(judged))


def _carried(good: pa.Table) -> Iterator[Item]:
    yield shaped(
        "episode",
        query(
            f"""select record, if(kind = 'sleep', 'sleep', 'exercise') as kind, {_SPAN},
                case when kind = 'sleep' then key end as session,
                case when kind <> 'sleep' then coalesce(sport, 'exercise')
                     when nap = 'true' then 'nap' else 'sleep' end as label
                from good where kind in ('sleep', 'workout') order by record""",
            good=good,
        ),
    )
    for kind, quantities in (("sleep", SLEEP), ("recovery", RECOVERY), ("workout", WORKOUT)):
        rows = query(f"select * from good where kind = '{kind}'", good=good)
        yield from samples(rows, quantities, _SPAN)
    score = text_sql.number("recovery")
    daily = """select record, 'readiness_score' as metric, wake_date as date, {score} as value,
        '{{score}}' as unit, key from good where kind = 'recovery' and wake_date is not null
        and {score} is not null order by record"""
    yield shaped("daily", query(daily.format(score=score), good=good))


def _judged() -> str:
    """Every document in columns, with what it is, its times, and what is wrong with it."""
    cells = ", ".join(f"doc ->> '$.{path}' as \"{name}\"" for name, path in _PATHS.items())
    offset = text_sql.offset_min("('2000-01-01T00:00:00' || zone)")
    return f"""
    with told as (
        select record, {cells}, json_type(doc) = 'OBJECT' as is_object,
            json_exists(doc, '$.nap') as is_sleep, json_exists(doc, '$.sleep_id') as is_recovery,
            json_exists(doc, '$.sport_id') or json_exists(doc, '$.sport_name') as is_workout
        from found
    ), timed as (
        select *, case when is_sleep then 'sleep' when is_recovery then 'recovery'
                when is_workout then 'workout' else 'cycle' end as kind,
            if(zone = 'Z', 0, {offset}) as offset_min,
            {text_sql.instant('"start"')} as own_start, {text_sql.instant('"end"')} as own_end,
            {text_sql.instant("made")} as made_utc
        from told
    ), sleeps as (
        select id as sleep, any_value(own_start) as sleep_start, any_value(own_end) as sleep_end,
            any_value(offset_min) as sleep_offset_min
        from timed where kind = 'sleep' group by id
    ), joined as (
        select * from timed left join sleeps on kind = 'recovery' and sleep_id = sleep
    ), placed as (
        select * exclude (offset_min),
            if(kind = 'recovery', coalesce(sleep_start, made_utc), own_start) as start_utc,
            if(kind = 'recovery', sleep_end, own_end) as end_utc,
            if(kind = 'recovery', sleep_offset_min, offset_min)::smallint as start_offset_min,
            if(kind = 'recovery', sleep_id, id) as key,
            (timezone('UTC', sleep_end) + to_minutes(sleep_offset_min))::date as wake_date
        from joined
    )
    select *,
        case when not coalesce(is_object, false) then null
             when kind = 'cycle' then 'cycle'
             when kind = 'recovery' and coalesce({", ".join(RECOVERY)}, recovery) is null
             then 'not_scored' end as skip,
        case when not coalesce(is_object, false) then 'broken_row'
             when key is null then 'missing_value:id'
             when kind = 'recovery' then if(start_utc is null, 'missing_time:created_at', null)
             when "start" is null then 'missing_time:start'
             when start_utc is null then 'unreadable_time:start'
             when "end" is null then 'missing_time:end'
             when end_utc is null then 'unreadable_time:end'
             when end_utc < start_utc then 'end_before_start:end' end as fault
    from placed order by record"""


CONNECTOR = Connector(
    name="whoop_api",
    title="WHOOP API answers",
    version="1",
    variants={"documents_json": "unverified"},
    identify=identify,
    extract=extract,
    source="watch",
)
