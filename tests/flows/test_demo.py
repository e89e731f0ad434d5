"""The demo's files: each read by one connector without a reject, with the repeated hour twice."""

from __future__ import annotations

import csv
import datetime as dt
import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest

from connectors.contract import Batch, UnknownFormat
from flows.demo.body import Body, Traits, body
from flows.demo.month import ADA, BEN, DemoPerson, write_demo
from flows.demo.sleep import AWAKE, UP
from flows.reading.identify import identified
from flows.reading.walk import Found, walk
from transforms.account import account

pytestmark = pytest.mark.whole

People = dict[str, DemoPerson]
NIGHTS = 31
DEXCOM_FOLD, LIBRE_FOLD = "2025-11-02T01:", "26-10-2025 02:"


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> People:
    folder = tmp_path_factory.mktemp("demo")
    return {person.participant: person for person in write_demo(folder)}


def files(person: DemoPerson) -> dict[str, Found]:
    """What the walker finds, without the one document that nobody is meant to read."""
    found = [item for item in walk(person.paths) if isinstance(item, Found)]
    return {item.name: item for item in found if not item.name.endswith("export_cda.xml")}


def member(person: DemoPerson, ending: str) -> str:
    (item,) = (item for name, item in files(person).items() if name.endswith(ending))
    return item.source.read().decode("utf-8-sig")


def labels(person: DemoPerson, within: str, kind: str) -> Counter[str]:
    """How many different episodes of a kind there are in some files, by label."""
    told = set()
    for item in (item for name, item in files(person).items() if within in name):
        connector, variant = identified(item.source)
        for part in connector.extract(item.source, variant):
            if isinstance(part, Batch) and part.shape == "episode":
                rows = part.data.select(["kind", "label", "start_utc", "start_wall"]).to_pylist()
                told |= {tuple(row.values()) for row in rows if row["kind"] == kind}
    return Counter(label for _, label, *_ in told)


def test_every_file_is_read_by_one_connector_without_a_reject(people: People) -> None:
    readers: dict[str, Counter[str]] = {}
    for person in people.values():
        for name, item in files(person).items():
            connector, variant = identified(item.source)  # raises for none and for two
            book = account(connector.extract(item.source, variant), reject_max_pct=0)
            _, _, rejected = book.counts()  # raises if a record was lost
            assert (rejected, book.drift) == (0, set()), name
            readers.setdefault(person.participant, Counter())[connector.name] += 1
    assert readers["ada"]["dexcom_clarity"] == 2
    assert readers["ada"]["fitbit_takeout"] > 60
    assert readers["ben"] == {"libreview": 1, "apple_health": 1}


def test_the_clinical_document_beside_an_export_is_nobodys(people: People) -> None:
    (item,) = (i for i in walk(people["ben"].paths) if i.name.endswith("export_cda.xml"))
    assert isinstance(item, Found)
    with pytest.raises(UnknownFormat):
        identified(item.source)


def test_a_month_of_nights(people: People) -> None:
    sleeps = labels(people["ada"], "/sleep-", "sleep")
    assert sleeps["main_sleep"] == NIGHTS
    assert sleeps["nap"] > 0
    stages = labels(people["ben"], "export.xml", "sleep_stage")
    assert stages["in_bed"] == NIGHTS
    assert min(stages[stage] for stage in ("awake", "light", "deep", "rem")) > 2 * NIGHTS


def test_the_repeated_hour_is_twice_in_both_clarity_exports_and_interleaved(
    people: People,
) -> None:
    paths = [path for path in people["ada"].paths if path.suffix == ".csv"]
    for path in paths:
        rows = list(csv.reader(path.read_text().splitlines()[11:]))
        fold = [row for row in rows if row[1].startswith(DEXCOM_FOLD) and row[2] == "EGV"]
        assert Counter(row[1][14:15] for row in fold) == dict.fromkeys("012345", 4)
        counters = [int(row[12]) for row in fold]
        assert len(set(counters)) == 24
        assert counters != sorted(counters)
        assert [row[1] for row in rows] == sorted(row[1] for row in rows)
        assert {len(row) for row in rows if row[2] == "EGV"} == {14}
        assert {len(row) for row in rows if row[2] != "EGV"} == {13}
    assert len(paths) == 2


def test_the_repeated_hour_is_in_libreview_in_the_order_of_the_phone(people: People) -> None:
    rows = [line.split(",") for line in member(people["ben"], ".csv").splitlines()]
    fold = [row[2][11:] for row in rows if len(row) > 4 and row[3] == "0" and LIBRE_FOLD in row[2]]
    assert len(fold) == 8
    assert fold == sorted(set(fold)) * 2


def test_a_sleep_log_over_the_change_ends_in_the_new_offset(people: People) -> None:
    logs = json.loads(member(people["ada"], "sleep-2025-10-12.json"))
    assert [log["startTime"] for log in logs] == sorted(log["startTime"] for log in logs)[::-1]
    extra = {}
    for log in logs:
        start, end = (dt.datetime.fromisoformat(log[key]) for key in ("startTime", "endTime"))
        shown = (end - start).total_seconds() - log["duration"] / 1000
        extra[log["dateOfSleep"], log["mainSleep"]] = shown
        segments = log["levels"]["data"]
        assert sum(part["seconds"] for part in segments) - log["duration"] / 1000 in (0, 30)
        assert log["timeInBed"] == log["minutesAsleep"] + log["minutesAwake"]
    assert extra.pop(("2025-11-02", True)) in (-3600, -3570)
    assert set(extra.values()) == {0, 30}


