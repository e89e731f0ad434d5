create table SleepStagesTable (stageType integer, stageStartTime integer, stageEndTime integer, parentKey integer);
create table SleepSessionRecordTable (EndTime integer, StartTime integer, AppInfoId integer, Uuid text, RowId integer primary key, ClientRecordVersion text);
insert into SleepSessionRecordTable values (1680505200000, 1680476400000, 1, '8EEED20E-AFFA-302B-A456-713382E81009', 12, '0');
insert into SleepStagesTable values (4, 1680476400000, 1680490800000, 12), (6, 1680490800000, 1680505200000, 12), (4, 'x', 1680505200000, 12);
