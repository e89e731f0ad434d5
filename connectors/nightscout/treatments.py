"""Nightscout treatments: carbs, insulin, fingersticks, temporary basal rates, exercise, notes.

`eventType` is free text and says little: a meal may be a `<none>` with carbs. So numbers decide
what is carried, whatever the event is called, and the event type only names the rest. Numbers may
be text, NULL or 0; 0 g is no meal. A glucose value is a fingerstick in a BG Check or where
`glucoseType` says so; beside a bolus it repeats the sensor. Trio and iAPS upload an override of
the loop as Exercise. `enteredBy` may be a person: of it only the names of known apps are carried.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from connectors.contract import Item, Total, shaped
from connectors.nightscout.documents import instant, left_out, offset_min
from connectors.reading.query import query
from connectors.reading.text_sql import later, number, raw, wall

TREATMENT = (
    *("_id", "identifier", "isValid", "eventType", "created_at", "timestamp", "date", "mills"),
    *("utcOffset", "carbs", "insulin", "glucose", "glucoseType", "units", "duration", "rate"),
    *("absolute", "percent", "notes", "enteredBy", "device"),
)
TREATMENT_TIMES = ("created_at", "timestamp", "date", "mills")  # the first that is there counts
RAW = (
    *("eventType", "carbs", "insulin", "glucose", "units", "duration", "absolute", "rate"),
    "percent",
)  # what a reject keeps, after its times
# Event types in lower case. Source: Care Portal, the models of AAPS, Loop and Trio, real files.
FINGERSTICK = ("bg check", "mbg")
DOSE = (
    *("snack bolus", "meal bolus", "correction bolus", "combo bolus", "carb correction", "bolus"),
    *("bolus wizard", "smb", "external insulin"),
)
BASAL = ("temp basal", "temp basal start", "temp basal end")
NOTE = ("note", "announcement", "question")
UNNAMED = ("<none>", "none")
NOTHING_MEASURED = (
    *("site change", "insulin change", "pump battery change", "tube change", "sensor start"),
    *("sensor change", "sensor stop", "profile switch", "effective profile switch"),
    *("temporary target", "temporary target cancel", "temporary override", "openaps offline"),
    *("temporary override cancel", "suspend pump", "resume pump", "d.a.d. alert", *UNNAMED),
)
# Uploading apps by how `enteredBy` begins; what follows may be a phone's name, or a person's.
# Source: fixtures of AAPS, Loop, Trio, iAPS, xDrip+ and Spike.
APPS = (
    *("androidaps", "openaps", "xdrip", "loop", "trio", "iaps", "freeaps", "spike", "xdrip4ios"),
    *("sugarmate", "nightguard", "mysugr", "tidepool", "glooko", "dexcom", "minimed"),
)
OVERRIDES_AS_EXERCISE = ("trio", "iaps", "freeaps x", "freeaps-x")  # by the uploading app


def treatments(documents: pa.Table) -> Iterator[Item]:
    """Samples, episodes, skips and rejects of treatments.

    Skips: `deleted`, `event <type>`, `temp_basal_end`, `temp_basal_percent`, `nothing_given`
    (0 g, 0 U), `glucose_of_sensor`, `override_as_exercise`.
    """
    yield Total(documents.num_rows)
    judged = query(_judged(), documents=documents)
    yield from left_out(judged)
    yield shaped("sample", query(_SAMPLES, judged=judged))
    yield shaped("episode", query(_EPISODES, judged=judged))


def _words(words: tuple[str, ...]) -> str:
    return ", ".join(f"'{word}'" for word in words)


def _judged() -> str:
    """Every treatment with its numbers, and whether it is skipped or rejected."""
    return f"""
    with typed as (
        select record, coalesce(_id, identifier) as key,
            coalesce(device, regexp_extract(lower("enteredBy"), '^({"|".join(APPS)})\\b', 1))
                as told_by,
            nullif(told_by, '') as device, notes, "eventType" as event_type,
            coalesce(lower("eventType"), '<none>') as event,
            coalesce(created_at, timestamp, date, mills) as stamp,
            carbs as carbs_text, insulin as insulin_text, glucose as glucose_text, units,
            duration as duration_text, coalesce(absolute, rate) as rate_text, percent,
            {number("carbs")} as grams, {number("insulin")} as bolus,
            {number("glucose")} as fingerstick,
            {number("coalesce(absolute, rate)")} as basal_rate,
            case when abs({number("duration")}) <= 1e7 then {number("duration")} end as minutes,
            case when lower(units) in ('mg/dl', 'mgdl') then 'mg/dL'
                 when lower(units) in ('mmol', 'mmol/l') then 'mmol/L' end as unit,
            lower("isValid") = 'false' as is_deleted, lower("glucoseType") as glucose_type,
            lower("enteredBy") in ({_words(OVERRIDES_AS_EXERCISE)}) as by_loop, "utcOffset",
            {raw(*TREATMENT_TIMES, *RAW)} as raw
        from documents
    ), placed as (
        select *, {instant("stamp")} as start_utc, {offset_min("stamp")} as start_offset_min,
            case when start_utc is null then {wall("stamp")} end as start_wall,
            {later("start_utc", "minutes * 60")} as end_utc,
            {later("start_wall", "minutes * 60")} as end_wall,
            coalesce(is_deleted, false) as deleted,
            coalesce(grams <> 0, false) as has_carbs, coalesce(bolus <> 0, false) as has_insulin,
            glucose_text is not null and coalesce(glucose_type, 'finger') <> 'sensor'
                and (event in ({_words(FINGERSTICK)}) or coalesce(glucose_type = 'finger', false))
                as has_glucose,
            event in ({_words(BASAL)}) and rate_text is not null
                and coalesce(minutes, 1) <> 0 as has_basal,
            event = 'exercise' and not coalesce(by_loop, false) as is_exercise,
            event in ({_words(NOTE)})
                or (event in ({_words(UNNAMED)}) and notes is not null) as is_note
        from typed
    ), summed as (
        select *, has_basal or is_exercise as has_duration,
            has_carbs or has_insulin or has_glucose or has_basal or is_exercise or is_note
                as is_carried
        from placed
    ), rejected as (
        select *, {_fault()} as fault
        from summed
    )
    select *,
        split_part(fault, ':', 1) as code, split_part(fault, ':', 2) as field, case
        when deleted then 'deleted'
        when fault is not null or is_carried then null
        when event = 'exercise' then 'override_as_exercise'
        when event in ({_words(BASAL)}) then case when percent is not null and rate_text is null
            then 'temp_basal_percent' else 'temp_basal_end' end
        when event in ({_words(FINGERSTICK)}) then 'glucose_of_sensor'
        when event in ({_words(DOSE)}) or carbs_text is not null or insulin_text is not null
        then 'nothing_given'
        else 'event ' || coalesce(event_type, '<none>') end as skip
    from rejected
    """


def _fault() -> str:
    """The code and the field of what was not understood; NULL for nothing."""
    return f"""
    case
    when deleted then null
    when stamp is null then 'missing_time:created_at'
    when start_utc is null and start_wall is null then 'unreadable_time:created_at'
    when carbs_text is not null and grams is null then 'unreadable_number:carbs'
    when insulin_text is not null and bolus is null then 'unreadable_number:insulin'
    when has_glucose and fingerstick is null then 'unreadable_number:glucose'
    when has_glucose and unit is null then 'unknown_unit:units'
    when has_basal and basal_rate is null then 'unreadable_number:rate'
    when has_duration and duration_text is not null and minutes is null
    then 'unreadable_number:duration'
    when has_duration and minutes < 0 then 'end_before_start:duration'
    when has_duration and minutes is not null and coalesce(end_utc, end_wall) is null
    then 'unreadable_number:duration'
    when is_carried then null
    when event in ({_words(FINGERSTICK)}) and glucose_text is null
    then 'missing_value:glucose'
    when event in ({_words(DOSE)}) and carbs_text is null and insulin_text is null
        and glucose_text is null
    then case when event = 'carb correction' then 'missing_value:carbs'
              else 'missing_value:insulin' end
    when event not in ({_words((*NOTHING_MEASURED, *BASAL, *DOSE, *FINGERSTICK))},
        'exercise') then 'unknown_code:eventType' end"""


# A treatment with one unreadable number still gives its other ones.
_SAMPLES = """
with kept as (select * from judged
    where not deleted and (start_utc is not null or start_wall is not null))
