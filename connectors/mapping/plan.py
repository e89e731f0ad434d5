"""A mapping as SQL: the plan by which rows of text become samples, daily values and episodes.

Columns are known as k0, k1, ... in the order of `Mapping.columns`; a name or a text of the mapping
gets into SQL as a quoted text alone.
"""

from __future__ import annotations

from collections.abc import Iterable

from connectors.mapping.model import (
    DURATIONS,
    EPOCH_MS,
    EPOCH_S,
    ISO,
    LOCAL,
    UTC,
    End,
    Episode,
    Mapping,
    Measure,
    Where,
)
from connectors.reading.table import Interval, Number, Plan, parsed, text
from connectors.reading.text_sql import dated, epoch, instant, later, offset_min, wall

SKIPPED = "skipped_by_mapping"
LAST_S, LAST_MS = 4_102_444_800, 4_102_444_800_000  # 2100
DAY_ALONE = "%Y-%m-%d"


def plan_of(mapping: Mapping) -> Plan:
    """How to read a row of the mapping's columns."""
    columns = _Columns(mapping)
    start = columns.joined(mapping.time.columns)
    times = _starts(mapping, columns, start)
    end_text = "null"
    if mapping.end is not None:
        end_text, ends = _ends(mapping.end, columns, times)
        times = {**times, **ends}
    if mapping.daily:
        at = times.get("start_wall") or f"timezone('UTC', {times['start_utc']})"
        times["date"] = f"cast({at} as date)"
        if not (mapping.sample or mapping.episode):  # a date has no instant
            times = {"date": times["date"]}
    has_sleep = any(each.kind == "sleep" for each in mapping.episode)
    own = f"strftime({_first(times)}, '%Y-%m-%dT%H:%M:%S')" if has_sleep else ""
    key = columns.cell(mapping.key) if mapping.key else own
    device = columns.cell(mapping.device_column) if mapping.device_column else text(mapping.device)
    skip = columns.where(mapping.skip)
    return Plan(
        stamp=start,
        stamp_column=" ".join(mapping.time.columns),
        times=times,
        numbers=(
            *(_number(columns, each) for each in mapping.sample),
            *(_number(columns, each, is_daily=True) for each in mapping.daily),
        ),
        intervals=tuple(
            _interval(columns, each, key or own, start, end_text) for each in mapping.episode
        ),
        end=end_text,
        end_column=_end_name(mapping.end),
        more={"device": device, **({"key": key} if key else {})},
        subject=columns.cell(mapping.subject) if mapping.subject else None,
        skip=f"case when {skip} then {text(SKIPPED)} end" if mapping.skip else "null",
        raw=tuple(f"k{i}" for i, name in enumerate(mapping.columns) if name in mapping.used()),
    )


class _Columns:
    """Cells by the name of their column, without the texts that mean nothing."""

    def __init__(self, mapping: Mapping) -> None:
        self.mapping = mapping
        self.absent = tuple(sorted({word.lower() for word in mapping.absent} - {""}))

    def cell(self, name: str) -> str:
        """SQL: the text of a column."""
        return f"k{self.mapping.columns.index(name)}"

    def number(self, name: str) -> str:
        """SQL: the text of a column with a decimal point."""
        cell = self.cell(name)
        return f"replace({cell}, ',', '.')" if self.mapping.decimal == "," else cell

    def told(self, name: str) -> str:
        """SQL: the text of a column, NULL where it says nothing."""
        listed = ", ".join(text(word) for word in ("", *self.absent))
        return f"case when lower({self.cell(name)}) not in ({listed}) then {self.cell(name)} end"

    def joined(self, names: Iterable[str]) -> str:
        """SQL: date and time as one text; NULL where any of them says nothing."""
        return " || ' ' || ".join(f"({self.told(name)})" for name in names)

    def where(self, conditions: Iterable[Where]) -> str:
        """SQL: whether every condition holds; true without any."""
        tests = [
            f"lower({self.cell(each.column)}) in "
            f"({', '.join(text(word.lower()) for word in each.equals) or 'null'})"
            for each in conditions
        ]
        return " and ".join(tests) or "true"


