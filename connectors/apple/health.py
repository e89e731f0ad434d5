"""Apple Health export.xml (the file of that name, in any language, of an unpacked export.zip).

One record is one <Record> (record k is the k-th below the root) or one <Workout> (1,000,000,001
on). Every time is an instant with the offset of the moment of the *export*, for the whole
history: a UTC instant and never a wall clock; the zone is told by metadata of sleep and workouts.
Units stand in each record; glucose is mg/dL or mmol/L. There is no Low, and there is no session
of sleep either: only stages, of every source side by side.

What is not told apart in the file, and how it is here: glucose entered by hand is capillary, all
other is interstitial; oxygen saturation is a fraction or a percentage, settled for the file by
the first batch that has any. An interval without length is an instant, except for a stage.

A workout gives its distance, but not its energy: that is in the stream of active energy already.
A meal is every record of dietary energy, and one of carbohydrate if none of energy has its time.

Evidence: real sleep records of an export of version 13, fixtures of version 14 (glucose, stages)
and of iOS 12 (workouts). Only as documentation and other people describe them: oxygen saturation
as a fraction, meals and drinks, statistics of workouts.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import reduce

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from connectors.apple.columns import instants, rejects, whole
from connectors.apple.records import oxygen_unit, quantities, sleep, workouts
from connectors.apple.types import IDENTIFIERS, QUANTITIES
from connectors.apple.xml import COLUMNS, HealthXml
from connectors.contract import (
    Batch,
    Connector,
    Drift,
    Fact,
    Head,
    Item,
    Skip,
    Source,
    Total,
    shaped,
)

WORKOUTS = 1_000_000_000  # record numbers of workouts begin after it
SLEEP = "SleepAnalysis"
OTHERS = ("activity_summary", "clinical_record", "audiogram", "vision_prescription")
EATEN = ["record", "metric", "start_utc", "end_utc", "zone", "device"]
FOOD = ("dietary_energy", "dietary_carbohydrate")
# A root or a DTD of another name (export_cda.xml, a route) is another format. Comments are atomic:
# else each could end at the end of any later one, and a page of them would be tried in all ways.
_ROOT = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?>(?:(?><!--.*?-->)\s*)*)"
    rb"(?:<!DOCTYPE\s+HealthData\b|<HealthData[\s/>])",
    re.DOTALL,
)


@dataclass
class Progress:
    """What one batch of the file leaves to the next."""

    records: int = 0
    workouts: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    oxygen_unit: str | None = None
    eaten: list[pa.Table] = field(default_factory=list)

    def remember_food(self, item: Item) -> None:
        """Keep when energy and carbohydrate were eaten: a few of a file's records."""
        if isinstance(item, Batch) and item.shape == "sample":
            food = item.data.filter(pc.is_in(item.data["metric"], pa.array(FOOD)))
            if food.num_rows:
                self.eaten.append(food.select(EATEN))


