-- Dates of which an export tells time in bed and no sleep: a phone without a watch.
-- grain: participant_id, sleep_date
--
-- participant_id | who
-- sleep_date | local date of the last rise
-- connector | export format that tells the most of it
-- device | its device or app
-- bed_local | begin of the longest time in bed, wall clock
-- rise_local | its end, wall clock
-- time_in_bed_min | all time in bed that ended on that date, minutes
--
-- Nobody knows how much of it was sleep, so these dates are no nights.
with lain as (
    select
        participant_id,
        end_local::date as sleep_date,
        connector,
        coalesce(device, '') as device,
        sum((epoch_us(end_at) - epoch_us(start_at))::hugeint) / 6e7 as time_in_bed_min,
        arg_max(start_local, end_at - start_at) as bed_local,
        arg_max(end_local, end_at - start_at) as rise_local
    from episode
    where kind = 'sleep_stage'
        and label = 'in_bed'
        and end_at > start_at
        and end_at - start_at <= interval 24 hours
        and end_local is not null
    group by participant_id, end_local::date, connector, coalesce(device, '')
)

select
    participant_id,
    sleep_date,
    connector,
    device,
    bed_local,
    rise_local,
    time_in_bed_min
from lain
anti join sleep_nightly using (participant_id, sleep_date)
qualify row_number() over (
    partition by participant_id, sleep_date order by time_in_bed_min desc, connector, device
) = 1
