"""OhioT1DM data set (XML): one person a file, whose id the first element names.

One record is one event: a reading, a dose, a meal, a night, a measure of the wrist band. The clock
is a naive wall clock, day first. Glucose is mg/dL, basal rates U/h, skin temperature Fahrenheit,
exercise minutes. In the people's own nights begin and end stand the wrong way round in part of the
set: the earlier is taken for the beginning.

Evidence: the elements as several readers take them; no file of the set was seen (its licence).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pyarrow as pa

from connectors.contract import BrokenFile, Connector, Drift, Fact, Head, Item, Source, Total
from connectors.reading.delimited import decoded
from connectors.reading.query import query
from connectors.reading.table import Interval, Number, Plan, parsed, planned

PATIENT = re.compile(r"<patient\b[^>]*\bid\s*=\s*\"([^\"]*)\"[^>]*\binsulin_type\s*=")
READ = (
    *("glucose_level", "finger_stick", "temp_basal", "bolus", "meal", "exercise", "sleep"),
    *("basis_sleep", "basis_heart_rate", "basis_skin_temperature", "basis_steps"),
)
LEFT = (
    *("basal", "work", "stressors", "hypo_event", "illness", "basis_gsr"),
    *("basis_air_temperature", "acceleration"),
)
ATTRIBUTES = ("ts", "ts_begin", "ts_end", "tbegin", "tend", "value", "dose", "carbs", "duration")
FORMATS = ("%d-%m-%Y %H:%M:%S", "%d-%m-%Y %H:%M")
_TOLD = ", ".join(
    rf"""regexp_extract(piece, '\b{name}\s*=\s*"([^"]*)"', 1) as {name}"""
    for name in (*ATTRIBUTES, "type")
)
EVENTS = rf"""
    with placed as (
        select n, piece, last_value(case when regexp_matches(piece, '^[a-z_]+\s*/?>')
                and not starts_with(piece, 'event') then regexp_extract(piece, '^[a-z_]+') end
            ignore nulls) over (order by n) as section
        from cut
    )
    select row_number() over (order by n) as record, section, {_TOLD}
    from placed where starts_with(piece, 'event') order by n
"""


def identify(head: Head) -> str | None:
    """`xml` for a patient with an id and a kind of insulin, or None."""
    text = head.first[:4000]
    if not text.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return None
    return "xml" if PATIENT.search(decoded(text)) and b"<glucose_level" in head.first else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Glucose, fingersticks, doses, temporary basal rates, meals, exercise, nights, and the band's
    pulse, skin temperature and steps. Skips: `element <name>`, `nothing_measured`.

    Raises: BrokenFile if the text is cut.
    """
    text = decoded(source.read())
    found = PATIENT.search(text)
    if found is None or not text.rstrip().endswith("</patient>"):
        raise BrokenFile("cut off: the XML does not end with its patient; get the file again")
    cut = text.split("<")
    table = pa.table({"n": pa.array(range(len(cut)), pa.int64()), "piece": pa.array(cut)})
    events = query(EVENTS, cut=table)
    yield Fact("unit", "mg/dL")
    yield Fact("unit_basis", "documentation")
    yield Total(events.num_rows)
    for name in sorted({*events["section"].to_pylist()} - {*READ, *LEFT}, key=str):
        yield Drift(f"element {name}")
    yield from planned(events, _plan(found[1]))


def _plan(patient: str) -> Plan:
    begin = "coalesce(nullif(ts, ''), nullif(ts_begin, ''), nullif(tbegin, ''))"
    end = "coalesce(nullif(ts_end, ''), nullif(tend, ''))"
    start, last = parsed(begin, *FORMATS), parsed(end, *FORMATS)
    minutes = "least(try_cast(duration as double), 10000)"
    is_night = "section in ('sleep', 'basis_sleep')"
    is_told = f"{is_night} and {start} is not null and {last} is not null"
    listed = ", ".join(f"'{name}'" for name in READ)
    who = patient.replace("'", "''")
    return Plan(
        stamp=begin,
        stamp_column="ts",
        times={
            "start_wall": f"case when {is_told} then least({start}, {last}) else {start} end",
            "end_wall": f"""case when {is_told} then greatest({start}, {last})
                when section = 'exercise' then {start} + to_seconds({minutes} * 60)
                when section = 'basis_steps' then {start} + interval 5 minute
                when section = 'temp_basal' then {last} end""",
        },
        numbers=(
            _value("glucose_level", "interstitial_glucose", "mg/dL"),
            _value("finger_stick", "capillary_glucose", "mg/dL"),
            _value("temp_basal", "insulin_temp_basal_rate", "U/h", spans=True),
            _value("bolus", "insulin_bolus", "U", "dose"),
            _value("meal", "dietary_carbohydrate", "g", "carbs"),
            _value("basis_heart_rate", "heart_rate", "/min", device="Basis"),
            _value("basis_skin_temperature", "skin_temperature", "[degF]", device="Basis"),
            _value("basis_steps", "step_count", "{count}", spans=True, device="Basis"),
        ),
        intervals=(
            Interval("section = 'meal'", "meal", "nullif(trim(type), '')", spans=False),
            Interval("section = 'exercise'", "exercise"),
            Interval(is_night, "sleep", "'sleep'", f"section || ' ' || {begin}"),
        ),
        end=f"case when {is_night} or section = 'temp_basal' then {end} end",
        end_column="ts_end",
        more={"device": "case when section = 'basis_sleep' then 'Basis' end"},
        subject=f"'{who}'",
        skip=f"case when section not in ({listed}) then 'element ' || section end",
        raw=("section", *ATTRIBUTES),
    )


def _value(
    section: str,
    metric: str,
    unit: str,
    attribute: str = "value",
    spans: bool = False,
    device: str = "",
) -> Number:
    when = f"section = '{section}'"
    return Number(attribute, metric, unit, attribute, when=when, spans=spans, device=device)


CONNECTOR = Connector(
    name="research_ohiot1dm",
    title="OhioT1DM data set",
    version="2",
    variants={"xml": "unverified"},
    identify=identify,
    extract=extract,
    source="cgm",
)
