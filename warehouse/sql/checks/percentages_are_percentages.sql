-- Shares lie between 0 and 100; only a coefficient of variation and the glycemic variability
-- percentage, which tells how much longer a trace is than a level one, may be above.
select *
from (
    unpivot (
        select 'night_to_day' as relation, participant_id, sleep_date as date,
            columns('.*_pct$')::double
        from night_to_day
    ) on columns('.*_pct$') into name column_name value share
)
where column_name not similar to '.*(cv|gvp)_pct' and not share between 0 and 100
union all
select *
from (
    unpivot (
        select 'glucose_nightly' as relation, participant_id, sleep_date as date,
            columns('.*_pct$')::double
        from glucose_nightly
    ) on columns('.*_pct$') into name column_name value share
)
where column_name not similar to '.*(cv|gvp)_pct' and not share between 0 and 100
union all
select *
from (
    unpivot (
        select 'glucose_daily' as relation, participant_id, date, columns('.*_pct$')::double
        from glucose_daily
    ) on columns('.*_pct$') into name column_name value share
)
where column_name not similar to '.*(cv|gvp)_pct' and not share between 0 and 100
union all
select 'data_coverage', participant_id, date, 'observed_pct', observed_pct
from data_coverage
where not observed_pct between 0 and 100
union all
select *
from (
    unpivot (
        select 'exposure_daily' as relation, participant_id, sleep_date as date,
            columns('.*_pct$')::double
        from exposure_daily
    ) on columns('.*_pct$') into name column_name value share
)
where not share between 0 and 100
