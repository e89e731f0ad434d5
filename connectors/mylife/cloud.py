"""mylife Cloud CSV of Ypsomed: boluses, carbs and fingersticks of a pump and its app.

One record is one line. Header and events are in the language of the account, of which German alone
is known. What a line is, its unit tells. The clock is a naive wall clock, decimals have a comma.
There is no sensor glucose and no basal rate in it.

Evidence: the example file of a public reader (R package aidR), randomized from a real export.
"""

from __future__ import annotations

from collections.abc import Iterator

from connectors.contract import Connector, Drift, Fact, Head, Item, Source, Total
from connectors.reading.columns import named, unknown
from connectors.reading.delimited import decoded, lines_of, rows_below
from connectors.reading.head_cells import header_row
from connectors.reading.plans import Interval, Number, Plan
from connectors.reading.query import query
from connectors.reading.table import parsed, planned

COLUMNS = {
    "Datum": "date",
    "Uhrzeit": "time",
    "Ereignis": "event",
    "Wert": "value",
    "Einheit": "unit",
    "Information": "information",
}
LEFT = ("Tag", "Notiz")  # the weekday; what the person wrote
FORMATS = tuple(f"%d.%m.{year} %H{mark}%M" for year in ("%y", "%Y") for mark in (":", "."))
VALUE = "replace(value, ',', '.')"
GLUCOSE = ("mg/dL", "mmol/L")
CARBS = "(unit = 'g' or unit like 'g %')"
BOLUS = "(unit = 'U' and contains(lower(event), 'bolus'))"
NOTHING = ("n/a",)


def identify(head: Head) -> str | None:
    """`de` for the German columns in the first line, or None."""
    row = header_row(head, [*COLUMNS, *LEFT])
    return "de" if row and row.delimiter == ";" else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Boluses, carbs with their meals, fingersticks.

    Skips: `event_without_amount` (modes of the pump), `insulin_of_another_kind`, `unit_not_read`.
    """
    rows = rows_below(lines_of(decoded(source.read())), 0, ";")
    yield Total(rows.records)
    yield from unknown(rows.header, [*COLUMNS, *LEFT])
    yield from rows.unreadable()
    table = named(rows, COLUMNS)
    told = query(f"select distinct unit, {CARBS} as carbs from t order by unit", t=table)
    for row in told.to_pylist():
        if row["unit"] in GLUCOSE:
            yield Fact("unit", row["unit"])
        elif row["unit"] not in ("", "U") and not row["carbs"]:
            yield Drift(f"unit {row['unit']}")
    amounts = {
        BOLUS: ("insulin_bolus", "U"),
        CARBS: ("dietary_carbohydrate", "g"),
        **{f"unit = '{unit}'": ("capillary_glucose", unit) for unit in GLUCOSE},
    }
    yield from planned(
        table,
        Plan(
            stamp="if(date = '' or time = '', '', date || ' ' || time)",
            stamp_column="Datum Uhrzeit",
            times={"start_wall": parsed("date || ' ' || time", *FORMATS)},
            numbers=tuple(
                Number(VALUE, metric, unit, "Wert", when=when, absent=NOTHING)
                for when, (metric, unit) in amounts.items()
            ),
            intervals=(
                Interval(
                    f"{CARBS} and try_cast({VALUE} as double) > 0",
                    "meal",
                    "case when contains(information, 'HypoTreatment') then 'hypo treatment' end",
                ),
            ),
            skip=f"""case when unit = '' then 'event_without_amount'
                when unit = 'U' and not {BOLUS} then 'insulin_of_another_kind'
                when not ({" or ".join(amounts)}) then 'unit_not_read' end""",
            nothing="no_value",
            raw=("date", "time", "event", "value", "unit"),
        ),
    )


CONNECTOR = Connector(
    name="mylife_cloud",
    title="mylife Cloud CSV",
    version="1",
    variants={"de": "unverified"},
    identify=identify,
    extract=extract,
    source="pump",
)