select record, 'dietary_carbohydrate' as metric, start_utc, start_wall, start_offset_min,
    grams as value, 'g' as unit, device, key
from kept where has_carbs
union all by name
select record, 'insulin_bolus' as metric, start_utc, start_wall, start_offset_min,
    bolus as value, 'U' as unit, device, key
from kept where has_insulin
union all by name
select record, 'capillary_glucose' as metric, start_utc, start_wall, start_offset_min,
    fingerstick as value, unit, device, key
from kept where has_glucose and fingerstick is not null and unit is not null
union all by name
select record, 'insulin_temp_basal_rate' as metric, start_utc, start_wall, start_offset_min,
    end_utc, end_wall,
    basal_rate as value, 'U/h' as unit, device, key
from kept where has_basal and basal_rate is not null and (duration_text is null or minutes >= 0)
order by record
"""
_EPISODES = """
with kept as (select * from judged
    where not deleted and (start_utc is not null or start_wall is not null))
select record, 'meal' as kind,
    case when event <> '<none>' then event_type end as label, start_utc, start_wall,
    start_offset_min, device, key
from kept where has_carbs
union all by name
select record, 'exercise' as kind, notes as label, start_utc, start_wall, start_offset_min,
    end_utc, end_wall, device, key
from kept where is_exercise and (duration_text is null or minutes >= 0)
union all by name
select record, 'note' as kind, notes as label, start_utc, start_wall, start_offset_min, device, key
from kept where is_note
order by record
"""
