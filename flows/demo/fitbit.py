"""A made-up body as a Google Takeout of a Fitbit: sleep logs, heart rate, steps, nightly numbers.

Every kind of file has the clock that it has in real Takeouts: sleep logs are naive wall times in
the offset of the start, heart rate and steps are UTC, the score has a local time marked Z, the
nightly numbers are of a date.
"""

from __future__ import annotations

import json
import re

import numpy as np

from flows.demo.body import Body
from flows.demo.sleep import AWAKE, DAY, EPOCH, LIGHT, MINUTE, Seconds, Sleep, iso, runs

FOLDER = "Takeout/Fitbit/"
GLOBAL = FOLDER + "Global Export Data/"
FIRST_LOG = 51_000_000_001  # log ids have eleven digits and grow
CHUNK_DAYS = 30  # of a file of sleep logs or steps, named after its first day
LEVELS = ("wake", "light", "deep", "rem")  # by stage
HEART_STEP = 300  # seconds; a real one tells every five or ten
SCORE_HEADER = (
    "sleep_log_entry_id,timestamp,overall_score,composition_score,revitalization_score,"
    "duration_score,deep_sleep_in_minutes,resting_heart_rate,restlessness"
)
Log = dict[str, object]
Members = dict[str, str]


def takeout(body: Body, rng: np.random.Generator) -> Members:
    """The files of an archive, by name."""
    last = body.clock.at(body.traits.days - 1, 20)
    resting = body.traits.resting_heart_rate + rng.normal(0, 1.3, len(body.nights))
    return {
        **_sleep_files(body),
        **_heart_rate_files(body, last, rng),
        **_step_files(body, last),
        **_resting_heart_rate_file(body, resting.tolist(), rng),
        **_score_file(body, resting.tolist(), rng),
        **_variability_files(body, resting.tolist(), rng),
        **_oxygen_file(body, rng),
    }


def _sleep_files(body: Body) -> Members:
    """Logs, newest first. The night at the border of two files is in both, not quite the same."""
    logs = [_log(body, number) for number in range(len(body.sleeps))]
    border = str(np.datetime64(body.traits.first) + CHUNK_DAYS)
    early = [log for log in logs if str(log["dateOfSleep"]) <= border]
    late = [log for log in logs if str(log["dateOfSleep"]) >= border]
    again = json.dumps(late[0])
    late[0] = json.loads(re.sub(r'("thirtyDayAvgMinutes": )\d+', r"\g<1>0", again))
    return {
        f"{GLOBAL}sleep-{body.traits.first}.json": _as_takeout(early[::-1]),
        f"{GLOBAL}sleep-{border}.json": _as_takeout(late[::-1]),
    }


def _log(body: Body, number: int) -> Log:
    """One sleep. Its times stay in the offset of its start; only endTime is in that of the end."""
    sleep = body.sleeps[number]
    total = (sleep.end - sleep.start) // MINUTE  # whole minutes, though endTime has half ones
    awake = round(float((sleep.painted == AWAKE).sum()) * EPOCH / MINUTE)
    return {
        "logId": FIRST_LOG + number * 1_003,
        "dateOfSleep": str(body.clock.iso(sleep.end))[:10],
        "startTime": f"{body.clock.iso(sleep.start)}.000",
        "endTime": f"{body.clock.iso(sleep.end)}.000",
        "duration": total * 60_000,
        "minutesToFallAsleep": 0,
        "minutesAsleep": total - awake,
        "minutesAwake": awake,
        "minutesAfterWakeup": 0,
        "timeInBed": total,
        "efficiency": min(round(100 - 70 * awake / total), 98),  # the vendor's own idea of it
        "type": "stages" if sleep.is_main else "classic",
        "infoCode": 0 if sleep.is_main else 2,
        "logType": "auto_detected",
        "levels": _stages(body, sleep, total - awake) if sleep.is_main else _classic(body, sleep),
        "mainSleep": sleep.is_main,
    }


