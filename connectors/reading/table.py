"""Rows of text to samples, daily values, episodes, skips and rejects, by a plan of the columns.

A plan says in SQL where a row's time, numbers and words stand; `planned` does what is the same for
all tables: a row without any number is skipped, a number or a time that cannot be read is a reject
with its column's name, and what a row says besides is carried all the same.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from connectors.contract import Item, Shape, Skip, shaped
from connectors.reading.plans import Interval as Interval
from connectors.reading.plans import Number as Number
from connectors.reading.plans import Plan as Plan
from connectors.reading.query import query
from connectors.reading.text_sql import dated, number

TIMES = (
    *("start_utc", "start_wall", "start_offset_min", "end_utc", "end_wall", "end_offset_min"),
    *("anchor_wall", "zone"),
)
_TYPES = {
    **dict.fromkeys(("start_utc", "end_utc"), "timestamptz"),
    **dict.fromkeys(("start_wall", "end_wall", "anchor_wall"), "timestamp"),
    **dict.fromkeys(("start_offset_min", "end_offset_min"), "smallint"),
}


def planned(rows: pa.Table, plan: Plan) -> Iterator[Item]:
    """Batches, skips and rejects of rows with the column `record`. Totals are the caller's."""
    judged = query(_judged(plan), rows=rows)
    counts = query(
        "select skip, count(*) as n from judged where skip is not null group by skip order by skip",
        judged=judged,
    )
    for row in counts.to_pylist():
        yield Skip(row["skip"], row["n"])
    for shape in ("sample", "daily"):
        if any(each.shape == shape for each in plan.numbers):
            yield shaped(shape, query(_numbers_sql(plan, shape), judged=judged))
    if plan.intervals:
        yield shaped("episode", query(_intervals_sql(plan), judged=judged))
    yield shaped(
        "reject",
        query(
            """select record, split_part(fault, ':', 1) as code,
                nullif(substr(fault, instr(fault, ':') + 1), '') as field, raw, subject
            from judged where fault is not null and skip is null order by record""",
            judged=judged,
        ),
    )


def parsed(told: str, *formats: str) -> str:
    """SQL: the wall clock that a text tells in one of the formats of strptime."""
    return dated(f"try_strptime({told}, [{', '.join(text(each) for each in formats)}])")


def text(word: str) -> str:
    """A word as SQL writes it."""
    return "'" + word.replace("'", "''") + "'"


def _judged(plan: Plan) -> str:
    """Every row with its times, numbers, and whether it is skipped or rejected."""
    times = ", ".join(
        f"cast({plan.times.get(name, 'null')} as {_TYPES.get(name, 'varchar')}) as {name}"
        for name in TIMES
    )
    more = ", ".join(
        f"nullif(cast({plan.more[name]} as varchar), '') as {name}"
        if name in plan.more
        else f"cast(null as varchar) as {name}"
        for name in ("device", "key", "clock_id")
    )
    cells = "".join(f", {_cell(each)} as text_{i}" for i, each in enumerate(plan.numbers))
    when = "".join(f", coalesce({e.when}, false) as told_{i}" for i, e in enumerate(plan.intervals))
    words = "".join(
        f", cast({e.label} as varchar) as label_{i}, cast({e.session} as varchar) as session_{i}"
        for i, e in enumerate(plan.intervals)
    )
    values = "".join(_value(i, each) for i, each in enumerate(plan.numbers))
    kept = ", ".join(f"coalesce({name}, '')" for name in plan.raw) or "''"
    return f"""
    with typed as (
        select record, nullif({plan.stamp}, '') as stamp, {times}, nullif({plan.end}, '') as ending,
            cast({plan.times.get("date", "null")} as date) as date, {more},
            cast({plan.more.get("clock_s", "null")} as bigint) as clock_s,
            nullif(cast({plan.subject or "null"} as varchar), '') as subject,
            {plan.skip} as left_out, concat_ws('|', {kept}) as raw{cells}{when}{words}{_told(plan)}
        from rows
    ), valued as (
        select *{values} from typed
    ), skipped as (
        select *, case when left_out is not null then left_out
            when {_nothing(plan)} then {text(plan.nothing)} end as skip
        from valued
    )
    select *, {_fault(plan)} as fault from skipped
    """


def _cell(each: Number) -> str:
    """The text of a number, NULL where there is none."""
    absent = ", ".join(text(word) for word in ("", *each.absent))
    told = f"case when lower(trim({each.cell})) not in ({absent}) then trim({each.cell}) end"
    if each.is_zero_nothing:
        told = f"case when try_cast({each.cell} as double) is distinct from 0 then {told} end"
    return f"case when {each.when} then {told} end" if each.when else told


def _told(plan: Plan) -> str:
    """The metric and the unit of each number, where the row tells them."""
    return "".join(
        f", cast({each.metric_sql or text(each.metric)} as varchar) as metric_{i}"
        f", cast({each.unit_sql or text(each.unit)} as varchar) as unit_{i}"
        for i, each in enumerate(plan.numbers)
    )


