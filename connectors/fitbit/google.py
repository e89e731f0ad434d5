"""The CSVs that Google has written into a Takeout since 2025 (folders named `..._GoogleData`).

Instants are UTC, `2026-04-12 05:45:30+0000` or `2026-09-11T17:30:00Z`; sleeps state the offset at
the recording beside them (`-04:00`). Daily rows of `T00:00:00Z` mean the date. `data source`
names the device or the app; several tell the same minutes.

The generation of 2025 has no `algorithm_version`, writes the wall clock with `+0000`, and its
offsets mean nothing. Source: 316 of 318 `sleep_start` are the local start of the sleep log, also
beside `-07:00`. Of scores the header is the same in both, so they stand at the wall clock that the
text and its offset come to. `sleep_created` is a true instant in both, of when it was uploaded.

Since 2026 every night is there twice, by `sleep_session_v1` and `sleep_session_v2`, under other ids
and bounds. Rule: from the first sleep of v2 in a file on, v2 tells the nights, and rows of v1 are
skipped. Stages say `sleep_stages_v1`, `..._v2`, `restlessness` or `none`, which is no word on their
sleep: all are carried, and count where their sleep is one of those that are kept.
`sleep_type` is how a sleep was staged (STAGES, CLASSIC), not whether it was a nap. Stages are in
no order. Of the scores' and the totals' numbers -1 is "not computed".
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from connectors.contract import Drift, Item, Source, shaped
from connectors.fitbit.sheet import (
    instant,
    marked_wall,
    number,
    offset_min,
    raw,
    sheet,
    sorted_out,
    totals,
)
from connectors.reading.query import query

SLEEPS = "sleep_id,sleep_type,start_utc_offset,sleep_start,end_utc_offset,sleep_end"
SLEEPS_OTHERS = (
    "minutes_in_sleep_period,minutes_after_wake_up,minutes_to_fall_asleep,minutes_asleep,"
    "minutes_awake,minutes_longest_awakening,minutes_to_persistent_sleep,data_source,"
    "algorithm_version,sleep_created,sleep_last_updated"
)
STAGES = (
    "sleep_id,sleep_stage_id,sleep_stage_type,start_utc_offset,sleep_stage_start,"
    "end_utc_offset,sleep_stage_end"
)
STAGES_OTHERS = "data_source,algorithm_version,sleep_stage_created,sleep_stage_last_updated"
SCORES = "sleep_id,sleep_score_id,score_utc_offset,score_time,overall_score"
SCORES_OTHERS = (
    "data_source,duration_score,composition_score,revitalization_score,sleep_time_minutes,"
    "deep_sleep_minutes,rem_sleep_percent,resting_heart_rate,sleep_goal_minutes,"
    "waso_count_long_wakes,waso_count_all_wake_time,restlessness_normalized,hr_below_resting_hr,"
    "sleep_score_created,sleep_score_last_updated"
)
OLD, NEW = "sleep_session_v1", "sleep_session_v2"
STAGERS = (OLD, NEW, "sleep_stages_v1", "sleep_stages_v2", "restlessness", "none")
STAGE_TYPES = {
    "AWAKE": "awake",
    "RESTLESS": "awake",
    "LIGHT": "light",
    "DEEP": "deep",
    "REM": "rem",
    "ASLEEP": "asleep_unspecified",
}
TOTALS = {
    "time_in_bed": "minutes_in_sleep_period",
    "total_sleep_time": "minutes_asleep",
    "latency_to_sleep_onset": "minutes_to_fall_asleep",
    "wake_after_sleep_onset": "minutes_awake",
    "wake_after_final_awakening": "minutes_after_wake_up",
}


def sleeps(source: Source, is_wall: bool = False) -> Iterator[Item]:
    """Sessions, the time in bed (all of the sleep period) as a stage row, and totals.

    Skips: `older_algorithm`.
    """
    table, items = sheet(source, SLEEPS, SLEEPS_OTHERS)
    yield from items
    yield from _unknown(table, "sleep_type", ("STAGES", "CLASSIC"))
    yield from _unknown(table, "algorithm_version", (OLD, NEW))
    told = [name for name, column in TOTALS.items() if column in table.column_names]
    columns = "".join(f", {TOTALS[name]} as {name}" for name in told)
    columns = f"'sleep' as label, sleep_id as key{columns}"
    good, items = sorted_out(query(_spans_sql(table, "sleep", columns, is_wall), rows=table))
    yield from items
    if good.num_rows:
        sessions = good.drop_columns(told)
        yield shaped("episode", sessions)
        yield shaped("episode", query(_IN_BED, sessions=sessions))
        yield from totals(good, told)


def stages(source: Source, is_wall: bool = False) -> Iterator[Item]:
    """Stage rows, in the order of the file."""
    table, items = sheet(source, STAGES, STAGES_OTHERS)
    yield from items
    yield from _unknown(table, "algorithm_version", STAGERS)
    words = " ".join(f"when '{word}' then '{stage}'" for word, stage in STAGE_TYPES.items())
    columns = f"case sleep_stage_type {words} end as label, nullif(sleep_stage_id, '') as key"
    good, items = sorted_out(query(_spans_sql(table, "sleep_stage", columns, is_wall), rows=table))
    yield from items
    if good.num_rows:
        yield shaped("episode", good)


def scores(source: Source) -> Iterator[Item]:
    """Samples of the overall score, tied to their sleep by key. Skips: `not_computed` (-1)."""
    table, items = sheet(source, SCORES, SCORES_OTHERS)
    yield from items
    sql = f"""
        with typed as (
            select *, {offset_min("score_utc_offset")} as offset_min,
                timezone('UTC', {instant("score_time")}) + to_minutes(coalesce(offset_min, 0))
                    as start_wall,
                {number("overall_score")} as number
            from rows
        )
        select record, 'sleep_score' as metric, start_wall, number as value,
            '{{score}}' as unit, {_device(table)} as device, nullif(sleep_id, '') as key,
            case when not is_short and number = -1 then 'not_computed' end as skip,
            case when skip is not null then null when is_short then 'ragged_row'
                 when score_time = '' then 'missing_time'
                 when start_wall is null or (offset_min is null and score_utc_offset <> '')
                 then 'unreadable_time'
                 when overall_score = '' then 'missing_value'
                 when number is null or isnan(number) then 'unreadable_number' end as code,
            case when is_short then null
                 when start_wall is null then 'score_time'
                 when code like '%time' then 'score_utc_offset'
                 else 'overall_score' end as field,
            {raw(table)} as raw
        from typed
    """
    good, items = sorted_out(query(sql, rows=table))
    yield from items
    if good.num_rows:
        yield shaped("sample", good)


_IN_BED = "select * replace ('sleep_stage' as kind, 'in_bed' as label) from sessions"


def _spans_sql(table: pa.Table, what: str, columns: str, is_wall: bool) -> str:
    """Every row of sleeps or stages with its two times and its outcome."""
    start, end = f"{what}_start", f"{what}_end"
    if is_wall:
        # stages stay in the offset of their sleep's start, as those of the logs do
        anchor = "min(start_wall) over (partition by sleep_id)" if what == "sleep_stage" else "null"
        clocks = f"""{marked_wall(start)} as start_wall, {marked_wall(end)} as end_wall,
            false as has_odd_offset"""
        times = f"start_wall, end_wall, {anchor}::timestamp as anchor_wall"
        first, last, odd_one = "start_wall", "end_wall", "null"
    else:
        odd = [f"({o}_offset_min is null and {o}_utc_offset <> '')" for o in ("start", "end")]
        clocks = f"""{instant(start)} as start_utc, {offset_min("start_utc_offset")}
            as start_offset_min, {instant(end)} as end_utc, {offset_min("end_utc_offset")}
            as end_offset_min, {" or ".join(odd)} as has_odd_offset"""
        times = "start_utc, start_offset_min, end_utc, end_offset_min"
        first, last = "start_utc", "end_utc"
        odd_one = f"if({odd[0]}, 'start_utc_offset', 'end_utc_offset')"
    is_old = "false"
    if what == "sleep" and "algorithm_version" in table.column_names:
        newer = f"min({first}) filter (algorithm_version = '{NEW}') over ()"
        is_old = f"coalesce(algorithm_version = '{OLD}' and {last} > {newer}, false)"
    return f"""
        with typed as (select *, {clocks} from rows)
        select record, '{what}' as kind, {columns}, sleep_id as session, {times},
            {_device(table)} as device,
            case when {is_old} and not is_short then 'older_algorithm' end as skip,
            case when skip is not null then null when is_short then 'ragged_row'
                 when sleep_id = '' then 'missing_value'
                 when {start} = '' or {end} = '' then 'missing_time'
                 when {first} is null or {last} is null or has_odd_offset then 'unreadable_time'
                 when {last} < {first} then 'end_before_start'
                 when label is null then 'unknown_code' end as code,
            case when code = 'missing_value' then 'sleep_id'
                 when code = 'unknown_code' then '{what}_type'
                 when code <> 'ragged_row' then
                     case when {first} is null then '{start}' when {last} is null then '{end}'
                          when code = 'unreadable_time' then {odd_one} else '{end}' end
                 end as field,
            {raw(table)} as raw
        from typed order by record
    """


def _device(table: pa.Table) -> str:
    return "nullif(data_source, '')" if "data_source" in table.column_names else "null::varchar"


def _unknown(table: pa.Table, column: str, known: tuple[str, ...]) -> Iterator[Drift]:
    """Codes of a column that nobody has told us about."""
    if column in table.column_names:
        codes = pc.unique(table[column].combine_chunks()).to_pylist()
        yield from (Drift(f"{column} {code}") for code in codes if code and code not in known)
