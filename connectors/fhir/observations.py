"""FHIR Observations of glucose (R4 and later): a Bundle, a list, or one resource per line.

One record is one resource. The instant is ISO with an offset, or Z. What was measured is told by a
LOINC code: sensor readings by those of HL7's guide on continuous glucose monitoring, fingersticks
by theirs. The value is a quantity with a UCUM unit; a comparator `<` or `>` is a bound. Status
`entered-in-error` and `cancelled` are left out, and so are summaries and all other observations.
Who it is of (`subject`) becomes the subject of the record: a Bundle may hold several patients.

Evidence: HL7's guide (1.0.0) and its examples, LOINC's names of the codes; no real file was seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pyarrow as pa

from connectors.contract import BrokenFile, Connector, Head, Item, Source, Total
from connectors.reading.delimited import decoded
from connectors.reading.query import json_rows, query
from connectors.reading.table import Number, Plan, planned
from connectors.reading.text_sql import instant, offset_min, wall

# Source: HL7 CGM guide 1.0.0 (99504-3, 105272-9; 14745-4 in its drafts); LOINC
SENSOR = ("99504-3", "105272-9", "14745-4")
CAPILLARY = ("41653-7", "32016-8", "14743-9", "41651-1", "2339-0", "2340-8", "15074-8")
RESOURCE = re.compile(r'"resourceType"\s*:\s*"(Observation|Bundle)"')
CODES = re.compile("|".join(f'"{code}"' for code in (*SENSOR, *CAPILLARY)))
UNIT = "case lower(unit) when 'mg/dl' then 'mg/dL' when 'mmol/l' then 'mmol/L' end"
OBSERVATIONS = """
    with resources as (
        select record as page, 0 as place, document as r from documents
        where document ->> '$.resourceType' is distinct from 'Bundle'
        union all
        select record, generate_subscripts(json_extract(document, '$.entry[*]'), 1),
            unnest(json_extract(document, '$.entry[*].resource'))
        from documents where document ->> '$.resourceType' = 'Bundle'
    )
    select row_number() over (order by page, place) as record,
        coalesce(r ->> '$.resourceType', '') as type, coalesce(r ->> '$.status', '') as status,
        coalesce(r ->> '$.id', '') as id, r ->> '$.code.coding[*].code' as codes,
        coalesce(r ->> '$.valueQuantity.value', '') as value,
        coalesce(r ->> '$.valueQuantity.code', r ->> '$.valueQuantity.unit', '') as unit,
        coalesce(r ->> '$.valueQuantity.comparator', '') as comparator,
        coalesce(r ->> '$.effectiveDateTime', r ->> '$.effectiveInstant',
            r ->> '$.effectivePeriod.start', '') as stamp,
        coalesce(r ->> '$.device.reference', r ->> '$.device.display', '') as device,
        regexp_replace(coalesce(r ->> '$.subject.reference',
            r ->> '$.subject.identifier.value', ''), '^.*[/:]', '') as subject
    from resources order by page, place
"""


def identify(head: Head) -> str | None:
    """`json` for resources of which the first 64 KiB name one of the codes, or None."""
    if head.first.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] not in (b"{", b"["):
        return None
    text = decoded(head.first)
    return "json" if RESOURCE.search(text[:20_000]) and CODES.search(text) else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Glucose of sensors, fingersticks apart, each with its patient.

    Skips: `resource <type>`, `not_glucose`, `withdrawn`, `no_reading`.

    Raises: BrokenFile if the JSON is cut, or has no resource.
    """
    columns = ("resourceType", "entry", "status", "id", "code", "valueQuantity", "device")
    times = ("effectiveDateTime", "effectiveInstant", "effectivePeriod", "subject")
    pages = json_rows(source, dict.fromkeys((*columns, *times), "JSON"))
    named = ", ".join(f"'{name}': \"{name}\"::json" for name in (*columns, *times))
    documents = query(f"select record, to_json({{{named}}}) as document from pages", pages=pages)
    rows = query(OBSERVATIONS, documents=documents)
    if rows.num_rows == 0:
        raise BrokenFile("a Bundle without a resource: export it again")
    yield Total(rows.num_rows)
    told = query("select count(*) as n from r where subject <> ''", r=rows)["n"][0].as_py()
    yield from planned(_bounded(rows), _plan("subject" if told else None))


def _plan(subject: str | None) -> Plan:
    return Plan(
        stamp="stamp",
        stamp_column="effectiveDateTime",
        times={
            "start_utc": instant("stamp"),
            "start_wall": wall("stamp"),
            "start_offset_min": offset_min("stamp"),
        },
        numbers=tuple(
            Number(
                "value",
                metric_sql="metric",
                unit_sql=UNIT,
                column="valueQuantity",
                unit_column="valueQuantity.code",
                when=f"comparator {test}",
                sign=sign,
            )
            for test, sign in (("in ('<', '<=')", "<"), ("in ('>', '>=')", ">"), ("= ''", ""))
        ),
        more={"key": "id", "device": "device"},
        skip="""case when type <> 'Observation' then 'resource ' || type
            when metric is null then 'not_glucose'
            when status in ('entered-in-error', 'cancelled') then 'withdrawn' end""",
        subject=subject,
        nothing="no_reading",
        raw=("stamp", "codes", "value", "unit", "comparator"),
    )


def _bounded(rows: pa.Table) -> pa.Table:
    """The rows with `metric` by their code, NULL for none of ours."""
    listed = {"interstitial_glucose": SENSOR, "capillary_glucose": CAPILLARY}
    cases = " ".join(
        f"when list_has_any(codes, {list(codes)}) then '{metric}'"
        for metric, codes in listed.items()
    )
    return query(
        f"""select * replace (array_to_string(codes, ',') as codes), case {cases} end as metric
            from rows order by record""",
        rows=rows,
    )


CONNECTOR = Connector(
    name="fhir_observations",
    title="FHIR observations of glucose",
    version="1",
    variants={"json": "unverified"},
    identify=identify,
    extract=extract,
    source="relay",
)
