-- Caffeine and alcohol of the day that follows each night: of two apps the one that logged more.
-- grain: participant_id, sleep_date
--
-- participant_id | who
-- sleep_date | local date of the final wake
-- caffeine_after_14h_mg | caffeine from 14:00 on, mg; NULL where none was logged that day
-- alcohol_drink_count | standard drinks; NULL where none was logged
with told as (
    select
        n.participant_id,
        n.sleep_date,
        s.connector,
        case when count(*) filter (s.metric = 'dietary_caffeine') > 0 then coalesce(sum_of(case
            when s.metric = 'dietary_caffeine'
                and s.start_local >= n.sleep_date + interval 14 hours
                then s.value
        end), 0) end as caffeine_mg,
        sum_of(case when s.metric = 'alcohol_drink' then s.value end) as drink_count
    from night_window as n
    join (select *, coalesce(device, '') as app from sample) as s
        on s.participant_id = n.participant_id
        and epoch_us(s.start_at) >= n.wake_us
        and epoch_us(s.start_at) < n.until_us
    anti join food_copy as c
        on c.participant_id = s.participant_id
        and c.connector = s.connector
        and c.device = s.app
        and c.start_at = s.start_at
        and c.what = s.metric
    where s.metric in ('dietary_caffeine', 'alcohol_drink') and s.flag is null
    group by n.participant_id, n.sleep_date, s.connector
)

select
    participant_id,
    sleep_date,
    max(caffeine_mg) as caffeine_after_14h_mg,
    max(drink_count) as alcohol_drink_count
from told
group by participant_id, sleep_date
