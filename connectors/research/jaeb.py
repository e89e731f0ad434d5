"""Data sets of the Jaeb Center (Loop, REPLACE-BG, FLAIR, DCLP3, DCLP5, PEDAP, IOBP2, non-diabetic).

One record is one line of a table: a reading or a bolus of a person, PtID. Loop tells UTC; the
others the wall clock, some of them by days from enrolment alone, which are counted from an agreed
first day. An adjusted time goes before the device's own. Midnight may be written without its time.
Loop's glucose is mmol/L as a column says, others' is mg/dL. Dexcom's 39 and 401 mean below 40 and
above 400, as does 0 beside a HighLowIndicator of 2 or 1. The tables are up to 2 GB.

Evidence: glossaries and analyses of these sets by others; no table was seen itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from connectors.contract import Connector, Fact, FormatDrift, Head, Item, Source, Total
from connectors.reading.blocks import blocks
from connectors.reading.columns import named
from connectors.reading.head_cells import head_rows
from connectors.reading.table import Plan, planned
from connectors.research.jaeb_tables import CELLS, DAY_0, TABLES, Table


def identify(head: Head) -> str | None:
    """Which table this is, by columns that it alone has, or None."""
    row = next(iter(head_rows(head)), None)
    if row is None or row.delimiter not in "|,\t":
        return None
    cells = set(row.cells)
    return next((name for name, table in TABLES.items() if table.has(cells)), None)


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Glucose, calibrations apart, insulin and carbs, each with its person.

    Skips: `unusable` (FLAIR's own mark), `nothing_measured`.

    Raises: FormatDrift without one of the table's columns.
    """
    table = TABLES[variant]
    row = head_rows(source)[0]
    if not table.has(set(row.cells)):
        raise FormatDrift("the table lacks one of its columns: export or download it again")
    yield from _facts(table, row.cells)
    needed = {cell: name for cell, name in CELLS.items() if cell in row.cells}
    perhaps = {cell: name for cell, name in CELLS.items() if name not in needed.values()}
    for rows in blocks(source, 0, row.delimiter):
        yield Total(rows.records)
        yield from rows.unreadable()
        yield from planned(
            named(rows, needed, perhaps),
            Plan(
                stamp=table.stamp,
                stamp_column=table.column,
                times=table.times,
                numbers=table.numbers,
                intervals=table.intervals,
                subject="subject",
                skip="case when lower(unusable) = 'true' then 'unusable' end",
                raw=("subject", *table.told),
            ),
        )


def _facts(table: Table, cells: tuple[str, ...]) -> Iterator[Fact]:
    if table.unit and not {"Units", "DeviceStorUnits"} & set(cells):
        yield Fact("unit", table.unit)
        yield Fact("unit_basis", "documentation")
    if "days" in table.told:
        yield Fact("date_basis", f"days from enrolment, day 0 is {DAY_0}")


CONNECTOR = Connector(
    name="research_jaeb",
    title="Jaeb Center data sets (Loop, REPLACE-BG, FLAIR, DCLP, PEDAP, IOBP2)",
    version="1",
    variants=dict.fromkeys(TABLES, "unverified"),
    identify=identify,
    extract=extract,
    source="cgm",
)
