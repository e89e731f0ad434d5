-- What nights and days count is what a plain comparison of times finds in them.
with counted as (
    select
        participant_id,
        sum(reading_count) as reading_count
    from glucose_span_total
    where is_night is not null
    group by participant_id
),

direct as (
    select s.participant_id, count(*) as reading_count
    from glucose_span as s
    join glucose as g
        on g.participant_id = s.participant_id
        and epoch_us(g.start_at) >= s.begins_us
        and epoch_us(g.start_at) < s.ends_us
    where s.is_night is not null
    group by s.participant_id
),

told as (
    select
        participant_id,
        sum(coalesce(overnight_reading_count, 0) + coalesce(day_reading_count, 0)) as reading_count
    from night_to_day
    group by participant_id
)

select participant_id, counted.reading_count, direct.reading_count as expected
from counted
full join direct using (participant_id)
full join told using (participant_id)
where coalesce(counted.reading_count, 0) <> coalesce(direct.reading_count, 0)
    or coalesce(told.reading_count, 0) <> coalesce(direct.reading_count, 0)
