"""Glucose whose stated unit its own values contradict: a unit that changed without a word.

An export states its unit once, in a header. Two exports that a spreadsheet joined, or a setting
that was changed between them, leave mmol/L below `mg/dL` or the other way round. What is ordinary
glucose in the one unit, 36 to 600 mg/dL, is impossible as a number of the other, 2.0 to 33.3.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.arrays import Mask, Micros, Values
from transforms.units import GLUCOSE

STATED = "glucose stated in "  # how a doubt begins
METRICS = ("interstitial_glucose", "interstitial_glucose_scan", "capillary_glucose")
OTHER = {"mg/dL": "mmol/L", "mmol/L": "mg/dL"}
# mg/dL. Sensors give numbers from 39 or 40 to 400 or 500, meters up to 600 (33.3 mmol/L).
# Source: user guides of Dexcom G6 and G7, FreeStyle Libre 2, Contour Next.
LOW, HIGH = 36.0, 600.0
ORDINARY = {"mg/dL": (LOW, HIGH), "mmol/L": (LOW / GLUCOSE, HIGH / GLUCOSE)}
RUN = 6  # readings one after the other, half an hour of a sensor
SHARE = 0.1  # of a file's readings, where the two units lie mixed


class UnitsTold:
    """The glucose of one file, kept as numbers until all of it is known."""

    def __init__(self) -> None:
        self._told: dict[tuple[str, str], list[tuple[Micros, Values]]] = defaultdict(list)

    def note(self, rows: pa.Table | pa.RecordBatch) -> None:
        """Take samples; those at a limit of the sensor are its word, and no measurement."""
        is_glucose = pc.is_in(rows["metric"], pa.array(METRICS))
        if not pc.any(is_glucose).as_py():
            return
        rows = rows.filter(pc.and_(is_glucose, pc.is_null(rows["bound"])))
        for metric in METRICS:
            for unit in OTHER:
                mine = pc.and_(pc.equal(rows["metric"], metric), pc.equal(rows["unit"], unit))
                if pc.any(mine).as_py():
                    some = rows.filter(mine)
                    numbers = np.asarray(some["record"]), np.asarray(some["value"])
                    self._told[metric, unit].append(numbers)

    def doubts(self) -> Iterator[str]:
        """A sentence for each unit that is contradicted, with counts and no value.

        Contradicted: by six readings of one metric in a row, or by six and a tenth of all. Errors
        of typing come alone, and no sensor gives six such numbers in half an hour.
        Of what is stated in mg/dL, at least half must have decimals, as mmol/L does: whole numbers
        below 34 are a severe hypoglycaemia, measured again and again, or codes of a sensor.
        """
        for unit, other in OTHER.items():
            kinds = [
                self._strange(metric, unit) for metric in METRICS if (metric, unit) in self._told
            ]
            if any(_is_contradiction(strange) for strange in kinds):
                count = sum(int(strange.sum()) for strange in kinds)
                yield f"{STATED}{unit}, {count} readings look like {other}"

    def _strange(self, metric: str, unit: str) -> Mask:
        """In the order of records, which readings are ordinary in the other unit alone."""
        records, values = (
            np.concatenate(part) for part in zip(*self._told[metric, unit], strict=True)
        )
        low, high = ORDINARY[OTHER[unit]]
        value = values[np.argsort(records, kind="stable")]
        strange: Mask = (value >= low) & (value <= high)
        if unit == "mg/dL" and 2 * np.count_nonzero(value[strange] % 1) < strange.sum():
            strange[:] = False
        return strange


def _is_contradiction(strange: Mask) -> bool:
    count = int(strange.sum())
    if count < RUN:
        return False
    edges = np.flatnonzero(np.diff(strange, prepend=False, append=False))
    longest = int((edges[1::2] - edges[::2]).max())
    return longest >= RUN or count >= SHARE * len(strange)


def is_doubt(drift: str) -> bool:
    """Whether what a manifest lists as drift is a doubt about a unit."""
    return drift.startswith(STATED)
