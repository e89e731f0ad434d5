-- Nights and days of a participant follow each other: no reading may belong to two.
select participant_id, sleep_date, is_night, begins_us, ends_us, next_us
from (
    select
        *,
        lead(begins_us) over (partition by participant_id order by begins_us, ends_us) as next_us
    from glucose_span
)
where ends_us > next_us or ends_us <= begins_us
