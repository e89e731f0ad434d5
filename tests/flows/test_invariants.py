"""What holds whatever is ingested, in whatever order: the table of invariants, row by row."""

from __future__ import annotations

import datetime as dt
import functools
import json
import os
import re
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.deriving.align import Parts
from flows.deriving.pipeline import ingest, prepared
from flows.reading.manifest import Part, is_batch, parts_of
from flows.reading.together import take_out
from tests import strategies  # noqa: F401  # how Hypothesis is run
from tests.lake import (
    BERLIN,
    PERSON,
    aged,
    align_participant,
    asked,
    at,
    clarity,
    demo_lake,
    demo_people,
    golden,
    kept,
    libreview,
    opened,
    pulse,
    put,
    rows,
    table,
    temporary,
    tolerant,
    tree,
)
from warehouse.store.lake import Lake

pytestmark = pytest.mark.whole

SHAPES = ("sample", "episode", "daily")
EVERYTHING = (*SHAPES, "reject")
NEW_YORK = "America/New_York"
# One or two files of every format; some overlap, some have faults.
CORPUS = (
    ("dexcom_clarity", "us_14_columns_fall_back_low_high"),
    ("dexcom_clarity", "eu_mmoll_13_columns_cut_row"),
    ("libreview", "us_am_pm_all_record_types"),
    ("fitbit_takeout", "sleep_boundary_night_twice"),
    ("fitbit_takeout", "sleep_fall_back_night"),
    ("oura", "api_sleep_spring_forward_night"),
    ("oura", "trends_misspelt_and_none"),
    ("garmin_connect", "sleep_nights_of_every_kind"),
    ("garmin_connect", "sleep_a_night_corrected"),
    ("garmin_connect", "sleep_naps"),
    ("garmin_connect", "days_of_a_traveller"),
    ("nightscout", "entries_array_codes_and_offsets"),
    ("apple_health", "every_other_stream_and_bad_records"),
    ("health_connect", "two_apps_one_night"),
)


@functools.cache
def corpus() -> dict[str, bytes]:
    files = {f"{c}-{name}": golden(c, name).data() for c, name in CORPUS}
    # two exports that overlap, of which the later one corrects a reading and repeats an hour
    early = [(f"2023-11-04T{h:02}:00:20", 90 + h, 1000 + 3600 * h, "8AB") for h in range(12)]
    late = [(w, v + (h == 9), c, o) for h, (w, v, c, o) in enumerate(early)][6:]
    late += [(f"2023-11-04T{h:02}:00:20", 120, 1000 + 3600 * h, "8AB") for h in (12, 13)]
    return {
        **files,
        "early.csv": clarity(early).encode(),
        "late.csv": clarity(late).encode(),
        **{f"pulse-{day}.json": pulse(day).encode() for day in range(1, 10)},
    }


def lake_in(folder: Path) -> Lake:
    """A lake that takes golden inputs, of which two Clarity exports name a person differently."""
    lake = tolerant(Lake(folder / "lake"))
    with lake.settings.open("a") as lines:
        lines.write(f"[participants.{PERSON}]\none_person = true\n")
    return lake


def tables_of(lake: Lake) -> dict[str, bytes]:
    return tree(lake.tables)


@functools.cache
def reference() -> tuple[Lake, dict[str, bytes]]:
    """All of the corpus in one run, and the bytes it comes to."""
    folder = temporary("corpus")
    lake = lake_in(folder)
    receipt = ingest(lake, aged(put(folder / "in", corpus())), PERSON, NEW_YORK)
    assert {f.status for f in receipt.files} == {"read"}
    assert receipt.problems == []
    return lake, tables_of(lake)


def lakes() -> list[tuple[Lake, str]]:
    """Lakes with their participants, filled by `ingest`."""
    return [(reference()[0], PERSON), (demo_lake(), "ada"), (demo_lake(), "ben")]


