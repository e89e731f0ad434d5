"""HUPA-UCM diabetes data set, preprocessed CSV: one person a file, every 5 minutes.

One record is one line: glucose, and what pump, pen and band say of these 5 minutes. The clock is a
naive wall clock (Madrid). Glucose is mg/dL, of a Libre brought to 5 minutes by the authors. Carbs
are servings of 10 g. Zero doses and zero carbs are nothing. Calories are all of the body's, and
the unit of the basal column is disputed: neither is read. Low is a number.

Evidence: the layout of a real file, read in a disguised copy; a reader that multiplies carbs by 10.
"""

from __future__ import annotations

from collections.abc import Iterator

from connectors.contract import Connector, Fact, Head, Item, Source, Total
from connectors.reading.columns import named, unknown
from connectors.reading.delimited import decoded, lines_of, rows_below
from connectors.reading.head_cells import header_row
from connectors.reading.table import Interval, Number, Plan, planned
from connectors.reading.text_sql import wall

COLUMNS = {
    "time": "stamp",
    "glucose": "glucose",
    "heart_rate": "pulse",
    "steps": "steps",
    "bolus_volume_delivered": "bolus",
    "carb_input": "carbs",
}
LEFT = ("calories", "basal_rate")
NOTHING = ("nan", "na")


def identify(head: Head) -> str | None:
    """`csv` for these columns in the first line, or None."""
    return "csv" if header_row(head, [*COLUMNS, *LEFT]) else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Glucose, heart rate, steps of 5 minutes, bolus, carbs. Skips: `nothing_measured`."""
    row = header_row(source, COLUMNS)
    rows = rows_below(lines_of(decoded(source.read())), 0, row.delimiter if row else ";")
    yield Fact("unit", "mg/dL")
    yield Fact("unit_basis", "documentation")
    yield Total(rows.records)
    yield from unknown(rows.header, [*COLUMNS, *LEFT])
    yield from rows.unreadable()
    at = wall("stamp")
    yield from planned(
        named(rows, COLUMNS),
        Plan(
            stamp="stamp",
            stamp_column="time",
            times={"start_wall": at, "end_wall": f"{at} + interval 5 minute"},
            numbers=(
                Number("glucose", "interstitial_glucose", "mg/dL", "glucose", absent=NOTHING),
                Number("pulse", "heart_rate", "/min", "heart_rate", absent=NOTHING),
                Number("steps", "step_count", "{count}", "steps", absent=NOTHING, spans=True),
                Number(
                    "bolus",
                    "insulin_bolus",
                    "U",
                    "bolus_volume_delivered",
                    absent=NOTHING,
                    is_zero_nothing=True,
                ),
                Number(
                    "carbs",
                    "dietary_carbohydrate",
                    "10.g",
                    "carb_input",
                    absent=NOTHING,
                    is_zero_nothing=True,
                ),
            ),
            intervals=(Interval("try_cast(carbs as double) > 0", "meal", spans=False),),
            raw=("stamp", "glucose", "pulse", "steps", "bolus", "carbs"),
        ),
    )


CONNECTOR = Connector(
    name="research_hupa",
    title="HUPA-UCM data set",
    version="1",
    variants={"csv": "verified"},
    identify=identify,
    extract=extract,
    source="cgm",
)
