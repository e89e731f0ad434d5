create table application_info_table (row_id integer primary key, package_name text);
create table health_data_category_priority_table (row_id integer primary key autoincrement, health_data_category integer unique, app_id_priority_order text not null);
create table distance_record_table (row_id integer primary key, uuid blob, app_info_id integer, start_time integer, start_zone_offset integer, end_time integer, end_zone_offset integer, distance real);
create table nutrition_record_table (row_id integer primary key, uuid blob, app_info_id integer, start_time integer, start_zone_offset integer, end_time integer, end_zone_offset integer, meal_type integer, meal_name text, energy real, protein real, total_carbohydrate real, total_fat real, dietary_fiber real, sugar real, caffeine real, sodium real, zest real);
create table weight_record_table (row_id integer primary key, uuid blob, time integer, weight real);
insert into application_info_table values (1, 'com.example.watch'), (2, 'com.example.diary');
insert into health_data_category_priority_table values (1, 5, '2,1'), (2, 1, '1'), (3, 3, '2');
insert into distance_record_table values (1, x'a0', 1, 1793001600000, 3600, 1793002500000, 3600, 812.5), (2, x'a1', 1, 1793001600000, 3600, 1793002500000, 3600, 4.9406564584124654e-324);
insert into nutrition_record_table values
(1, x'b0', 2, 1793001600000, 3600, 1793003400000, 3600, 1, 'a name', 512000.0, 21.5, 48.0, 4.9406564584124654e-324, 6.0, null, 0.095, 0.4, null),
(2, x'b1', 2, 1793016000000, 3600, 1793016000001, 3600, 0, null, 4.9406564584124654e-324, 4.9406564584124654e-324, null, null, null, null, null, null, null),
(3, x'b2', 2, 1793019600000, 3600, 1793019600001, 3600, 9, null, 'much', null, 12.0, null, null, null, null, null, null),
(4, x'b3', 2, null, 3600, 1793019600001, 3600, 3, null, 1000.0, null, 12.0, null, null, null, null, null, null),
(5, x'b4', 2, 1793030400000, null, 1793032200000, null, 3, null, 700000.0, 30.0, 70.0, 20.0, 8.0, 10.0, null, null, null);
insert into weight_record_table values (1, x'c0', 1793001600000, 80000.0), (2, x'c1', 1793088000000, 80100.0);
