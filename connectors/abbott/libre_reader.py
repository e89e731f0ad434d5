"""FreeStyle Libre reader, as its desktop software writes it (tab-separated .txt; `;` in Spain).

One record is one line: a running number, a time to the minute, a type from 0 to 6 and the cell that
belongs to it. The clock is the reader's own: it is set by hand, and a row of type 6 tells from what
to what. Glucose is mg/dL or mmol/L, named in the header of each column. Rows are sorted by nothing.
A title, or the patient's name, and a second line may stand above the header.

Evidence: two real files and disguised copies of them, English, mmol/L. Spanish and French as other
parsers look for them. Libre Pro (time and history alone) as another parser reads it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from connectors.contract import Connector, Fact, FormatDrift, Head, Item, Source, Total, shaped
from connectors.reading.delimited import Delimited
from connectors.reading.grid import Grid, grids_of, grids_seen
from connectors.reading.query import query
from connectors.reading.stamps import DAY_FIRST, stamped
from connectors.reading.verdicts import carried, left_out

HEADER_WITHIN = 8
LANGUAGES = {"time": "en", "hora": "es", "heure": "fr"}
# From the second column on, the same in all languages. Source: the real files.
COLUMNS = (
    *("stamp", "kind", "historic", "scan", "rapid_flag", "rapid", "food_flag", "carbs"),
    *("long_flag", "long_acting", "notes", "strip", "ketone", "meal", "correction"),
    *("user_change", "before", "after"),
)
PRO = ("stamp", "historic")
UNIT = re.compile(r"\((mg/dl|mmol/l)\)", re.IGNORECASE)
UNITS = {"mg/dl": "mg/dL", "mmol/l": "mmol/L"}
GRAMS = re.compile(r"\(gr?a?m?\w*\)", re.IGNORECASE)
WHOLE = 12  # columns of a header that has the insulin, food and notes of the known files
# The reader tells LO below 40 and HI above 500 mg/dL. Source: FreeStyle Libre user's manual.
LIMITS = {"mg/dL": (40, 500), "mmol/L": (2.2, 27.8)}
STRIP_LOW = {"mg/dL": 20, "mmol/L": 1.1}  # of its test strips. Source: the same
NUMBER = r"^-?\d{1,9}([.,]\d+)?$"


@dataclass(frozen=True)
class Layout:
    """A header: its grid and row, the language, the unit, and the place of every column."""

    grid: Grid
    row: int
    language: str
    unit: str
    places: dict[str, int]
    is_grams: bool = True


def identify(head: Head) -> str | None:
    """The language of a header among the first rows, `pro` without any scans, or None."""
    layout = _layout(grids_seen(head))
    return layout.language if layout else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Samples of glucose, ketone, insulin and carbohydrate; episodes of meals and uncounted doses.

    Skips: `clock_change` (the reader's clock was set), `note`, `empty_record`.

    Raises: FormatDrift without the header; UndatableFile if day and month cannot be told apart.
    """
    layout = _layout(grids_of(source))
    if layout is None:
        raise FormatDrift("the header of a Libre reader's export is missing; export it again")
    rows = layout.grid.below(layout.row)
    yield Fact("unit", layout.unit)
    yield Total(rows.records)
    yield from rows.unreadable()
    judged = query(_judged_sql(layout), rows=_named(rows, layout))
    yield from left_out(judged)
    sound = carried(judged)
    yield shaped("sample", query(_samples_sql(layout), sound=sound))
    yield shaped("episode", query(_episodes_sql(layout), sound=sound))


def _layout(grids: Sequence[Grid]) -> Layout | None:
    for grid in grids:
        for row, cells in enumerate(grid.top[:HEADER_WITHIN]):
            units = [UNITS[m.group(1).lower()] if (m := UNIT.search(c)) else "" for c in cells]
            names = [cell.lower() for cell in cells]
            if names[:1] == ["id"] and len(cells) >= 4 and units[3] and not any(units[:3]):
                places = dict(zip(COLUMNS, range(1, len(cells)), strict=False))
                if len(cells) < WHOLE:
                    places = {n: i for n, i in places.items() if i <= (4 if any(units[4:]) else 3)}
                language = LANGUAGES.get(names[1], "by_position")
                grams = len(cells) > 8 and bool(GRAMS.search(cells[8]))
                return Layout(grid, row, language, units[3], places, grams)
            is_pro = len(names) == 2 and names[0] == "time" and names[1].startswith("historic glu")
            if is_pro and units[1]:
                return Layout(grid, row, "pro", units[1], dict(zip(PRO, (0, 1), strict=True)))
    return None


