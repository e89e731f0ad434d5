"""Glucose in mmol/L for who thinks in it: the same rows, under names of their own.

Relations keep mg/dL. A column whose name has `mgdl` becomes one with `mmoll`; where a row tells its
unit, value and unit change together. Nothing is a mix: it is all of a table, or nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

MGDL_PER_MMOLL = 18.0156  # molar mass 180.156 g/mol (C6H12O6, IUPAC atomic weights)
NUMERIC = ("DOUBLE", "FLOAT", "DECIMAL", "BIGINT", "INTEGER", "HUGEINT", "SMALLINT", "TINYINT")
SLOPES = ("slope", "slope_low", "slope_high", "detectable_slope")
NAMES = ("exposure", "outcome")  # hold names of columns
_TOKEN = re.compile(r"(?<![a-z])mgdl(?![a-z])")
# 10 mg/dL of `per 10 mg/dL`
_PER = r"per ([0-9.]+ )?mg/dL"


def renamed(column: str) -> str:
    """The name of a column in mmol/L: the same, if it is of something else."""
    return _TOKEN.sub("mmoll", column)


def meaning(column: str, text: str) -> str:
    """What a column means, in mmol/L; limits in a text stay as they are."""
    return text if renamed(column) == column else re.sub(r"(?<!\d )mg/dL", "mmol/L", text)


def converted(value: object) -> object:
    """A value of a column in mg/dL in mmol/L; what is not known stays so."""
    return value / MGDL_PER_MMOLL if isinstance(value, int | float) else value


def selected(columns: Sequence[tuple[str, str]]) -> str:
    """The SELECT list that gives columns (name, DuckDB type) in mmol/L, in their order."""
    kinds = dict(columns)
    return ", ".join(_expression(name, kinds) for name, _ in columns)


def _expression(name: str, kinds: dict[str, str]) -> str:
    quoted = '"' + name.replace('"', '""') + '"'
    is_number = kinds[name].startswith(NUMERIC)
    if renamed(name) != name and is_number:
        return f'{quoted} / {MGDL_PER_MMOLL} as "{renamed(name)}"'
    if name in SLOPES and is_number and "slope_unit" in kinds:
        return f"{quoted} * {_slope_factor()} as {quoted}"
    if name == "slope_unit":
        changed = f"regexp_replace({quoted}, '{_PER}', 'per mmol/L')"
        return f"replace({changed}, 'mg/dL', 'mmol/L') as {quoted}"
    if name in NAMES:
        return f"regexp_replace({quoted}, '\\bmgdl\\b|_mgdl', '_mmoll') as {quoted}"
    if name == "value" and is_number and "unit" in kinds:
        return f"if(unit = 'mg/dL', {quoted} / {MGDL_PER_MMOLL}, {quoted}) as {quoted}"
    if name == "unit" and "value" in kinds:
        return f"if(unit = 'mg/dL', 'mmol/L', unit) as {quoted}"
    return quoted


def _slope_factor() -> str:
    """SQL: what a slope is multiplied by; of what it counts, or of what it counts per."""
    step = f"coalesce(try_cast(trim(regexp_extract(slope_unit, '{_PER}', 1)) as double), 1)"
    return (
        f"case when regexp_matches(slope_unit, '{_PER}') then {MGDL_PER_MMOLL} / {step} "
        f"when slope_unit like '%mg/dL%' then 1 / {MGDL_PER_MMOLL} else 1 end"
    )
