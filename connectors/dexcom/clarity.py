"""Dexcom Clarity CSV (web download; G5, G6, G7, Stelo).

One record is one line: a setting of the preamble (no time) or an event. The clock is the naive
wall clock of the display device; beside it stands the transmitter's own counter in seconds, the
only thing that orders the repeated hour. Glucose is mg/dL or mmol/L by account region, named in
the header. Out of range is a word ("Low", "High", translated) in the glucose cell. Columns are
known by position, the unit by its parentheses: nothing else is the same in all languages.

Evidence: files of 12, 13 and 14 columns, US and EU, comma and tab, 2016-2025; the Italian and the
Czech header verbatim. German and Spanish only by position and unit: marked unverified.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from connectors.contract import (
    Batch,
    Connector,
    Drift,
    Fact,
    FormatDrift,
    Head,
    Item,
    Skip,
    Source,
    Total,
    shaped,
)
from connectors.dexcom.clarity_words import (
    LANGUAGES,
    LONG_ACTING,
    UNITS,
    events_sql,
    unknown_columns,
    words,
)
from connectors.reading.delimited import Delimited, decoded, fields_of, lines_of, rows_below
from connectors.reading.query import query
from connectors.reading.text_sql import dated

MOST_COLUMNS = 30  # 14 are known; what is appended to them is told of and not read


def identify(head: Head) -> str | None:
    """The language of a Clarity header in the first line, or None."""
    lines = lines_of(decoded(head.first))
    if not lines:
        return None
    delimiter = _delimiter(lines[0])
    cells = fields_of(lines[0], delimiter)
    if not 12 <= len(cells) <= MOST_COLUMNS:
        return None
    language = next(
        (code for code, (_, time) in LANGUAGES.items() if cells[1].startswith(time)), None
    )
    unit = _unit(cells[7])
    stamp = re.search(r"\(\w{4}-\w{2}-\w{2}T?hh:mm:ss\)", cells[1])
    if language is None or unit is None or stamp is None:
        return None
    return language


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Samples of glucose, fingersticks, insulin and carbs; episodes of exercise and health.

    Skips: `patient_row` (name, birth date: never carried), `device_row`, `alert_setting` (a
    threshold that sits in the glucose column).

    Raises: FormatDrift if the glucose column is not where it is in every known file.
    """
    lines = lines_of(decoded(source.read()))
    rows = rows_below(lines, 0, _delimiter(lines[0]))
    unit = _unit(rows.header[7])
    if unit is None:
        raise FormatDrift("column 8 of a Clarity export must name mg/dL or mmol/L; export it again")
    yield Fact("unit", unit)
    yield Fact("language", variant)
    yield Total(rows.records)
    for column in unknown_columns(rows.header, variant):
        yield Drift(f"column {column}")
    yield from rows.unreadable()
    events = query(events_sql(unit), rows=_fourteen(rows))
    yield from _preamble(events)
    timed = events.filter(pc.is_valid(events["start_wall"]))
    yield from _samples(timed, unit)
    yield from _episodes(timed)
    yield from _rejects(events)


def _delimiter(header: str) -> str:
    return max(",;\t", key=header.count)


def _unit(cell: str) -> str | None:
    found = re.search(r"\(([^)]*)\)", cell)
    return UNITS.get(found.group(1).strip().lower()) if found else None


def _fourteen(rows: Delimited) -> pa.Table:
    """The table with all 14 columns: Transmitter Time and ID are absent from old exports."""
    table = rows.table()
    for index in range(len(rows.header), 14):
        table = table.append_column(f"c{index}", pa.repeat("", table.num_rows))
    return table


def _preamble(events: pa.Table) -> Iterator[Item]:
    counts = query(
        """select case when c2 in ('FirstName', 'LastName', 'PatientIdentifier', 'DateOfBirth')
                       then 'patient_row'
                       when lower(c2) in ('alert', 'avviso', 'výstraha', 'alarm', 'alerta')
                       then 'alert_setting'
                       when lower(c2) in ('device', 'sensor', 'dispositivo', 'zařízení', 'senzor')
                       then 'device_row'
                       else 'preamble_row' end as reason, count(*) as n
           from events where c1 = '' group by reason order by reason""",
        events=events,
    )
    for row in counts.to_pylist():
        yield Skip(row["reason"], row["n"])


def _samples(timed: pa.Table, unit: str) -> Iterator[Batch]:
    yield shaped(
        "sample",
        query(
            f"""
            select record, 'interstitial_glucose' as metric, start_wall, glucose as value,
                '{unit}' as unit, bound, device, key, clock_id, clock_s
            from timed where event = 'glucose' and glucose is not null
            union all by name
            select record, 'capillary_glucose' as metric, start_wall, glucose as value,
                '{unit}' as unit, device
            from timed where event = 'calibration' and glucose is not null
            union all by name
            select record, case when lower(c3) in ({words(LONG_ACTING)}) then 'insulin_long_acting'
                else 'insulin_bolus' end as metric, start_wall, insulin as value,
                'U' as unit, device
            from timed where event = 'insulin' and insulin is not null
            union all by name
            select record, 'dietary_carbohydrate' as metric, start_wall, carbs as value,
                'g' as unit, device
            from timed where event = 'carbs' and carbs is not null
            order by record
            """,
            timed=timed,
        ),
    )


def _episodes(timed: pa.Table) -> Iterator[Batch]:
    yield shaped(
        "episode",
        query(
            f"""
            select record, case event when 'carbs' then 'meal' else event end as kind,
                nullif(c3, '') as label, start_wall,
                case when event = 'exercise' and regexp_full_match(c10, '\\d{{1,4}}:\\d\\d:\\d\\d')
                    then {dated("(start_wall + try_cast(c10 as interval))")} end as end_wall,
                device
            from timed
            where event in ('exercise', 'health') or (event = 'carbs' and carbs is not null)
            order by record
            """,
            timed=timed,
        ),
    )


def _rejects(events: pa.Table) -> Iterator[Batch]:
    """What has a time but is no event we know, or lacks its number."""
    yield shaped(
        "reject",
        query(
            """
            select record,
                case when start_wall is null then 'unreadable_time'
                     when event is null then 'unknown_code'
                     when coalesce(nullif(c7, ''), nullif(c8, ''), nullif(c9, '')) is null
                     then 'missing_value'
                     else 'unreadable_number' end as code,
                case when start_wall is null then 'Timestamp' when event is null then 'Event Type'
                     when event in ('glucose', 'calibration') then 'Glucose Value'
                     when event = 'insulin' then 'Insulin Value' else 'Carb Value' end as field,
                concat_ws('|', c1, c2, c3, c7, c8, c9, c10) as raw
            from events
            where c1 <> '' and (start_wall is null or event is null
                or (event in ('glucose', 'calibration') and glucose is null)
                or (event = 'insulin' and insulin is null) or (event = 'carbs' and carbs is null))
            order by record
            """,
            events=events,
        ),
    )


CONNECTOR = Connector(
    name="dexcom_clarity",
    title="Dexcom Clarity CSV",
    version="2",
    variants={
        "en": "verified",
        "it": "verified",
        "cs": "verified",
        "de": "unverified",
        "es": "unverified",
    },
    identify=identify,
    extract=extract,
    source="cgm",
)
