-- Asleep and awake make the sleep period, stages make what was slept, and all fits into the bed;
-- of totals alone only that nobody sleeps longer than the bed was used. A tenth of a minute is
-- rounding, a minute that of vendors.
select participant_id, connector, sleep_date, onset_at
from sleep_episode
where total_sleep_min > time_in_bed_min + case sleep_basis when 'stages' then 0.1 else 1 end
    or sleep_latency_min < 0
    or wake_after_onset_min < 0
    or (
        sleep_basis = 'stages'
        and (
            sleep_period_min > time_in_bed_min + 0.1
            or total_sleep_min + wake_after_onset_min > sleep_period_min + 0.1
            or light_min + deep_min + rem_min > total_sleep_min + 0.1
            or sleep_latency_min + sleep_period_min > time_in_bed_min + 0.1
        )
    )
