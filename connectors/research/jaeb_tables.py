"""The tables of the Jaeb Center's data sets: their columns, and what stands in them.

Source: glossaries of the sets, as the project babelbetes (nudgebg/egvinsulin) quotes them.
"""

from __future__ import annotations

from dataclasses import dataclass

from connectors.reading.table import Interval, Number, parsed

DAY_0 = "2000-01-01"  # an agreed day: the true one is not handed out
# Every column that is read, by our name; of two that mean the same a table has one.
CELLS = {
    "PtID": "subject",
    "UTCDtTm": "utc",
    "DeviceDtTm": "device_time",
    "DataDtTm": "data_time",
    "DataDtTm_adjusted": "adjusted",
    "DeviceDtDaysFromEnroll": "days",
    "DeviceDtTmDaysFromEnroll": "days",
    "DeviceTm": "clock",
    "RecordType": "kind",
    "CGMVal": "glucose",
    "CGMValue": "glucose",
    "CGM": "glucose",
    "GlucoseValue": "glucose",
    "Value": "glucose",
    "Units": "unit",
    "DeviceStorUnits": "unit",
    "HighLowIndicator": "high_low",
    "Unusuable": "unusable",  # so in the set
    "Unusable": "unusable",
    "BolusAmount": "bolus",
    "Normal": "bolus",
    "Extended": "extended",
    "BolusDelivPrev": "bolus",
    "MealBolusDelivPrev": "meal_bolus",
    "CarbAmount": "carbs",
}
_DAYS = ("%Y-%m-%d", "%-m/%-d/%Y")
_CLOCKS = ("%H:%M:%S", "%-I:%M:%S %p", "%H:%M")
MOMENTS = (*(f"{day} {clock}" for day in _DAYS for clock in _CLOCKS), *_DAYS)  # the last: midnight
AT = {
    "utc": {"start_utc": f"timezone('UTC', {parsed('utc', *MOMENTS)})"},
    "device_time": {"start_wall": parsed("device_time", *MOMENTS)},
    "data_time": {"start_wall": parsed("coalesce(nullif(adjusted, ''), data_time)", *MOMENTS)},
    "days": {
        "start_wall": f"""case when abs(try_cast(days as double)) < 100000
            then date '{DAY_0}' + cast(try_cast(days as double) as integer)
                + cast({parsed("'2000-01-01 ' || clock", *MOMENTS)} as time) end"""
    },
}
STAMP = {
    "utc": ("utc", "UTCDtTm"),
    "device_time": ("device_time", "DeviceDtTm"),
    "data_time": ("coalesce(nullif(adjusted, ''), data_time)", "DataDtTm"),
    "days": ("case when clock <> '' then days || ' ' || clock end", "DeviceTm"),
}
KIND = """case lower(kind) when '' then 'interstitial_glucose' when 'cgm' then
    'interstitial_glucose' when 'calibration' then 'capillary_glucose' end"""
UNIT = """case when unit = '' then 'mg/dL' when lower(unit) like 'mmol%' then 'mmol/L'
    when lower(unit) like 'mg%' then 'mg/dL' end"""
# 0 beside an indicator is no value; alone it would be one that cannot be
VALUE = "case high_low when '1' then 'high' when '2' then 'low' else glucose end"
READING = Number(
    VALUE,
    metric_sql=KIND,
    unit_sql=UNIT,
    column="CGM",
    metric_column="RecordType",
    unit_column="Units",
    absent=("na", "nan", "null"),
    is_zero_nothing=True,
    low=(("low",), 40),
    high=(("high",), 400),
    # Dexcom writes 39 and 401 beyond its range of 40 to 400. Source: G6 user guide
    floor=(39, 40),
    ceiling=(401, 400),
)
# Medtronic's sensors have another range, and 39 is no sign there.
PLAIN = Number("glucose", "interstitial_glucose", "mg/dL", "CGM", absent=("na", "nan", "null"))


def _dose(cell: str, column: str) -> Number:
    return Number(cell, "insulin_bolus", "U", column, absent=("na",), is_zero_nothing=True)


@dataclass(frozen=True)
class Table:
    """A table: cells that it alone has, which of our time columns it tells, and its numbers."""

    needed: tuple[str, ...]
    at: str
    numbers: tuple[Number, ...]
    told: tuple[str, ...]
    unit: str = "mg/dL"
    one_of: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    intervals: tuple[Interval, ...] = ()

    def has(self, cells: set[str]) -> bool:
        """Whether a header is this table's."""
        return (
            {"PtID", *self.needed} <= cells
            and (not self.one_of or bool(cells & set(self.one_of)))
            and not cells & set(self.without)
        )

    @property
    def stamp(self) -> str:
        return STAMP[self.at][0]

    @property
    def column(self) -> str:
        return STAMP[self.at][1]

    @property
    def times(self) -> dict[str, str]:
        return AT[self.at]


_ENROLL = ("DeviceDtDaysFromEnroll", "DeviceDtTmDaysFromEnroll")
_BOLUS = (_dose("bolus", "Normal"), _dose("extended", "Extended"))
_TANDEM = (
    _dose("bolus", "BolusAmount"),
    Number("carbs", "dietary_carbohydrate", "g", "CarbAmount", is_zero_nothing=True),
)
_MEAL = (Interval("try_cast(carbs as double) > 0", "meal"),)
TABLES = {
    "loop_cgm": Table(
        ("UTCDtTm", "CGMVal", "RecordType"), "utc", (READING,), ("utc", "kind", "glucose"), ""
    ),
    "loop_bolus": Table(
        ("UTCDtTm", "BolusType", "Normal"), "utc", _BOLUS, ("utc", "bolus", "extended"), ""
    ),
    "enrolment_cgm": Table(
        ("DeviceTm", "RecordType"),
        "days",
        (READING,),
        ("days", "clock", "kind", "glucose"),
        one_of=_ENROLL,
        without=("BolusType",),
    ),
    "enrolment_bolus": Table(
        ("DeviceTm", "BolusType", "Normal"),
        "days",
        _BOLUS,
        ("days", "clock", "bolus", "extended"),
        "",
        _ENROLL,
    ),
    "flair_cgm": Table(
        ("DataDtTm", "DataDtTm_adjusted", "CGM"),
        "data_time",
        (PLAIN,),
        ("data_time", "adjusted", "glucose"),
    ),
    "dclp_cgm": Table(
        ("DataDtTm", "CGMValue", "HighLowIndicator"),
        "data_time",
        (READING,),
        ("data_time", "adjusted", "glucose", "high_low"),
    ),
    "dclp_bolus": Table(
        ("DataDtTm", "BolusAmount", "BolusType"),
        "data_time",
        _TANDEM,
        ("data_time", "adjusted", "bolus", "carbs"),
        "",
        intervals=_MEAL,
    ),
    "pedap_cgm": Table(
        ("DeviceDtTm", "CGMValue", "HighLowIndicator"),
        "device_time",
        (READING,),
        ("device_time", "glucose", "high_low"),
    ),
    "pedap_bolus": Table(
        ("DeviceDtTm", "BolusAmount", "BolusType"),
        "device_time",
        _TANDEM,
        ("device_time", "bolus", "carbs"),
        "",
        intervals=_MEAL,
    ),
    "iobp2_ilet": Table(
        ("DeviceDtTm", "CGMVal", "BolusDelivPrev", "MealBolusDelivPrev"),
        "device_time",
        (READING, _dose("bolus", "BolusDelivPrev"), _dose("meal_bolus", "MealBolusDelivPrev")),
        ("device_time", "glucose", "bolus", "meal_bolus"),
    ),
}