def test_conservation_in_every_file() -> None:
    connectors = set()
    for lake, participant in lakes():
        for part in parts_of(lake, participant):
            manifest = part.manifest
            counts = [manifest[f"{n}_count"] for n in ("carried", "skipped", "rejected")]
            assert sum(counts) == manifest["record_count"]
            assert sum(manifest["skipped"].values()) == counts[1]
            assert bool(manifest["rejected"]) == bool(counts[2])
            carried, rejected = records_in_lake(part)
            assert [len(carried - rejected), len(rejected)] == [counts[0], counts[2]]
            connectors.add(manifest["connector"])
    assert connectors == {connector for connector, _ in CORPUS}


def test_conservation_of_golden_inputs_as_their_cases_say() -> None:
    lake, _ = reference()
    manifests = [part.manifest for part in parts_of(lake, PERSON)]
    found = {(m["name"], m["record_count"]) for m in manifests}
    assert found > {(f"{c}-{name}", golden(c, name).about["records"]) for c, name in CORPUS}


def records_in_lake(part: Part) -> tuple[set[int], set[int]]:
    """Record numbers of an extracted file: with a row, and with a reject."""
    found: dict[str, set[int]] = {}
    whose = f"where file = '{part.file}'" if is_batch(part.folder) else ""
    for shape in EVERYTHING:
        path = part.folder / f"{shape}.parquet"
        if path.exists():
            rows = f"read_parquet('{path}', hive_partitioning = false)"
            sql = f"select distinct record from {rows} {whose}"
            found[shape] = {record for (record,) in duckdb.execute(sql).fetchall()}
    rejected = found.pop("reject", set())
    return set().union(*found.values()), rejected


