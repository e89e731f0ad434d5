"""Whole nights as vendors write them, for formats whose golden inputs tell some minutes of one.

The header is the vendor's own, as in tests/golden; a night is written from its stages.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import sqlite3
import zipfile
from collections.abc import Callable, Iterator

from tests.golden_case import edf_of

Stages = list[tuple[str, int]]  # a word and minutes
DREEM = (
    "Type;Start Time;Stop Time;Sleep Duration;Sleep Onset Duration;Light Sleep Duration;"
    "Deep Sleep Duration;REM Duration;Wake After Sleep Onset Duration;Number of awakenings;"
    "Position Changes;Mean Heart Rate;Mean Respiration CPM;Number of Stimulations;"
    "Sleep efficiency;Hypnogram"
)


def epochs(stages: Stages, seconds: int = 30) -> list[str]:
    """The words of the stages, one for every epoch."""
    return [word for word, minutes in stages for _ in range(minutes * 60 // seconds)]


def minutes_from(start: str, count: int, seconds: int = 60) -> Iterator[dt.datetime]:
    """The begin of each epoch, counted on from `start` on the clock that `start` is on."""
    begin = dt.datetime.fromisoformat(start)
    return (begin + dt.timedelta(seconds=seconds * n) for n in range(count))


def epoch_ms(moment: dt.datetime) -> int:
    return round(moment.timestamp() * 1000)


def dreem() -> bytes:
    """Seven hours over the change of the clocks, 23:30 to 07:30."""
    stages = [("WAKE", 10), ("Light", 150), ("Deep", 100), ("REM", 50), ("WAKE", 10)]
    words = epochs([*stages, ("Light", 90), ("WAKE", 10)])
    night = (
        "night;2025-03-29T23:30:00+01:00;2025-03-30T07:30:00+02:00;6:30:00;0:10:00;4:00:00;"
        "1:40:00;0:50:00;0:10:00;1;11;54.2;14.8;120;92.9"
    )
    return f"{DREEM}\n{night};[{','.join(words)}]\n".encode()


def edf() -> bytes:
    """425 minutes from 22:13, on a recorder that knows of no change of the clocks."""
    lines = ["2025-03-29T22:13:00"]
    second = 0
    stages = [("W", 20), ("N1", 5), ("N2", 150), ("N3", 100), ("W", 10), ("R", 100), ("N2", 40)]
    for word, minutes in stages:
        lines.append(f"{second} {minutes * 60} Sleep stage {word}")
        second += minutes * 60
    return edf_of("\n".join(lines))


def nsrr() -> bytes:
    """400 minutes from 22:15:30, in seconds from the begin."""
    told = []
    second = 0
    stages = [("Wake|0", 20), ("Stage 2 sleep|2", 150), ("Stage 3 sleep|3", 100), ("Wake|0", 10)]
    for word, minutes in [*stages, ("REM sleep|5", 100), ("Stage 1 sleep|1", 20)]:
        told.append(
            "<ScoredEvent><EventType>Stages|Stages</EventType>"
            f"<EventConcept>{word}</EventConcept><Start>{second}.0</Start>"
            f"<Duration>{minutes * 60}.0</Duration></ScoredEvent>"
        )
        second += minutes * 60
    begin = (
        "<ScoredEvent><EventType/><EventConcept>Recording Start Time</EventConcept>"
        f"<Start>0</Start><Duration>{second}.0</Duration>"
        "<ClockTime>29.03.25 22.15.30</ClockTime></ScoredEvent>"
    )
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n<PSGAnnotation>\n'
        "<SoftwareVersion>Compumedics</SoftwareVersion>\n<EpochLength>30</EpochLength>\n"
        f"<ScoredEvents>\n{begin}\n" + "\n".join(told) + "\n</ScoredEvents>\n</PSGAnnotation>\n"
    ).encode()


def yasa() -> bytes:
    """Eight hours from 22:30, evenly, by a clock that nobody moved at two."""
    stages = [("WAKE", 10), ("N2", 200), ("N3", 100), ("WAKE", 10), ("REM", 100), ("N1", 40)]
    words = epochs([*stages, ("WAKE", 20)])
    times = minutes_from("2025-03-29 22:30:00", len(words), 30)
    rows = (f"{at:%Y-%m-%d %H:%M:%S},{word}\n" for at, word in zip(times, words, strict=True))
    return ("Time,Stage\n" + "".join(rows)).encode()


def embrace() -> bytes:
    """Eight hours from 21:38 UTC, a line per minute."""
    codes = epochs([("0", 10), ("101", 400), ("102", 10), ("101", 50), ("0", 10)], 60)
    times = minutes_from("2025-03-29T21:38:00+00:00", len(codes))
    rows = (
        f"{epoch_ms(at)},{at:%Y-%m-%dT%H:%M:%SZ},1-1-P1,{code},\n"
        for at, code in zip(times, codes, strict=True)
    )
    header = "timestamp_unix,timestamp_iso,participant_full_id,sleep_detection_stage,"
    return (header + "missing_value_reason\n" + "".join(rows)).encode()


def fitabase() -> bytes:
    """Eight hours from 23:00, whose clock does not leap at two as that of the wall does."""
    stages = [("wake", 10), ("light", 200), ("deep", 100), ("wake", 10), ("rem", 100)]
    words = epochs([*stages, ("light", 40), ("wake", 20)])
    times = minutes_from("2017-03-11 23:00:00", len(words), 30)
    rows = (
        f"1700000001,{at.month}/{at.day}/{at.year} {at.hour % 12 or 12}:{at:%M:%S %p},"
        f"{word},,{word}\n"
        for at, word in zip(times, words, strict=True)
    )
    return ("LogId,Time,Level,ShortWakes,SleepStage\n" + "".join(rows)).encode()


def gadgetbridge() -> bytes:
    """351 minutes from 22:11 UTC by a Xiaomi band: 2 deep, 3 light, 4 REM, 5 awake, 0 the end."""
    begin = dt.datetime(2026, 3, 28, 22, 11, tzinfo=dt.UTC)
    with sqlite3.connect(":memory:") as database:
        database.executescript("""
            create table "DEVICE" ("_id" integer primary key, "NAME" text not null);
            create table "XIAOMI_SLEEP_TIME_SAMPLE" ("TIMESTAMP" integer not null,
                "DEVICE_ID" integer not null, "WAKEUP_TIME" integer, "IS_AWAKE" integer,
                "TOTAL_DURATION" integer, "DEEP_SLEEP_DURATION" integer,
                "LIGHT_SLEEP_DURATION" integer, "REM_SLEEP_DURATION" integer,
                "AWAKE_DURATION" integer);
            create table "XIAOMI_SLEEP_STAGE_SAMPLE" ("TIMESTAMP" integer not null,
                "DEVICE_ID" integer not null, "STAGE" integer not null);
            insert into "DEVICE" values (1, 'Xiaomi Example Band 8');
        """)
        times = epoch_ms(begin), epoch_ms(begin) + 351 * 60_000
        database.execute(
            'insert into "XIAOMI_SLEEP_TIME_SAMPLE" values (?, 1, ?, 1, 351, 70, 241, 30, 10)',
            times,
        )
        for minute, code in ((0, 3), (50, 2), (120, 4), (150, 5), (160, 3), (300, 3), (351, 0)):
            database.execute(
                'insert into "XIAOMI_SLEEP_STAGE_SAMPLE" values (?, 1, ?)',
                (times[0] + minute * 60_000, code),
            )
        return database.serialize()


def garmin_api() -> bytes:
    """A night of the service from 05:42 to 13:22 UTC, its "local" times dressed as epochs."""
    begin = dt.datetime(2025, 8, 7, 5, 42, tzinfo=dt.UTC)
    levels, at = [], begin
    for level, minutes in ((3.0, 10), (1.0, 180), (0.0, 80), (2.0, 90), (3.0, 20), (1.0, 80)):
        after = at + dt.timedelta(minutes=minutes)
        levels.append(
            {"startGMT": f"{at:%Y-%m-%dT%H:%M:%S.0}", "endGMT": f"{after:%Y-%m-%dT%H:%M:%S.0}",
             "activityLevel": level}
        )  # fmt: skip
        at = after
    night = {
        "id": epoch_ms(begin), "userProfilePK": 1, "calendarDate": "2025-08-07",
        "sleepTimeSeconds": 25800, "sleepWindowConfirmed": True,
        "sleepWindowConfirmationType": "enhanced_confirmed_final",
        "sleepStartTimestampGMT": epoch_ms(begin), "sleepEndTimestampGMT": epoch_ms(at),
        "sleepStartTimestampLocal": epoch_ms(begin) - 7 * 3_600_000,
        "sleepEndTimestampLocal": epoch_ms(at) - 7 * 3_600_000,
        "deepSleepSeconds": 4800, "lightSleepSeconds": 15600, "remSleepSeconds": 5400,
        "awakeSleepSeconds": 1800, "deviceRemCapable": True, "retro": False,
    }  # fmt: skip
    return json.dumps(
        {"dailySleepDTO": night, "remSleepData": True, "sleepLevels": levels}
    ).encode()


def huawei() -> bytes:
    """450 minutes from 22:00 UTC, a point for every minute, in a night of two offsets."""
    words = epochs([("SHALLOW", 200), ("DEEP", 100), ("WAKE", 10), ("DREAM", 100)], 60)
    words += epochs([("SHALLOW", 40)], 60)
    times = [epoch_ms(at) for at in minutes_from("2026-03-28T22:00:00+00:00", len(words) + 1)]
    points = [
        {"key": f"PROFESSIONAL_SLEEP_{word}", "startTime": a, "endTime": b, "unit": "",
         "value": "1"}
        for word, a, b in zip(words, times[:-1], times[1:], strict=True)
    ]  # fmt: skip
    record = {
        "type": 9, "startTime": times[0], "endTime": times[-1], "timeZone": "+0100",
        "deviceCode": 41, "recordId": "a1", "version": 5, "samplePoints": points,
    }  # fmt: skip
    return json.dumps([record]).encode()


def actiware() -> bytes:
    """An interval of sleep, 23:00 to 06:30, and all epochs of a minute in and around it."""
    epoch = []
    for n, at in enumerate(minutes_from("2025-07-02 22:50:00", 470), 1200):
        is_in = "02 23:00" <= f"{at:%d %H:%M}" < "03 06:30"
        is_awake = not is_in or (f"{at:%d %H}" == "03 02" and at.minute < 20)
        words = "REST-S" if is_in else "ACTIVE"
        epoch.append(
            f'"{n}","{at:%d/%m/%Y}","{at:%H:%M:%S}","0","0","0.00","{is_awake:d}","{words}",'
        )
    return "\n".join([*ACTIWARE, *epoch, ""]).encode("utf-8-sig")


ACTIWARE = (
    '"Actiware Export File  (Version 05.00 )"',
    '"Filename:",""',
    "",
    '"------------------------ Statistics ------------------------"',
    "",
    '"Interval Type","Interval#","Start Date","Start Time","End Date","End Time","Duration",'
    '"%Invalid SW","Efficiency","Wake Time","%Wake","Sleep Time","%Sleep",',
    '"","","","","","","(minutes)","(%)","(%)","(minutes)","(%)","(minutes)","(%)",',
    "",
    '"SLEEP","1","02/07/2025","23:00:00","03/07/2025","06:30:00","450.00","0.00","95.56","20.00",'
    '"4.44","430.00","95.56",',
    "",
    '"-------------------- Epoch-by-Epoch Data -------------------"',
    "",
    '"Line:","Line Number"',
    "",
    '"Line","Date","Time","Activity","Marker","White Light","Sleep/Wake","Interval Status",',
    "",
)


def sleep_as_android() -> bytes:
    """Seven and a half true hours from 23:30, which the clock shows as eight and a half."""
    begin = dt.datetime.fromisoformat("2025-03-29T23:30:00+01:00")
    stages = (("LIGHT", 10, 130), ("DEEP", 130, 230), ("REM", 230, 300), ("LIGHT", 320, 440))
    events = [
        f'"{word}_{end}-{epoch_ms(begin) + minute * 60_000}"'
        for word, first, last in stages
        for end, minute in (("START", first), ("END", last))
    ]
    header = (
        "Id,Tz,From,To,Sched,Hours,Rating,Comment,Framerate,Snore,Noise,Cycles,DeepSleep,LenAdjust,"
        'Geo,"23:34"' + ',"Event"' * len(events)
    )
    night = (
        f'"{epoch_ms(begin)}","Europe/Vienna","29. 03. 2025 23:30","30. 03. 2025 8:00",'
        '"30. 03. 2025 7:30","7.500","3.0","","10007","-1","-1.0","5","0.45","0","","0.1"'
    )
    return f"{header}\n{night},{','.join(events)}\n".encode()


def samsung() -> bytes:
    """A zip of six hours from 04:11 UTC and their stages, which name their sleep."""
    begin = dt.datetime(2024, 10, 24, 4, 11, tzinfo=dt.UTC)
    kind = "com.samsung.health.sleep"
    sleep = [
        "com.samsung.shealth.sleep,6307003,11",
        f"total_rem_duration,combined_id,sleep_type,sleep_latency,efficiency,sleep_score,"
        f"sleep_duration,{kind}.start_time,{kind}.time_offset,{kind}.deviceuuid,{kind}.comment,"
        f"{kind}.pkg_name,{kind}.end_time,{kind}.datauuid",
        "88,de874f47,-1,1320000,94.0,86,366,2024-10-24 04:11:00.000,UTC-0400,8z67,,"
        "com.sec.android.app.shealth,2024-10-24 10:17:00.000,fa94b106-0001,",
    ]
    stages = [
        "com.samsung.health.sleep_stage,6307003,7",
        "create_sh_ver,start_time,sleep_id,custom,modify_sh_ver,update_time,create_time,stage,"
        "time_offset,deviceuuid,pkg_name,end_time,datauuid",
    ]
    codes = ((40001, 22), (40002, 150), (40003, 60), (40001, 6), (40004, 88), (40002, 40))
    for n, (code, minutes) in enumerate(codes):
        end = begin + dt.timedelta(minutes=minutes)
        stages.append(
            f"62920010,{begin:%Y-%m-%d %H:%M:%S.000},fa94b106-0001,,62920010,,,{code},UTC-0400,"
            f"8z67,com.sec.android.app.shealth,{end:%Y-%m-%d %H:%M:%S.000},e08282a7-{n:04},"
        )
        begin = end
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr("samsunghealth/com.samsung.shealth.sleep.1.csv", "\n".join(sleep) + "\n")
        archive.writestr(
            "samsunghealth/com.samsung.health.sleep_stage.1.csv", "\n".join(stages) + "\n"
        )
    return whole.getvalue()


# by connector: the ending of the file's name, and its bytes
MADE: dict[str, tuple[str, Callable[[], bytes]]] = {
    "dreem": ("csv", dreem),
    "edf_hypnogram": ("edf", edf),
    "nsrr_annotations": ("xml", nsrr),
    "yasa_hypnogram": ("csv", yasa),
    "empatica_embrace": ("csv", embrace),
    "fitabase_export": ("csv", fitabase),
    "gadgetbridge": ("db", gadgetbridge),
    "garmin_connect_api": ("json", garmin_api),
    "huawei_health": ("json", huawei),
    "philips_actiware": ("csv", actiware),
    "samsung_health": ("zip", samsung),
    "sleep_as_android": ("csv", sleep_as_android),
}
