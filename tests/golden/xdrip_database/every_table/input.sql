create table android_metadata (locale text);
create table BgReadings (_id integer primary key, calculated_value real, dg_mgdl real, noise text, raw_data real, sensor_uuid text, timestamp integer, uuid text unique);
insert into BgReadings values
 (1, 115.4, 0, null, 115000, 's-1', 1761422400137, 'r-1'),
 (2, 38.0, 0, null, null, 's-1', 1761422700137, 'r-2'),
 (3, 39.0, 41, null, null, 's-1', 1761423000137, 'r-3'),
 (4, 400.0, 0, null, null, 's-1', 1761423300137, 'r-4'),
 (5, 0, 0, null, 98000, 's-1', 1761423600137, 'r-5'),
 (6, null, 0, null, null, null, 1761423900137, 'r-6'),
 (7, 9.0, 0, null, null, 's-1', 1761424200137, 'r-7'),
 (8, 131.2, 0, null, null, 's-1', 1761424225137, 'r-8'),
 (9, 130.0, 0, null, null, 's-1', 1761424, 'r-9');
create table Calibration (_id integer primary key, bg real, timestamp integer, raw_timestamp integer, uuid text);
insert into Calibration values (1, 121.0, 1761454980000, 1761454980000, 'c-1');
create table BloodTest (_id integer primary key, mgdl real, timestamp integer, created_timestamp integer, state integer, source text, uuid text);
insert into BloodTest values (1, 121.0, 1761454980000, 1761454980000, 1, 'Manual Entry', 'b-1');
create table Treatments (_id integer primary key, timestamp integer, eventType text, enteredBy text, notes text, uuid text, carbs real, insulin real, insulinJSON text, created_at text);
insert into Treatments values
 (1, 1761458400000, '<none>', 'xdrip', '', 't-1', 40.0, 0.0, null, '2025-10-26T06:00:00Z'),
 (2, 1761458460000, '<none>', 'xdrip', '', 't-2', 0.0, 4.5, null, '2025-10-26T06:01:00Z'),
 (3, 1761465600000, '<none>', 'xdrip', 'a walk', 't-3', 0.0, 0.0, null, '2025-10-26T08:00:00Z');
create table Sensors (_id integer primary key, started_at integer, stopped_at integer, uuid text, sensor_location text);
insert into Sensors values (1, 1761336000000, 0, 's-1', null);
