"""AZT1D data set: one person a file, a Tandem pump with Control-IQ.

One record is one line: a reading, a bolus, or both. The clock is the pump's naive wall clock.
Glucose is mg/dL. Zero doses and zero carbs are nothing. The basal rate is what runs, not a
temporary one, and is not read; DeviceMode `sleep` is a mode of the pump, and no sleep.

Evidence: the headers of two subjects' files verbatim (one has another order and another name for
glucose); readers of others.
"""

from __future__ import annotations

from collections.abc import Iterator

from connectors.contract import Connector, Fact, FormatDrift, Head, Item, Source, Total
from connectors.reading.columns import named, unknown, with_wall
from connectors.reading.delimited import decoded, lines_of, rows_below
from connectors.reading.head_cells import header_row
from connectors.reading.stamps import MONTH_FIRST
from connectors.reading.table import Interval, Number, Plan, planned

COLUMNS = {
    "EventDateTime": "stamp",
    "CarbSize": "carbs",
    "TotalBolusInsulinDelivered": "bolus",
}
GLUCOSE = ("CGM", "Readings (CGM / BGM)")
LEFT = ("DeviceMode", "BolusType", "Basal", "CorrectionDelivered", "FoodDelivered")
NOTHING = ("nan", "na", "-")


def identify(head: Head) -> str | None:
    """`csv` for these columns in the first line, or None."""
    row = header_row(head, [*COLUMNS, *LEFT])
    return "csv" if row and set(GLUCOSE) & set(row.cells) else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Glucose, bolus, carbs. Skips: `nothing_measured`.

    Raises: FormatDrift without a column of glucose; UndatableFile.
    """
    rows = rows_below(lines_of(decoded(source.read())), 0, ",")
    glucose = next((cell for cell in GLUCOSE if cell in rows.header), None)
    if glucose is None:
        raise FormatDrift("no column CGM or 'Readings (CGM / BGM)'; download it again")
    yield Fact("unit", "mg/dL")
    yield Fact("unit_basis", "documentation")
    yield Total(rows.records)
    yield from unknown(rows.header, [*COLUMNS, *LEFT, *GLUCOSE])
    yield from rows.unreadable()
    table = named(rows, {**COLUMNS, glucose: "glucose"})
    yield from planned(
        with_wall(table, "stamp", MONTH_FIRST),
        Plan(
            stamp="stamp",
            stamp_column="EventDateTime",
            times={"start_wall": "moment"},
            numbers=(
                Number("glucose", "interstitial_glucose", "mg/dL", glucose, absent=NOTHING),
                Number(
                    "bolus",
                    "insulin_bolus",
                    "U",
                    "TotalBolusInsulinDelivered",
                    absent=NOTHING,
                    is_zero_nothing=True,
                ),
                Number(
                    "carbs",
                    "dietary_carbohydrate",
                    "g",
                    "CarbSize",
                    absent=NOTHING,
                    is_zero_nothing=True,
                ),
            ),
            intervals=(Interval("try_cast(carbs as double) > 0", "meal"),),
            raw=("stamp", "glucose", "bolus", "carbs"),
        ),
    )


CONNECTOR = Connector(
    name="research_azt1d",
    title="AZT1D data set",
    version="1",
    variants={"csv": "unverified"},
    identify=identify,
    extract=extract,
    source="cgm",
)
