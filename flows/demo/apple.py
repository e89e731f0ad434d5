"""A made-up body as Apple Health exports it: one XML of all records, sorted by type.

Every time has the one offset of the moment of the export, also those of the summer. The nights are
intervals of two sources: in bed by the phone, stages by the watch. Steps are counted by both.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from flows.demo.apple_xml import PHONE, WATCH, Pen, entry, prolog
from flows.demo.body import Body
from flows.demo.sleep import (
    AWAKE,
    DEEP,
    EPOCH,
    HOUR,
    LIGHT,
    MINUTE,
    REM,
    UP,
    Seconds,
    runs,
)

STAGES = {AWAKE: "Awake", LIGHT: "AsleepCore", DEEP: "AsleepDeep", REM: "AsleepREM"}
# The same in the words of clinics: no connector reads it.
CDA = (
    '<?xml version="1.0"?>\n'
    '<ClinicalDocument xmlns="urn:hl7-org:v3"><title>Health Data Export</title>'
    "</ClinicalDocument>\n"
)


def export(body: Body, rng: np.random.Generator) -> dict[str, str]:
    """The files of an archive, by name."""
    pen = Pen(body, body.clock.at(body.traits.days - 1, 20.5))
    parts = [
        prolog(pen.stamps([pen.made])[0]),
        *_heart(pen, rng),
        *_steps(pen, rng),
        *_daylight(pen, rng),
        *_asleep(pen, rng),
        *_each_night(pen, rng),
        *_in_bed(pen),
        *_stages(pen),
        *(pen.workout(workout) for workout in body.workouts),
        "</HealthData>\n",
    ]
    return {
        "apple_health_export/export.xml": "".join(parts),
        "apple_health_export/export_cda.xml": CDA,
    }


def _heart(pen: Pen, rng: np.random.Generator) -> Iterator[str]:
    """Every five minutes or so while the watch is worn; variability every few hours."""
    body = pen.body
    time = np.arange(body.clock.at(0, 9), pen.made - HOUR, 5 * MINUTE)
    time += rng.integers(0, 200, len(time))
    time = time[body.is_worn(time)]
    beats = np.rint(body.heart[body.minute(time)]).astype(int).tolist()
    about = entry("HKMetadataKeyHeartRateMotionContext", "0")
    yield from pen.quantity("HeartRate", "count/min", (time, time), list(map(str, beats)), about)
    some = np.sort(rng.choice(time, len(time) // 40, replace=False))
    usual = np.where(body.stage[body.minute(some)] == UP, 0.85, 1.1)
    spread = body.traits.heart_rate_variability_ms * usual * rng.lognormal(0, 0.2, len(some))
    values = [f"{value:.4f}" for value in spread.tolist()]
    yield from pen.quantity("HeartRateVariabilitySDNN", "ms", (some - MINUTE, some), values)


def _steps(pen: Pen, rng: np.random.Generator) -> Iterator[str]:
    """Of ten minutes each; the phone counts the same steps, fewer, and not all of them."""
    time, steps = _tens(pen)
    is_carried = (rng.random(len(steps)) < 0.6) & (steps > 20)
    for source, mask, share in ((PHONE, is_carried, 0.94), (WATCH, steps > 0, 1.0)):
        counts = [str(round(count * share)) for count in steps[mask].tolist()]
        spans = (time[mask], time[mask] + 10 * MINUTE)
        yield from pen.quantity("StepCount", "count", spans, counts, source=source)


def _daylight(pen: Pen, rng: np.random.Generator) -> Iterator[str]:
    """Walks between eight and five are out of doors."""
    time, steps = _tens(pen)
    hour = pen.body.clock.hour(time)
    out = time[(steps > 350) & (hour >= 8) & (hour < 17)]
    minutes = list(map(str, rng.integers(3, 10, len(out)).tolist()))
    about = entry("HKMetadataKeyMaximumLightIntensity", "4200 lx")
    yield from pen.quantity("TimeInDaylight", "min", (out, out + 10 * MINUTE), minutes, about)


def _tens(pen: Pen) -> tuple[Seconds, Seconds]:
    """The steps of every ten minutes that were recorded."""
    time, steps = pen.body.time[::10], pen.body.steps.reshape(-1, 10).sum(axis=1)
    is_recorded = (time >= pen.body.clock.at(0, 9)) & (time < pen.made - HOUR)
    return time[is_recorded], steps[is_recorded]


def _asleep(pen: Pen, rng: np.random.Generator) -> Iterator[str]:
    """Breathing every quarter of an hour asleep; oxygen less often, as a fraction of 1."""
    stage = pen.body.stage
    time = pen.body.time[(stage != UP) & (stage != AWAKE)]
    breaths, oxygen = time[::15], time[7::35]
    rates = [f"{rate:.1f}" for rate in rng.normal(14.6, 0.7, len(breaths)).tolist()]
    yield from pen.quantity("RespiratoryRate", "count/min", (breaths, breaths), rates)
    shares = [f"{min(share, 1):.2f}" for share in rng.normal(0.958, 0.009, len(oxygen)).tolist()]
    about = entry("HKMetadataKeyBarometricPressure", "100.9 kPa")
    yield from pen.quantity("OxygenSaturation", "%", (oxygen, oxygen), shares, about)


def _each_night(pen: Pen, rng: np.random.Generator) -> Iterator[str]:
    """Wrist temperature over the night, resting heart rate over the day after it."""
    nights = pen.body.nights
    starts, ends = np.array([n.start for n in nights]), np.array([n.end for n in nights])
    warmth = [f"{value:.4f}" for value in rng.normal(35.6, 0.22, len(nights)).tolist()]
    yield from pen.quantity("AppleSleepingWristTemperature", "degC", (starts, ends), warmth)
    resting = pen.body.traits.resting_heart_rate + rng.integers(-1, 3, len(nights))
    day = (ends, np.minimum(ends + 14 * HOUR, pen.made))
    yield from pen.quantity("RestingHeartRate", "count/min", day, list(map(str, resting.tolist())))


def _in_bed(pen: Pen) -> Iterator[str]:
    """By the phone: from laying it down to taking it up, whole minutes."""
    spans = [(n.start - n.start % MINUTE, n.end - n.end % MINUTE) for n in pen.body.nights]
    starts, ends = zip(*spans, strict=True)
    return pen.sleep(PHONE, (starts, ends), ["InBed"] * len(spans))


def _stages(pen: Pen) -> Iterator[str]:
    """By the watch: without lying awake before and after, with the short wakes between."""
    told = [
        (sleep.start + a * EPOCH, sleep.start + b * EPOCH, STAGES[code])
        for sleep in pen.body.nights
        for code, a, b in runs(sleep.painted)[1:-1]
    ]
    starts, ends, names = zip(*told, strict=True)
    return pen.sleep(WATCH, (starts, ends), list(names))