def _starts(mapping: Mapping, columns: _Columns, told: str) -> dict[str, str]:
    """Clocks of the start, by what the mapping says of them."""
    time = mapping.time
    at = _wall(told, time.formats)
    moved = {
        "evening": f"{at} + case when hour({at}) < 12 then interval 1 day else interval 0 day end",
        "morning": f"{at} - case when hour({at}) >= 12 then interval 1 day else interval 0 day end",
    }.get(time.date_of, at)
    stated = _epoch(told, time.formats)
    if stated is None and ISO in time.formats:
        stated = instant(told)
    if time.offset:
        cell = columns.number(time.offset)
        minutes = f"try_cast({cell} as double) * {60 if time.offset_unit == 'h' else 1}"
        signed = offset_min(f"'2000-01-01 00:00' || {columns.cell(time.offset)}")
        offset = f"""coalesce({signed}, case when abs({minutes}) <= 840
            then cast(round({minutes}) as smallint) end)"""
        return {"start_wall": moved, "start_offset_min": offset, **_optional("start_utc", stated)}
    offset = offset_min(told) if ISO in time.formats else "null"
    if time.clock == LOCAL:
        return {"start_wall": moved, "start_offset_min": offset, **_optional("start_utc", stated)}
    if time.clock == UTC:
        utc = f"timezone('UTC', {moved})"
        return {"start_utc": f"coalesce({stated}, {utc})" if stated else utc}
    placed = _in_zone(moved, time.clock)
    utc = f"coalesce({stated}, {placed})" if stated else placed
    return {"start_utc": utc, "start_wall": moved, "zone": text(time.clock)}


def _in_zone(moment: str, zone: str) -> str:
    """SQL: the instant of a wall clock, where it showed that time exactly once."""
    utc = f"timezone({text(zone)}, {moment})"
    shown = [f"timezone({text(zone)}, {utc} {step})" for step in ("", "- interval 1 hour",
                                                                  "+ interval 1 hour")]  # fmt: skip
    return f"""case when {shown[0]} = {moment} and {shown[1]} <> {moment}
        and {shown[2]} <> {moment} then {utc} end"""


def _wall(told: str, formats: tuple[str, ...]) -> str:
    plain = [each for each in formats if each not in (ISO, EPOCH_S, EPOCH_MS)]
    found = [parsed(told, *plain)] if plain else []
    if ISO in formats:
        found += [wall(told), parsed(told, DAY_ALONE)]
    return f"coalesce({', '.join(found)})" if found else "cast(null as timestamp)"


def _epoch(told: str, formats: tuple[str, ...]) -> str | None:
    for name, last, per_second in ((EPOCH_S, LAST_S, 1), (EPOCH_MS, LAST_MS, 1000)):
        if name in formats:
            number = f"try_cast({told} as double)"
            return f"case when {number} between 1 and {last} then {epoch(told, per_second)} end"
    return None


def _optional(name: str, told: str | None) -> dict[str, str]:
    return {name: told} if told else {}


def _first(times: dict[str, str]) -> str:
    at = times.get("start_wall")
    utc = f"timezone('UTC', {times['start_utc']})" if "start_utc" in times else None
    return f"coalesce({', '.join(each for each in (at, utc) if each)})"


