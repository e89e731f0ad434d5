create table sleep_session_record_table (row_id integer primary key, uuid blob, app_info_id integer, start_time integer, finish_time integer);
insert into sleep_session_record_table values (1, x'8eeed20eaffa302ba456713382e81001', 1, 1792966800000, 1792994400000);
