-- Sleep within the day that follows each night: naps, and what the 16 hours after wake hold of them.
-- grain: participant_id, sleep_date
--
-- participant_id | who
-- sleep_date | local date of the final wake
-- day_nap_min | minutes asleep in sleeps that begin in that day
-- wake16h_asleep_min | minutes of them within 16 hours of wake
select
    n.participant_id,
    n.sleep_date,
    sum_min(p.length_min) as day_nap_min,
    coalesce(sum_min(case when epoch_us(p.onset_at) < n.until16_us then p.length_min end), 0)
        as wake16h_asleep_min
from night_window as n
join night_part as p
    on p.participant_id = n.participant_id
    and epoch_us(p.onset_at) >= n.wake_us
    and epoch_us(p.onset_at) < n.until_us
group by n.participant_id, n.sleep_date
