"""Dexcom Clarity CSV and XLSX (web download; G5, G6, G7, Stelo).

One record is one line: a setting of the preamble (no time) or an event. The clock is the naive
wall clock of the display device; beside it stands the transmitter's own counter in seconds, the
only thing that orders the repeated hour. Glucose is mg/dL or mmol/L by account region, named in
the header. Out of range is a word ("Low", "High", translated) in the glucose cell. Columns are
known by position, the unit by its parentheses: nothing else is the same in all languages.

Evidence: files of 12, 13 and 14 columns, US and EU, comma and tab, 2016-2025; the Italian, Czech
and German header verbatim. Spanish and French only as other parsers expect them: unverified.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from connectors.contract import (
    Connector,
    Drift,
    Fact,
    FormatDrift,
    Head,
    Item,
    Named,
    Source,
    Total,
    shaped,
)
from connectors.dexcom.clarity_layout import BY_POSITION, layout_of, unknown_columns
from connectors.dexcom.clarity_words import events_sql, worded
from connectors.reading.delimited import Delimited
from connectors.reading.grid import grids_of, grids_seen
from connectors.reading.query import query
from connectors.reading.stamps import stamped
from connectors.reading.text_sql import dated
from connectors.reading.verdicts import carried, left_out

ISO = r"^\d{4}-\d\d?-\d\d?[T ]\d\d?:\d\d:\d\d(\.\d+)?$"


def identify(head: Head) -> str | None:
    """The language of a Clarity header in the first rows, or None."""
    layout = layout_of(grids_seen(head))
    return layout.language if layout else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Samples of glucose, fingersticks, insulin and carbs; episodes of exercise and health.

    Skips: `patient_row` (name, birth date: never carried), `device_row`, `alert_setting` (a
    threshold that sits in the glucose column), `preamble_row`, `note`, `no_value` (a whole
    row of a reading without its number), `insulin_of_unknown_kind` (neither
    fast nor long acting, by its word).

    Raises: FormatDrift if the glucose column is not where it is in every known file; UndatableFile
    if a spreadsheet rewrote the time stamps and day and month cannot be told apart.
    """
    layout = layout_of(grids_of(source))
    if layout is None:
        raise FormatDrift("column 8 of a Clarity export must name mg/dL or mmol/L; export it again")
    rows = layout.grid.below(layout.row)
    unit = layout.unit
    yield Fact("unit", unit)
    yield Fact("language", "unknown" if variant == BY_POSITION else variant)
    yield Total(rows.records)
    for column in unknown_columns(rows.header, variant):
        yield Drift(f"column {column}")
    yield from rows.unreadable()
    lines = _fourteen(rows)
    events = query(events_sql(unit), rows=worded(lines))
    if pc.any(events["is_unnamed"]).as_py():
        yield Drift("event types without a known word, read as glucose by their transmitter time")
    yield from left_out(events)
    if name := " ".join(_patient(events, lines)):
        yield Named(name)
    sound = carried(events)
    kinds = set(pc.unique(sound["event"]).to_pylist())
    if sampled := [sql for event, sql in _samples_sql(unit).items() if event in kinds]:
        asked = f"{' union all by name '.join(sampled)} order by record"
        yield shaped("sample", query(asked, sound=sound))
    if kinds.intersection(EPISODES):
        yield shaped("episode", query(EPISODES_SQL, sound=sound))


def _fourteen(rows: Delimited) -> pa.Table:
    """The table with all 14 columns: Transmitter Time and ID are absent from old exports. `is_cut`
    is a row that ends before the header does.

    Time stamps that a spreadsheet wrote anew are put back as they were.
    """
    table = rows.table().append_column("is_cut", pc.less(rows.width, len(rows.header)))
    for index in range(len(rows.header), 14):
        table = table.append_column(f"c{index}", pa.repeat("", table.num_rows))
    stamps = table["c1"]
    known = pc.or_(pc.equal(stamps, ""), pc.match_substring_regex(stamps, ISO))
    if pc.all(known).as_py() is False:
        read = pc.strftime(stamped(stamps).times.cast(pa.timestamp("s")), "%Y-%m-%d %H:%M:%S")
        table = table.set_column(
            table.column_names.index("c1"),
            "c1",
            pc.if_else(known, stamps, pc.coalesce(read, stamps)),
        )
    return table


def _patient(events: pa.Table, lines: pa.Table) -> list[str]:
    """First and last name: the first two rows about the patient, in any language."""
    about = events.filter(pc.equal(events["event"], "patient"))["record"].slice(0, 2)
    cells = lines.filter(pc.is_in(lines["record"], about.combine_chunks()))["c4"].to_pylist()
    return [cell for cell in cells if cell]


def _samples_sql(unit: str) -> dict[str, str]:
    """Samples of each kind of event."""
    return {
        "glucose": f"""
            select record, 'interstitial_glucose' as metric, start_wall, glucose as value,
                '{unit}' as unit, bound, device, key, clock_id, clock_s
            from sound where event = 'glucose'""",
        "calibration": f"""
            select record, 'capillary_glucose' as metric, start_wall, glucose as value,
                '{unit}' as unit, device
            from sound where event = 'calibration'""",
        "insulin": """
            select record, insulin_metric as metric, start_wall, insulin as value, 'U' as unit,
                device
            from sound where event = 'insulin'""",
        "carbs": """
            select record, 'dietary_carbohydrate' as metric, start_wall, carbs as value,
                'g' as unit, device
            from sound where event = 'carbs'""",
    }


EPISODES = ("exercise", "health", "carbs")
EPISODES_SQL = f"""
    select record, case event when 'carbs' then 'meal' else event end as kind,
        nullif(c3, '') as label, start_wall,
        case when event = 'exercise' and regexp_full_match(c10, '\\d{{1,4}}:\\d\\d:\\d\\d')
            then {dated("(start_wall + try_cast(c10 as interval))")} end as end_wall,
        device
    from sound
    where event in {EPISODES}
    order by record
"""


CONNECTOR = Connector(
    name="dexcom_clarity",
    title="Dexcom Clarity CSV, XLSX",
    version="4",
    variants={
        "en": "verified",
        "it": "verified",
        "cs": "verified",
        "de": "verified",
        "es": "unverified",
        "fr": "unverified",
        "by_position": "unverified",
    },
    identify=identify,
    extract=extract,
    source="cgm",
)