def _value(i: int, each: Number) -> str:
    """The value and the bound of a number."""
    plain = number(f"text_{i}")
    cases = [
        (f"lower(text_{i}) in ({', '.join(text(word) for word in words)})", limit, sign)
        for (words, limit), sign in ((each.low, "<"), (each.high, ">"))
        if words and limit is not None
    ]
    cases += [
        (f"{plain} = {told[0]}", told[1], sign)
        for told, sign in ((each.floor, "<"), (each.ceiling, ">"))
        if told is not None
    ]
    limits = " ".join(f"when {case} then {limit}" for case, limit, _ in cases)
    signs = " ".join(f"when {case} then '{sign}'" for case, _, sign in cases)
    value = f"case {limits} else {plain} end" if cases else plain
    bound = f"case {signs} end" if cases else text(each.sign) if each.sign else "null"
    return f", {value} as value_{i}, {bound} as bound_{i}"


def _nothing(plan: Plan) -> str:
    """Whether a row tells nothing at all."""
    each = [f"text_{i} is null" for i in range(len(plan.numbers))]
    each += [f"not told_{i}" for i in range(len(plan.intervals))]
    return " and ".join(each) or "true"


def _fault(plan: Plan) -> str:
    """The first thing that is wrong with a row, as code:column; NULL for nothing."""
    named = text(plan.stamp_column)
    cases = [
        "when skip is not null then null",
        f"when stamp is null then 'missing_time:' || {named}",
        "when start_utc is null and start_wall is null and date is null"
        f" then 'unreadable_time:' || {named}",
    ]
    if plan.subject is not None:
        cases.append("when subject is null then 'missing_value:subject'")
    if plan.end_column:
        cases += [
            "when ending is not null and end_utc is null and end_wall is null"
            f" then 'unreadable_time:' || {text(plan.end_column)}",
            "when end_utc < start_utc or end_wall < start_wall"
            f" then 'end_before_start:' || {text(plan.end_column)}",
            *(
                f"when told_{i} and ending is null then 'missing_time:' || {text(plan.end_column)}"
                for i, each in enumerate(plan.intervals)
                if each.kind == "sleep_stage"
            ),
        ]
    for i, each in enumerate(plan.numbers):
        column = each.column or each.metric
        cases += [
            f"when text_{i} is not null and {what} is null then '{code}:' || {text(place)}"
            for what, code, place in (
                (f"metric_{i}", "unknown_code", each.metric_column or column),
                (f"unit_{i}", "unknown_unit", each.unit_column or column),
                (f"value_{i}", "unreadable_number", column),
            )
        ]
    return f"case {' '.join(cases)} end"


_WHOSE = "skip is null and (subject is not null or not {needed})"


def _kept(plan: Plan, at: str, spans: bool) -> str:
    """Rows whose time and person are known, and that do not end before they start; and whose end
    can be read, for what spans them."""
    ends = " and (fault is null or not starts_with(fault, 'end_before_start'))"
    if spans and plan.end_column:
        ends += " and (ending is null or end_utc is not null or end_wall is not null)"
    return f"{_WHOSE.format(needed=plan.subject is not None)} and {at}{ends}"


def _times(spans: bool) -> str:
    return ", ".join(name for name in TIMES if spans or not name.startswith("end"))


def _numbers_sql(plan: Plan, shape: Shape) -> str:
    daily = shape == "daily"
    at = "date is not null" if daily else "(start_utc is not null or start_wall is not null)"
    return (
        " union all by name ".join(
            f"""select record, metric_{i} as metric, value_{i} as value, unit_{i} as unit,
            {"date" if daily else f"{_times(each.spans)}, clock_id, clock_s, bound_{i} as bound"},
            {text(each.device) if each.device else "device"} as device, key, subject
        from judged where value_{i} is not null and metric_{i} is not null
            and unit_{i} is not null and {_kept(plan, at, each.spans)}"""
            for i, each in enumerate(plan.numbers)
            if each.shape == shape
        )
        + " order by record, metric"
    )


def _ended(each: Interval) -> str:
    """A stage without an end has no length: it is a reject, and nothing else."""
    ends = " and (end_utc is not null or end_wall is not null)"
    return ends if each.kind == "sleep_stage" else ""


def _intervals_sql(plan: Plan) -> str:
    at = "(start_utc is not null or start_wall is not null)"
    return (
        " union all by name ".join(
            f"""select record, {text(each.kind)} as kind, nullif(label_{i}, '') as label,
            nullif(session_{i}, '') as session, {_times(each.spans)}, device, key, subject
        from judged where told_{i} and {_kept(plan, at, each.spans)}{_ended(each)}"""
            for i, each in enumerate(plan.intervals)
        )
        + " order by record, kind"
    )
