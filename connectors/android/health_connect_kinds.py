"""Which tables of Health Connect are read, and what their columns and numbers stand for.

Tables, columns: the *RecordHelper of each type in the platform's source. Units: what its
toRecordInternal() writes: energy in small calories, masses in grams, lengths in metres.
"""

from __future__ import annotations

from dataclasses import dataclass

BAND = 1_000_000_000  # record = band of the table + its row number
APPS = "application_info_table"
# Which app's records a person puts first, per category. Source: HealthDataCategoryPriorityHelper.
PRIORITIES = "health_data_category_priority_table"
CATEGORIES = {1: "activity", 4: "nutrition", 5: "sleep", 6: "vitals"}
# Sleep stages by number. Source: SleepSessionStageType of the platform; 7 is awake in bed.
STAGES = "unknown awake asleep_unspecified out_of_bed light deep rem awake"
# Exercise by number, 0 to 61. Source: ExerciseSessionType of the platform (Jetpack's differ).
EXERCISES = """unknown badminton baseball basketball biking biking_stationary boot_camp boxing
calisthenics cricket dancing exercise_class fencing football_american football_australian
frisbee_disc golf guided_breathing gymnastics handball high_intensity_interval_training hiking
ice_hockey ice_skating martial_arts paddling paragliding pilates racquetball rock_climbing
roller_hockey rowing rugby running running_treadmill sailing scuba_diving skating skiing
snowboarding snowshoeing soccer softball squash stair_climbing strength_training stretching surfing
swimming_open_water swimming_pool table_tennis tennis volleyball walking water_polo weightlifting
wheelchair yoga other_workout stair_climbing_machine elliptical rowing_machine"""
MEALS = "meal breakfast lunch dinner snack"  # 0 is unknown. Source: MealType of the platform
# The columns of time: start, its offset, end, its offset. Source: Instant-, IntervalRecordHelper.
INSTANT = ("time", "zone_offset", "", "")
INTERVAL = ("start_time", "start_zone_offset", "end_time", "end_zone_offset")
SERIES = ("epoch_millis", "", "", "")
STAGE = ("stage_start_time", "", "stage_end_time", "")
LAST_MS = 253_402_300_800_000  # the year 10000
NOT_SET = "4.9406564584124654e-324"  # Double.MIN_VALUE, the platform's "no value"; integers: -1
WORDS = {"stage_type": STAGES, "exercise_type": EXERCISES, "meal_type": MEALS}


@dataclass(frozen=True)
class Kind:
    """A table that is read. `value` is the column of the number or of the code."""

    band: int
    table: str
    times: tuple[str, str, str, str]
    value: str = ""
    metric: str = ""
    unit: str = ""
    parent: str = ""  # the table of the records that these rows belong to
    episode: str = ""  # the kind of episode; else the rows are samples
    is_beside: bool = False  # of rows that another kind carries: what is not set is no record


def _meal(value: str, metric: str, unit: str = "g") -> Kind:
    """A number of a meal, at its beginning."""
    return Kind(14, "nutrition_record_table", INTERVAL, value, metric, unit, is_beside=True)


KINDS = (
    Kind(1, "sleep_session_record_table", INTERVAL, episode="sleep"),
    Kind(2, "sleep_stages_table", STAGE, "stage_type", parent="sleep_session_record_table",
         episode="sleep_stage"),
    Kind(3, "exercise_session_record_table", INTERVAL, "exercise_type", episode="exercise"),
    Kind(4, "heart_rate_record_series_table", SERIES, "beats_per_minute", "heart_rate", "/min",
         "heart_rate_record_table"),
    Kind(5, "heart_rate_variability_rmssd_record_table", INSTANT, "heart_rate_variability_millis",
         "heart_rate_variability_rmssd", "ms"),
    Kind(6, "resting_heart_rate_record_table", INSTANT, "beats_per_minute", "resting_heart_rate",
         "/min"),
    Kind(7, "respiratory_rate_record_table", INSTANT, "rate", "respiratory_rate", "/min"),
    Kind(8, "oxygen_saturation_record_table", INSTANT, "percentage", "oxygen_saturation", "%"),
    Kind(9, "steps_record_table", INTERVAL, "count", "step_count", "{count}"),
    Kind(10, "blood_glucose_record_table", INSTANT, "level", "capillary_glucose", "mmol/L"),
    # Energy.getInCalories(): joules only in the betas before May 2023, which could not export.
    Kind(11, "active_calories_burned_record_table", INTERVAL, "energy", "energy_burned", "cal"),
    Kind(12, "skin_temperature_delta_table", SERIES, "delta", "skin_temperature_deviation", "Cel",
         "skin_temperature_record_table"),
    Kind(13, "distance_record_table", INTERVAL, "distance", "distance", "m"),
    Kind(14, "nutrition_record_table", INTERVAL, "meal_type", episode="meal"),
    _meal("energy", "dietary_energy", "cal"),
    _meal("total_carbohydrate", "dietary_carbohydrate"),
    _meal("protein", "dietary_protein"),
    _meal("total_fat", "dietary_fat"),
    _meal("dietary_fiber", "dietary_fiber"),
    _meal("sugar", "dietary_sugar"),
    _meal("caffeine", "dietary_caffeine"),
)  # fmt: skip
HEADERS = ("heart_rate_record_table", "skin_temperature_record_table")  # no value of their own
# Some of the types that are not read: enough to know a file by. Source: HealthConnectMappings.
OTHERS = """total_calories_burned weight height body_fat hydration floors_climbed blood_pressure
elevation_gained body_temperature basal_metabolic_rate vo2_max"""
KNOWN = (*(kind.table for kind in KINDS), *HEADERS, APPS, PRIORITIES)
# Columns that are not carried. Source: RecordHelper and the helper of each type.
NOT_CARRIED = """row_id uuid last_modified_time client_record_id client_record_version
device_info_id app_info_id recording_method dedupe_hash local_date local_date_time
local_date_time_start_time local_date_time_end_time device_data_provider_id notes title has_route
relation_to_meal meal_type planned_exercise_session_id session_rate_of_perceived_exertion
specimen_source parent_key
meal_name unsaturated_fat saturated_fat trans_fat polyunsaturated_fat monounsaturated_fat
energy_from_fat cholesterol potassium thiamin manganese selenium chloride copper iodine zinc
riboflavin molybdenum phosphorus chromium calcium biotin niacin magnesium sodium folate
folic_acid pantothenic_acid iron vitamin_a vitamin_b6 vitamin_b12 vitamin_c vitamin_d vitamin_e
vitamin_k"""
