-- Of every file: read = carried + skipped + rejected.
select participant_id, connector, file, record_count, carried_count, skipped_count, rejected_count
from source_file
where record_count <> carried_count + skipped_count + rejected_count
