"""Whatever the bytes are, a file is read to its last record or refused in a sentence.

A short and steady part of `make fuzz`, and what that has found. The guard against a hang is outside
of the interpreter: it ends the tests with the place in the code, it measures nothing.
"""

from __future__ import annotations

import faulthandler
import json
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import strategies  # noqa: F401  # how Hypothesis is run
from tests.flows.test_walk import zipped
from tests.fuzz.mutations import archived, mutated
from tests.fuzz.runner import STATM, Plan, corpus, made, run
from tests.fuzz.target import survives, walked
from tests.lake import CLARITY, clarity, golden, libreview

pytestmark = [pytest.mark.fuzz, pytest.mark.long]

HANGS_S = 300
chances = st.randoms(use_true_random=False)


@pytest.fixture(autouse=True)
def guarded(capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    with capfd.disabled():
        shown = os.dup(2)
    faulthandler.dump_traceback_later(HANGS_S, exit=True, file=shown)
    yield
    faulthandler.cancel_dump_traceback_later()
    os.close(shown)


@pytest.mark.parametrize(
    "connector", [path.name for path in sorted(Path(__file__).parent.glob("golden/*"))]
)
@settings(max_examples=12)
@given(chance=chances)
def test_every_reader_survives_damaged_exports(connector: str, chance: Random) -> None:
    assert survives(mutated(chance.choice(corpus(connector)), chance, corpus(None)))


@settings(max_examples=30)
@given(chance=chances)
def test_the_walker_survives_damaged_archives(chance: Random) -> None:
    assert walked(archived(chance, corpus(None))).endswith(" aside")


@settings(max_examples=50)
@given(data=st.binary(max_size=300))
def test_bytes_that_are_no_export(data: bytes) -> None:
    assert survives(data) in ("UnknownFormat", "AmbiguousFormat")
    walked(data)


def exchanged(connector: str, case: str, old: str, new: str) -> bytes:
    """A golden input with one text exchanged, which must be in it."""
    data = golden(connector, case).data()
    assert old.encode() in data
    return data.replace(old.encode(), new.encode(), 1)


def comments(between: str) -> bytes:
    return ("<?xml version='1.0'?>" + between * 2000 + "<nothing/>").encode()


NIGHT = {
    "logId": 1,
    "dateOfSleep": "2025-07-01",
    "type": "stages",
    "startTime": "2025-07-01T23:00:00.000",
    "duration": 28_800_000,
}
LEVELS = {
    "levels": {"data": [{"dateTime": "2025-07-01T23:00:00.000", "level": "deep", "seconds": 60}]}
}
GLUCOSE = {"_id": "a", "type": "sgv", "sgv": 100}
BASAL = {"_id": "a", "eventType": "Temp Basal", "created_at": "9999-12-31T23:00:00Z", "rate": 1}
PROFILE = {"_id": "a", "startDate": "2025-01-01", "defaultProfile": "x", "units": "mg/dl"}


LAST = "User Change Insulin (units)"
FAR = LAST + "," + "x" * 200_000


def sleep(**changed: object) -> bytes:
    return json.dumps([{**NIGHT, **LEVELS, **changed}]).encode()


def entry(date: object) -> bytes:
    return json.dumps([{**GLUCOSE, "dateString": date}]).encode()


def profile(zone: str) -> bytes:
    """`zone` as JSON."""
    text = json.dumps([{**PROFILE, "store": {"x": {"timezone": "?"}}}])
    return text.replace('"?"', zone).encode()


def renumbered(number: int) -> bytes:
    """A database with a sleep of another row number."""
    with closing(sqlite3.connect(":memory:")) as database:
        database.deserialize(golden("health_connect", "two_apps_one_night").data())
        database.execute(
            "update sleep_session_record_table set row_id = ?"
            " where row_id = (select max(row_id) from sleep_session_record_table)",
            (number,),
        )
        database.commit()
        return database.serialize()


def shorter_fit(by: int) -> bytes:
    """A FIT file whose header states fewer bytes of records than there are."""
    data = bytearray(golden("garmin_fit", "sleep_and_a_nap").data())
    data[4:8] = (int.from_bytes(data[4:8], "little") - by).to_bytes(4, "little")
    return bytes(data)


# What was found, as small as it can be, and what becomes of it now.
FOUND: dict[str, tuple[Callable[[], bytes], str]] = {
    "a page of comments before another root": (lambda: comments("<!-- -->"), "UnknownFormat"),
    "a page of declarations that end nowhere": (
        lambda: b"<!DOCTYPE HealthData " + b"<!DOCTYPE [" * 90_000,
        "BrokenFile",
    ),
    "an export in no language": (
        lambda: exchanged(
            "apple_health", "every_other_stream_and_bad_records", 'locale="en_GB"', 'locale=""'
        ),
        "apple_health",
    ),
    "a number that a double cannot hold": (
        lambda: libreview([("01-03-2026 12:05 AM", "9" * 400)]).encode(),
        "libreview",
    ),
    "the year 0 on a wall": (
        lambda: clarity([("0000-01-01T00:00:00", 100, 1, "8AB")]).encode(),
        "dexcom_clarity",
    ),
    "the year 0 with an offset": (lambda: entry("0000-01-01T00:00:00Z"), "nightscout"),
    "the year 10000 by an offset": (lambda: entry("9999-12-31T23:59:59-14:00"), "nightscout"),
    "the year 10000 by a duration": (
        lambda: json.dumps([{**BASAL, "duration": 10_000_000}]).encode(),
        "nightscout",
    ),
    "the year 0 in Apple's offset": (
        lambda: exchanged(
            "apple_health",
            "sleep_old_and_new_values",
            'startDate="',
            'startDate="0001-01-01 00:00:00 +1400" x="',
        ),
        "apple_health",
    ),
    "the year 0 of a LibreView stamp": (
        lambda: libreview([("0000-01-31 10:00", 100)]).encode(),
        "libreview",
    ),
    "a night of ages": (lambda: sleep(duration=9223372036854775807), "fitbit_takeout"),
    "a stage of ages": (
        lambda: sleep(levels={"data": [{**LEVELS["levels"]["data"][0], "seconds": 1e300}]}),
        "fitbit_takeout",
    ),
    "a time in bed of ages": (lambda: sleep(timeInBed="1e300"), "fitbit_takeout"),
    "an exercise of ages": (
        lambda: f"{CLARITY}\n1,2025-07-01T10:00:00,Exercise,,,,x,,,,293000 years,,,\n".encode(),
        "dexcom_clarity",
    ),
    "glucose without end": (
        lambda: clarity([("2025-07-01T10:00:00", "inf", 1, "8AB")]).encode(),
        "dexcom_clarity",
    ),
    "a counter that does not count": (
        lambda: clarity([("2025-07-01T10:00:00", 100, "x", "8AB")]).encode(),
        "dexcom_clarity",
    ),
    "a cell longer than the module csv takes": (
        lambda: (CLARITY + "\n" + "x" * 200_000 + "," * 20 + "\n").encode(),
        "dexcom_clarity",
    ),
    "a header longer than the module csv takes": (
        lambda: libreview([]).replace(LAST, FAR).encode(),
        "FormatDrift",
    ),
    "a header of sixty thousand columns": (
        lambda: (
            libreview([("30-07-2025 10:00", 100)] * 2000)
            .replace(LAST, LAST + "," * 60_000)
            .encode()
        ),
        "BrokenFile",
    ),
    "a column whose name is no name": (
        lambda: exchanged("fitbit_takeout", "google_daily_hrv", "\n", ",x\0y,RECORD,record\n"),
        "fitbit_takeout",
    ),
    "a column without a name": (
        lambda: exchanged("fitbit_takeout", "spo2_daily", "\n", ",\n"),
        "fitbit_takeout",
    ),
    "a row number that is another table's": (lambda: renumbered(2**40), "BrokenFile"),
    "a row number below 1": (lambda: renumbered(-5), "BrokenFile"),
    "a row number that no number follows": (lambda: renumbered(2**63 - 1), "BrokenFile"),
    "a time zone of nothing": (lambda: profile('" "'), "nightscout"),
    "a time zone that is no text": (lambda: profile('{"a": 1}'), "nightscout"),
    "a number of thousands of digits": (
        lambda: profile('"UTC"')[:-1] + b"," + profile("9" * 5000)[1:],
        "BrokenFile",
    ),
    "records that reach beyond what their header says": (lambda: shorter_fit(1), "BrokenFile"),
    "a list that is none": (
        lambda: exchanged(
            "ultrahuman_ring",
            "a_day_with_a_nap",
            '"quick_metrics": [',
            '"quick_metrics": true, "x": [',
        ),
        "ultrahuman_ring",
    ),
    "a header cut after its second column": (
        lambda: exchanged(
            "netatmo_station",
            "a_bedroom_over_the_change_of_clocks",
            'Europe/Berlin";Temperature;Humidity;CO2;Noise;Pressure',
            'Europe/Berlin";',
        ),
        "FormatDrift",
    ),
    "epochs of ages": (
        lambda: exchanged("philips_awd", "epochs_of_a_minute", " 4 ", "9" * 30),
        "BrokenFile",
    ),
    "a begin with a quote": (
        lambda: exchanged(
            "actigraph_actilife", "counted_on_from_the_begin", "23:59:45", "23:59:45'"
        ),
        "BrokenFile",
    ),
    "a column spelled almost as it should be": (
        lambda: exchanged("switchbot_meter", "fahrenheit", '(°F)"', '(°F) ""x"'),
        "UnknownFormat",
    ),
    "a column with a quote too many": (
        lambda: exchanged(
            "switchbot_meter",
            "fahrenheit",
            '"Temperature_Fahrenheit(°F)"',
            'Temperature_Fahrenheit(°F)"',
        ),
        "switchbot_meter",
    ),
    "milliseconds of ages": (
        lambda: exchanged("plees_tracker", "sleeps_by_a_button", "1743312600123", "9" * 18),
        "plees_tracker",
    ),
    "a fault told in half a letter": (
        lambda: sleep().replace(b"{", '{"x€€€€€€€€€€€€€€€€€€€€": 0, '.encode(), 1)[:-1] + b" @",
        "BrokenFile",
    ),
}


@pytest.mark.parametrize("found", FOUND)
def test_what_was_found_stays_mended(found: str) -> None:
    made, outcome = FOUND[found]
    assert survives(made()) == outcome


def test_a_cut_header_of_the_old_encryption_is_damage() -> None:
    locked = bytearray(zipped({"x.csv": b"1"}))
    for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        locked[locked.index(signature) + at] |= 1  # says that it is encrypted
    locked[28:30] = b"\xff\xff"  # length of the extra field: the member begins after the end
    assert walked(bytes(locked)) == "0 found, 1 aside"


CALLS = count()


def faulty(data: bytes) -> str:
    """A reader that raises at its first file, takes all memory at the next, then hangs."""
    match next(CALLS):
        case 0:
            raise ValueError
        case 1:
            return str(len(bytes(4 << 30)))
        case _:
            while True:
                pass


@pytest.mark.skipif(not STATM.exists(), reason="memory is bounded on Linux alone")
def test_the_long_run_notices_what_is_wrong(tmp_path: Path) -> None:
    plan = Plan(tmp_path, 1, "oura", seconds_each=2, reads=faulty)
    outcome = run(plan, inputs=3, until=time.monotonic() + HANGS_S)
    assert sorted(place.split()[0] for place in outcome.findings) == [
        "MemoryError",
        "ValueError",
        "died",
    ]
    saved = {path.read_bytes() for path in outcome.saved.values()}
    assert saved == {made(plan, number)[1] for number in range(3)}
