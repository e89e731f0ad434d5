create table android_metadata (locale text);
create table application_info_table (row_id integer primary key autoincrement, package_name text not null unique, app_name text, app_icon blob, record_types_used text);
create table sleep_session_record_table (row_id integer primary key autoincrement, uuid blob not null unique, last_modified_time integer, client_record_id text, client_record_version text, device_info_id integer, app_info_id integer, recording_method integer, dedupe_hash blob unique, start_time integer, start_zone_offset integer, end_time integer, end_zone_offset integer, local_date integer, notes text, title text, local_date_time_start_time integer as (start_time + 1000 * start_zone_offset), local_date_time_end_time integer as (end_time + 1000 * end_zone_offset), device_data_provider_id integer);
create table sleep_stages_table (parent_key integer not null, stage_start_time integer not null, stage_end_time integer not null, stage_type integer not null);
create table change_logs_table (row_id integer primary key, record_type integer, uuids blob);
insert into application_info_table (row_id, package_name, app_name) values (1, 'com.fitbit.FitbitMobile', 'Fitbit'), (2, 'com.sec.android.app.shealth', 'Samsung Health');
insert into change_logs_table values (1, 38, x'00');
insert into sleep_session_record_table (row_id, uuid, app_info_id, start_time, start_zone_offset, end_time, end_zone_offset, local_date, notes, title) values
(1, x'8eeed20eaffa302ba456713382e81001', 1, 1792880400000, 7200, 1792908000000, 3600, 20750, 'a note', 'a title'),
(2, x'8eeed20eaffa302ba456713382e81002', 2, 1792880700000, 7200, 1792907700000, 3600, 20750, null, null),
(4, x'8eeed20eaffa302ba456713382e81004', 2, 1792932000000, null, 1792934100000, -1, 20750, null, null),
(5, x'8eeed20eaffa302ba456713382e81005', 1, 1792967400000, 3600, 1792994400000, 3600, 20751, null, null),
(6, x'8eeed20eaffa302ba456713382e81006', 1, 1793053800000, 3600, 1793053700000, 3600, 20752, null, null),
(7, x'8eeed20eaffa302ba456713382e81007', 9, null, 3600, 1793163600000, 3600, 20753, null, null);
insert into sleep_stages_table values
(1, 1792880400000, 1792881150000, 1), (1, 1792881150000, 1792908000000, 4), (4, 1792932000000, 1792934100000, 2),
(5, 1792967400000, 1792968000000, 7), (5, 1792968000000, 1792969800000, 0), (5, 1792969800000, 1792970100000, 3),
(5, 1792970100000, 1792980900000, 5), (5, 1792980900000, 1792987200000, 6), (5, 1792987200000, 1792987500000, 8),
(3, 1792987500000, 1792994400000, 4), (5, 1792994400000, 1792987500000, 4);
