-- The room of each night, of the sensor with most readings; none with less than 70 % of the half hours.
-- grain: participant_id, sleep_date
--
-- participant_id | who
-- sleep_date | local date of the final wake
-- connector | export format of the sensor
-- device | the sensor, as the export names it
-- mean_cel | mean temperature between onset and wake, degrees Celsius
with told as (
    select
        n.participant_id,
        n.sleep_date,
        s.connector,
        s.device,
        count(*) as reading_count,
        mean_of(s.value) as mean_cel,
        count(distinct epoch_us(s.start_at) // 1800000000) * 1800000000
            / any_value(n.wake_us - n.onset_us) as share
    from night_window as n
    join sample as s
        on s.participant_id = n.participant_id
        and epoch_us(s.start_at) >= n.onset_us
        and epoch_us(s.start_at) < n.wake_us
    where s.metric = 'room_temperature' and s.flag is null
    group by n.participant_id, n.sleep_date, s.connector, s.device
)

select participant_id, sleep_date, connector, device, mean_cel
from told
where share >= 0.7
qualify row_number() over (
    partition by participant_id, sleep_date order by reading_count desc, connector, device
) = 1
