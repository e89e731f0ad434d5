"""Tidepool records as text columns, and what each type of them is.

A nested value is its JSON, or in old exports a Python dict in single quotes: what is wanted of it
is taken out by a pattern that holds for both.
"""

from __future__ import annotations

from connectors.reading.text_sql import dated, instant, later, number, wall

FIELDS = (
    *("type", "subType", "deliveryType", "time", "deviceTime", "timezoneOffset", "timezone"),
    *("conversionOffset", "deviceId", "id", "guid", "units", "value", "annotations"),
    *("normal", "extended", "duration", "rate", "carbInput", "bolus", "dose", "formulation"),
    *("nutrition", "name", "meal", "distance", "energy", "exportError"),
)
# Types in which nothing is measured, each skipped by its own name. Source: Tidepool data model.
ASIDE = (
    *("upload", "pumpSettings", "cgmSettings", "pumpStatus", "controllerSettings"),
    *("controllerStatus", "dosingDecision", "alert", "reportedState", "water", "deviceMeta"),
    *("settings", "note", "message"),
)
KNOWN = (
    *("cbg", "smbg", "bloodKetone", "bolus", "wizard", "basal", "insulin", "food"),
    *("physicalActivity", "deviceEvent"),
)
LONG_ACTING = ("long", "intermediate")
FAST_ACTING = ("rapid", "short")
MMOL = 18.01559  # Tidepool's own factor, by which its limits were made mmol/L
_QUOTE = "[\"'']"  # as it stands in a text of SQL
MS, MIN = 1000.0, 1 / 60  # how many of a duration's unit are a second


def within(field: str, *path: str) -> str:
    """The number or word behind the last key of a path, in JSON or a dict in single quotes."""
    before = "".join(rf"{_QUOTE}{key}{_QUOTE}\s*:\s*\{{[^}}]*?" for key in path[:-1])
    last = rf"{_QUOTE}{path[-1]}{_QUOTE}\s*:\s*{_QUOTE}?([\w.+-]+)"
    return f"nullif(regexp_extract({field}, '{before}{last}', 1), '')"


def words(listed: tuple[str, ...]) -> str:
    """The words, as SQL lists them."""
    return ", ".join(f"'{word}'" for word in listed)


def judged_sql(per_second: float) -> str:
    """Every record with its clocks, numbers and verdict.

    `per_second` is how many of the file's unit of durations are a second: 1000, or 1/60.
    """
    return f"with typed as ({_typed_sql(per_second)}), {_verdicts_sql()}"


def _typed_sql(per_second: float) -> str:
    """Every record with its texts as instants and numbers."""
    return f"""
        select record, coalesce(id, guid) as key, "deviceId" as device, type, "subType" as subtype,
            "deliveryType" as delivery, timezone as zone, annotations, "exportError" as failed,
            time as stamp, {instant("time")} as start_utc, {wall('"deviceTime"')} as shown,
            case when abs(try_cast("timezoneOffset" as double)) <= 840
                then cast(try_cast("timezoneOffset" as double) as smallint) end as start_offset_min,
            value as text, {number("value")} as amount, {number("normal")} as normal_u,
            {number("extended")} as extended_u, {number("rate")} as rate_uh,
            {number('"carbInput"')} as carb_input, {number(within("bolus", "normal"))} as inner_u,
            {number(within("dose", "total"))} as dose_u,
            lower({within("formulation", "actingType")}) as acting,
            {number(within("nutrition", "carbohydrate", "net"))} as carbs_g,
            {number(within("nutrition", "carbohydrate", "dietaryFiber"))} as fiber_g,
            {number(within("nutrition", "carbohydrate", "sugars"))} as sugar_g,
            {number(within("nutrition", "protein", "total"))} as protein_g,
            {number(within("nutrition", "fat", "total"))} as fat_g,
            {number(within("nutrition", "energy", "value"))} as energy_food,
            lower({within("nutrition", "energy", "units")}) as energy_food_unit,
            coalesce(meal, name) as label, {number(within("energy", "value"))} as energy_spent,
            lower({within("energy", "units")}) as energy_unit,
            {number(within("distance", "value"))} as way,
            lower({within("distance", "units")}) as way_unit,
            case lower(units) when 'mg/dl' then 'mg/dL' when 'mmol/l' then 'mmol/L' end as unit,
            -- an activity tells its unit, all else is in that of the file
            case when {number("duration")} is not null then {number("duration")} / {per_second!r}
                else {number(within("duration", "value"))} * case
                    lower({within("duration", "units")}) when 'seconds' then 1 when 'minutes'
                    then 60 when 'hours' then 3600 when 'milliseconds' then 0.001 end
                end as seconds,
            regexp_extract(annotations,
                'out-of-range.*?["'']value["'']\\s*:\\s*["''](low|high)', 1) as side,
            {number(within("annotations", "threshold"))} as threshold,
            "bolus" as bolus_text, "carbInput" as carb_text, nutrition, rate as rate_text,
            concat_ws('|', time, "deviceTime", type, "subType", value, units, normal, rate,
                duration) as raw
        from records
    """


