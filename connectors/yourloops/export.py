"""YourLoops export of Diabeloop: a folder of CSV files, one a kind of record.

One record is one line. Times are UTC, with the minutes that the clock was ahead beside them. The
unit of glucose stands in each line. A biphasic bolus is two lines, each with what it gave; what a
meal says of its bolus stands again in the file of boluses. A rate of 0 is told, too.

Evidence: the example files of a public reader (R package aidR), randomized from a real export.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow.compute as pc

from connectors.contract import Connector, Fact, Head, Item, Source, Total
from connectors.reading.blocks import blocks
from connectors.reading.columns import named, unknown
from connectors.reading.head_cells import header_row
from connectors.reading.plans import Interval, Number, Plan
from connectors.reading.table import planned
from connectors.reading.text_sql import instant, later

CLOCK = {"timestamp": "stamp", "timezoneOffSet": "ahead"}
GRAMS = {"g": "g", "grams": "g"}
UNITS = {"mg/dl": "mg/dL", "mmol/l": "mmol/L"}
# What is read of each file, and what else it has.
COLUMNS = {
    "glucose": {"value": "value", "units": "unit", "cgmModel": "model"},
    "bolus": {"type": "kind", "delivered": "value"},
    "basal": {"duration_in_milliseconds": "lasted", "rate": "value", "deliveryType": "kind"},
    "meal": {"carbsValue": "value", "carbUnit": "unit"},
    "rescue_carbs": {"confirmedCarbs": "value", "confirmedCarbsUnits": "unit"},
    "activity": {"duration.value": "lasted", "duration.unit": "unit", "reportedIntensity": "kind"},
}
LEFT: dict[str, tuple[str, ...]] = {
    "glucose": (),
    "bolus": ("required", "insulinOnBoard", "prescriptor", "biphasicId", "part"),
    "basal": (),
    "meal": (
        *("inputTimestamp", "is_input_meal_fat", "bolus.type", "bolus.delivered"),
        *("bolus.insulinOnBoard", "bolus.prescriptor", "recommended.net"),
    ),
    "rescue_carbs": ("prescriptor", "recommendedCarbs", "recommendedCarbsUnits"),
    "activity": ("inputTimestamp",),
}
UTC = instant("stamp")
AHEAD = """case when abs(try_cast(ahead as double)) <= 840
    then cast(try_cast(ahead as double) as smallint) end"""
AT = {
    "start_utc": UTC,
    "start_wall": f"timezone('UTC', {UTC}) + to_minutes(cast({AHEAD} as bigint))",
    "start_offset_min": AHEAD,
}
RAW = ("stamp", "ahead", "value")


def identify(head: Head) -> str | None:
    """The kind of file by the columns of the first line, or None."""
    for variant, columns in COLUMNS.items():
        if header_row(head, [*CLOCK, *columns, *LEFT[variant]]):
            return variant
    return None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Glucose; boluses; basal rates; carbs and meals; exercise. Skips: `nothing_measured`."""
    columns = {**CLOCK, **COLUMNS[variant]}
    for place, rows in enumerate(blocks(source, 0, ",")):
        if place == 0:
            yield from unknown(rows.header, [*columns, *LEFT[variant]])
        yield Total(rows.records)
        yield from rows.unreadable()
        table = named(rows, columns)
        if variant == "glucose":
            told = {UNITS.get(unit.lower()) for unit in pc.unique(table["unit"]).to_pylist()}
            for unit in sorted(unit for unit in told if unit):
                yield Fact("unit", unit)
        yield from planned(table, _plan(variant))


def _plan(variant: str) -> Plan:
    if variant == "glucose":
        unit = _meant(UNITS)
        reading = Number(
            "value", "interstitial_glucose", column="value", unit_column="units", unit_sql=unit
        )
        return Plan("stamp", "timestamp", AT, (reading,), more={"device": "model"}, raw=RAW)
    if variant == "bolus":
        dose = Number("value", "insulin_bolus", "U", "delivered", is_zero_nothing=True)
        return Plan("stamp", "timestamp", AT, (dose,), raw=RAW)
    if variant == "basal":
        rate = Number("value", "insulin_basal_rate", "U/h", "rate", spans=True)
        ends = later(UTC, "try_cast(lasted as double) / 1000")
        return Plan("stamp", "timestamp", {**AT, "end_utc": ends}, (rate,), end="lasted",
                    end_column="duration_in_milliseconds", raw=(*RAW, "lasted"))  # fmt: skip
    if variant == "activity":
        factors = "case lower(unit) when 'seconds' then 1 when 'minutes' then 60 end"
        ends = later(UTC, f"nullif(try_cast(lasted as double), 0) * {factors}")
        walk = Interval("stamp <> ''", "exercise", "nullif(kind, '')")
        known = "if(try_cast(lasted as double) = 0, '', lasted)"
        return Plan("stamp", "timestamp", {**AT, "end_utc": ends}, intervals=(walk,), end=known,
                    end_column="duration.value", raw=(*RAW[:2], "lasted", "unit"))  # fmt: skip
    carbs, carb_unit = list(COLUMNS[variant])
    grams = _meant(GRAMS)
    eaten = Number("value", "dietary_carbohydrate", column=carbs, unit_column=carb_unit,
                   unit_sql=grams, is_zero_nothing=True)  # fmt: skip
    label = "'rescue carbs'" if variant == "rescue_carbs" else "null"
    meal = Interval(f"try_cast(value as double) > 0 and {grams} is not null", "meal", label)
    return Plan("stamp", "timestamp", AT, (eaten,), (meal,), raw=RAW)


def _meant(units: dict[str, str]) -> str:
    """SQL: the unit that a line tells; NULL for one that is not known."""
    cases = " ".join(f"when '{told}' then '{unit}'" for told, unit in units.items())
    return f"case lower(unit) {cases} end"


CONNECTOR = Connector(
    name="yourloops_export",
    title="YourLoops export",
    version="1",
    variants=dict.fromkeys(COLUMNS, "unverified"),
    identify=identify,
    extract=extract,
    source="pump",
)
