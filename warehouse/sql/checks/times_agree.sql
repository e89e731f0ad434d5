-- In the canonical tables: a stretch does not end before it begins, the wall clock lies whole
-- minutes and at most 14 hours from the instant, and a row without an instant says so.
select 'sample' as relation, participant_id, file, record
from sample
where end_at < start_at
    or abs(epoch_us(start_local) - epoch_us(start_at)) > 14 * 3600000000
    or (epoch_us(start_local) - epoch_us(start_at)) % 60000000 <> 0
    or (start_at is null) <> (time_basis = 'unresolved')
union all
select 'episode', participant_id, file, record
from episode
where end_at < start_at
    or abs(epoch_us(start_local) - epoch_us(start_at)) > 14 * 3600000000
    or (epoch_us(start_local) - epoch_us(start_at)) % 60000000 <> 0
    or (start_at is null) <> (time_basis = 'unresolved')
