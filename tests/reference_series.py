"""Six made-up people, and what iglu 4.3.0 (R, time zone UTC) says of them.

cgm_reference_series.csv: 5-minute sensors with gaps, jitter and high values, one of 15 minutes,
one of a minute. iglu_r_4.3.0_values.csv: metric, person, value.
"""

from __future__ import annotations

import csv
import functools
from pathlib import Path

from flows.settings import Rules, Settings
from tests.lake import Person, lake_of, temporary
from warehouse.store.lake import Lake

REFERENCE = Path(__file__).parent / "reference"
# Every metric is told, however little data it has.
# as iglu, which knows no least amount of data, and for which one reading in 15 minutes is an event
UNRULED = Settings(
    rules=Rules(variability_min_h=0, estimate_min_days=0, pattern_min_days=0, slow_event_readings=1)
)
# Metrics of iglu and columns of `glucose_summary`.
COLUMNS = {
    "mean": "mean_mgdl",
    "median": "median_mgdl",
    "SD": "sd_mgdl",
    "CV": "cv_pct",
    "IQR": "iqr_mgdl",
    "MAD": "mad_mgdl",
    "GMI": "gmi_pct",
    "eA1C": "ea1c_pct",
    "in_range_70_180": "tir_pct",
    "in_range_70_140": "titr_pct",
    "in_range_63_140": "tir_63_140_pct",
    "below_54": "tbr54_pct",
    "below_70": "tbr70_pct",
    "above_140": "ta140_pct",
    "above_180": "tar180_pct",
    "above_250": "tar250_pct",
    "J_index": "j_index",
    "LBGI": "lbgi",
    "HBGI": "hbgi",
    "ADRR": "adrr",
    "GRADE": "grade",
    "GRADE_hypo": "grade_hypo_pct",
    "GRADE_eugly": "grade_eu_pct",
    "GRADE_hyper": "grade_hyper_pct",
    "M_value": "m_value_r90",
    "hypo_index": "hypo_index",
    "hyper_index": "hyper_index",
    "IGC": "igc",
    "GRI": "gri",
    "COGI": "cogi",
    "sd_roc": "sd_roc_mgdl_min",
    "MAG": "mag_mgdl_h",
    "GVP": "gvp_pct",
    "MODD": "modd_mgdl",
    "CONGA_1h": "conga_1h_mgdl",
    "CONGA_2h": "conga_2h_mgdl",
    "CONGA_4h": "conga_4h_mgdl",
    "CONGA_24h": "conga_24h_mgdl",
    "SDw": "sd_within_day_mgdl",
    "SDdm": "sd_daily_mean_mgdl",
    "SDhhmm": "sd_time_of_day_mgdl",
    "SDwsh": "sd_within_hour_mgdl",
    "SDb": "sd_between_days_mgdl",
    "SDbdm": "sd_between_days_adjusted_mgdl",
    "CVmean": "cv_daily_mean_pct",
    "CVsd": "cv_daily_sd_pct",
    "MAGE_ma_service": "mage_service_mgdl",
    "MAGE_ma_plus": "mage_plus_mgdl",
    "MAGE_ma_minus": "mage_minus_mgdl",
    "MAGE_ma_avg": "mage_avg_mgdl",
    "MAGE_ma_max": "mage_max_mgdl",
    "active_percent": "coverage_pct",
}
EVENTS = {
    "hypo_lv1": "hypo_l1",
    "hypo_lv2": "hypo_l2",
    "hypo_extended": "hypo_extended",
    "hyper_lv1": "hyper_l1",
    "hyper_lv2": "hyper_l2",
}
for theirs, ours in EVENTS.items():
    COLUMNS[f"episode_{theirs}_total_episodes"] = f"{ours}_count"
    COLUMNS[f"episode_{theirs}_avg_ep_per_day"] = f"{ours}_per_day"
    COLUMNS[f"episode_{theirs}_avg_ep_duration"] = f"{ours}_mean_min"


@functools.cache
def iglu() -> dict[tuple[str, str], float | None]:
    """The value of each metric and person; None where iglu says NA."""
    with (REFERENCE / "iglu_r_4.3.0_values.csv").open(newline="") as lines:
        return {
            (row["metric"], row["subject"]): None if row["value"] == "NA" else float(row["value"])
            for row in csv.DictReader(lines)
        }


@functools.cache
def people() -> dict[str, Person]:
    """The six, with clocks that show UTC."""
    found: dict[str, Person] = {}
    with (REFERENCE / "cgm_reference_series.csv").open(newline="") as lines:
        for row in csv.DictReader(lines):
            person = found.setdefault(row["id"], Person("UTC"))
            person.sample("interstitial_glucose", row["time"], float(row["gl"]), "mg/dL")
    return found


@functools.cache
def reference_lake(*, ruled: bool = False) -> Lake:
    """Their lake, without rules of minimum data or with the default ones. Only to be read."""
    folder = temporary("reference") / ("ruled" if ruled else "unruled")
    return lake_of(folder, people(), Settings() if ruled else UNRULED)
