"""DiaTrend data set: one person a workbook with sheets CGM, Bolus and Basal.

One record is one row of a sheet. The clock is naive and local, a date and time cell. Glucose is
mg/dL, as the name of its column says. A bolus has its units and the carbs that were announced.
Basal rates are what ran, not temporary ones, and are left out. Low is a number.

Evidence: sheets and columns as a reader of the set takes them; no file was seen (its licence).
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from connectors.contract import Connector, Fact, FormatDrift, Head, Item, Skip, Source, Total
from connectors.reading.columns import named, with_wall
from connectors.reading.stamps import MONTH_FIRST
from connectors.reading.table import Interval, Number, Plan, planned
from connectors.reading.workbook import Sheet, sheets_of, sheets_seen

ROWS = 1 << 20  # of a sheet; what numbers the records of the next
GLUCOSE = {"date": "stamp", "mg/dl": "glucose"}
BOLUS = {"date": "stamp", "normal": "bolus"}
CARBS = {"carbInput": "carbs"}


def identify(head: Head) -> str | None:
    """`workbook` for a sheet CGM with a date and mg/dl, or None."""
    return "workbook" if any(_is_glucose(sheet) for sheet in sheets_seen(head)) else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Glucose, boluses, carbs. Skips: `basal_rate`, `sheet <name>`, `nothing_measured`.

    Raises: FormatDrift without a sheet of glucose.
    """
    sheets = sheets_of(source)
    if not any(_is_glucose(sheet) for sheet in sheets):
        raise FormatDrift("no sheet CGM with the columns date and mg/dl: get the file again")
    yield Fact("unit", "mg/dL")
    for place, sheet in enumerate(sheets):
        rows = sheet.below(0)
        yield Total(rows.records)
        if sheet.name not in ("CGM", "Bolus"):
            reason = "basal_rate" if sheet.name == "Basal" else f"sheet {sheet.name}"
            if rows.records:
                yield Skip(reason, rows.records)
            continue
        wanted, perhaps = (GLUCOSE, {}) if sheet.name == "CGM" else (BOLUS, CARBS)
        for batch in rows.unreadable():
            yield type(batch)(batch.shape, _moved(batch.data, place))
        table = with_wall(_moved(named(rows, wanted, perhaps), place), "stamp", MONTH_FIRST)
        yield from planned(table, _plan(sheet.name))


def _plan(sheet: str) -> Plan:
    numbers = {
        "CGM": (Number("glucose", "interstitial_glucose", "mg/dL", "mg/dl"),),
        "Bolus": (
            Number("bolus", "insulin_bolus", "U", "normal", is_zero_nothing=True),
            Number("carbs", "dietary_carbohydrate", "g", "carbInput", is_zero_nothing=True),
        ),
    }[sheet]
    meal = Interval("try_cast(carbs as double) > 0", "meal")
    return Plan(
        stamp="stamp",
        stamp_column="date",
        times={"start_wall": "moment"},
        numbers=numbers,
        intervals=(meal,) if sheet == "Bolus" else (),
        raw=("stamp", *(each.cell for each in numbers)),
    )


def _moved(table: pa.Table, place: int) -> pa.Table:
    numbers = pc.add(table["record"], place * ROWS)
    return table.set_column(table.schema.get_field_index("record"), "record", numbers)


def _is_glucose(sheet: Sheet) -> bool:
    cells = {cell for row in sheet.top(1) for cell in row}
    return sheet.name == "CGM" and set(GLUCOSE) <= cells


CONNECTOR = Connector(
    name="research_diatrend",
    title="DiaTrend data set",
    version="1",
    variants={"workbook": "unverified"},
    identify=identify,
    extract=extract,
    source="cgm",
)
