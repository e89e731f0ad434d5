-- Each canonical row leads to a file that is in the manifest.
with place as (
    select distinct participant_id, connector, file from sample
    union
    select distinct participant_id, connector, file from episode
    union
    select distinct participant_id, connector, file from daily
    union
    select distinct participant_id, connector, file from reject
)

select p.participant_id, p.connector, p.file
from place as p
anti join source_file as s using (participant_id, connector, file)
