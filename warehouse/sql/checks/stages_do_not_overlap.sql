-- At any moment a source tells of one stage.
select participant_id, connector, device, start_at, end_at, next_at
from (
    select
        *,
        lead(start_at) over (
            partition by participant_id, connector, device
            order by start_at, end_at
        ) as next_at
    from sleep_stage
)
where end_at > next_at or end_at <= start_at