def identify(head: Head) -> str | None:
    """`export` if the root element is HealthData, or None."""
    return "export" if _ROOT.match(head.first) else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Samples; episodes of sleep_stage (without session), exercise and meal.

    Skips: `type X` for each record type that is not carried, `correlation` and the copies of
    records inside of them (`correlation_copy`), `activity_summary` and other elements.

    Raises: BrokenFile if the file is cut off or damaged anywhere: nothing of it is to be kept.
    """
    progress = Progress()
    with source.stream() as stream:
        xml = HealthXml(stream)
        for element in xml.unknown_elements():
            yield Drift(f"element {element}")
        for table, rows in xml.batches():
            if table == "correlated":
                progress.skipped["correlation_copy"] += rows.num_rows
                yield Total(rows.num_rows)
            else:
                yield from _elements(rows, progress)
    yield from _meals(progress.eaten)
    for reason, count in sorted(progress.skipped.items()):
        yield Skip(reason, count)


def _elements(rows: pa.RecordBatch, progress: Progress) -> Iterator[Item]:
    """The children of the root, by the columns that are filled."""
    for locale in rows["file.locale"].drop_null().to_pylist():
        if locale.strip():
            yield Fact("language", locale)
    exported = rows["file.export_date"].drop_null()
    for instant in instants(exported).drop_null().to_pylist():
        yield Fact("exported_at", instant.isoformat().replace("+00:00", "Z"))
    records, workout_rows = _rows_of("record", rows), _rows_of("workout", rows)
    others = Counter({element: _rows_of(element, rows).num_rows for element in OTHERS})
    total = rows.num_rows - len(exported)
    yield Total(total)
    # what has no column filled is a Correlation: the reader leaves its row empty
    others["correlation"] = total - records.num_rows - workout_rows.num_rows - others.total()
    progress.skipped += others
    yield from _records(_numbered(records, progress.records), progress)
    yield from workouts(_numbered(workout_rows, WORKOUTS + progress.workouts))
    progress.records += records.num_rows
    progress.workouts += workout_rows.num_rows


def _rows_of(element: str, rows: pa.RecordBatch) -> pa.Table:
    """The rows of one element, with its own columns."""
    names = [name for name in COLUMNS if name.startswith(f"{element}.")]
    own = pa.table({name.split(".")[1]: rows[name] for name in names})
    told = [rows[name] for name in names if rows[name].null_count < rows.num_rows]
    if not told:
        return own.slice(0, 0)
    filled = reduce(pc.or_, [pc.is_valid(column) for column in told])
    return own if filled.true_count == len(filled) else own.filter(filled)


def _numbered(rows: pa.Table, last: int) -> pa.Table:
    return rows.append_column("record", pa.array(np.arange(last + 1, last + 1 + rows.num_rows)))


def _records(rows: pa.Table, progress: Progress) -> Iterator[Item]:
    """Records by type: quantities, sleep, and what is only counted."""
    types = pc.fill_null(whole(rows["type"]), "").dictionary_encode()
    names = [_short(name) for name in types.dictionary.to_pylist()]
    codes = types.indices.to_numpy()
    for name, count in zip(names, np.bincount(codes, minlength=len(names)), strict=True):
        if name not in QUANTITIES and name not in (SLEEP, ""):
            progress.skipped[f"type {name}"] += int(count)
    if any(name in QUANTITIES for name in names):
        chosen = np.array([name in QUANTITIES for name in names])[codes]
        measured, codes_left = _chosen(rows, chosen), codes[chosen]
        progress.oxygen_unit = progress.oxygen_unit or oxygen_unit(measured, codes_left, names)
        for item in quantities(measured, codes_left, names, progress.oxygen_unit):
            progress.remember_food(item)
            yield item
    if SLEEP in names:
        yield from sleep(_chosen(rows, codes == names.index(SLEEP)))
    if "" in names:
        nameless = _chosen(rows, codes == names.index(""))
        yield from rejects(nameless, pa.repeat("unknown_code type", nameless.num_rows))


def _short(type_name: str) -> str:
    for identifier in IDENTIFIERS:
        type_name = type_name.removeprefix(identifier)
    return type_name


def _chosen(rows: pa.Table, mask: npt.NDArray[np.bool_]) -> pa.Table:
    return rows if mask.all() else rows.filter(pa.array(mask))


def _meals(eaten: list[pa.Table]) -> Iterator[Item]:
    """Told at the end of the file, since its records are sorted by type, not by time."""
    if not eaten:
        return
    rows = pa.concat_tables(eaten)
    is_energy = pc.equal(rows["metric"], "dietary_energy")
    energy_times = pc.unique(rows["start_utc"].filter(is_energy))
    alone = pc.invert(pc.is_in(rows["start_utc"], energy_times))
    meals = rows.filter(pc.or_(is_energy, alone)).drop_columns(["metric"])
    yield shaped("episode", meals.append_column("kind", pa.repeat("meal", meals.num_rows)))


CONNECTOR = Connector(
    name="apple_health",
    title="Apple Health export.xml",
    version="1",
    variants={"export": "verified"},
    identify=identify,
    extract=extract,
    source="hub",
)