def _segments(body: Body, sleep: Sleep, names: dict[int, str], codes: object) -> list[Log]:
    start = int(body.clock.wall(sleep.start))
    return [
        {"dateTime": f"{iso(start + a * EPOCH)}.000", "level": name, "seconds": (b - a) * EPOCH}
        for code, a, b in runs(np.asarray(codes))
        if (name := names.get(code))
    ]


def _stages(body: Body, sleep: Sleep, asleep: int) -> Log:
    data = _segments(body, sleep, dict(enumerate(LEVELS)), sleep.stages)
    brief = _segments(body, sleep, {1: "wake"}, sleep.brief)
    minutes = _minutes(sleep)
    usual = [_minutes(s) for s in body.nights if sleep.start - 30 * DAY < s.start < sleep.start]
    minutes["light"] = asleep - minutes["deep"] - minutes["rem"]  # what rounding leaves
    summary = {
        level: {
            "count": sum(part["level"] == level for part in [*data, *brief]),
            "minutes": minutes[level],
            "thirtyDayAvgMinutes": round(sum(m[level] for m in usual) / max(len(usual), 1)),
        }
        for level in ("deep", "wake", "light", "rem")
    }
    return {"summary": summary, "data": data, "shortData": brief}


def _minutes(sleep: Sleep) -> dict[str, int]:
    epochs = np.bincount(sleep.painted, minlength=len(LEVELS))
    return {level: round(int(n) * EPOCH / MINUTE) for level, n in zip(LEVELS, epochs, strict=True)}


def _classic(body: Body, sleep: Sleep) -> Log:
    """Naps are too short for stages."""
    data = _segments(body, sleep, {AWAKE: "restless", LIGHT: "asleep"}, sleep.painted)
    summary = {
        level: {
            "count": sum(part["level"] == level for part in data),
            "minutes": sum(int(str(p["seconds"])) for p in data if p["level"] == level) // MINUTE,
        }
        for level in ("restless", "awake", "asleep")
    }
    return {"summary": summary, "data": data}


def _as_takeout(rows: list[Log]) -> str:
    """JSON in Google's spacing."""
    text = ",".join(json.dumps(row, indent=2, separators=(",", " : ")) for row in rows)
    return "[" + re.sub(r"([\[,])\n *\{", r"\1{", text) + "]"


def _american(instants: Seconds) -> list[str]:
    """`10/12/25 22:41:30`: month first, in UTC."""
    return [f"{t[5:7]}/{t[8:10]}/{t[2:4]} {t[11:]}" for t in iso(instants).tolist()]


def _heart_rate_files(body: Body, last: int, rng: np.random.Generator) -> Members:
    """One file for each local day, in UTC."""
    time = np.arange(body.clock.at(0, 9), last, HEART_STEP)
    time += rng.integers(0, 60, len(time))
    time = time[body.is_worn(time)]
    beats = np.rint(body.heart[body.minute(time)]).astype(int).tolist()
    trust = rng.integers(1, 4, len(time)).tolist()
    days: dict[str, list[str]] = {}
    for day, stamp, bpm, sure in zip(
        body.clock.iso(time).tolist(), _american(time), beats, trust, strict=True
    ):
        value = f'{{\n    "bpm" : {bpm},\n    "confidence" : {sure}\n  }}'
        row = f'{{\n  "dateTime" : "{stamp}",\n  "value" : {value}\n}}'
        days.setdefault(day[:10], []).append(row)
    return {f"{GLOBAL}heart_rate-{day}.json": f"[{','.join(rows)}]" for day, rows in days.items()}


