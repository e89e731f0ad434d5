-- The room of each night, of the sensor with most readings; none with less than 70 % of the half hours.
-- parameters: day like day_window
-- grain: participant_id, sleep_date
--
-- participant_id | who
-- sleep_date | local date of the final wake
-- connector | export format of the sensor
-- device | the sensor, as the export names it
-- mean_cel | mean temperature between onset and wake, degrees Celsius
select participant_id, sleep_date, connector, device, mean_cel
from (
    select
        w.participant_id,
        w.sleep_date,
        s.connector,
        s.device,
        count(*) as reading_count,
        sum(millionths(s.value)) / 1e6 / count(*) as mean_cel,
        count(distinct epoch_us(s.start_at) // 1800000000) * 1800000000
            / any_value(w.wake_us - w.onset_us) as share
    from sample as s
    join (
        select *, unnest(range(onset_us // 86400000000, wake_us // 86400000000 + 1)) as date_utc
        from (select * exclude (night) from query_table(day))
    ) as w
        on w.participant_id = s.participant_id
        and w.date_utc = epoch_us(s.start_at) // 86400000000
    where s.metric = 'room_temperature'
        and s.flag is null
        and epoch_us(s.start_at) >= w.onset_us
        and epoch_us(s.start_at) < w.wake_us
    group by w.participant_id, w.sleep_date, s.connector, s.device
)
where share >= 0.7
qualify row_number() over (
    partition by participant_id, sleep_date order by reading_count desc, connector, device
) = 1
