"""Which columns of `night_to_day` rest on which part of `night_source`.

A column may rest on several parts. Of numbers that may come from readings or from the vendor, what
is there decides: `night_source` lists only rows of whoever was believed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

# of the night as a whole, or of it and its neighbours
WHOLE = (
    "is_night_valid",
    "is_day_valid",
    "is_complete",
    "quality_notes",
    "timezone_changed",
    "day_hours",
    "day_nap_min",
    "is_day_capped",
)
_OVERNIGHT = "mean_mgdl sd_mgdl cv_pct min_mgdl nadir_mgdl tbr70_pct tir_pct titr_pct coverage_pct"
_DAY = (
    "mean_mgdl median_mgdl sd_mgdl cv_pct tir_pct titr_pct tbr70_pct tbr54_pct tar180_pct "
    "tar250_pct mag_mgdl_h lbgi hbgi gri coverage_pct reading_count"
)
_16H = "mean_mgdl excess_mgdl asleep_min sd_mgdl cv_pct tir_pct titr_pct coverage_pct"
# in the order of night_to_day
PARTS: dict[str, tuple[str, ...]] = {
    "sleep": (
        *("sleep_connector", "sleep_basis", "onset_at", "wake_at", "onset_local", "wake_local"),
        *("time_in_bed_min", "time_in_bed_basis", "sleep_period_min", "total_sleep_min"),
        *("sleep_latency_min", "wake_after_onset_min", "sleep_efficiency_pct", "awakening_count"),
        *("light_min", "deep_min", "rem_min", "rem_latency_min", "midpoint_local_h"),
        "total_sleep_24h_min",
    ),
    "in_bed": (
        *("time_in_bed_min", "time_in_bed_basis", "sleep_latency_min", "sleep_efficiency_pct"),
    ),
    "nap": ("nap_min", "total_sleep_24h_min"),
    "secondary": ("secondary_sleep_min", "total_sleep_24h_min"),
    "nap_totals": (),
    "secondary_totals": (),
    "vendor_totals": (),
    "body": (),
    "vendor_daily": (),
    "overnight_glucose": (
        *(f"overnight_{name}" for name in _OVERNIGHT.split()),
        *("overnight_reading_count", "has_compression_low", "dawn_delta_mgdl"),
        "has_dawn_phenomenon",
    ),
    "onset": ("onset_mgdl",),
    "fasting": ("fasting_mgdl", "dawn_delta_mgdl", "has_dawn_phenomenon"),
    "fasting_hour": ("fasting_30min_mgdl", "fasting_60min_mgdl"),
    "breakfast": (
        *("breakfast_basis", "dawn_delta_mgdl", "has_dawn_phenomenon"),
        *("breakfast_peak_delta_mgdl", "breakfast_iauc_2h_mgdl_min"),
    ),
    "day_glucose": tuple(f"day_{name}" for name in _DAY.split()),
    "wake16h_glucose": tuple(f"wake16h_{name}" for name in _16H.split()),
    "meals": (
        *("eating_window_h", "last_meal_to_bed_min", "kcal_before_15h_pct"),
        *("postmeal_steps_60min", "fasted_morning_exercise_min", "breakfast_peak_delta_mgdl"),
        *("breakfast_iauc_2h_mgdl_min", "breakfast_basis", "hours_since_last_meal"),
    ),
    "steps": ("step_count", "postmeal_steps_60min"),
    "exercise": ("exercise_min", "fasted_morning_exercise_min", "resistance_exercise_min"),
    "daylight": ("morning_daylight_min",),
    "room": ("bedroom_temperature_cel",),
    "drinks": (),
}
_BODY = {
    "heart_rate": ("sleep_heart_rate_bpm", "sleep_heart_rate_min_bpm"),
    "heart_rate_variability_rmssd": ("sleep_hrv_rmssd_ms",),
    "heart_rate_variability_sdnn": ("sleep_hrv_sdnn_ms",),
    "respiratory_rate": ("sleep_respiratory_rate_brpm",),
    "oxygen_saturation": ("sleep_spo2_pct",),
    "skin_temperature_deviation": ("skin_temperature_deviation_cel",),
}
_VENDOR_BODY = {
    "sleep_heart_rate": ("sleep_heart_rate_bpm",),
    "sleep_heart_rate_lowest": ("sleep_heart_rate_min_bpm",),
    "sleep_heart_rate_variability_rmssd": ("sleep_hrv_rmssd_ms",),
    "sleep_respiratory_rate": ("sleep_respiratory_rate_brpm",),
    "sleep_oxygen_saturation": ("sleep_spo2_pct",),
}
# and by metric
METRICS: dict[str, dict[str, tuple[str, ...]]] = {
    "body": _BODY,
    "vendor_totals": {
        "total_sleep_time": ("total_sleep_min", "total_sleep_24h_min", "sleep_efficiency_pct"),
        "latency_to_sleep_onset": ("sleep_latency_min",),
        "wake_after_sleep_onset": ("wake_after_onset_min",),
        "light_sleep_time": ("light_min",),
        "deep_sleep_time": ("deep_min",),
        "rem_sleep_time": ("rem_min",),
        **_VENDOR_BODY,
    },
    "nap_totals": dict.fromkeys(
        ("total_sleep_time", "light_sleep_time", "deep_sleep_time", "rem_sleep_time"),
        ("nap_min", "total_sleep_24h_min"),
    ),
    "secondary_totals": dict.fromkeys(
        ("total_sleep_time", "light_sleep_time", "deep_sleep_time", "rem_sleep_time"),
        ("secondary_sleep_min", "total_sleep_24h_min"),
    ),
    "vendor_daily": {
        **_VENDOR_BODY,
        "skin_temperature_deviation": ("skin_temperature_deviation_cel",),
    },
    "drinks": {
        "dietary_caffeine": ("caffeine_after_14h_mg",),
        "alcohol_drink": ("alcohol_drink_count",),
    },
}
# days that a column looks back on, this one included; known are nights up to night_max_h
HISTORY: dict[int, tuple[str, ...]] = {
    1: ("is_short_6h", "is_short_4h30"),
    3: ("sleep_debt_3d_min",),
    4: ("total_sleep_mean_4d_min", "is_restriction_run_4d"),
    7: ("sleep_debt_7d_min", "midpoint_sd_7d_min"),
    8: ("sleep_regularity_index_7d",),  # seven pairs
    28: ("social_jetlag_28d_min",),
}
_STATED = "total_sleep_time"
# these rest on segments and on the vendor's word
_SHARED = {"sleep_efficiency_pct", "total_sleep_24h_min"}


def columns_by_part(
    whats: Mapping[str, Collection[str]], basis: str | None
) -> dict[str, list[str]]:
    """The columns that rest on each part of a night, by the metrics there are in each.

    What the vendor is believed is not from the segments.
    """
    columns = {part: columns_of(part, named, basis) for part, named in whats.items()}
    totals = ("vendor_totals", "nap_totals", "secondary_totals")
    believed = {name for part in totals for name in columns.get(part, ())} - _SHARED
    for part in columns.keys() & {"sleep", "nap", "secondary"}:
        columns[part] = [name for name in columns[part] if name not in believed]
    return columns


def columns_of(part: str, whats: Collection[str], basis: str | None) -> list[str]:
    """The columns that rest on a part of a night, by the metrics there are in it."""
    found = [*PARTS[part]]
    for metric, columns in METRICS.get(part, {}).items():
        if metric in whats:
            found += columns
    # a vendor that states no total: its stages together
    if part == "vendor_totals" and basis == "totals" and _STATED not in whats:
        stages = {"light_sleep_time", "deep_sleep_time", "rem_sleep_time"} & set(whats)
        found += METRICS[part][_STATED] if stages else ()
    return list(dict.fromkeys(found))
