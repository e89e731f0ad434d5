"""What a data set without names may have: relations, columns and types that tell of nobody.

Everything is left out that is not named here, or is no number with a unit in its name: a new
column is given away only after somebody has thought of it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from warehouse.view_files import View

# Canonical tables that have nothing but measurements, beside the marts. Not zones, findings about
# clocks, rejected records, files.
TABLES_GIVEN = frozenset({"sample", "episode", "daily", "mage", "stream"})
# Texts that say nothing about anybody: vocabularies of ours and of formats.
TEXTS = frozenset(
    (
        *("participant_id", "connector", "sleep_connector", "step_connector", "metric", "bound"),
        *("method", "time_basis", "flag", "stage", "kind", "sleep_basis", "time_in_bed_basis"),
        *("breakfast_basis", "unit", "exposure", "outcome", "verdict", "level", "gri_zone"),
        *("part", "what", "relation", "family", "contrast", "slope_unit", "reverse_unit"),
        *("reverse_verdict",),
    )
)
CONNECTORS = frozenset({"connector", "sleep_connector", "step_connector"})
# Flags that stand for as long as a clock was not moved: they would tell when it had to be.
OF_A_CHANGE = ("nonexistent_local", "unmoved_clock")
DATES = frozenset({"sleep_date", "date", "first_date", "last_date", "last_sleep_date"})
# Moments by name, without `_at` and `_local`. The first that a row has is its anchor.
MOMENTS = ("wake", "start", "rise", "onset", "bed", "end")
YES_OR_NO = r"(is|has|was)_[a-z0-9_]+"
MEASURED = (  # how the name of a number ends that has a unit
    r"[a-z0-9_]+_(mgdl|min|pct|h|hours|count|bpm|brpm|ms|cel|kcal|g|mg|mgdl_min|mgdl_h|per_day"
    r"|per_h|60min|p_value|slope|low|high|correlation|value)(_\d+d)?"
)
NUMBERS = frozenset(
    (
        *("value", "minutes", "occurrence", "sensor_day", "range_band"),
        *("minute_of_day", "adrr", "bgri", "cogi", "grade", "gri", "day_gri", "igc", "j_index"),
        *("lbgi", "hbgi", "day_lbgi", "day_hbgi", "hyper_index", "hypo_index", "risk_range"),
        *("m_value_r90", "interdaily_stability", "intradaily_variability", "slope", "correlation"),
        *("sleep_regularity_index_7d", "sleep_regularity_index_14d", "step_count"),
        *(
            "hours_since_last_meal",
            "detectable_slope",
            "third_difference",
            "third_difference_low",
            "third_difference_high",
            "lowest_third_median",
            "highest_third_median",
        ),
    )
)
# A count of pairs and running numbers show what is missing; the rest leads to lines and instants.
NOT_GIVEN = frozenset(
    (
        *("hour_pair_count", "record", "episode_number"),
        *("timezone_changed", "first_at", "last_at", "last_glucose_at"),
    )
)
FAMILIES = {
    "VARCHAR": "text",
    "BOOLEAN": "yes or no",
    "DATE": "date",
    "TIMESTAMP": "local",
    "TIMESTAMP WITH TIME ZONE": "instant",
    **dict.fromkeys(("DOUBLE", "FLOAT", "TINYINT", "SMALLINT", "INTEGER", "BIGINT"), "number"),
}  # any other type, such as a STRUCT, a LIST or a HUGEINT, is left out


def is_given(view: View) -> bool:
    """Whether a relation may be part of a data set without names."""
    return "participant_id" in view.columns and (view.layer == "marts" or view.name in TABLES_GIVEN)


def given_columns(described: Sequence[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """Of the columns of a relation (name, type, meaning) those that a data set may have."""
    locals_ = {name for name, kind, _ in described if kind == "TIMESTAMP"}
    return [each for each in described if _is_given(each[0], each[1], locals_)]


def _is_given(name: str, kind: str, locals_: set[str]) -> bool:
    moment = name.rpartition("_")[0]
    match FAMILIES.get(kind):
        case "text":
            return name in TEXTS
        case "yes or no":
            return re.fullmatch(YES_OR_NO, name) is not None
        case "date":
            return name in DATES
        case "local":
            return name.endswith("_local") and moment in MOMENTS
        case "instant":  # made again from a wall clock of the row, so there has to be one
            return name.endswith("_at") and moment in MOMENTS and bool(locals_)
        case "number":
            is_known = name in NUMBERS or re.fullmatch(MEASURED, name) is not None
            return is_known and name not in NOT_GIVEN
    return False
