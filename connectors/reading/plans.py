"""What a plan of columns says: where a row's time, numbers and intervals stand, in SQL."""

from __future__ import annotations

from dataclasses import dataclass, field

from connectors.contract import Shape


@dataclass(frozen=True)
class Number:
    """A cell with a number. `cell` is SQL over the columns of text.

    metric, unit    the words; or, with `metric_sql` and `unit_sql`, SQL that tells them per row
                    (NULL is a code or a unit that is not known)
    column          its name in the file, for rejects; `metric_column`, `unit_column` if others
    absent          texts, in lower case, that say nothing; `is_zero_nothing` if 0 says the same
    low, high       texts, in lower case, that say "below" or "above", and the limit they mean
    sign            '<' or '>' if every such number is a bound
    floor, ceiling  a number that says "below" or "above", and the limit that it means
    when            SQL: rows that have this number at all
    spans           whether it is of the whole interval to the row's end
    device, shape   what measured it, if not the row's device; sample, or daily for a date
    """

    cell: str
    metric: str = ""
    unit: str = ""
    column: str = ""
    metric_column: str = ""
    unit_column: str = ""
    metric_sql: str = ""
    unit_sql: str = ""
    absent: tuple[str, ...] = ()
    is_zero_nothing: bool = False
    low: tuple[tuple[str, ...], float | None] = ((), None)
    high: tuple[tuple[str, ...], float | None] = ((), None)
    sign: str = ""
    floor: tuple[float, float] | None = None
    ceiling: tuple[float, float] | None = None
    when: str = ""
    spans: bool = False
    device: str = ""
    shape: Shape = "sample"


@dataclass(frozen=True)
class Interval:
    """An episode that a row tells: SQL that says when, of what kind, and in which words. It `spans`
    the time to the row's end, or not, as a meal beside a walk."""

    when: str
    kind: str
    label: str = "null"
    session: str = "null"
    spans: bool = True


@dataclass(frozen=True)
class Plan:
    """Where things stand in a row.

    stamp     SQL: the text of the time, NULL or '' where there is none; stamp_column its name
    times     SQL for columns of table.TIMES, and `date` for daily values
    end       SQL: the text of the end, if there is one; end_column its name
    more      SQL for device, key, clock_id, clock_s
    subject   SQL: whose the record is; a row without it is a reject
    skip      SQL: a reason to leave the row out, NULL for none; `nothing` if it is empty
    raw       columns that a reject keeps
    """

    stamp: str
    stamp_column: str
    times: dict[str, str]
    numbers: tuple[Number, ...] = ()
    intervals: tuple[Interval, ...] = ()
    end: str = "null"
    end_column: str = ""
    more: dict[str, str] = field(default_factory=dict)
    subject: str | None = None
    skip: str = "null"
    nothing: str = "nothing_measured"
    raw: tuple[str, ...] = ()
