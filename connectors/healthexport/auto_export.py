"""Health Auto Export JSON (an iPhone app's files, or what it sends to a server of one's own).

One record is one item in the list of a metric. Times state the phone's offset. Glucose is mg/dL or
mmol/L, named beside the metric; the app may have averaged it over minutes or hours, which the file
does not say. Heart rate has a minimum, a mean and a maximum: the mean is carried. Sleep comes as
one row per night with its totals in hours, or as its stages. Steps, energy and all other sums have
no interval that is known: counted and left out, as is every metric that has no word here.

Evidence: the app's own description of its format; no real file was seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from connectors.contract import BrokenFile, Connector, Head, Item, Source, Total
from connectors.reading.delimited import decoded
from connectors.reading.query import json_rows, query
from connectors.reading.table import Interval, Number, Plan, planned
from connectors.reading.text_sql import instant, offset_min, wall

METRICS = re.compile(r'^\s*\{\s*"data"\s*:\s*\{\s*(?:"[A-Za-z]+"\s*:\s*\[\s*\]\s*,\s*)*"metrics"')
NAMED = re.compile(r'"(?:units|name)"\s*:\s*"')
# Names of the app, the words and the unit for each of its units. Source: its description.
QUANTITIES = {
    "blood_glucose": ("interstitial_glucose", {"mg/dL": "mg/dL", "mmol/L": "mmol/L"}),
    "heart_rate": ("heart_rate", {"bpm": "/min", "count/min": "/min"}),
    "resting_heart_rate": ("resting_heart_rate", {"bpm": "/min", "count/min": "/min"}),
    "heart_rate_variability": ("heart_rate_variability_sdnn", {"ms": "ms"}),
    "respiratory_rate": ("respiratory_rate", {"count/min": "/min", "bpm": "/min"}),
    "blood_oxygen_saturation": ("oxygen_saturation", {"%": "%"}),
    "apple_sleeping_wrist_temperature": ("skin_temperature", {"degC": "Cel", "degF": "[degF]"}),
    "carbohydrates": ("dietary_carbohydrate", {"g": "g"}),
    "protein": ("dietary_protein", {"g": "g"}),
    "total_fat": ("dietary_fat", {"g": "g"}),
    "fiber": ("dietary_fiber", {"g": "g"}),
    "dietary_sugar": ("dietary_sugar", {"g": "g"}),
    "dietary_energy": ("dietary_energy", {"kcal": "kcal", "kJ": "kJ"}),
    "caffeine": ("dietary_caffeine", {"mg": "mg"}),
}
INSULIN = {"Bolus": "insulin_bolus", "Basal": "insulin_long_acting"}
STAGES = {
    "awake": "awake",
    "asleep": "asleep_unspecified",
    "in bed": "in_bed",
    "inbed": "in_bed",
    "core": "light",
    "rem": "rem",
    "deep": "deep",
    "unspecified": "asleep_unspecified",
}
TOTALS = {"totalSleep": "total_sleep_time", "core": "light_sleep_time", "deep": "deep_sleep_time",
          "rem": "rem_sleep_time", "inBed": "time_in_bed"}  # fmt: skip
KEYS = ("qty", "Avg", "value", "reason", *TOTALS)
TIMES = ("date", "startDate", "endDate", "sleepStart", "sleepEnd")
ITEMS = f"""
    with metrics as (
        select record as page, unnest(json_extract(data, '$.metrics[*]')) as m,
            generate_subscripts(json_extract(data, '$.metrics[*]'), 1) as place
        from pages
    ), items as (
        select page, place, m ->> '$.name' as name, m ->> '$.units' as units,
            unnest(json_extract(m, '$.data[*]')) as item,
            generate_subscripts(json_extract(m, '$.data[*]'), 1) as number
        from metrics
    )
    select row_number() over (order by page, place, number) as record, coalesce(name, '') as name,
        coalesce(units, '') as units,
        {", ".join(f"coalesce(item ->> '$.{key}', '') as {key.lower()}" for key in (*KEYS, *TIMES))}
    from items order by page, place, number