def test_a_receipt_accounts_for_every_record_of_an_ingest(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    every = aged(put(tmp_path / "two", corpus()))
    for paths in (every[::2], every):
        receipt = ingest(lake, paths, PERSON, NEW_YORK)
        for each in receipt.files:
            assert each.manifest is not None
            told = each.new + each.already_known + each.corrected
            assert told == each.manifest["carried_count"], each.name
    late = next(f for f in receipt.files if f.name == "late.csv")
    assert (late.new, late.already_known, late.corrected) == (2, 5, 1)


def test_a_corrected_night_replaces_the_one_it_corrects() -> None:
    """Its begin moved; what tells them to be one is the date that the vendor files it under."""
    lake, _ = reference()
    nights = asked(
        lake,
        """select sleep_date, onset_at, total_sleep_min from night_to_day
           where sleep_connector = 'garmin_connect' and sleep_date between ? and ? order by 1""",
        *(dt.date(2023, 10, 28), dt.date(2023, 10, 29)),
    )
    assert [night["total_sleep_min"] for night in nights] == [390, 310]
    assert nights[0]["onset_at"] == dt.datetime(2023, 10, 27, 22, 40, tzinfo=dt.UTC)
    sessions = asked(
        lake,
        """select session from episode where kind = 'sleep' and connector = 'garmin_connect'
           and start_at between '2023-10-27' and '2023-10-29' order by 1""",
    )
    assert [each["session"] for each in sessions] == ["2023-10-28", "2023-10-29"]


def test_idempotence_also_by_another_name_and_in_an_archive(tmp_path: Path) -> None:
    lake, before = reference()
    written = {p: p.stat().st_mtime_ns for p in lake.tables.rglob("*") if p.is_file()}
    renamed = {f"again/{n}.bin": data for n, data in enumerate(corpus().values())}
    later = aged(put(tmp_path, renamed), "2028-01-01")  # copies are made later
    archive = tmp_path / "all.zip"
    with ZipFile(archive, "w") as zipped:
        for name, path in zip(corpus(), later, strict=True):
            zipped.write(path, f"deep/{name}")
    receipt = ingest(lake, [*later, archive], PERSON, NEW_YORK)
    assert {f.status for f in receipt.files} == {"known"}
    assert (receipt.nights_added, receipt.nights_changed) == (0, 0)
    assert tables_of(lake) == before
    assert {p: p.stat().st_mtime_ns for p in written} == written


def test_deriving_everything_again_changes_nothing(tmp_path: Path) -> None:
    lake, before = reference()
    copy = Lake(tmp_path / "lake")
    shutil.copytree(lake.root, copy.root)
    chosen = prepared(copy, PERSON, None)
    assert align_participant(copy, PERSON, chosen, force=True).changed
    assert tables_of(copy) == before


@st.composite
def groupings(draw: st.DrawFn) -> list[tuple[str, list[str]]]:
    """The corpus in any order, in runs, each as files, as a folder or as a zip."""
    names = draw(st.permutations(list(corpus())))  # whose age their time tells, packed or not
    cuts = draw(st.sets(st.integers(1, len(names) - 1), max_size=4))
    ends = [*sorted(cuts), len(names)]
    parts = [names[a:b] for a, b in zip([0, *ends], ends, strict=False)]
    return [(draw(st.sampled_from(["files", "folder", "zip"])), part) for part in parts]


@settings(max_examples=3)
@given(groupings())
def test_order_and_grouping_do_not_matter(runs: list[tuple[str, list[str]]]) -> None:
    _, expected = reference()
    with TemporaryDirectory() as folder:
        lake = lake_in(Path(folder))
        for number, (how, names) in enumerate(runs):
            place = Path(folder) / f"in{number}"
            every = dict(zip(corpus(), aged(put(place, corpus())), strict=True))
            paths = [every.pop(n) for n in names]
            for path in every.values():
                path.unlink()
            kept(lake, packed(how, paths), PERSON, NEW_YORK)
        assert tables_of(lake) == expected


def test_which_of_two_equal_copies_is_named_does_not_depend_on_order(tmp_path: Path) -> None:
    """Exports made in one hour, each of them twice, byte by byte not the same."""
    keyed = ("early.csv", "oura-api", "garmin_connect-sleep_naps", "fitbit_takeout-sleep_b")
    every = {
        f"{name}{end.decode()}": data + end
        for name, data in corpus().items()
        if name.startswith(keyed)
        for end in (b"", b" ")
    }
    assert len({*every.values()}) == len(every) == 8
    files = put(tmp_path / "in", every)
    made_s = at("2027-01-01T12:00+00:00").timestamp()
    for path in files:
        os.utime(path, (made_s, made_s))
    found = []
    for number, runs in enumerate(((files[::2], files[1::2]), (files[1::2], files[::2]), (files,))):
        lake = lake_in(tmp_path / str(number))
        for run in runs:
            kept(lake, run, PERSON, NEW_YORK)
        found.append(tables_of(lake))
        del found[-1][f"fingerprint/{PERSON}.json"]  # of the order in which they came
    assert found[0] == found[1] == found[2]


def packed(how: str, paths: list[Path]) -> list[Path]:
    """The same files as files, as the folder they lie in, or as a zip."""
    if how == "files":
        return paths
    if how == "folder":
        return [paths[0].parent]
    archive = paths[0].parent.with_suffix(".zip")
    with ZipFile(archive, "w") as zipped:
        for path in paths:
            zipped.write(path, path.name)
    return [archive]


@pytest.mark.parametrize(
    "withdrawn",
    ["early.csv", "late.csv", "fitbit_takeout-sleep_boundary_night_twice", "pulse-3.json"],
)
def test_withdrawal_is_as_if_it_had_never_been(withdrawn: str, tmp_path: Path) -> None:
    lake, _ = reference()
    copy = Lake(tmp_path / "copy")
    shutil.copytree(lake.root, copy.root)
    take_out(p for p in parts_of(copy, PERSON) if p.manifest["name"] == withdrawn)
    chosen = prepared(copy, PERSON, None)
    align_participant(copy, PERSON, chosen)
    never = lake_in(tmp_path / "never")
    others = {name: data for name, data in corpus().items() if name != withdrawn}
    every = aged(put(tmp_path / "in", corpus()))
    kept(never, [path for path in every if path.name in others], PERSON, NEW_YORK)
    assert tables_of(copy) == tables_of(never)


def test_withdrawing_everything_leaves_nothing(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    kept(lake, put(tmp_path / "in", {"early.csv": corpus()["early.csv"]}))
    shutil.rmtree(lake.extracted / f"participant_id={PERSON}")
    align_participant(lake, PERSON, prepared(lake, PERSON, None))
    for name in (*EVERYTHING, "source_file", "stream"):
        assert table(lake, name) == []


@pytest.mark.parametrize("shape", EVERYTHING)
def test_provenance_of_every_row(shape: str) -> None:
    seen = 0
    for lake, participant in lakes():
        count, strays, unfiled = strays_of(lake, participant, shape)
        assert (strays, unfiled) == (0, 0)
        seen += count
    assert seen > 20


def strays_of(lake: Lake, participant: str, shape: str) -> tuple[int, int, int]:
    """Rows; of them those whose record is not in their file's extracted rows, or whose file is
    not in source_file. A sample's and a date's reported value must be the record's own."""
    every = Parts.of(lake, participant)
    parts = every.parts(shape)
    if parts is None:
        return 0, 0, 0
    is_number = shape in ("sample", "daily")
    same = "r.value is not distinct from e.value" if is_number else "true"
    value = "reported_value as value" if is_number else "0 as value"
    ((count, strays, unfiled),) = (
        every.connection()
        .execute(
            f"""
        with canonical as (
            select connector, file, record, {value}
            from read_parquet('{lake.table_part(shape, participant)}', hive_partitioning = false)
        )
        select count(*), count(*) filter (not exists (
            from {parts} as e
            where e.connector = r.connector and e.file = r.file and e.record = r.record and {same}
        )), count(*) filter (not exists (
            from read_parquet('{lake.table_part("source_file", participant)}') as f
            where f.connector = r.connector and f.file = r.file
        ))
        from canonical as r
        """
        )
        .fetchall()
    )
    return count, strays, unfiled


def test_provenance_of_the_demo_in_its_views() -> None:
    with opened(demo_lake()) as connection:
        for view in ("glucose", "sleep_stage", "heart_rate", "sample", "episode", "daily"):
            connector = f"select participant_id, connector, file from {view}"
            sql = f"({connector}) except select participant_id, connector, file from source_file"
            assert rows(connection, sql) == [], view


# Overlap: facts are compared without the file and the line they were taken from.
def facts(lake: Lake) -> dict[str, Counter[str]]:
    found = {}
    for name in (*SHAPES, "stream"):
        plain = ({**row, "file": 0, "record": 0} for row in table(lake, name))
        found[name] = Counter(repr(row) for row in plain)
    return found


def facts_of(files: Mapping[str, str | bytes], zone: str) -> dict[str, Counter[str]]:
    with TemporaryDirectory() as folder:
        lake = Lake(Path(folder) / "lake")
        receipt = kept(lake, put(Path(folder) / "in", files), PERSON, zone)
        assert {f.status for f in receipt.files} == {"read"}
        return facts(lake)


def slices(size: int) -> st.SearchStrategy[list[tuple[int, int]]]:
    """Up to ten stretches that overlap and together cover everything."""
    cuts = st.lists(st.integers(0, size), max_size=9, unique=True).map(sorted)
    reach = st.lists(
        st.tuples(st.integers(0, size), st.integers(0, size)), min_size=10, max_size=10
    )

    def spread(cuts: list[int], reach: list[tuple[int, int]]) -> list[tuple[int, int]]:
        ends = zip([0, *cuts], [*cuts, size], strict=True)
        return list(
            {
                (max(0, a - left // 4), min(size, b + right // 4))
                for (a, b), (left, right) in zip(ends, reach, strict=False)
                if a < b
            }
        )

    return st.builds(spread, cuts, reach)


@functools.cache
def clarity_days() -> tuple[str, ...]:
    """Header, preamble and four days around the repeated hour of a Clarity export."""
    path = next(p for p in demo_people()["ada"].paths if "2025-11-04" in p.name)
    lines = path.read_text().splitlines()
    days = [line for line in lines[11:] if re.search(r'"2025-11-0[123]T', line)]
    # settings stand in the preamble; an event without a counter is known by what it says
    return (*lines[:11], *days)


@functools.cache
def clarity_whole() -> dict[str, Counter[str]]:
    return facts_of({"all.csv": "\n".join(clarity_days()) + "\n"}, NEW_YORK)


@settings(max_examples=4)
@given(slices(len(clarity_days()) - 11))
def test_overlap_of_clarity_cut_anywhere(parts: Sequence[tuple[int, int]]) -> None:
    head, days = clarity_days()[:11], clarity_days()[11:]
    files = {f"{a}-{b}.csv": "\n".join([*head, *days[a:b]]) + "\n" for a, b in parts}
    assert facts_of(files, NEW_YORK) == clarity_whole()


DAYS = [f"{day}-10-2025" for day in range(24, 29)]


@functools.cache
def libreview_days() -> tuple[str, ...]:
    path = next(p for p in demo_people()["ben"].paths if p.suffix == ".csv")
    lines = path.read_text().splitlines()
    return (*lines[:2], *(line for line in lines[2:] if line.split(",")[2][:10] in DAYS))


@functools.cache
def libreview_whole() -> dict[str, Counter[str]]:
    return facts_of({"all.csv": "\n".join(libreview_days()) + "\n"}, BERLIN)


@settings(max_examples=4)
@given(slices(len(DAYS)))
def test_overlap_of_libreview_cut_at_midnights(parts: Sequence[tuple[int, int]]) -> None:
    """Without a counter a day must come whole: half a repeated hour is known by nobody."""
    head, lines = libreview_days()[:2], libreview_days()[2:]
    files = {}
    for a, b in parts:
        chosen = [line for line in lines if line.split(",")[2][:10] in DAYS[a:b]]
        files[f"{a}-{b}.csv"] = "\n".join([*head, *chosen]) + "\n"
    assert facts_of(files, BERLIN) == libreview_whole()


@functools.cache
def fitbit_logs() -> dict[str, list[object]]:
    """Some sleeps and an evening of heart rates around the repeated hour."""
    archive = next(p for p in demo_people()["ada"].paths if p.suffix == ".zip")
    found: dict[str, list[object]] = {}
    with ZipFile(archive) as zipped:
        for name in zipped.namelist():
            if name.endswith("/sleep-2025-10-12.json"):
                sleeps = json.loads(zipped.read(name))
                found["sleep"] = [
                    s for s in sleeps if "2025-10-30" < s["dateOfSleep"] < "2025-11-07"
                ]
            if name.endswith("/heart_rate-2025-11-02.json"):
                found["heart_rate"] = json.loads(zipped.read(name))[:150]
    return found


@functools.cache
def fitbit_whole() -> dict[str, Counter[str]]:
    return facts_of({f"{n}.json": json.dumps(logs) for n, logs in fitbit_logs().items()}, NEW_YORK)


@settings(max_examples=4)
@given(slices(len(fitbit_logs()["sleep"])), slices(len(fitbit_logs()["heart_rate"])))
def test_overlap_of_fitbit_cut_between_logs(
    sleeps: Sequence[tuple[int, int]], hearts: Sequence[tuple[int, int]]
) -> None:
    files = {}
    for kind, parts in (("sleep", sleeps), ("heart_rate", hearts)):
        for a, b in parts:
            files[f"{kind}-{a}-{b}.json"] = json.dumps(fitbit_logs()[kind][a:b])
    assert facts_of(files, NEW_YORK) == fitbit_whole()


# Correction: the same key with another value, in an export that was made later.
def orders(files: Mapping[str, str | bytes], zone: str = BERLIN) -> Iterable[Lake]:
    """Lakes that got two exports together, in order and the other way round, in one run or two."""
    for runs in ([list(files)], [[n] for n in files], [[n] for n in reversed(list(files))]):
        with TemporaryDirectory() as folder:
            lake = Lake(Path(folder) / "lake")
            for run in runs:
                every = aged(put(Path(folder) / "in", files))
                kept(lake, [path for path in every if path.name in run], PERSON, zone)
            yield lake


def test_a_later_value_wins_in_any_order() -> None:
    first = [("2025-07-01T10:00:00", 101, 1000, "8AB"), ("2025-07-01T10:05:00", 102, 1300, "8AB")]
    second = [("2025-07-01T10:05:00", 199, 1300, "8AB"), ("2025-07-01T10:10:00", 103, 1600, "8AB")]
    # the later one is the lower file id in one of the two
    for spice in ("", '"9","","Alert","High","","","iOS G7","200","","","","",""'):
        files = {"a.csv": clarity(first, [spice][: bool(spice)]), "b.csv": clarity(second)}
        for lake in orders(files):
            assert [row["value"] for row in table(lake, "sample")] == [101, 199, 103]


def sleep_log(log: int, start: str, *levels: tuple[str, int]) -> dict[str, object]:
    """A Fitbit sleep of levels and minutes, one after the other."""
    moment = dt.datetime.fromisoformat(start)
    data = []
    for level, minutes in levels:
        told = moment.isoformat(timespec="milliseconds")
        data.append({"dateTime": told, "level": level, "seconds": 60 * minutes})
        moment += dt.timedelta(minutes=minutes)
    whole = sum(minutes for _, minutes in levels)
    asleep = sum(minutes for level, minutes in levels if level != "wake")
    return {
        "logId": log,
        "dateOfSleep": moment.date().isoformat(),
        "startTime": f"{start}:00.000",
        "endTime": moment.isoformat(timespec="milliseconds"),
        "duration": 60_000 * whole,
        "minutesToFallAsleep": 0,
        "minutesAsleep": asleep,
        "minutesAwake": whole - asleep,
        "minutesAfterWakeup": 0,
        "timeInBed": whole,
        "efficiency": 95,
        "type": "stages",
        "infoCode": 0,
        "logType": "auto_detected",
        "levels": {"summary": {}, "data": data, "shortData": []},
        "mainSleep": True,
    }


def test_a_night_that_the_vendor_changed_is_replaced_whole() -> None:
    was = sleep_log(1, "2025-07-01T23:00", ("light", 200), ("deep", 60), ("rem", 100))
    now = sleep_log(1, "2025-07-01T23:10", ("light", 150), ("wake", 40), ("rem", 100))
    more = sleep_log(2, "2025-07-02T23:00", ("light", 300))
    for lake in orders({"a.json": json.dumps([was]), "b.json": json.dumps([now, more])}):
        stages = [r for r in table(lake, "episode") if r["kind"] == "sleep_stage"]
        told = [(r["label"], r["start_local"].hour, r["start_local"].minute) for r in stages]
        first = [
            t for t, r in zip(told, stages, strict=True) if r["session"] == stages[0]["session"]
        ]
        assert ("deep", 2, 20) not in told
        assert [t for t in first if t[0] != "in_bed"] == [
            ("light", 23, 10),
            ("awake", 1, 40),
            ("rem", 2, 20),
        ]
        asleep = [r["value"] for r in table(lake, "sample") if r["metric"] == "total_sleep_time"]
        assert asleep == [250, 300]


def test_a_libreview_export_is_as_old_as_it_says() -> None:
    """LibreView rows have no key, so nothing is corrected; but equal rows stay one."""
    early = libreview(
        [("20-11-2025 08:00", 101), ("20-11-2025 08:15", 102)], "20-11-2025 09:00 UTC"
    )
    late = libreview([("20-11-2025 08:15", 102), ("20-11-2025 08:30", 103)], "20-11-2025 10:00 UTC")
    for lake in orders({"a.csv": early, "b.csv": late}):
        assert [row["value"] for row in table(lake, "sample")] == [101, 102, 103]
        made = [row["exported_at"].hour for row in table(lake, "source_file")]
        assert sorted(made) == [9, 10]


def test_equal_rows_of_one_file_are_two_facts_and_stay_two() -> None:
    twice = [("20-11-2025 08:00", 101), ("20-11-2025 08:00", 101), ("20-11-2025 08:15", 90)]
    for lake in orders({"a.csv": libreview(twice), "b.csv": libreview([*twice, *twice[:1]])}):
        assert [r["occurrence"] for r in table(lake, "sample")] == [1, 2, 3, 1]