def _ends(end: End, columns: _Columns, times: dict[str, str]) -> tuple[str, dict[str, str]]:
    """The text of the end, and its clocks."""
    clocks = [side for side in ("utc", "wall") if f"start_{side}" in times]
    if end.duration:
        told = columns.told(end.duration)
        seconds = f"try_cast({columns.number(end.duration)} as double) * {DURATIONS.get(end.unit)}"
        if end.unit == "h:mm":
            part = f"regexp_extract({columns.cell(end.duration)}, '^(\\d+):(\\d\\d)$', ['h', 'm'])"
            seconds = f"try_cast({part}.h as double) * 3600 + try_cast({part}.m as double) * 60"
        return told, {f"end_{s}": later(times[f"start_{s}"], seconds) for s in clocks}
    told = columns.joined(end.columns)
    at = _wall(told, end.formats)
    if not any("%d" in each or "%j" in each or "%-d" in each for each in end.formats) and (
        set(end.formats) & {ISO, EPOCH_S, EPOCH_MS} == set()
    ):
        return told, {f"end_{s}": _next(times[f"start_{s}"], at, s) for s in clocks}
    stated = _epoch(told, end.formats) or (instant(told) if ISO in end.formats else None)
    if times.get("start_wall") is None:
        utc = f"timezone('UTC', {at})"
        return told, {"end_utc": f"coalesce({stated}, {utc})" if stated else utc}
    more = {"end_offset_min": offset_min(told)} if ISO in end.formats else {}
    if "zone" in times:
        zone = times["zone"].strip("'")
        placed = _in_zone(at, zone)
        more["end_utc"] = f"coalesce({stated}, {placed})" if stated else placed
    elif stated:
        more["end_utc"] = stated
    return told, {"end_wall": at, **more}


def _next(start: str, clock: str, side: str) -> str:
    """SQL: the next time, after a start, that the clock shows a time of day."""
    first = f"timezone('UTC', {start})" if side == "utc" else start
    same = f"date_trunc('day', {first}) + ({clock} - date_trunc('day', {clock}))"
    found = dated(f"({same} + case when {same} < {first} then interval 1 day"
                  " else interval 0 day end)")  # fmt: skip
    return f"timezone('UTC', {found})" if side == "utc" else found


def _end_name(end: End | None) -> str:
    return (end.duration or " ".join(end.columns)) if end else ""


def _number(columns: _Columns, rule: Measure, is_daily: bool = False) -> Number:
    return Number(
        columns.number(rule.value),
        rule.metric,
        rule.unit,
        rule.value,
        metric_column=rule.metric_column,
        unit_column=rule.unit_column,
        metric_sql=_meant(columns, rule.metric_column, rule.metrics),
        unit_sql=_meant(columns, rule.unit_column, rule.units),
        absent=columns.absent,
        is_zero_nothing=rule.zero_is_nothing,
        low=(tuple(word.lower() for word in rule.low), rule.low_limit),
        high=(tuple(word.lower() for word in rule.high), rule.high_limit),
        when=columns.where(rule.where) if rule.where else "",
        spans=rule.spans,
        device=rule.device,
        shape="daily" if is_daily else "sample",
    )


def _meant(columns: _Columns, column: str, words: dict[str, str]) -> str:
    """SQL: what the text of a column means; the text itself without a table; '' for no column."""
    if not column:
        return ""
    cell = columns.cell(column)
    if not words:
        return f"nullif({cell}, '')"
    cases = " ".join(f"when {text(a.lower())} then {text(b)}" for a, b in words.items())
    return f"case lower({cell}) {cases} end"


def _interval(columns: _Columns, rule: Episode, own: str, start: str, end: str) -> Interval:
    """An episode of a row whose time says something; a sleep and a stage end, too."""
    label = text(rule.label) if rule.label else "null"
    if rule.label_column:
        label = _meant(columns, rule.label_column, rule.labels)
    if rule.kind == "sleep":
        label = text(rule.label or "sleep")
    session = columns.cell(rule.session) if rule.session else own or "null"
    needs = [columns.where(rule.where), f"({start}) is not null"]
    if rule.kind in ("sleep", "sleep_stage"):
        needs.append(f"({end}) is not null")
    if rule.kind == "sleep_stage":
        needs.append(f"{label} is not null")
    return Interval(
        " and ".join(needs),
        rule.kind,
        label,
        session if rule.kind in ("sleep", "sleep_stage") else "null",
        spans=rule.kind != "meal",
    )
