"""CGMacros data set: two sensors, a band and meals of one person, a line a minute.

One record is one line: a minute. The clock is a naive wall clock. Glucose is mg/dL of two sensors
worn at once, a Dexcom (5 minutes) and a Libre (15); the authors drew straight lines between their
readings, so only the minutes of readings are carried: in each stretch those at which the line
bends, else every fifth (fifteenth) from its first. Heart rate and steps are the band's minutes.
A meal has its kind, its energy (kcal) and nutrients (g) as served; the share eaten is not applied.
METs are times ten, calories are all of the body's: neither is read.

Evidence: two of the set's nine headers, in copies with invented values; its documentation.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from connectors.contract import Connector, Fact, Head, Item, Source, Total
from connectors.reading.columns import named, unknown
from connectors.reading.delimited import decoded, lines_of, rows_below
from connectors.reading.head_cells import header_row
from connectors.reading.query import query
from connectors.reading.table import Interval, Number, Plan, planned
from connectors.reading.text_sql import number, wall

NEEDED = {"Timestamp": "stamp", "Libre GL": "libre", "Dexcom GL": "dexcom", "Meal Type": "meal"}
PERHAPS = {
    "HR": "pulse",
    "Steps": "steps",
    "Calories": "energy",
    "Carbs": "carbs",
    "Protein": "protein",
    "Fat": "fat",
    "Fiber": "fiber",
    "Sugar": "sugar",
}
LEFT = (
    *("", "Unnamed: 0", "Calories (Activity)", "METs", "RecordIndex", "Amount Consumed"),
    *("Amount consumed", "Image path", "Image Path", "Intensity"),
)
PACES = {"libre": 15, "dexcom": 5}  # minutes. Source: the set's documentation
CLEAR = 0.4  # of all bending at one minute of the pace; a reading between two minutes bends both
DAY = 1440  # minutes
FOOD = {
    "energy": ("dietary_energy", "kcal", "Calories"),
    "carbs": ("dietary_carbohydrate", "g", "Carbs"),
    "protein": ("dietary_protein", "g", "Protein"),
    "fat": ("dietary_fat", "g", "Fat"),
    "fiber": ("dietary_fiber", "g", "Fiber"),
    "sugar": ("dietary_sugar", "g", "Sugar"),
}
EATEN = "concat(meal, energy, carbs) <> ''"


def identify(head: Head) -> str | None:
    """`csv` for both sensors beside meals in the first line, or None."""
    return "csv" if header_row(head, NEEDED) else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Glucose of either sensor at its own pace, heart rate, steps, meals.

    Skips: `interpolated` (a minute with nothing but a drawn line), `nothing_measured`.
    """
    rows = rows_below(lines_of(decoded(source.read())), 0, ",")
    yield Fact("unit", "mg/dL")
    yield Fact("unit_basis", "documentation")
    yield Total(rows.records)
    yield from unknown(rows.header, [*NEEDED, *PERHAPS, *LEFT])
    yield from rows.unreadable()
    at = wall("stamp")
    others = "concat(pulse, steps, meal, energy, carbs) = ''"
    yield from planned(
        _with_readings(named(rows, NEEDED, PERHAPS)),
        Plan(
            stamp="stamp",
            stamp_column="Timestamp",
            times={"start_wall": at, "end_wall": f"{at} + interval 1 minute"},
            numbers=(
                _glucose("libre", "Libre"),
                _glucose("dexcom", "Dexcom"),
                Number("pulse", "heart_rate", "/min", "HR"),
                Number("steps", "step_count", "{count}", "Steps", spans=True),
                *(Number(name, *words, when=EATEN) for name, words in FOOD.items()),
            ),
            intervals=(Interval("meal <> ''", "meal", "meal", spans=False),),
            skip=f"""case when {others} and not is_libre and not is_dexcom
                and concat(libre, dexcom) <> '' then 'interpolated' end""",
            raw=("stamp", "libre", "dexcom", "pulse", "steps", "energy", "carbs"),
        ),
    )


def _glucose(name: str, sensor: str) -> Number:
    return Number(
        name, "interstitial_glucose", "mg/dL", f"{sensor} GL", when=f"is_{name}", device=sensor
    )


def _with_readings(table: pa.Table) -> pa.Table:
    """The table with `is_libre` and `is_dexcom`: whether the minute is one of a reading."""
    cells = ", ".join(f"{number(name)} as {name}" for name in PACES)
    told = query(f"select epoch({wall('stamp')})::bigint // 60 as minute, {cells} from t", t=table)
    minute = np.asarray(told["minute"].fill_null(-2)).astype(np.int64)
    for name, pace in PACES.items():
        value = np.asarray(told[name].cast(pa.float64()).fill_null(np.nan)).astype(np.float64)
        table = table.append_column(f"is_{name}", pa.array(_readings(minute, value, pace)))
    return table


def _readings(
    minute: npt.NDArray[np.int64], value: npt.NDArray[np.float64], pace: int
) -> npt.NDArray[np.bool_]:
    """Whether each minute is that of a reading; a cell that is no number is taken for one."""
    found = np.isnan(value)
    known = np.flatnonzero(~found)
    begins = np.flatnonzero(np.diff(minute[known], prepend=-9) != 1)
    for run in np.split(known, begins):
        for first in range(0, len(run), DAY):  # clocks drift: the place is found for each day
            part = run[first : first + DAY]
            found[part] = minute[part] % pace == _place(minute[part], value[part], pace)
    return found


def _place(minute: npt.NDArray[np.int64], value: npt.NDArray[np.float64], pace: int) -> int:
    """The minute within the pace at which the lines of a stretch bend; its first, if none stands
    out."""
    if len(value) == 0:
        return 0
    bend = np.abs(np.diff(value, 2))
    at = np.bincount(minute[1:-1] % pace, bend, pace) if len(bend) else np.zeros(pace)
    is_clear = at.sum() > 0 and at.max() >= CLEAR * at.sum()
    return int(at.argmax() if is_clear else minute[0] % pace)


CONNECTOR = Connector(
    name="research_cgmacros",
    title="CGMacros data set",
    version="1",
    variants={"csv": "verified"},
    identify=identify,
    extract=extract,
    source="cgm",
)