def _step_files(body: Body, last: int) -> Members:
    """Minutes with steps, and the first without any after them; counts are strings."""
    is_told = (body.steps > 0) | (np.roll(body.steps, 1) > 0)
    is_told &= (body.time >= body.clock.at(0, 9)) & (body.time < last)
    border = body.clock.at(CHUNK_DAYS, 0)
    members = {}
    for part in (is_told & (body.time < border), is_told & (body.time >= border)):
        first = str(body.clock.iso(body.time[part][0]))[:10]
        stamps, counts = _american(body.time[part]), body.steps[part].tolist()
        rows = [
            f'{{\n  "dateTime" : "{stamp}",\n  "value" : "{count}"\n}}'
            for stamp, count in zip(stamps, counts, strict=True)
        ]
        members[f"{GLOBAL}steps-{first}.json"] = f"[{','.join(rows)}]"
    return members


def _wake_dates(body: Body) -> list[str]:
    return [str(body.clock.iso(night.end))[:10] for night in body.nights]


def _resting_heart_rate_file(body: Body, resting: list[float], rng: np.random.Generator) -> Members:
    """A value a day, and the days to come as padding."""
    rows: list[Log] = []
    for date, value in zip(_wake_dates(body), resting, strict=True):
        day = f"{date[5:7]}/{date[8:]}/{date[2:4]}"
        told = {"date": day, "value": value, "error": float(rng.uniform(5, 8))}
        rows.append({"dateTime": f"{day} 00:00:00", "value": told})
    after = np.arange(1, 20) * DAY + int(body.clock.wall(body.begin)) + body.traits.days * DAY
    for stamp in _american(after):
        rows.append({"dateTime": stamp, "value": {"date": None, "value": 0.0, "error": 0.0}})
    return {f"{GLOBAL}resting_heart_rate-{body.traits.first}.json": _as_takeout(rows)}


def _score_file(body: Body, resting: list[float], rng: np.random.Generator) -> Members:
    """Newest first; the local end of each night, marked Z although it is no UTC."""
    rows: list[str] = []
    for number, sleep in enumerate(body.sleeps):
        if sleep.is_main:
            beats, deep = round(resting[len(rows)]), _minutes(sleep)["deep"]
            restored = int(rng.integers(15, 24))
            score = round(min(5.2 * sleep.hours_asleep, 48) + deep / 8 + restored)
            share = (sleep.painted == AWAKE).mean() * 0.8
            rows.append(
                f"{FIRST_LOG + number * 1_003},{body.clock.iso(sleep.end)}Z,{score},,{restored},,"
                f"{deep},{beats},{share:.6f}"
            )
    return {f"{FOLDER}Sleep Score/sleep_score.csv": _lines(SCORE_HEADER, *rows[::-1])}


def _variability_files(body: Body, resting: list[float], rng: np.random.Generator) -> Members:
    """A file a day, named after the evening, its one row dated by the morning."""
    members = {}
    usual = body.traits.heart_rate_variability_ms
    for night, date, beats in zip(body.nights, _wake_dates(body), resting, strict=True):
        evening = str(np.datetime64(date) - 1)
        name = f"Daily Heart Rate Variability Summary - {evening[:7]}-({int(evening[8:])}).csv"
        value = usual * rng.lognormal(0, 0.13) * (night.hours_asleep / 7.2) ** 0.2
        row = f"{date}T00:00:00,{value:.3f},{beats + 1.5:.3f},{rng.uniform(2.4, 3.1):.3f}"
        members[f"{FOLDER}Heart Rate Variability/{name}"] = _lines(
            "timestamp,rmssd,nremhr,entropy", row
        )
    return members


def _oxygen_file(body: Body, rng: np.random.Generator) -> Members:
    dates = _wake_dates(body)
    rows = []
    for date in dates:
        mean = rng.normal(96.1, 0.5)
        rows.append(
            f"{date}T00:00:00Z,{mean:.1f},{mean - rng.uniform(2, 4):.1f},{min(mean + 2, 100):.1f}"
        )
    name = f"Oxygen Saturation (SpO2)/Daily SpO2 - {dates[0]}-{dates[-1]}.csv"
    return {FOLDER + name: _lines("timestamp,average_value,lower_bound,upper_bound", *rows)}


def _lines(*lines: str) -> str:
    return "".join(f"{line}\n" for line in lines)
