"""SQL expressions over a text column: the time or number it states, and nothing it does not.

`2023-11-17T03:32:37+0100` states an instant, a wall clock and an offset; with Z only an instant;
with neither only a wall clock. Every expression is NULL where the text does not state the thing.

DuckDB's casts take more than any vendor writes: `infinity` and `epoch` for times, `1_000`, `0x1F`
and `0b1` for numbers. A cell like that is damaged or no time at all, so it is read as nothing here.
"""

from __future__ import annotations

_WRITTEN = r"^\d{4}-\d\d?-\d\d?[T ]\d\d?:\d\d"  # a year of five digits is no time of anybody
_OFFSET = r"[T ]\d\d?:\d\d.*([+-])(\d\d):?(\d\d)$"
_ZONED = _WRITTEN + r".*(Z|[+-]\d\d:?\d\d)$"

FIRST_S, LAST_S = -62_135_596_800, 253_402_300_799  # the years 1 to 9999, from 1970 on
LONGEST_S = 1e11  # three thousand years: beyond it is no duration, and no timestamp holds the end


def dated(moment: str) -> str:
    """A timestamp or date of the years 1 to 9999, which every calendar has.

    Compared and not asked for its year, which is 1 for an instant in the year before.
    """
    return f"case when {moment} >= '0001-01-01' and {moment} < '10000-01-01' then {moment} end"


def later(start: str, seconds: str) -> str:
    """The timestamp so many seconds (a double) after `start`; NULL out of the calendar."""
    bounded = f"case when abs({seconds}) < {LONGEST_S} then {seconds} end"
    length = f"to_microseconds(cast({bounded} * 1e6 as bigint))"
    return dated(f"({start} + {length})")


def epoch(text: str, per_second: int = 1) -> str:
    """A timestamptz: so many seconds (or parts of one) after 1970; NULL out of the calendar."""
    count, ends = f"try_cast({text} as double)", (FIRST_S * per_second, LAST_S * per_second)
    told = f"case when {count} between {ends[0]} and {ends[1]} then {count} end"
    return f"make_timestamptz(cast({told} * 1e6 / {per_second} as bigint))"


def number(text: str) -> str:
    """A finite double, written in digits without underscores."""
    told = f"try_cast({text} as double)"
    return f"case when isfinite({told}) and not contains({text}, '_') then {told} end"


def integer(text: str) -> str:
    """A bigint, in decimal digits."""
    is_decimal = f"not regexp_matches({text}, '[_a-df-zA-DF-Z]')"  # an e may be an exponent
    return f"case when {is_decimal} then try_cast({text} as bigint) end"


def elements(text: str, path: str = "$[*]") -> str:
    """The elements of the JSON list at `path` of a text, which are none if it is no list."""
    return f"json_extract(case when json_valid({text}) then {text} end, '{path}')"


def date(text: str) -> str:
    """A date of the calendar, of a text that begins with its year."""
    told = dated(f"try_cast({text} as date)")
    return f"case when regexp_matches({text}, '^\\s*\\d') then {told} end"


def written(text: str, formats: str) -> str:
    """A timestamp in one of some formats (a literal of SQL): not a word that stands for one."""
    told = dated(f"try_strptime({text}, {formats})")
    return f"case when regexp_matches({text}, '\\d') then {told} end"


def instant(text: str) -> str:
    """A timestamptz, where Z or an offset is written."""
    told = dated(f"try_cast({text} as timestamptz)")
    return f"case when regexp_matches({text}, '{_ZONED}') then {told} end"


def wall(text: str) -> str:
    """A timestamp as the clock on the wall showed it: not where only Z is written."""
    bare = rf"regexp_replace({text}, '\s*[+-]\d\d:?\d\d$', '')"
    return (
        f"case when {text} not like '%Z' and regexp_matches({text}, '{_WRITTEN}')"
        f" then {dated(f'try_cast({bare} as timestamp)')} end"
    )


def offset_min(text: str) -> str:
    """Minutes of the written offset (smallint); 0 where +00:00 is written, NULL for Z."""
    part = f"regexp_extract({text}, '{_OFFSET}', ['sign', 'h', 'm'])"
    return (
        f"case when regexp_matches({text}, '{_OFFSET}') then ({part}.sign || '1')::smallint"
        f" * ({part}.h::smallint * 60 + {part}.m::smallint) end"
    )


def raw(*keys: str) -> str:
    """The values of the keys, as a reject keeps them."""
    cells = ", ".join(f"""coalesce("{key}", '')""" for key in keys)
    return f"concat_ws('|', {cells})"
