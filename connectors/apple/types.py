"""What Apple's record types are in our words, and their units in UCUM's.

Type names without HKQuantityTypeIdentifier and units as the export writes them, what is in angle
brackets taken out. A type that is not here is counted and left out; a unit that is not here
is a reject. Source: Apple's HealthKit documentation; an export of
version 13 and fixtures of version 14 and of iOS 12 for the first half of them.
"""

from __future__ import annotations

from typing import NamedTuple


class Quantity(NamedTuple):
    """A metric and the UCUM code of every unit it is exported in."""

    metric: str
    units: dict[str, str]


_RATE = {"count/min": "/min"}
_COUNT = {"count": "{count}"}
_ENERGY = {"kcal": "kcal", "Cal": "kcal", "kJ": "kJ"}  # Cal is Apple's other name of the kcal
_MASS = {"g": "g", "mg": "mg", "mcg": "ug", "oz": "[oz_av]"}
_TIME = {"min": "min", "s": "s", "hr": "h"}
# Molar units name the molar mass: mmol<180.1558800000541>/L. Source: an export of version 14.
_GLUCOSE = {"mg/dL": "mg/dL", "mmol/L": "mmol/L"}

QUANTITIES = {
    "HeartRate": Quantity("heart_rate", _RATE),
    "RestingHeartRate": Quantity("resting_heart_rate", _RATE),
    "HeartRateVariabilitySDNN": Quantity("heart_rate_variability_sdnn", {"ms": "ms", "s": "s"}),
    "RespiratoryRate": Quantity("respiratory_rate", _RATE),
    "OxygenSaturation": Quantity("oxygen_saturation", {"%": "%"}),  # or a fraction: tested
    "AppleSleepingWristTemperature": Quantity(
        "skin_temperature", {"degC": "Cel", "degF": "[degF]", "K": "K"}
    ),
    "StepCount": Quantity("step_count", _COUNT),
    "ActiveEnergyBurned": Quantity("energy_burned", _ENERGY),
    "AppleExerciseTime": Quantity("exercise_time", _TIME),
    "TimeInDaylight": Quantity("daylight_time", _TIME),
    "BloodGlucose": Quantity("interstitial_glucose", _GLUCOSE),  # or capillary: entered by hand
    "DietaryEnergyConsumed": Quantity("dietary_energy", _ENERGY),
    "DietaryCarbohydrates": Quantity("dietary_carbohydrate", _MASS),
    "DietaryProtein": Quantity("dietary_protein", _MASS),
    "DietaryFatTotal": Quantity("dietary_fat", _MASS),
    "DietaryFiber": Quantity("dietary_fiber", _MASS),
    "DietarySugar": Quantity("dietary_sugar", _MASS),
    "DietaryCaffeine": Quantity("dietary_caffeine", _MASS),
    "NumberOfAlcoholicBeverages": Quantity("alcohol_drink", _COUNT),
}

# Values of SleepAnalysis without their prefix; Asleep until iOS 15, the last five since iOS 16.
SLEEP_STAGES = {
    "InBed": "in_bed",
    "Awake": "awake",
    "Asleep": "asleep_unspecified",
    "AsleepUnspecified": "asleep_unspecified",
    "AsleepCore": "light",
    "AsleepDeep": "deep",
    "AsleepREM": "rem",
}

DISTANCES = {"km": "km", "m": "m", "mi": "[mi_i]", "yd": "[yd_i]", "ft": "[ft_i]"}

IDENTIFIERS = (  # what type names begin with
    "HKQuantityTypeIdentifier",
    "HKCategoryTypeIdentifier",
    "HKCorrelationTypeIdentifier",
    "HKDataType",
)
