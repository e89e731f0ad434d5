-- Nights and days of a participant follow each other: no reading may belong to two.
select participant_id, sleep_date, onset_us, wake_us, until_us, next_us
from (
    select
        *,
        lead(onset_us) over (partition by participant_id order by onset_us, wake_us) as next_us
    from night_window
)
where until_us > next_us or wake_us <= onset_us or until_us <= wake_us
