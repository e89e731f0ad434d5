-- What nights and days count is what a plain comparison of times finds in them.
with direct as (
    select n.participant_id, count(*) as reading_count
    from night_window as n
    join glucose as g
        on g.participant_id = n.participant_id
        and epoch_us(g.start_at) >= n.onset_us
        and epoch_us(g.start_at) < n.until_us
    group by n.participant_id
),

told as (
    select
        participant_id,
        sum(coalesce(overnight_reading_count, 0) + coalesce(day_reading_count, 0)) as reading_count
    from night_to_day
    group by participant_id
)

select participant_id, told.reading_count, direct.reading_count as expected
from direct
full join told using (participant_id)
where coalesce(told.reading_count, 0) <> coalesce(direct.reading_count, 0)
