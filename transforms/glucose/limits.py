"""Numbers that a sensor writes for "beyond what I measure", by product."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.arrays import Mask, Values
from transforms.coded import codes

# connector: unit: lowest, highest, and the lower ceiling of newer products, as exported. LibreView
# writes no words. Source: real files; Tidepool's driver takes 40 / 2.2 and 500 / 27.8 for limits.
LIMITS = {
    "libreview": {"mg/dL": (40.0, 500.0, 400.0), "mmol/L": (2.2, 27.8, 22.2)},
}
# They measure to 500 mg/dL, so that 400 is a measurement. Source: Abbott's user guides.
TO_500 = ("FreeStyle Libre", "FreeStyle Libre Pro")


def limited(rows: pa.Table, is_glucose: Mask) -> pa.Array:
    """`bound` of reported samples, with < and > where a product's limit stands as a number (n,).

    400 mg/dL is one only for a device that is not of the first generation and tells nothing above.
    """
    bound = rows["bound"].combine_chunks()
    low, high = np.zeros(len(is_glucose), np.bool_), np.zeros(len(is_glucose), np.bool_)
    for connector, units in LIMITS.items():
        of = is_glucose & _is(rows, "connector", connector)
        if not of.any():
            continue
        value = np.asarray(pc.fill_null(rows["value"], np.nan)).astype(np.float64)
        device = codes(rows["device"])
        first_ones = np.asarray(
            pc.fill_null(pc.is_in(rows["device"].cast(pa.string()), pa.array(TO_500)), False)
        )
        for unit, (floor, ceiling, newer) in units.items():
            mine = of & _is(rows, "unit", unit)
            low |= mine & (np.abs(value - floor) < 1e-9)
            high |= mine & (np.abs(value - ceiling) < 1e-9)
            above = np.unique(device[mine & (value > newer + 1e-9)])
            is_newer = mine & ~first_ones & ~np.isin(device, above)
            high |= is_newer & (np.abs(value - newer) < 1e-9)
    if not (low.any() or high.any()):
        return bound
    told = bound.cast(pa.string())
    text = pc.if_else(pa.array(low), "<", pc.if_else(pa.array(high), ">", told))
    return pc.coalesce(told, text).dictionary_encode()


def _is(rows: pa.Table, column: str, name: str) -> Mask:
    return np.asarray(pc.fill_null(pc.equal(rows[column].cast(pa.string()), name), False))


def flat(value: Values, step_min: Values, pace: Values) -> Mask:
    """Readings of one sensor that stand at one value for an hour, at least four of them (n,).

    `step_min` is from each to the next, `pace` what each stands for.
    """
    goes_on = (value[1:] == value[:-1]) & (step_min <= 2.5 * pace[:-1])
    begin = np.flatnonzero(np.append(True, ~goes_on))
    count = np.diff(np.append(begin, len(value)))
    # sensors do not keep the second
    lasts = (count >= 4) & (np.add.reduceat(pace, begin) >= 0.99 * 60) if len(value) else count > 0
    found: Mask = np.repeat(lasts, count)
    return found
