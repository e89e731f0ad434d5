-- The chosen readings that have a wall clock, in few and narrow columns.
-- columns: glucose_between
--
-- With `glucose_pace` and `glucose_grid` what the macros are tried on when views are built.
select * from glucose_between(null, null)
