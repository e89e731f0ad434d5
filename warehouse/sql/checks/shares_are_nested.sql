-- Below 54 is below 70, above 250 is above 180, 70 to 140 is 70 to 180, and all of them make 100.
with share as (
    select
        participant_id, sleep_date as date, day_tbr54_pct as tbr54, day_tbr70_pct as tbr70,
        day_titr_pct as titr, day_tir_pct as tir, day_tar180_pct as tar180, day_tar250_pct as tar250
    from night_to_day
    union all
    select participant_id, date, tbr54_pct, tbr70_pct, titr_pct, tir_pct, tar180_pct, tar250_pct
    from glucose_daily
    union all
    select
        participant_id, sleep_date, tbr54_pct, tbr70_pct, titr_pct, tir_pct,
        100 - tir_pct - tbr70_pct, null
    from glucose_nightly
)

select *
from share
where tbr54 > tbr70
    or titr > tir
    or tar250 > tar180
    or tar180 < -1e-9
    or abs(tbr70 + tir + tar180 - 100) > 1e-9