def _verdicts_sql() -> str:
    """What is wrong with a record of `typed`, or why it is left aside; NULL for neither."""
    long_acting, fast_acting = words(LONG_ACTING), words(FAST_ACTING)
    return f"""placed as (
        select *, {later("start_utc", "seconds")} as end_utc,
            -- a device's clock that was corrected is none of the wall
            case when abs(epoch(shown) - epoch(start_utc) - start_offset_min * 60) < 90
                or start_offset_min is null or start_utc is null then {dated("shown")} end
                as start_wall,
            case when side = '' then null when unit = 'mmol/L' and threshold > 30
                then threshold / {MMOL} else threshold end as outermost,
            coalesce(normal_u, inner_u, 0) + coalesce(extended_u, 0) as given_u
        from typed
    )
    select *, case side when 'low' then '<' when 'high' then '>' end as bound,
        case when failed is not null and type is null then 'export_error'
             when type in ({words(ASIDE)}) then type
             when type = 'deviceEvent' and subtype is distinct from 'calibration'
             then 'device_event'
             when type is null then 'unknown_code' when type not in ({words(KNOWN)})
             then if(start_utc is null or not regexp_full_match(type, '[A-Za-z]{{1,40}}'),
                'unknown_code', 'other_type')
             when stamp is null and start_wall is null then 'missing_time'
             when start_utc is null and start_wall is null then 'unreadable_time'
             when type in ('cbg', 'smbg', 'bloodKetone', 'deviceEvent') then case
                when text is null then 'no_value'
                when amount is null then 'unreadable_number'
                when unit is null and type <> 'bloodKetone' then 'unknown_unit' end
             when type = 'bolus' and given_u = 0 then 'nothing_given'
             when type = 'wizard' and coalesce(carb_input, 0) = 0 and inner_u is null
             then 'calculator_without_carbs'
             when type = 'basal' and rate_uh is null and delivery is distinct from 'suspend'
             then if(rate_text is null, 'basal_without_rate', 'unreadable_number')
             when type = 'insulin' and dose_u is null then 'missing_value'
             when type = 'insulin' and coalesce(acting, '') not in ({long_acting}, {fast_acting})
             then 'insulin_of_unknown_kind'
             when seconds < 0 then 'end_before_start' end as verdict,
        case verdict when 'unknown_code' then 'type' when 'unknown_unit' then 'units'
             when 'missing_time' then 'time' when 'unreadable_time' then 'time'
             when 'end_before_start' then 'duration' else 'value' end as field
    from placed order by record
    """


_CLOCKS = "record, start_utc, start_wall, start_offset_min, zone, device, key"
_UNTIL = "if(seconds > 0, end_utc, null) as end_utc"
SAMPLES = f"""
    select {_CLOCKS}, if(type = 'cbg', 'interstitial_glucose', 'capillary_glucose') as metric,
        coalesce(outermost, amount) as value, unit, bound
    from sound where type in ('cbg', 'smbg', 'deviceEvent')
    union all by name
    select {_CLOCKS}, 'blood_ketone' as metric, amount as value, coalesce(unit, 'mmol/L') as unit
    from sound where type = 'bloodKetone'
    union all by name
    select {_CLOCKS}, 'insulin_bolus' as metric, coalesce(normal_u, inner_u) as value, 'U' as unit
    from sound where type in ('bolus', 'wizard') and coalesce(normal_u, inner_u) <> 0
    union all by name
    select {_CLOCKS.replace("key", "key || '/extended' as key")}, 'insulin_bolus' as metric,
        extended_u as value, 'U' as unit, {_UNTIL}
    from sound where type = 'bolus' and extended_u <> 0
    union all by name
    select {_CLOCKS}, if(acting in ({words(LONG_ACTING)}), 'insulin_long_acting', 'insulin_bolus')
        as metric, dose_u as value, 'U' as unit
    from sound where type = 'insulin'
    union all by name
    select {_CLOCKS}, if(delivery = 'temp', 'insulin_temp_basal_rate', 'insulin_basal_rate')
        as metric, coalesce(rate_uh, 0) as value, 'U/h' as unit, {_UNTIL}
    from sound where type = 'basal'
    union all by name
    select {_CLOCKS}, 'dietary_carbohydrate' as metric, carb_input as value, 'g' as unit
    from sound where type = 'wizard' and carb_input <> 0
    union all by name
    select {_CLOCKS}, metric, value, 'g' as unit
    from (unpivot (select {_CLOCKS}, carbs_g as dietary_carbohydrate, protein_g as dietary_protein,
            fat_g as dietary_fat, fiber_g as dietary_fiber, sugar_g as dietary_sugar
        from sound where type = 'food')
        on dietary_carbohydrate, dietary_protein, dietary_fat, dietary_fiber, dietary_sugar
        into name metric value value)
    union all by name
    select {_CLOCKS}, 'dietary_energy' as metric, energy_food as value,
        if(energy_food_unit = 'kilojoules', 'kJ', 'kcal') as unit
    from sound where type = 'food' and energy_food_unit in ('kilojoules', 'kilocalories')
        and energy_food is not null
    union all by name
    select {_CLOCKS}, 'energy_burned' as metric, energy_spent as value, {_UNTIL},
        if(energy_unit = 'kilojoules', 'kJ', 'kcal') as unit
    from sound where type = 'physicalActivity' and energy_unit in ('kilojoules', 'kilocalories')
        and energy_spent is not null
    union all by name
    select {_CLOCKS}, 'distance' as metric, way as value, {_UNTIL}, case way_unit
        when 'meters' then 'm' when 'kilometers' then 'km' when 'miles' then '[mi_i]'
        when 'feet' then '[ft_i]' end as unit
    from sound where type = 'physicalActivity' and way is not null
        and way_unit in ('meters', 'kilometers', 'miles', 'feet')
    order by record, metric
"""
EPISODES = f"""
    select {_CLOCKS}, 'meal' as kind, label
    from sound where type = 'food' or (type = 'wizard' and carb_input <> 0)
    union all by name
    select {_CLOCKS}, 'exercise' as kind, label, {_UNTIL}
    from sound where type = 'physicalActivity'
    order by record
"""
