"""What a sensor makes of a made-up body, written as Dexcom Clarity and as LibreView write it.

Clarity: every field in quotes, settings without a time before the readings, all sorted by the
naive wall clock, so that both passes of the repeated hour lie interleaved. LibreView: device, then
record type, then the order in which the phone wrote, so that 02:59 is followed by 02:00 again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from flows.demo.body import Body, Values, wander
from flows.demo.sleep import HOUR, MINUTE, UP, Seconds
from transforms.arrays import Mask

CLARITY_HEADER = (
    "Index,Timestamp (YYYY-MM-DDThh:mm:ss),Event Type,Event Subtype,Patient Info,Device Info,"
    "Source Device ID,Glucose Value (mg/dL),Insulin Value (u),Carb Value (grams),"
    "Duration (hh:mm:ss),Glucose Rate of Change (mg/dL/min),Transmitter Time (Long Integer),"
    "Transmitter ID"
)
CLARITY_PREAMBLE = (
    ",FirstName,,Ada,,,,,,,,",
    ",LastName,,Example,,,,,,,,",
    ",Device,,,Dexcom G7 Mobile App,iOS G7,,,,,,",
    ",Alert,Fall,,,iOS G7,,,,,3,",
    ",Alert,High,,,iOS G7,200,,,,,",
    ",Alert,Low,,,iOS G7,65,,,,,",
    ",Alert,Signal Loss,,,iOS G7,,,,00:20:00,,",
    ",Alert,Rise,,,iOS G7,,,,,3,",
    ",Alert,Urgent Low,,,iOS G7,55,,,,,",
    ",Alert,Urgent Low Soon,,,iOS G7,55,,,,,",
)
LIBRE_HEADER = (
    "Device,Serial Number,Device Timestamp,Record Type,Historic Glucose mmol/L,Scan Glucose mmol/L,"
    "Non-numeric Rapid-Acting Insulin,Rapid-Acting Insulin (units),Non-numeric Food,"
    "Carbohydrates (grams),Carbohydrates (servings),Non-numeric Long-Acting Insulin,"
    "Long-Acting Insulin Value (units),Notes,Strip Glucose mmol/L,Ketone mmol/L,"
    "Meal Insulin (units),Correction Insulin (units),User Change Insulin (units)"
)
LIBRE_DEVICE = "FreeStyle LibreLink,00000000-0000-4000-8000-00000000000b"  # nobody's phone
MGDL_PER_MMOLL = 18.0156
FIRST_TICK = 1_700  # seconds that a G7 counts until its first reading. Source: real exports
LOWEST = 40  # mg/dL; below it a Dexcom says Low
LIBRE_WARM_UP = HOUR
# Pressed on at night, a sensor reads low: hours after falling asleep, share that is lost.
PRESSED = ((2.4, 0.36), (3.3, 0.66))
PRESSED_S, PRESSED_RAMP_S = 2_400, 600


@dataclass(frozen=True)
class Readings:
    """Readings of several sensors in the order of time.

    sensor   which one, from 0
    counter  seconds that it has counted
    """

    time: Seconds
    glucose: Values
    sensor: Seconds
    counter: Seconds

    def kept(self, mask: Mask) -> Readings:
        return Readings(self.time[mask], self.glucose[mask], self.sensor[mask], self.counter[mask])


def dexcom(body: Body, rng: np.random.Generator) -> Readings:
    """Every five minutes, a sensor for ten days, warm-ups and lost signals between."""
    changes = [body.clock.at(*when) for when in ((0, 9.6), (10, 18.4), (20, 20.1), (30, 19.5))]
    seen = _sensed(body, changes, FIRST_TICK, 300, rng)
    nights = body.nights[5], body.nights[18]
    for night, (hours, share) in zip(nights, PRESSED, strict=True):
        since = seen.time - (night.start + hours * HOUR)
        depth = np.clip(np.minimum(since, PRESSED_S - since) / PRESSED_RAMP_S, 0, 1)
        seen.glucose[:] *= 1 - share * depth
    jitter = rng.integers(0, 3, len(seen.time))
    seen = Readings(seen.time + jitter, seen.glucose, seen.sensor, seen.counter)
    return seen.kept(_received(body, seen, rng, (20, 150)))


def libre(body: Body, rng: np.random.Generator) -> Readings:
    """Every quarter of an hour the mean of it, a sensor for two weeks."""
    changes = [body.clock.at(*when) for when in ((0, 10.3), (13, 20.0), (27, 19.2))]
    seen = _sensed(body, changes, LIBRE_WARM_UP, 900, rng)
    return seen.kept(_received(body, seen, rng, (60, 600)))  # a sensor keeps eight hours, no more


def _sensed(
    body: Body, changes: list[int], warm_up: int, step: int, rng: np.random.Generator
) -> Readings:
    """The mean of each step as sensors see it: each reads a little high or low, and all waver."""
    until = body.clock.at(body.traits.days - 1, 20)
    width = step // MINUTE
    smooth = np.convolve(np.pad(body.glucose, (width - 1, 0), "edge"), np.full(width, 1 / width))
    columns = []
    for sensor, (start, end) in enumerate(zip(changes, [*changes[1:], until], strict=True)):
        counter = np.arange(warm_up, end - start, step)
        true = smooth[width - 1 :][body.minute(start + counter)]
        seen = true * rng.normal(1, 0.025) + wander(rng, len(true), 2.5, 1_500 / step)
        columns.append((start + counter, seen, np.full(len(true), sensor), counter))
    return Readings(*(np.concatenate(column) for column in zip(*columns, strict=True)))


def _received(
    body: Body, seen: Readings, rng: np.random.Generator, minutes: tuple[int, int]
) -> Mask:
    """All but a few stretches in which the phone was away, from some waking hour on."""
    received = np.ones(len(seen.time), np.bool_)
    for since in rng.choice(seen.time[body.stage[body.minute(seen.time)] == UP], 6):
        until = since + MINUTE * int(rng.integers(*minutes))
        received &= (seen.time < since) | (seen.time > until)
    return received


def clarity_csv(body: Body, seen: Readings, since: int, until: int) -> bytes:
    """An export of the readings and logged meals from one instant to another."""
    seen = seen.kept((seen.time >= since) & (seen.time < until))
    texts = [str(round(value)) if value >= LOWEST else "Low" for value in seen.glucose]
    stamps = body.clock.iso(seen.time).tolist()
    rows = [
        f"{stamp},EGV,{'Low' if text == 'Low' else ''},,,iOS G7,{text},,,,,{count},{_dexcom_id(n)}"
        for stamp, text, count, n in zip(
            stamps, texts, seen.counter.tolist(), seen.sensor.tolist(), strict=True
        )
    ]
    rows += [
        f"{body.clock.iso(meal.start)},Carbs,,,,iOS G7,,,{meal.carbs},,,"
        for meal in body.meals
        if meal.is_logged and since <= meal.start < until
    ]
    rows.sort(key=lambda row: row[:19])
    numbered = [f"{n},{row}" for n, row in enumerate([*CLARITY_PREAMBLE, *rows], 1)]
    lines = [line.replace(",", '","') for line in [CLARITY_HEADER, *numbered]]
    return "".join(f'"{line}"\n' for line in lines).encode("utf-8-sig")


def _dexcom_id(sensor: int) -> int:
    return 100_000_000_101 + 7_000_070 * sensor


def libreview_csv(body: Body, seen: Readings, rng: np.random.Generator) -> bytes:
    """The whole account: readings, scans, food and empty records, each in the order of time."""
    made = body.clock.at(body.traits.days - 1, 20.2)
    utc = _libre_stamp(str(np.datetime64(made, "s")))
    scanned = _scans(body, seen, rng)
    meals = [meal for meal in body.meals if meal.is_logged and seen.time[0] < meal.start < made]
    values = [(t, 0, f"{v},,,,,,,,,,,,,,") for t, v in _mmoll(seen.time, seen.glucose)]
    values += [(t, 1, f",{v},,,,,,,,,,,,,") for t, v in _mmoll(*scanned)]
    values += [(meal.start, 5, f",,,,,{meal.carbs},,,,,,,,,") for meal in meals]
    values += [(t, 6, ",,,,,,,,,,,,,,") for t in scanned[0][::9].tolist()]
    stamps = body.clock.iso(np.array([time for time, _, _ in values])).tolist()
    rows = [
        f"{LIBRE_DEVICE},{_libre_stamp(stamp)},{kind},{cells}"
        for stamp, (_, kind, cells) in zip(stamps, values, strict=True)
    ]
    title = f"Glucose Data,Generated on,{utc} UTC,Generated by,Ben Example"
    return "".join(f"{line}\r\n" for line in [title, LIBRE_HEADER, *rows]).encode()


def _libre_stamp(stamp: str) -> str:
    return f"{stamp[8:10]}-{stamp[5:7]}-{stamp[:4]} {stamp[11:16]}"


def _mmoll(time: Seconds, glucose: Values) -> list[tuple[int, str]]:
    """Instants and one decimal of mmol/L; LibreView writes 6, not 6.0."""
    values = np.clip(glucose / MGDL_PER_MMOLL, 2.2, 27.8).round(1)
    return list(zip(time.tolist(), [f"{value:g}" for value in values], strict=True))


def _scans(body: Body, seen: Readings, rng: np.random.Generator) -> tuple[Seconds, Values]:
    """Looks at the phone: now and then while awake."""
    near = rng.choice(len(seen.time), size=len(seen.time) // 14, replace=False)
    near.sort()
    time = seen.time[near] + rng.integers(60, 840, len(near))
    is_up = body.stage[body.minute(time)] == UP
    near, time = near[is_up], time[is_up]
    now = body.glucose[body.minute(time)] - body.glucose[body.minute(seen.time[near])]
    return time, seen.glucose[near] + now
