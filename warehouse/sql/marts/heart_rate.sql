-- Heart rate of every source.
-- grain: participant_id, connector, device, start_at
-- kept: no, asked of marts
--
-- participant_id | who
-- start_at | instant (UTC)
-- start_local | the same on the wall clock
-- heart_rate_bpm | beats per minute
-- connector | export format it came from
-- device | device, as the export names it
-- time_basis | how the instant is known
-- flag | doubts about the value; NULL for none
-- file | source file
-- record | record number in that file
select
    participant_id,
    start_at,
    start_local,
    value as heart_rate_bpm,
    connector,
    device,
    time_basis,
    flag,
    file,
    record
from sample
where metric = 'heart_rate' and start_at is not null and value is not null and occurrence = 1