def test_the_night_between_two_sleep_files_is_in_both(people: People) -> None:
    early, late = (
        json.loads(member(people["ada"], f"sleep-{first}.json"))
        for first in ("2025-10-12", "2025-11-11")
    )
    (shared,) = {log["logId"] for log in early} & {log["logId"] for log in late}
    assert early[0]["logId"] == late[-1]["logId"] == shared
    assert early[0]["levels"]["data"] == late[-1]["levels"]["data"]
    assert early[0]["levels"]["summary"] != late[-1]["levels"]["summary"]


def test_apple_has_the_offset_of_the_export_in_summer_too(people: People) -> None:
    text = member(people["ben"], "export.xml")
    dates = re.findall(r'(?:startDate|endDate|creationDate)="([\d-]{10}) [\d:]{8} (\S+)"', text)
    assert {offset for _, offset in dates} == {"+0100"}
    assert min(date for date, _ in dates) < "2025-10-26" < max(date for date, _ in dates)


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(tmp_path: Path) -> None:
    written = [write_demo(tmp_path / name, seed) for name, seed in (("a", 3), ("b", 3), ("c", 4))]
    first, again, other = ([p.read_bytes() for d in made for p in d.paths] for made in written)
    assert first == again
    assert all(a != b for a, b in zip(first, other, strict=True))


def test_zips_do_not_tell_when_they_were_made(people: People) -> None:
    for person in people.values():
        (path,) = (path for path in person.paths if path.suffix == ".zip")
        with ZipFile(path) as archive:
            assert len({info.date_time for info in archive.infolist()}) == 1
            assert {info.date_time[0] for info in archive.infolist()} == {2025}


def test_nobody_is_named_but_ada_and_ben(people: People) -> None:
    named = re.compile(
        r'"(?:First|Last)Name","","([^"]*)"|Generated by,(.*?)\r|sourceName="([^"]*)"|'
        r'DateOfBirth="([^"]*)"|([\w.]+@[\w.]+)'
    )
    found = set()
    for person in people.values():
        for item in files(person).values():
            for groups in named.findall(item.source.read().decode("utf-8-sig")):
                found |= {name for name in groups if name}
    assert found == {
        *("Ada", "Example", "Ben Example"),
        *("Ben’s iPhone", "Ben’s Apple\u00a0Watch"),
    }


@pytest.mark.parametrize("seed", [1, 2, 7])
@pytest.mark.parametrize(
    ("traits", "mean", "cv", "in_range"),
    [(ADA, (95, 106), (13, 20), (94, 99.5)), (BEN, (125, 150), (15, 28), (50, 85))],
    ids=["ada", "ben"],
)
def test_bodies_are_plausible(
    traits: Traits,
    mean: tuple[float, float],
    cv: tuple[float, float],
    in_range: tuple[float, float],
    seed: int,
) -> None:
    made = body(traits, np.random.default_rng(seed))
    glucose, is_asleep = made.glucose, made.stage != UP
    assert mean[0] < glucose.mean() < mean[1]
    assert cv[0] < 100 * glucose.std() / glucose.mean() < cv[1]
    assert in_range[0] < 100 * ((glucose >= 70) & (glucose <= 140)).mean() < in_range[1]
    assert glucose[is_asleep].std() < glucose[~is_asleep].std() / 1.5
    assert made.heart[is_asleep].mean() < made.heart[~is_asleep].mean() - 10
    assert 6 < np.mean([night.hours_asleep for night in made.nights]) < 8
    stages = np.bincount(np.concatenate([night.painted for night in made.nights]), minlength=4)
    light, deep, rem = stages[AWAKE + 1 :] / stages[AWAKE + 1 :].sum()
    assert (0.5 < light < 0.65, 0.13 < deep < 0.25, 0.17 < rem < 0.28) == (True, True, True)


@pytest.mark.parametrize("traits", [ADA, BEN], ids=["ada", "ben"])
def test_sleep_hardly_shows_in_the_next_day(traits: Traits) -> None:
    """No month may look like proof: less than 3 mg/dL for an hour, on the mean of many 0.4."""
    slopes = [slope(body(traits, np.random.default_rng(seed))) for seed in range(12)]
    assert max(map(abs, slopes)) < 3
    assert abs(float(np.mean(slopes)) - 0.4) < 1


def slope(made: Body) -> float:
    """Mean glucose of the waking day on hours slept before it, mg/dL for an hour."""
    hours = [day.slept_h for day in made.days]
    means = [made.glucose[made.minute(day.up) : made.minute(day.bed)].mean() for day in made.days]
    return float(np.polyfit(hours, means, 1)[0])


def test_writing_it_needs_no_data_libraries() -> None:
    """The first thing that anybody types must not wait for imports."""
    heavy = "{'pandas', 'pyarrow', 'duckdb', 'prefect'}"
    code = f"import sys, flows.demo.month; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
