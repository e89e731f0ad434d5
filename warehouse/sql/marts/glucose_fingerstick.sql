-- Fingersticks and meter readings; one that came by two routes in the same minute stands once.
-- grain: participant_id, start_at, glucose_mgdl
--
-- participant_id | who
-- start_at | instant (UTC)
-- start_local | the same on the wall clock
-- glucose_mgdl | capillary glucose, mg/dL
-- bound | < or > where the meter gave no number
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
    value as glucose_mgdl,
    bound,
    connector,
    device,
    time_basis,
    flag,
    file,
    record
from sample
where metric = 'capillary_glucose' and start_at is not null and value is not null
qualify row_number() over (
    partition by participant_id, time_bucket(interval 1 minute, start_at), round(value)
    order by connector, device nulls last, start_at, file, record
) = 1
