"""SiDiary CSV, as xDrip+ and Spike write it (`Export CSV (SiDiary format)`), and SiDiary itself.

One record is one line: a reading of the sensor, a fingerstick, carbs, insulin or a remark; xDrip
writes these one kind below the other. The clock is the phone's wall clock to the minute, so each
minute of the autumn hour stands there twice. Glucose is mg/dL always (`BG_LEVEL_MMOL` is not).
xDrip writes 38 for a fault of the sensor, 39 and 400 for "this or beyond". Nothing is quoted: a
semicolon in a remark adds a field.

Evidence: xDrip's own code and one public line of its output; the older file of three columns and
Spike's by other readers; SiDiary's help page on its import.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pyarrow as pa

from connectors.contract import Connector, Drift, Fact, Head, Item, Source, Total
from connectors.reading.columns import named, unknown, with_wall
from connectors.reading.delimited import Delimited, decoded, lines_of, rows_below
from connectors.reading.head_cells import Row, head_rows
from connectors.reading.table import Interval, Number, Plan, planned

NEEDED = {"DAY": "day", "TIME": "clock"}
READ = {
    "UDT_CGMS": "sensor",
    "BG_LEVEL": "meter",
    "BG_LEVEL_MMOL": "meter_mmol",
    "CH_GR": "carbs",
    "BOLUS": "bolus",
    "BASAL": "basal",
    "REMARK": "remark",
}
# Known and left alone: ketones and bread units without a unit of their own, body and blood.
LEFT = ("KETONE", "CH_BE_KHE", "BLOODPRESSURE", "WEIGHT_KG", "WEIGHT_LBS")
XDRIP = ("DAY", "TIME", "UDT_CGMS", "BG_LEVEL", "CH_GR", "BOLUS", "REMARK")
FAULT, FLOOR, CEILING = 38, 39, 400  # xDrip's special values of a reading


def identify(head: Head) -> str | None:
    """Who writes these columns: `xdrip`, `xdrip_old`, `spike` or `sidiary`, or None."""
    row = next(iter(head_rows(head)), None)
    if row is None or not (set(NEEDED) <= set(row.cells) and set(READ) & set(row.cells)):
        return None
    if set(row.cells) - {*NEEDED, *READ, *LEFT, ""}:
        return None
    return _variant(row)


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Glucose, fingersticks, insulin, carbs and that something was eaten.

    Skips: `sensor_error_code` (38 and below), `remark` (words alone), `nothing_measured`.

    Raises: UndatableFile if day and month cannot be told apart.
    """
    delimiter = head_rows(source)[0].delimiter
    lines = [line.replace('"', "'") for line in lines_of(decoded(source.read()))]
    rows = _whole(rows_below(lines, 0, delimiter))
    yield Fact("unit", "mg/dL")
    yield Total(rows.records)
    yield from unknown(rows.header, [*NEEDED, *READ, *LEFT])
    if "KETONE" in rows.header or "CH_BE_KHE" in rows.header:
        yield Drift("column KETONE or CH_BE_KHE, which name no unit")
    yield from rows.unreadable()
    yield from planned(with_wall(named(rows, NEEDED, READ), "day || ' ' || clock"), _plan())


def _plan() -> Plan:
    # a decimal comma occurs where SiDiary writes in the format of the system
    cell = "replace({}, ',', '.')".format
    is_code = f"try_cast({cell('sensor')} as double) <= {FAULT}"
    return Plan(
        stamp="trim(day || ' ' || clock)",
        stamp_column="DAY",
        times={"start_wall": "moment"},
        numbers=(
            Number(
                cell("sensor"),
                "interstitial_glucose",
                "mg/dL",
                "UDT_CGMS",
                floor=(FLOOR, FLOOR),
                ceiling=(CEILING, CEILING),
            ),
            Number(cell("meter"), "capillary_glucose", "mg/dL", "BG_LEVEL", is_zero_nothing=True),
            Number(
                cell("meter_mmol"),
                "capillary_glucose",
                "mmol/L",
                "BG_LEVEL_MMOL",
                is_zero_nothing=True,
                when="meter = ''",
            ),
            Number(cell("carbs"), "dietary_carbohydrate", "g", "CH_GR", is_zero_nothing=True),
            Number(cell("bolus"), "insulin_bolus", "U", "BOLUS", is_zero_nothing=True),
            Number(cell("basal"), "insulin_long_acting", "U", "BASAL", is_zero_nothing=True),
        ),
        intervals=(Interval(f"try_cast({cell('carbs')} as double) > 0", "meal"),),
        skip=f"""case when {is_code} then 'sensor_error_code'
            when remark <> '' and coalesce(try_cast({cell("carbs")} as double), 0) = 0
                and coalesce(try_cast({cell("bolus")} as double), 0) = 0
                and concat(sensor, meter, meter_mmol, basal) = '' then 'remark' end""",
        raw=("day", "clock", "sensor", "meter", "carbs", "bolus", "basal"),
    )


def _whole(rows: Delimited) -> Delimited:
    """The rows with what a remark with semicolons was split into, put back to its first piece."""
    if rows.header[-1:] != ("REMARK",) or not rows.wide:
        return rows
    width = len(rows.header)
    cells = zip(*(each[:width] for _, each in rows.wide), strict=True)
    more = pa.table({f"c{i}": pa.array(cell) for i, cell in enumerate(cells)})
    line = pa.array([line for line, _ in rows.wide], pa.int64())
    return replace(
        rows,
        columns=pa.concat_tables([rows.columns, more]),
        line=pa.chunked_array([rows.line, line]).combine_chunks(),
        wide=[],
    )


def _variant(row: Row) -> str:
    filled = tuple(cell for cell in row.cells if cell)
    if filled == XDRIP:
        return "xdrip" if row.cells == filled else "spike"
    return "xdrip_old" if filled == XDRIP[:3] else "sidiary"


CONNECTOR = Connector(
    name="xdrip_sidiary",
    title="xDrip+, Spike and SiDiary CSV",
    version="1",
    variants={
        "xdrip": "unverified",
        "xdrip_old": "unverified",
        "spike": "unverified",
        "sidiary": "unverified",
    },
    identify=identify,
    extract=extract,
    source="cgm",
)
