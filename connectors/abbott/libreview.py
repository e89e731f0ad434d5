"""LibreView CSV, XLSX (Abbott; FreeStyle Libre readers, LibreLink, Libre app, strip meters).

One record is one line: device, serial number, time to the minute, a type from 0 to 6 and the one
or two cells that belong to it. The clock is the naive wall clock of a phone or of a reader, which
does not change itself for summer time. Glucose is mg/dL or mmol/L by account, named in the header
of each column. There is no Low or High: the floor (40, 2.2) and the ceiling (500, 27.8) are plain
numbers. Columns are known by position after the time stamp and checked by the units they name.

A decimal comma is written without quotes and pushes the rest of the row one column on. That is
undone where nothing else can be meant: the type's own number, whole, and one digit beside it in a
column that the type never fills, in a file without any other decimals. All else is a reject.
Meal, correction and user-change insulin are parts of the rapid-acting dose and are not repeated.

Evidence: exports of 2018-2025, English (US, UK, clinic, old layout) and Spanish; the German
and Italian headers verbatim. French, Dutch and Portuguese only as other parsers expect them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from connectors.abbott.libreview_dates import dated
from connectors.abbott.libreview_layout import (
    BY_POSITION,
    Layout,
    columns_of,
    layout_of,
    rows_under,
    unwrapped,
)
from connectors.contract import (
    Connector,
    Drift,
    Fact,
    FormatDrift,
    Head,
    Item,
    Named,
    Skip,
    Source,
    Total,
    UndatableFile,
    shaped,
)
from connectors.reading.grid import Grid, grids_of, grids_seen
from connectors.reading.query import query

# Types 0 to 6, and what each fills besides notes. Old clinic files put all glucose into type 1.
FILLED = {
    "0": "historic",
    "1": "historic scan",
    "2": "strip",
    "3": "ketone",
    "4": "rapid_flag rapid long_flag long_acting meal correction user_change",
    "5": "food_flag grams servings per_serving",
    "6": "",
}
NUMBER = r"-?[0-9]{1,15}([.,][0-9]+)?"  # more digits are no measurement
NUMBERS = {
    "historic": "interstitial_glucose",
    "scan": "interstitial_glucose_scan",
    "strip": "capillary_glucose",
    "ketone": "blood_ketone",
    "rapid": "insulin_bolus",
    "long_acting": "insulin_long_acting",
    "grams": "dietary_carbohydrate",
}


def identify(head: Head) -> str | None:
    """The language of a LibreView header among the first lines, or None."""
    found = _found(grids_seen(head))
    return found[1].language if found else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Samples of glucose, ketone, insulin and carbohydrate; episodes of meals and notes.

    Skips: `empty_record` (LibreView writes type 6 for opening a screen), `unknown_column` (a row
    that fills only columns which are listed as drift).

    Raises: FormatDrift if the glucose columns are not where they are in every known file;
    UndatableFile if day and month cannot be told apart.
    """
    found = _found(grids_of(source))
    if found is None:
        raise FormatDrift("the header of a LibreView export is missing; download the file again")
    grid, layout = found
    units = layout.units()
    rows = rows_under(grid, layout)
    yield Total(rows.records)
    yield from rows.unreadable()
    table = columns_of(rows, layout)
    if grid.sheet:
        _refuse_rewritten(table["stamp"])
    titles = (" ".join(cells).strip() for cells in grid.top[: layout.line])
    preamble = next((title for title in titles if title), "")
    times = dated(table.select(["record", "stamp", "device", "kind"]), preamble)
    yield Fact("language", "unknown" if variant == BY_POSITION else variant.split("_")[0])
    yield Fact("unit", units["historic"])
    if times.exported:
        yield Fact("exported_at", times.exported.isoformat() + "Z")
    yield from _named(grid.top[: layout.line])
    yield from _drift(layout, times.exchanged)
    judged = query(_judged_sql(layout.names), rows=table, times=times.times)
    yield from _skips(judged)
    sound = judged.filter(pc.equal(judged["verdict"], "sound"))
    yield shaped("sample", query(_samples_sql(units), sound=sound))
    yield shaped("episode", query(EPISODES_SQL, sound=sound))
    yield shaped("reject", query(_rejects_sql(layout), judged=judged))


def _found(grids: Iterable[Grid]) -> tuple[Grid, Layout] | None:
    """The first grid with a header, its rows out of the quotes that some tool put around them."""
    for grid in grids:
        plain = grid if grid.sheet else Grid(unwrapped(grid.lines))
        layout = layout_of(plain)
        if layout is not None:
            return plain, layout
    return None


def _refuse_rewritten(stamps: pa.ChunkedArray) -> None:
    """Raises: UndatableFile where a spreadsheet took some stamps for dates and left the others."""
    iso = pc.match_substring_regex(stamps, r"^\d{4}-\d\d-\d\d( |$)")
    others = pc.and_(pc.invert(iso), pc.not_equal(stamps, ""))
    if pc.any(iso).as_py() and pc.any(others).as_py():
        raise UndatableFile(
            "a spreadsheet took some time stamps for dates and may have exchanged their day and "
            "month: give the file as LibreView wrote it"
        )


