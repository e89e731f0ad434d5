"""CSV with `id,time,gl`, as iglu and Awesome-CGM write every data set, of many people.

One record is one line: a reading of a person. The clock is a naive wall clock. Glucose is mg/dL by
the package's definition, and no unit stands in the file; numbers that can only be mmol/L are read
as that. Low is a number. R writes midnight as the date alone.

Evidence: iglu's example data and its documentation; the reader of Awesome-CGM's own files.
"""

from __future__ import annotations

from collections.abc import Iterator

from connectors.contract import Connector, Fact, FormatDrift, Head, Item, Source, Total
from connectors.reading.blocks import blocks
from connectors.reading.columns import named
from connectors.reading.head_cells import head_rows
from connectors.reading.magnitude import unit_by_magnitude
from connectors.reading.query import query
from connectors.reading.table import Number, Plan, parsed, planned
from connectors.reading.text_sql import number

COLUMNS = ("id", "time", "gl")
FORMATS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M")
MIDNIGHT = "%Y-%m-%d"  # what R's write.csv makes of 00:00:00
NOTHING = ("na", "nan", "null")


def identify(head: Head) -> str | None:
    """`csv` for exactly these columns, perhaps behind R's row numbers, or None."""
    for row in head_rows(head)[:1]:
        if row.cells == COLUMNS or (row.cells[:1] == ("",) and row.cells[1:] == COLUMNS):
            return "csv"
    return None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Glucose with its person. Skips: `no_reading` (an empty cell or NA).

    Raises: FormatDrift if the numbers tell no unit.
    """
    unit = None
    for rows in blocks(source, 0, ","):
        table = named(rows, {name: name for name in COLUMNS})
        told = unit_by_magnitude(query(f"select {number('gl')} as v from t", t=table)["v"])
        if unit is None:
            unit = told
            yield Fact("unit", unit)
            yield Fact("unit_basis", "magnitude" if unit == "mmol/L" else "documentation")
        if told != unit and table.num_rows:
            raise FormatDrift("the readings change their unit in the middle: export it again")
        yield Total(rows.records)
        yield from rows.unreadable()
        yield from planned(table, _plan(unit))


def _plan(unit: str) -> Plan:
    return Plan(
        stamp="time",
        stamp_column="time",
        times={"start_wall": parsed("time", *FORMATS, MIDNIGHT)},
        numbers=(Number("gl", "interstitial_glucose", unit, "gl", absent=NOTHING),),
        subject="id",
        nothing="no_reading",
        raw=COLUMNS,
    )


CONNECTOR = Connector(
    name="research_iglu",
    title="iglu and Awesome-CGM (id, time, gl)",
    version="1",
    variants={"csv": "unverified"},
    identify=identify,
    extract=extract,
    source="cgm",
)
