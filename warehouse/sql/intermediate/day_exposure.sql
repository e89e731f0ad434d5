-- Each night and its day, and what of food, movement, light and warmth was recorded in them.
-- grain: participant_id, sleep_date
--
-- participant_id | who
-- sleep_date | local date of the final wake
-- onset_us | see `day_window`, and so are the next five
-- wake_us | final wake
-- midnight_us | local midnight of the wake date
-- before_us | wake of the night before
-- until_us | end of the day
-- is_capped | the day was ended day_cap_h after wake
-- meal_us | first logged meal of the day, if within five hours of wake
-- meal_until_min | minutes from it to the next one, at most 180
-- night | the row of `night_body` and, as `exposure`, that of `exposure_daily`
--
-- What was recorded tells little of what was not: a day without a step, a meal or a drink in the log
-- is NULL, not 0. Exercise is 0 on a day in which a source that records exercise counted steps.
--
-- What happened in a day is found by the date in UTC: a hash join. DuckDB takes an ASOF join for
-- a nested loop where it guesses that there is little.
with window_ as materialized (select * from day_window),

-- each day by the dates that it touches
daytime as (
    select
        participant_id,
        sleep_date,
        wake_us,
        until_us,
        is_capped,
        unnest(range(wake_us // 86400000000, (until_us - 1) // 86400000000 + 1)) as date_utc
    from (select * exclude (night) from window_)
),

-- food; hours by the wall clock from the local midnight of sleep_date on
meal as (
    select
        w.participant_id,
        w.sleep_date,
        epoch_us(m.start_at) as at_us,
        (epoch_us(m.start_local) - epoch_us(w.sleep_date::timestamp)) / 3.6e9 as hour,
        m.energy_kcal,
        least(180, (m.next_us - at_us) / 6e7) as alone_min,
        w.wake_us,
        w.until_us,
        w.is_capped
    from (
        select
            *,
            coalesce(lead(epoch_us(start_at)) over (
                partition by participant_id order by start_at
            ), 9000000000000000000) as next_us
        from logged_meal
    ) as m
    join daytime as w
        on w.participant_id = m.participant_id
        and w.date_utc = epoch_us(m.start_at) // 86400000000
    where epoch_us(m.start_at) >= w.wake_us and epoch_us(m.start_at) < w.until_us
),

fed as (
    select
        participant_id,
        sleep_date,
        count(*) as meal_count,
        min(at_us) as first_us,
        min(at_us) filter (at_us < wake_us + 18000000000) as meal_us,
        arg_min(alone_min, at_us) as meal_until_min,
        case when count(*) > 1 then (max(at_us) - min(at_us)) / 3.6e9 end as eating_window_h,
        case when not any_value(is_capped) then (any_value(until_us) - max(at_us)) / 6e7 end
            as last_meal_to_bed_min,
        case when count(energy_kcal) = count(*) then sum(millionths(energy_kcal)) / 1e6 end as energy_kcal,
        case when count(energy_kcal) = count(*)
            then 100 * coalesce(sum(millionths(energy_kcal)) filter (hour < 15), 0)
                / nullif(sum(millionths(energy_kcal)), 0)
        end as kcal_before_15h_pct
    from meal
    group by participant_id, sleep_date
),

-- drinks: of two apps the one that logged more
drunk as (
    select participant_id, sleep_date, max(caffeine_mg) as caffeine_after_14h_mg,
        max(drink_count) as alcohol_drink_count
    from (
        select
            w.participant_id,
            w.sleep_date,
            s.connector,
            case when count(*) filter (s.metric = 'dietary_caffeine') > 0 then coalesce(
                sum(millionths(s.value)) filter (s.metric = 'dietary_caffeine'
                    and s.start_local >= w.sleep_date + interval 14 hours) / 1e6, 0)
            end as caffeine_mg,
            sum(millionths(s.value)) filter (s.metric = 'alcohol_drink') / 1e6 as drink_count
        from sample as s
        join daytime as w
            on w.participant_id = s.participant_id
            and w.date_utc = epoch_us(s.start_at) // 86400000000
        where s.metric in ('dietary_caffeine', 'alcohol_drink')
            and s.flag is null
            and epoch_us(s.start_at) >= w.wake_us
            and epoch_us(s.start_at) < w.until_us
        group by w.participant_id, w.sleep_date, s.connector
    )
    group by participant_id, sleep_date
),

-- steps and daylight; a quarter of an hour is of the day that its middle is in
slot as materialized (select * from counted_slot),

counted as (
    select
        w.participant_id,
        w.sleep_date,
        sum(s.millionths) filter (s.metric = 'step_count') / 1e6 as step_count,
        sum(s.millionths) filter (s.metric = 'exercise_time') / 1e6 as vendor_exercise_min,
        sum(s.millionths) filter (s.metric = 'daylight_time') / 1e6 as daylight_min,
        case when count(*) filter (s.metric = 'daylight_time') > 0 then coalesce(
            sum(round(s.millionths / 9e8 * greatest(0,
                least((s.slot + 1) * 900000000, w.wake_us + 3600000000)
                - greatest(s.slot * 900000000, w.wake_us)))::bigint)
            filter (s.metric = 'daylight_time') / 1e6, 0)
        end as morning_daylight_min,
        flatten(list(distinct s.connectors) filter (s.metric = 'step_count')) as step_connectors
    from slot as s
    join daytime as w on w.participant_id = s.participant_id and w.date_utc = s.slot // 96
    where s.slot * 900000000 + 450000000 >= w.wake_us
        and s.slot * 900000000 + 450000000 < w.until_us
    group by w.participant_id, w.sleep_date
),

after_meal as (
    select
        participant_id,
        sleep_date,
        at_us,
        unnest(range(at_us // 900000000, (at_us + 3599999999) // 900000000 + 1)) as slot
    from meal
),

walked as (
    select
        m.participant_id,
        m.sleep_date,
        sum(round(s.millionths / 9e8 * (least((m.slot + 1) * 900000000, m.at_us + 3600000000)
            - greatest(m.slot * 900000000, m.at_us)))::bigint) / 1e6 as step_count
    from after_meal as m
    join slot as s
        on s.participant_id = m.participant_id
        and s.slot = m.slot
        and s.metric = 'step_count'
    group by m.participant_id, m.sleep_date
),

-- exercise: two records of the same time count once
exercise as (
    select
        participant_id,
        connector,
        epoch_us(start_at) as begins_us,
        epoch_us(end_at) as ends_us,
        coalesce(regexp_matches(
            lower(label), 'strength|weight|resistance|calisthenics|crossfit|functional'
        ), false) as is_resistance
    from episode
    where kind = 'exercise' and start_at is not null and end_at - start_at < interval 24 hours
),

stretch as (
    select
        participant_id,
        is_resistance,
        greatest(begins_us, coalesce(max(ends_us) over every, 0)) as begins_us,
        ends_us,
        greatest(begins_us, coalesce(max(ends_us) over same, 0)) as own_begins_us
    from exercise
    window
        every as (
            partition by participant_id order by begins_us, ends_us, connector, is_resistance
            rows between unbounded preceding and 1 preceding
        ),
        same as (
            partition by participant_id, is_resistance order by begins_us, ends_us, connector
            rows between unbounded preceding and 1 preceding
        )
),

-- also of the two days before, for those in whose 48 hours it lies
near_exercise as (
    select
        w.participant_id,
        w.sleep_date,
        w.wake_us,
        w.until_us,
        w.is_capped,
        f.first_us,
        s.is_resistance,
        s.begins_us,
        s.ends_us,
        s.own_begins_us
    from stretch as s
    join (
        select *, unnest(range((wake_us - 172800000000) // 86400000000, until_us // 86400000000 + 1))
            as day
        from (select * exclude (night) from window_)
    ) as w
        on w.participant_id = s.participant_id
        and w.day = s.own_begins_us // 86400000000
    left join fed as f
        on f.participant_id = w.participant_id and f.sleep_date = w.sleep_date
),

exercised as (
    select
        participant_id,
        sleep_date,
        sum(us_within(begins_us, ends_us, wake_us, until_us)) / 6e7 as recorded_min,
        sum(us_within(own_begins_us, ends_us, wake_us, until_us)) filter (is_resistance) / 6e7
            as resistance_exercise_min,
        sum(us_within(own_begins_us, ends_us, wake_us - 172800000000, wake_us))
            filter (is_resistance) / 6e7 as resistance_exercise_48h_min,
        sum(us_within(begins_us, ends_us, wake_us, least(first_us, wake_us + 10800000000))) / 6e7
            as fasted_morning_exercise_min,
        sum(us_within(begins_us, ends_us, until_us - 10800000000, until_us))
            filter (not is_capped) / 6e7 as evening_exercise_min
    from near_exercise
    group by participant_id, sleep_date
),

exerciser as (
    select participant_id, list(distinct connector) as connectors
    from exercise
    group by participant_id
),

warm as (select * from room_of('window_')),

exposed as (
    select
        w.*,
        f.meal_us,
        f.meal_until_min,
        f.meal_count,
        f.energy_kcal,
        f.eating_window_h,
        f.last_meal_to_bed_min,
        f.kcal_before_15h_pct,
        case when c.step_count is not null and f.meal_count > 0
            then coalesce(k.step_count, 0) / f.meal_count end as postmeal_steps_60min,
        c.step_count,
        list_has_any(c.step_connectors, r.connectors) as is_exercise_known,
        coalesce(e.recorded_min, case when is_exercise_known then 0 end) as exercise_min,
        case when exercise_min is not null then coalesce(e.resistance_exercise_min, 0) end
            as resistance_exercise_min,
        case when exercise_min is not null then coalesce(e.resistance_exercise_48h_min, 0) end
            as resistance_exercise_48h_min,
        case when exercise_min is not null and f.meal_count > 0
            then coalesce(e.fasted_morning_exercise_min, 0) end as fasted_morning_exercise_min,
        case when exercise_min is not null and not w.is_capped
            then coalesce(e.evening_exercise_min, 0) end as evening_exercise_min,
        c.vendor_exercise_min,
        c.daylight_min,
        c.morning_daylight_min,
        t.mean_cel as bedroom_temperature_cel,
        d.caffeine_after_14h_mg,
        d.alcohol_drink_count
    from window_ as w
    left join fed as f using (participant_id, sleep_date)
    left join drunk as d using (participant_id, sleep_date)
    left join counted as c using (participant_id, sleep_date)
    left join walked as k using (participant_id, sleep_date)
    left join exercised as e using (participant_id, sleep_date)
    left join exerciser as r using (participant_id)
    left join warm as t using (participant_id, sleep_date)
)

select
    participant_id,
    sleep_date,
    onset_us,
    wake_us,
    midnight_us,
    before_us,
    until_us,
    is_capped,
    meal_us,
    meal_until_min,
    struct_insert(night, exposure := {
        meal_count: meal_count,
        energy_kcal: energy_kcal,
        eating_window_h: eating_window_h,
        last_meal_to_bed_min: last_meal_to_bed_min,
        kcal_before_15h_pct: kcal_before_15h_pct,
        postmeal_steps_60min: postmeal_steps_60min,
        step_count: step_count,
        exercise_min: exercise_min,
        resistance_exercise_min: resistance_exercise_min,
        resistance_exercise_48h_min: resistance_exercise_48h_min,
        fasted_morning_exercise_min: fasted_morning_exercise_min,
        evening_exercise_min: evening_exercise_min,
        vendor_exercise_min: vendor_exercise_min,
        daylight_min: daylight_min,
        morning_daylight_min: morning_daylight_min,
        bedroom_temperature_cel: bedroom_temperature_cel,
        caffeine_after_14h_mg: caffeine_after_14h_mg,
        alcohol_drink_count: alcohol_drink_count
    }) as night
from exposed
