"""What a row of CareLink is: one SQL for the report and for the older personal export."""

from __future__ import annotations

from connectors.reading.text_sql import dated, number

# Sensors report 40 to 400 mg/dL. Source: Guardian 3 and 4 and Enlite user guides.
LIMITS = {"mg/dL": (40, 400), "mmol/L": (2.2, 22.2)}
CLOCK = r"^\d{1,3}:\d\d(:\d\d)?$"
NUMBERS = ("bg", "basal_rate", "temp_amount", "delivered", "carbs", "calibration", "sensor")


def judged_sql(unit: str) -> str:
    """Every row with its numbers, bound and verdict; `start_wall` is given.

    An amount that stands in Raw-Values alone is mg/dL whatever the account's unit is.
    """
    low, high = LIMITS[unit]
    texts = ", ".join(f"""{number(f"replace({n}, ',', '.')")} as {n}_n""" for n in NUMBERS)
    bad = " ".join(f"when {n} <> '' and {n}_n is null then '{n}'" for n in NUMBERS)
    return f"""
    with typed as (
        select *, {texts}, {_raw("AMOUNT")} as raw_amount, {_raw("RATE")} as raw_rate,
            raw_type in ('GlucoseSensorData', 'GlucoseSensorDataHigh', 'GlucoseSensorDataLow')
                as is_raw_sensor,
            lower(regexp_extract(marker, '^([[:alpha:]]+)', 1)) as event,
            {number("replace(regexp_extract(marker, ': *([0-9.,]+)', 1), ',', '.')")} as event_n,
            regexp_matches(lower(temp_type), 'perc|proz|porc|%') as is_percent
        from rows
    ), read as (
        select *, coalesce(sensor_n, if(is_raw_sensor, raw_amount, null)) as glucose,
            if(sensor_n is null and is_raw_sensor, 'mg/dL', '{unit}') as glucose_unit,
            case raw_type when 'GlucoseSensorDataLow' then '<' when 'GlucoseSensorDataHigh' then '>'
                end as bound,
            if(raw_type = 'BasalProfileStart', raw_rate, basal_rate_n) as basal,
            case when temp_amount_n is not null and not is_percent then temp_amount_n end as temp,
            case when event in ('meal', 'mahlzeit', 'comida', 'repas', 'maaltijd') then event_n end
                as meal_g,
            event in ('exercise', 'bewegung', 'training', 'ejercicio') as is_exercise,
            case {bad} end as unreadable, case {_ends("temp_duration")} end as temp_end,
            case {_ends("bolus_duration")} end as bolus_end
        from typed
    )
    select * replace (case when bound = '<' then coalesce(glucose, {low})
            when bound = '>' then coalesce(glucose, {high}) else glucose end as glucose),
        case when date = '' and time = '' then if(filled, 'missing_time', 'empty_record')
             when start_wall is null then 'unreadable_time'
             when unreadable is not null then 'unreadable_number'
             when glucose is not null or bg_n is not null or calibration_n is not null
                or basal is not null or temp is not null or coalesce(delivered_n, 0) <> 0
                or coalesce(carbs_n, 0) <> 0 or meal_g is not null or is_exercise then null
             when new_time <> '' or raw_type like 'ChangeTime%' then 'clock_change'
             when event = 'insulin' then 'insulin_of_unknown_kind'
             when marker <> '' then 'event_marker' when daily_total <> '' then 'daily_total'
             when temp_amount <> '' then 'temp_basal_percent'
             when delivered <> '' or selected <> '' then 'bolus_selected'
             when carbs <> '' then 'calculator_without_carbs' when prime_type <> '' then 'prime'
             when raw_type <> '' then 'setting_or_alarm' when filled then 'alarm_or_setting'
             else 'empty_record' end as verdict,
        case verdict when 'unreadable_number' then unreadable else 'date' end as field
    from read order by record
    """


def _raw(key: str) -> str:
    """A number of Raw-Values; thousands are never parted there, and a null is none."""
    value = f"regexp_extract(raw_values, '(?:^|[ ,]){key}=([0-9.]+)', 1)"
    return number(f"nullif({value}, '')")


def _ends(column: str) -> str:
    ends = dated(f"(start_wall + try_cast({column} as interval))")
    return f"when regexp_matches({column}, '{CLOCK}') then {ends}"


def samples_sql(unit: str) -> str:
    """Samples of the rows that are carried."""
    return f"""
    with kept as (select *, coalesce(nullif(raw_id, ''), null) as key from sound)
    select record, 'interstitial_glucose' as metric, start_wall, glucose as value,
        glucose_unit as unit, bound, device, key
    from kept where glucose is not null
    union all by name
    select record, 'capillary_glucose' as metric, start_wall, bg_n as value, '{unit}' as unit,
        device, key
    from kept where bg_n is not null
    union all by name
    select record, 'capillary_glucose' as metric, start_wall, calibration_n as value,
        '{unit}' as unit, device, key
    from kept where calibration_n is not null and bg_n is null
    union all by name
    select record, 'insulin_basal_rate' as metric, start_wall, basal as value, 'U/h' as unit,
        device, key
    from kept where basal is not null
    union all by name
    select record, 'insulin_temp_basal_rate' as metric, start_wall, temp_end as end_wall,
        temp as value, 'U/h' as unit, device, key
    from kept where temp is not null
    union all by name
    select record, 'insulin_bolus' as metric, start_wall, bolus_end as end_wall,
        delivered_n as value, 'U' as unit, device, key
    from kept where delivered_n <> 0
    union all by name
    select record, 'dietary_carbohydrate' as metric, start_wall, carbs_n as value, 'g' as unit,
        device, key
    from kept where carbs_n <> 0
    union all by name
    select record, 'dietary_carbohydrate' as metric, start_wall, meal_g as value, 'g' as unit,
        device, key
    from kept where meal_g is not null
    order by record, metric
    """


EPISODES = """
    select record, if(is_exercise, 'exercise', 'meal') as kind, start_wall, device,
        nullif(raw_id, '') as key
    from sound where carbs_n <> 0 or meal_g is not null or is_exercise
    order by record
"""
