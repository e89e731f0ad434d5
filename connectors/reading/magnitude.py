"""The unit of glucose in a file that does not name it, by the size of its numbers.

No sensor shows 30 to 39 mg/dL for half of anybody's time, and none shows 30 mmol/L at all: the
middle of a file's readings tells the two apart, and what lies between is asked for.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from connectors.contract import FormatDrift

MMOL_BELOW = 30.0  # sensors end at 27.8 mmol/L (500 mg/dL)
MGDL_FROM = 40.0  # and begin at 40 mg/dL (2.2 mmol/L)
FEWEST_PCT = 95  # of the readings have to fit the unit of their middle


def unit_by_magnitude(values: pa.ChunkedArray | pa.Array) -> str:
    """mg/dL or mmol/L; mg/dL for a file without a single number.

    Raises: FormatDrift if the numbers fit neither, or some of them each.
    """
    told = pc.drop_null(pc.cast(values, pa.float64()))
    if len(told) == 0:
        return "mg/dL"
    middle = pc.quantile(told, 0.5)[0].as_py()
    low = pc.mean(pc.cast(pc.less(told, MMOL_BELOW), pa.float64())).as_py() * 100
    if middle < MMOL_BELOW and low >= FEWEST_PCT:
        return "mmol/L"
    if middle >= MGDL_FROM and low <= 100 - FEWEST_PCT:
        return "mg/dL"
    raise FormatDrift(
        "the file names no unit, and its numbers do not tell whether they are mg/dL or mmol/L: "
        "say so with a mapping (`dawnlake mapping FILE`)"
    )
