"""The three kinds of rows of an Apple export that are carried: quantities, sleep, workouts."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from connectors.apple.columns import Codes, looked_up, numbers, timed, whole
from connectors.apple.types import DISTANCES, QUANTITIES, SLEEP_STAGES
from connectors.contract import Item

ENTERED = "1"  # HKWasUserEntered of a value that was typed in


def quantities(
    rows: pa.Table, codes: Codes, names: list[str], oxygen_unit: str | None
) -> Iterator[Item]:
    """Samples of the types `names[code]`, of which all that occur are in QUANTITIES."""
    told = timed(rows)
    value = numbers(rows["value"])
    metric = looked_up([QUANTITIES[n].metric if n in QUANTITIES else None for n in names], codes)
    unit = _units(rows["unit"], codes, names)
    if "BloodGlucose" in names:
        by_hand = pc.equal(pc.fill_null(whole(rows["entered"]), ""), ENTERED)
        by_hand = pc.and_(by_hand, _are("BloodGlucose", codes, names))
        metric = pc.if_else(by_hand, "capillary_glucose", metric)
    if oxygen_unit and "OxygenSaturation" in names:
        fits = pc.equal(pc.less_equal(value, 1), oxygen_unit == "1")
        fits = pc.and_(fits, pc.is_valid(unit))
        is_oxygen = _are("OxygenSaturation", codes, names)
        unit = pc.if_else(is_oxygen, pc.if_else(fits, oxygen_unit, None), unit)
    checks = (
        (pc.is_null(rows["value"]), "missing_value value"),
        (pc.is_null(value), "unreadable_number value"),
        (pc.is_null(unit), "unknown_unit unit"),
    )
    yield from told.items(
        "sample",
        checks,
        metric=metric,
        value=value,
        unit=unit,
        end_utc=pc.if_else(pc.equal(told.start, told.end), None, told.end),
    )


def oxygen_unit(rows: pa.Table, codes: Codes, names: list[str]) -> str | None:
    """`1` if no value of oxygen saturation here is above 1, `%` if one is, None without any."""
    if "OxygenSaturation" not in names:
        return None
    highest = pc.max(numbers(rows["value"].filter(_are("OxygenSaturation", codes, names)))).as_py()
    return None if highest is None else "1" if highest <= 1 else "%"


def _are(name: str, codes: Codes, names: list[str]) -> pa.Array:
    return pa.array(codes == names.index(name))


def _units(text: pa.ChunkedArray, codes: Codes, names: list[str]) -> pa.Array:
    """UCUM codes, NULL where the unit is none of the type's."""
    units = pc.fill_null(whole(text), "").dictionary_encode()
    written = [re.sub("<[^>]*>", "", unit) for unit in units.dictionary.to_pylist()]
    known = [QUANTITIES[name].units if name in QUANTITIES else {} for name in names]
    return looked_up(
        [of_type.get(unit) for of_type in known for unit in written],
        codes * len(written) + units.indices.to_numpy(),
    )


def sleep(rows: pa.Table) -> Iterator[Item]:
    """Stages, each by itself: the export has no sessions."""
    values = whole(rows["value"]).dictionary_encode()
    stages = [
        SLEEP_STAGES.get(value.removeprefix("HKCategoryValueSleepAnalysis"))
        for value in values.dictionary.to_pylist()
    ]
    label = pa.array(stages, pa.string()).take(values.indices)
    checks = (
        (pc.is_null(rows["end"]), "missing_time endDate"),
        (pc.is_null(rows["value"]), "missing_value value"),
        (pc.is_null(label), "unknown_code value"),
    )
    kind = pa.repeat("sleep_stage", rows.num_rows)
    yield from timed(rows).items("episode", checks, kind=kind, label=label)


def workouts(rows: pa.Table) -> Iterator[Item]:
    """Exercise and its distance: an attribute until iOS 15, among the statistics since.

    A distance of 0 is what old exports write for a workout without any: it is left out. One that
    is unreadable is a reject beside the exercise; so are the several of a triathlon.
    """
    told = timed(rows)
    label = pc.replace_substring_regex(rows["type"], "^HKWorkoutActivityType", "")
    kind = pa.repeat("exercise", rows.num_rows)
    yield from told.items("episode", (), kind=kind, label=label)
    going = pc.is_valid(pc.coalesce(rows["distance"], rows["old_distance"]))
    dated = pc.fill_null(pc.less_equal(told.start, told.end), False)
    yield from _distances(rows.filter(pc.and_(going, dated)))


def _distances(rows: pa.Table) -> Iterator[Item]:
    value = numbers(pc.coalesce(rows["distance"], rows["old_distance"]))
    is_new = pc.is_valid(rows["distance"])
    written = pc.if_else(is_new, rows["unit"], rows["old_unit"]).to_pylist()
    unit = pa.array([DISTANCES.get(name) for name in written], pa.string())
    is_some = pc.fill_null(pc.not_equal(value, 0), True)
    rows, value, unit = rows.filter(is_some), value.filter(is_some), unit.filter(is_some)
    checks = (
        (pc.is_null(value), "unreadable_number distance"),
        (pc.is_null(unit), "unknown_unit distance"),
    )
    metric = pa.repeat("distance", rows.num_rows)
    yield from timed(rows).items("sample", checks, metric=metric, value=value, unit=unit)