def _drift(layout: Layout, exchanged: int) -> Iterator[Drift]:
    for cell in layout.unknown:
        yield Drift(f"column {cell}")
    if exchanged:
        yield Drift("day and month exchanged in some rows")


def _judged_sql(names: list[str]) -> str:
    """Every row with a verdict: sound, a reason to skip it, or a code and a column to reject it."""
    may = " ".join(f"when '{kind}' then '{columns}'" for kind, columns in FILLED.items())
    numbers = [name for name in names if name in NUMBERS]
    unreadable = " ".join(
        f"when {n} <> '' and not regexp_full_match({n}, '{NUMBER}') then '{n}'" for n in numbers
    )
    return f"""
    with read as (
        select *, kind in ({", ".join(f"'{kind}'" for kind in FILLED)}) as is_known,
            string_split(filled, ' ') as columns,
            string_split(case kind {may} else '' end || ' notes', ' ') as may_fill,
            case {unreadable} end as unreadable
        from rows join times using (record)
    )
    select *, case
        when filled = '' and beyond = '' and (is_known or kind = '')
            then if(unknown = '', 'empty_record', 'unknown_column')
        when not is_known then 'unknown_code'
        when stamp = '' then 'missing_time'
        when start_wall is null then 'unreadable_time'
        when beyond <> '' or not list_has_all(may_fill, columns)
            or list_has_all(columns, ['historic', 'scan']) then 'ragged_row'
        -- 45,5 grams, or 45 grams in 5 servings: the row cannot tell
        when not pointed and list_has_all(columns, ['grams', 'servings'])
            and regexp_full_match(servings, '[1-9]') then 'ragged_row'
        when not pointed and list_has_all(columns, ['servings', 'per_serving'])
            and regexp_full_match(per_serving, '[0-9]') then 'ragged_row'
        when unreadable is not null then 'unreadable_number'
        when list_has_any(columns, ['meal', 'correction', 'user_change'])
            and not list_has_any(columns, ['rapid', 'rapid_flag']) then 'missing_value'
        else 'sound' end as verdict
    from read order by record
    """


def _named(preamble: Iterable[Sequence[str]]) -> Iterator[Named]:
    """Who generated the file: the fifth cell of the line above the header."""
    for cells in preamble:
        if len(cells) > 4 and cells[4].strip():
            yield Named(cells[4].strip())
            return


def _skips(judged: pa.Table) -> Iterator[Skip]:
    counts = query(
        """select verdict, count(*) as n from judged
           where verdict in ('empty_record', 'unknown_column') group by verdict order by verdict""",
        judged=judged,
    )
    for row in counts.to_pylist():
        yield Skip(row["verdict"], row["n"])


def _samples_sql(units: dict[str, str]) -> str:
    parts = [
        f"""select record, '{NUMBERS[name]}' as metric, start_wall, '{unit}' as unit, device,
            cast(replace({name}, ',', '.') as double) as value from sound where {name} <> ''"""
        for name, unit in units.items()
    ]
    return " union all by name ".join(parts) + " order by record, metric"


EPISODES_SQL = """
    select record, 'meal' as kind, start_wall, device,
        case when food_flag not in ('', '1') then food_flag
             when grams = '' and servings <> '' then concat(servings, ' servings',
                ' of ' || nullif(per_serving, '') || ' g') end as label
    from sound where kind = '5' and filled <> 'notes'
    union all by name
    select record, 'note' as kind, start_wall, device,
        if(rapid_flag = '1', 'rapid-acting insulin, no amount', rapid_flag) as label
    from sound where rapid_flag <> '' and rapid = ''
    union all by name
    select record, 'note' as kind, start_wall, device,
        if(long_flag = '1', 'long-acting insulin, no amount', long_flag) as label
    from sound where long_flag <> '' and long_acting = ''
    union all by name
    select record, 'note' as kind, start_wall, device, notes as label from sound where notes <> ''
    order by record, kind, label
"""


def _rejects_sql(layout: Layout) -> str:
    """The rows that are not understood, the column at fault in the file's own words."""
    heads = {n: layout.cells[i].replace("'", "''") for n, i in layout.places.items()}
    words = " ".join(f"when '{name}' then '{head}'" for name, head in heads.items())
    return f"""
    select record, verdict as code, rtrim(raw, '|') as raw,
        case case verdict when 'unknown_code' then 'kind' when 'unreadable_number' then unreadable
                          when 'missing_time' then 'stamp' when 'unreadable_time' then 'stamp'
                          when 'missing_value' then 'rapid' end {words} end as field
    from judged where verdict not in ('sound', 'empty_record', 'unknown_column') order by record
    """


CONNECTOR = Connector(
    name="libreview",
    title="LibreView CSV, XLSX",
    version="3",
    variants={
        "en": "verified",
        "en_meter": "verified",
        "de": "verified",
        "es": "verified",
        "it": "verified",
        "fr": "unverified",
        "nl": "unverified",
        "pt": "unverified",
        "by_position": "unverified",
    },
    identify=identify,
    extract=extract,
    source="cgm",
)