"""


def identify(head: Head) -> str | None:
    """`json` for an object `data` with a list `metrics` of names and units, or None."""
    if not head.first.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return None
    text = decoded(head.first[:8000])
    return "json" if METRICS.match(text) and NAMED.search(text) else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Glucose, heart, breath, oxygen, wrist temperature, food, insulin; sleeps with their totals,
    or stages. Skips: `metric <name>`, `stage_not_known`, `no_reading`.

    Raises: BrokenFile if the JSON is cut, or holds no metric.
    """
    rows = query(ITEMS, pages=json_rows(source, {"data": "JSON"}))
    if rows.num_rows == 0:
        raise BrokenFile("no metric with a value in it: export it again, with health metrics")
    yield Total(rows.num_rows)
    yield from planned(rows, _plan())


def _plan() -> Plan:
    night = "name = 'sleep_analysis' and sleepstart <> ''"
    stage = "name = 'sleep_analysis' and sleepstart = '' and startdate <> ''"
    begin = f"case when {night} then sleepstart when {stage} then startdate else date end"
    end = f"case when {night} then sleepend when {stage} then enddate end"
    known = ", ".join(f"'{name}'" for name in (*QUANTITIES, "sleep_analysis", "insulin_delivery"))
    label = " ".join(f"when '{word}' then '{name}'" for word, name in STAGES.items())
    return Plan(
        stamp=begin,
        stamp_column="date",
        times={
            **_clock("start", begin),
            **_clock("end", end),
        },
        numbers=(
            *(_quantity(name, metric, units) for name, (metric, units) in QUANTITIES.items()),
            *(
                Number("qty", metric, "U", "qty",
                       when=f"name = 'insulin_delivery' and reason = '{why}'")
                for why, metric in INSULIN.items()
            ),
            *(
                Number(key.lower(), metric, "h", key, when=night, is_zero_nothing=True, spans=True)
                for key, metric in TOTALS.items()
            ),
        ),
        intervals=(
            Interval(night, "sleep", "'sleep'", "sleepstart"),
            Interval(f"{stage} and case lower(value) {label} end is not null", "sleep_stage",
                     f"case lower(value) {label} end"),
            Interval("name = 'carbohydrates' and try_cast(qty as double) > 0", "meal", spans=False),
        ),
        end=end,
        end_column="endDate",
        more={"key": f"case when {night} then sleepstart end"},
        skip=f"""case when name not in ({known}) then 'metric ' || name
            when {stage} and case lower(value) {label} end is null then 'stage_not_known' end""",
        nothing="no_reading",
        raw=("name", "date", "startdate", "enddate", "qty", "avg", "units"),
    )  # fmt: skip


def _quantity(name: str, metric: str, units: dict[str, str]) -> Number:
    told = " ".join(f"when '{told}' then '{unit}'" for told, unit in units.items())
    return Number(
        "coalesce(nullif(avg, ''), qty)" if name == "heart_rate" else "qty",
        metric,
        unit_sql=f"case units {told} end",
        column="qty",
        unit_column="units",
        when=f"name = '{name}'",
    )


def _clock(side: str, text: str) -> dict[str, str]:
    """`2024-02-06 14:30:00 -0800` states an instant, a wall clock and its offset."""
    told = f"regexp_replace({text}, ' ([+-]\\d\\d:?\\d\\d)$', '\\1')"
    return {
        f"{side}_utc": instant(told),
        f"{side}_wall": wall(told),
        f"{side}_offset_min": offset_min(told),
    }


CONNECTOR = Connector(
    name="health_auto_export",
    title="Health Auto Export JSON",
    version="1",
    variants={"json": "unverified"},
    identify=identify,
    extract=extract,
    source="hub",
)