def _named(rows: Delimited, layout: Layout) -> pa.Table:
    blank = pa.repeat("", len(rows.line))
    columns: dict[str, pa.ChunkedArray] = {"record": rows.line}
    for name in COLUMNS:
        place = layout.places.get(name)
        columns[name] = blank if place is None else rows.columns.column(place)
    columns["start_wall"] = stamped(columns["stamp"], DAY_FIRST).times
    columns["raw"] = pc.binary_join_element_wise(*rows.columns.columns, "|")
    if "kind" not in layout.places:
        columns["kind"] = pa.repeat("0", len(rows.line))
    return pa.table(columns)


NUMBERS = {
    "historic": "interstitial_glucose",
    "scan": "interstitial_glucose_scan",
    "strip": "capillary_glucose",
    "ketone": "blood_ketone",
    "rapid": "insulin_bolus",
    "long_acting": "insulin_long_acting",
    "carbs": "dietary_carbohydrate",
}


def _judged_sql(layout: Layout) -> str:
    """Every row with a verdict; LO and HI made NULL beside their bound."""
    bad = " ".join(
        f"when {n} <> '' and not regexp_matches({n}, '{NUMBER}') and {n}_bound is null then '{n}'"
        for n in NUMBERS
    )
    bounds = ", ".join(
        f"case upper({n}) when 'LO' then '<' when 'HI' then '>' end as {n}_bound"
        for n in ("historic", "scan", "strip")
    )
    nulls = ", ".join(
        f"null as {n}_bound" for n in NUMBERS if n not in ("historic", "scan", "strip")
    )
    measured = ", ".join(("rapid_flag", "food_flag", "long_flag", *NUMBERS))
    return f"""
    with bounded as (
        select *, {bounds}, {nulls}, concat({measured}) as measured from rows
    ), read as (
        select *, case {bad} end as unreadable from bounded
    )
    select *, case
        when kind not in ('0', '1', '2', '3', '4', '5', '6') then 'unknown_code'
        when stamp = '' then 'missing_time' when start_wall is null then 'unreadable_time'
        when unreadable is not null then 'unreadable_number'
        when measured <> '' then null when before <> '' or after <> '' then 'clock_change'
        when notes <> '' then 'note' when concat(meal, correction, user_change) <> ''
        then 'missing_value' else 'empty_record' end as verdict,
        case verdict when 'unknown_code' then 'kind' when 'unreadable_number' then unreadable
             when 'missing_value' then 'rapid' else 'stamp' end as field
    from read order by record
    """


def _samples_sql(layout: Layout) -> str:
    low, high = LIMITS[layout.unit]
    units = {"ketone": "mmol/L", "rapid": "U", "long_acting": "U", "carbs": "g"}
    parts = [
        f"""select record, '{metric}' as metric, start_wall, {name}_bound as bound,
            '{units.get(name, layout.unit)}' as unit,
            case {name}_bound when '<' then {STRIP_LOW[layout.unit] if name == "strip" else low}
                when '>' then {high}
                else cast(replace({name}, ',', '.') as double) end as value
        from sound where {name} <> ''"""
        for name, metric in NUMBERS.items()
        if name != "carbs" or layout.is_grams
    ]
    return " union all by name ".join(parts) + " order by record, metric"


def _episodes_sql(layout: Layout) -> str:
    servings = "" if layout.is_grams else "when carbs <> '' then concat(carbs, ' servings')"
    return f"""
    select record, 'meal' as kind, start_wall,
        case when food_flag not in ('', '1') then food_flag {servings} end as label
    from sound where food_flag <> '' or carbs <> ''
    union all by name
    select record, 'note' as kind, start_wall, 'rapid-acting insulin, no amount' as label
    from sound where rapid_flag <> '' and rapid = ''
    union all by name
    select record, 'note' as kind, start_wall, 'long-acting insulin, no amount' as label
    from sound where long_flag <> '' and long_acting = ''
    order by record, kind, label
    """


CONNECTOR = Connector(
    name="abbott_libre_reader",
    title="FreeStyle Libre reader (.txt)",
    version="1",
    variants={
        "en": "verified",
        "es": "unverified",
        "fr": "unverified",
        "by_position": "unverified",
        "pro": "unverified",
    },
    identify=identify,
    extract=extract,
    source="cgm",
)
