"""Glooko's kinds of files: their columns, and what a row of each becomes."""

from __future__ import annotations

from connectors.reading.insulin_words import insulin_metric
from connectors.reading.text_sql import dated, number

# In the order of the files, whatever the language. Source: the headers of the demo zips and of the
# parsers named in export.py.
COLUMNS: dict[str, tuple[str, ...]] = {
    "cgm": ("stamp", "value", "device"),
    "bg": ("stamp", "value", "manual", "device"),
    "bolus": (
        *("stamp", "kind", "bg_input", "carbs", "ratio", "delivered", "initial", "extended"),
        "device",
    ),
    "basal": ("stamp", "kind", "minutes", "percent", "rate", "delivered", "device"),
    "manual_insulin": ("stamp", "name", "value", "kind"),
    "carbs": ("stamp", "carbs", "device"),
    "food": ("stamp", "name", "carbs", "fat", "protein", "energy", "serving", "servings"),
    "exercise": ("stamp", "name", "intensity", "minutes", "energy"),
    "totals": ("stamp", "bolus", "insulin", "basal", "device"),
    "alarms": ("stamp", "alarm", "device"),
    "medication": ("stamp", "name", "value", "kind"),
    "notes": ("stamp", "note"),
}
# The numbers of each kind, the first being what must be there.
NUMBERS: dict[str, tuple[str, ...]] = {
    "cgm": ("value",),
    "bg": ("value",),
    "bolus": ("delivered", "carbs"),
    "basal": ("rate", "minutes", "delivered"),
    "manual_insulin": ("value",),
    "carbs": ("carbs",),
    "food": ("carbs", "fat", "protein", "energy", "servings"),
    "exercise": ("minutes", "energy"),
}
ASIDE = {"totals": "daily_total", "alarms": "alarm", "medication": "medication", "notes": "note"}
_VERDICTS = {
    "cgm": "when value = '' then 'no_value'",
    "bg": "when value = '' then 'no_value'",
    "bolus": "when coalesce(delivered_n, 0) = 0 and coalesce(carbs_n, 0) = 0 then 'nothing_given'",
    "basal": """when rate_n is null and delivered_n is null and not is_suspended
        then 'basal_without_amount' when minutes_n < 0 then 'end_before_start'""",
    "manual_insulin": """when value = '' then 'missing_value'
        when insulin_metric is null then 'insulin_of_unknown_kind'""",
    "carbs": "when carbs = '' then 'missing_value'",
    "food": "",
    "exercise": "when minutes_n < 0 then 'end_before_start'",
}
_BESIDE = {
    "basal": "lower(kind) like '%suspend%' as is_suspended, lower(kind) like '%temp%' as is_temp",
    "manual_insulin": f"{insulin_metric('kind', 'name')} as insulin_metric",
    # of a portion or of all of them: nothing tells where there are several
    "food": f"coalesce({number('servings')}, 1) = 1 as is_whole",
}


def judged_sql(kind: str) -> str:
    """Every row with its numbers, its end and its verdict."""
    if kind in ASIDE:
        return f"select *, '{ASIDE[kind]}' as verdict, null as field from rows"
    numbers = NUMBERS[kind]
    texts = ", ".join(f"{number(_plain(n))} as {n}_n" for n in numbers)
    bad = " or ".join(f"({n} <> '' and {n}_n is null)" for n in numbers)
    beside = f", {_BESIDE[kind]}" if kind in _BESIDE else ""
    ends = "null"
    if "minutes" in numbers:
        short = f"case when {number('minutes')} between 0 and 1e6 then {number('minutes')} end"
        ends = dated(f"(start_wall + to_seconds({short} * 60))")
    return f"""
    with typed as (select *, {texts}, {ends} as end_wall {beside} from rows)
    select * {"replace (nullif(device, '') as device)" if "device" in COLUMNS[kind] else ""},
        case when stamp = '' then 'missing_time' when start_wall is null then 'unreadable_time'
             when {bad} then 'unreadable_number' {_VERDICTS[kind]} end as verdict,
        if(verdict like '%_time', 'Timestamp', '{numbers[0]}') as field
    from typed order by record
    """


def _plain(column: str) -> str:
    return f"replace({column}, ',', '.')"


_MACROS = {
    "dietary_carbohydrate": ("carbs_n", "g"),
    "dietary_fat": ("fat_n", "g"),
    "dietary_protein": ("protein_n", "g"),
    "dietary_energy": ("energy_n", "kcal"),
}
_FOOD = " union all by name ".join(
    f"""select record, '{metric}' as metric, start_wall, {column} as value, '{unit}' as unit
        from sound where is_whole and {column} is not null"""
    for metric, (column, unit) in _MACROS.items()
)
SAMPLES = {
    "cgm": """select record, 'interstitial_glucose' as metric, start_wall, value_n as value,
        'UNIT' as unit, device from sound order by record""",
    "bg": """select record, 'capillary_glucose' as metric, start_wall, value_n as value,
        'UNIT' as unit, device from sound order by record""",
    "bolus": """select record, 'insulin_bolus' as metric, start_wall, delivered_n as value,
            'U' as unit, device
        from sound where delivered_n <> 0
        union all by name
        select record, 'dietary_carbohydrate' as metric, start_wall, carbs_n as value,
            'g' as unit, device
        from sound where carbs_n <> 0 order by record, metric""",
    "basal": """select record, start_wall, if(minutes_n > 0, end_wall, null) as end_wall, device,
            case when rate_n is null and not is_suspended then 'insulin_basal'
                when is_temp then 'insulin_temp_basal_rate' else 'insulin_basal_rate' end as metric,
            coalesce(rate_n, if(is_suspended, 0, delivered_n)) as value,
            if(rate_n is null and not is_suspended, 'U', 'U/h') as unit
        from sound order by record""",
    "manual_insulin": """select record, insulin_metric as metric, start_wall, value_n as value,
        'U' as unit from sound order by record""",
    "carbs": """select record, 'dietary_carbohydrate' as metric, start_wall, carbs_n as value,
        'g' as unit, device from sound order by record""",
    "food": f"{_FOOD} order by record, metric",
    "exercise": """select record, 'energy_burned' as metric, start_wall, end_wall,
        energy_n as value, 'kcal' as unit from sound where energy_n is not null order by record""",
}
EPISODES = {
    "bolus": """select record, 'meal' as kind, start_wall, device from sound
        where carbs_n <> 0 order by record""",
    "carbs": "select record, 'meal' as kind, start_wall, device from sound order by record",
    "food": """select record, 'meal' as kind, nullif(name, '') as label, start_wall
        from sound order by record""",
    "exercise": """select record, 'exercise' as kind, nullif(name, '') as label, start_wall,
        end_wall from sound order by record""",
}
