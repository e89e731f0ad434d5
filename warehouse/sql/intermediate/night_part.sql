-- Which sleeps are told of each date: all of one source, the best of that date.
-- grain: participant_id, sleep_date, connector, device, episode_number
-- kept: in buckets
--
-- participant_id | who
-- sleep_date | local date of the final wake
-- connector | the chosen source's export format
-- device | its device or app
-- episode_number | which sleep of that source
-- part | main: the longest; nap: up to nap_max_min, begun between 09:00 and 22:00; secondary: every other
-- onset_at | its onset (UTC)
-- wake_at | its end (UTC)
-- length_min | minutes asleep; of a bare span its minutes
-- total_sleep_min | minutes asleep, where they are known
--
-- Source: one that saw three hours or more, then by priority; of one format the one with stages, that
-- tells the minutes asleep, that names its device, the longest.
-- Main: the longest, and of comparable ones (four fifths of it) the one that the vendor calls so. A
-- sleep beyond night_max_h never stands before another; beyond a day it is none, and so is a night
-- that another source tells by a better clock.
with candidate as (
    select
        e.participant_id,
        e.sleep_date,
        e.connector,
        e.device,
        e.episode_number,
        e.onset_at,
        e.wake_at,
        e.onset_local,
        e.total_sleep_min,
        e.has_stages,
        e.is_vendor_main,
        e.is_vendor_nap,
        coalesce(e.total_sleep_min, e.sleep_period_min) as length_min,
        e.sleep_period_min <= 60 * rule_night_max_h() as is_credible,
        p.position
    from sleep_episode as e
    left join source_priority as p on p.stream = 'sleep' and p.connector = e.connector
    where length_min > 0 and e.sleep_period_min <= 1440 and not e.is_shifted_copy
),

compared as (
    select
        *,
        max(case when is_credible then length_min else 0 end) over own as longest_min
    from candidate
    window own as (partition by participant_id, sleep_date, connector, device)
),

-- the main sleep of each source
best as (
    select *
    from compared
    qualify row_number() over (
        partition by participant_id, sleep_date, connector, device
        order by
            is_credible desc, length_min >= 0.8 * longest_min desc, is_vendor_main desc,
            is_vendor_nap, length_min desc, onset_at
    ) = 1
),

-- of all sources
chosen as (
    select *
    from best
    qualify row_number() over (
        partition by participant_id, sleep_date
        order by
            is_credible and length_min >= 180 desc, position nulls last,
            has_stages desc, is_vendor_main desc, total_sleep_min is not null desc,
            device <> '' desc, length_min desc, connector, device, onset_at
    ) = 1
),

-- sources may cut a night differently at midnight: of two that overlap, only the better one is
main as (
    select *
    from chosen
    window person as (partition by participant_id order by onset_at, wake_at)
    qualify not coalesce(
            onset_at < lag(wake_at) over person
            and (is_credible, length_min) < (lag(is_credible) over person, lag(length_min) over person),
            false
        )
        and not coalesce(
            wake_at > lead(onset_at) over person
            and (is_credible, length_min)
                <= (lead(is_credible) over person, lead(length_min) over person),
            false
        )
)

select
    c.participant_id,
    c.sleep_date,
    c.connector,
    c.device,
    c.episode_number,
    case
        when c.episode_number = m.episode_number then 'main'
        when c.length_min between rule_nap_min_min() and rule_nap_max_min()
            and extract(hour from c.onset_local) between 9 and 21
            then 'nap'
        else 'secondary'
    end as part,
    c.onset_at,
    c.wake_at,
    c.length_min,
    c.total_sleep_min
from candidate as c
join main as m using (participant_id, sleep_date, connector, device)
where c.is_credible or c.episode_number = m.episode_number
