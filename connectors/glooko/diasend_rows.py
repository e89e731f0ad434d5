"""What a row of diasend's tables becomes."""

from __future__ import annotations

from connectors.reading.text_sql import dated, number

BLANKS = (
    *("stamp", "value", "manual", "device", "basal", "kind", "bolus", "immediate", "extended"),
    *("minutes", "carbs", "notes", "total", "alarm"),
)
_NUMBERS = ("value", "basal", "bolus", "immediate", "extended", "minutes", "carbs")
_TEXTS = ", ".join(f"""{number(f"replace({n}, ',', '.')")} as {n}_n""" for n in _NUMBERS)
_BAD = " ".join(f"when {n} <> '' and {n}_n is null then '{n}'" for n in _NUMBERS)
_LENGTH = "case when minutes_n between 0 and 1e6 then minutes_n end"
JUDGED = f"""
    with typed as (select *, {_TEXTS} from rows
    ), read as (
        select * replace (nullif(device, '') as device), case {_BAD} end as unreadable,
            {dated(f"(start_wall + to_seconds({_LENGTH} * 60))")} as end_wall,
            -- of a combination only the whole may be told
            immediate_n is not null or extended_n is not null as is_parted
        from typed
    )
    select *, case when "table" = 'alarms' then 'alarm' when stamp = '' then 'missing_time'
             when start_wall is null then 'unreadable_time'
             when unreadable is not null then 'unreadable_number'
             when coalesce(value_n, basal_n) is not null or coalesce(bolus_n, 0) <> 0
                or coalesce(immediate_n, 0) <> 0 or coalesce(extended_n, 0) <> 0
                or coalesce(carbs_n, 0) <> 0 then null
             when total <> '' then 'daily_total' when notes <> '' then 'note'
             else 'empty_record' end as verdict,
        coalesce(unreadable, 'Time') as field
    from read order by record
"""
SAMPLES = """
    select record, if("table" = 'sensor', 'interstitial_glucose', 'capillary_glucose') as metric,
        start_wall, value_n as value, unit, device
    from sound where value_n is not null
    union all by name
    select record, 'insulin_basal_rate' as metric, start_wall, basal_n as value, 'U/h' as unit,
        device
    from sound where basal_n is not null
    union all by name
    select record, 'insulin_bolus' as metric, start_wall,
        if(is_parted, immediate_n, bolus_n) as value, 'U' as unit, device
    from sound where if(is_parted, immediate_n, bolus_n) <> 0
    union all by name
    select record, 'insulin_bolus' as metric, start_wall, end_wall, extended_n as value,
        'U' as unit, device
    from sound where extended_n <> 0
    union all by name
    select record, 'dietary_carbohydrate' as metric, start_wall, carbs_n as value, 'g' as unit,
        device
    from sound where carbs_n <> 0
    order by record, metric
"""
EPISODES = """
    select record, 'meal' as kind, start_wall, device from sound where carbs_n <> 0
    order by record
"""
