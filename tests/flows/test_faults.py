"""Bad files: each is set aside with a plain sentence, the rest is ingested, nothing is half in."""

from __future__ import annotations

import functools
import io
import json
import re
import shutil
import tracemalloc
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.contract import IngestError
from flows.deriving.pipeline import Receipt, ingest, prepared
from tests import strategies  # noqa: F401  # how Hypothesis is run
from tests.golden_case import Case, cases
from tests.lake import (
    BERLIN,
    PERSON,
    align_participant,
    assert_checked,
    clarity,
    golden,
    kept,
    put,
    table,
    temporary,
    tolerant,
    tree,
)
from warehouse.store.lake import Lake

pytestmark = pytest.mark.whole

GOOD = clarity(
    [(f"2025-07-01T10:{m:02}:00", 100 + m, 1000 + 60 * m, "8AB") for m in range(0, 60, 5)]
)
SENTENCE = re.compile(r"^[\w(][^\n]{15,}$")


def zip_of(members: dict[str, str | bytes]) -> bytes:
    buffer = io.BytesIO()
    with ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def apple() -> str:
    return golden("apple_health", "every_other_stream_and_bad_records").data().decode()


def libre() -> str:
    return golden("libreview", "us_am_pm_all_record_types").data().decode()


def spoilt_zip() -> bytes:
    spoilt = bytearray(zip_of({"a.csv": GOOD * 20}))
    spoilt[200] ^= 0xFF
    return bytes(spoilt)


ENTRIES = [
    {"_id": f"id{n}", "type": "sgv", "sgv": 100, "date": 1751364000000 + n * 300000, "device": "x"}
    for n in range(300)
]
PROFILES = [
    {"_id": "a", "startDate": "2025-01-01T00:00:00Z", "store": {"Default": {"timezone": "UTC"}}},
    {"_id": "b", "startDate": "2025-01-01T00:00:00Z", "pad": "p" * 70_000, "store": {"x": "deep"}},
]


def entities(declared: str) -> str:
    """An Apple export that uses an entity, each of which is ten of the one before."""
    steps = "".join(declared.format(f"e{n}", f"&e{n - 1};" * 10) for n in range(1, 30))
    text = apple()[apple().index("<HealthData") :].replace('sourceName="', 'sourceName="&e29;', 2)
    return f"<?xml version='1.0'?><!DOCTYPE HealthData [<!ENTITY e0 'lol'>{steps}]>{text}"


def spoilt_database() -> bytes:
    data = bytearray(golden("health_connect", "two_apps_one_night").data())
    for page in range(3, len(data) // 4096):
        data[4096 * page : 4096 * page + 8] = b"\x0d" + b"\xff" * 7
    return bytes(data)


SET_ASIDE: dict[str, tuple[str, bytes | str, str]] = {
    "unknown": ("note.txt", "Dear diary\n" * 20, "not a format dawnlake reads"),
    "picture": (
        "photo.jpg",
        b"\xff\xd8\xff\xe0" + bytes(range(256)) * 9,
        "a screenshot cannot be read",
    ),
    "empty": ("empty.csv", b"", "the file is empty"),
    "only blank": ("blank.csv", "\n \n", "not a format dawnlake reads"),
    "truncated zip": ("cut.zip", zip_of({"a.csv": GOOD * 20})[:-30], "not a complete zip"),
    "damaged zip": ("bad.zip", spoilt_zip(), "damaged inside its archive"),
    "xml cut in the middle": ("export.xml", apple()[:4000], "cut off before </HealthData>"),
    "xml cut between records": (
        "export.xml",
        apple()[: apple().rindex("<Record ")],
        "cut off before </HealthData>",
    ),
    "json cut in the middle": (
        "sleep.json",
        golden("fitbit_takeout", "sleep_fall_back_night").data()[:1200],
        "not readable as JSON to its end",
    ),
    "json cut after a comma": (
        "sleep.json",
        json.dumps(ENTRIES, indent=1)[: json.dumps(ENTRIES, indent=1).rindex("{")],
        "cut off at line 2095 (byte 28896), in the middle of a record",
    ),
    "json damaged in the middle": (
        "entries.json",
        json.dumps(ENTRIES).replace('"id100"', "@@"),
        "not readable as JSON to its end, near record 102: damaged",
    ),
    "json in utf-16": (
        "entries.json",
        json.dumps(ENTRIES).encode("utf-16"),
        "JSON in UTF-16 or with NUL bytes in it: save it as UTF-8",
    ),
    "json nested too deep": (
        "profile.json",
        json.dumps(PROFILES).replace('"deep"', "[" * 100_000 + "]" * 100_000),
        "nested thousands deep",
    ),
    "xml that multiplies": ("export.xml", entities("<!ENTITY {} '{}'>"), "damaged XML"),
    "xml that fetches": (
        "export.xml",
        entities("<!ENTITY {} SYSTEM 'file:///etc/passwd'>"),
        "damaged XML",
    ),
    "database with a spoilt page": ("health.db", spoilt_database(), "a damaged SQLite database"),
    "database cut in the middle": (
        "health.db",
        golden("health_connect", "two_apps_one_night").data()[:9000],
        "not readable as a SQLite database",
    ),
    "a column less": ("libre.csv", libre().replace(",Ketone mmol/L", ""), "export"),
    "more rejects than allowed": (
        "many.csv",
        GOOD + "".join(f"9,2025-07-01T1{n}:00:00,EGV,,,,,x,,,,,,\n" for n in range(5)),
        "5 of 17 records were not understood",
    ),
}


NOT_USED = ("unknown", "picture", "only blank")  # in a folder nobody meant them to be exports


@functools.cache
def together() -> tuple[Lake, Receipt]:
    """All of them between two good files, in one run."""
    folder = temporary("faults")
    files: dict[str, bytes | str] = {"0/good.csv": GOOD, "z/good.csv": GOOD + "\n"}
    files |= {f"{fault}/{name}": data for fault, (name, data, _) in SET_ASIDE.items()}
    put(folder / "in", files)
    lake = Lake(folder / "lake")
    return lake, ingest(lake, [folder / "in"], PERSON, BERLIN)


@pytest.mark.parametrize("fault", SET_ASIDE)
def test_a_bad_file_is_set_aside_with_a_sentence(fault: str) -> None:
    name, _, sentence = SET_ASIDE[fault]
    _, receipt = together()
    (bad,) = (f for f in receipt.files if f.name.startswith(f"in/{fault}/{name}"))
    if fault in NOT_USED:
        assert (bad.status, bad.error) == ("not used", None)
        path = temporary("faults") / "in" / fault / name  # handed over by itself it is one
        (bad,) = kept(Lake(temporary("faults") / "alone"), [path]).files
    assert bad.status == "set aside"
    assert sentence in str(bad.error)
    assert SENTENCE.match(str(bad.error))


def test_what_is_good_among_bad_files_is_in_and_nothing_else() -> None:
    lake, receipt = together()
    good = [f for f in receipt.files if f.status == "read"]
    assert [f.name for f in good] == ["in/0/good.csv", "in/z/good.csv"]
    assert not receipt.is_clean
    folders = list(lake.extracted.glob("*/*/*"))
    assert [f.name[:5] for f in folders] == ["file="] * 2
    assert all((f / "manifest.json").exists() for f in folders)
    assert [p for p in lake.root.rglob("*") if ".partial" in p.name] == []
    assert len(table(lake, "sample")) == 12
    assert_checked(lake)


def test_a_csv_cut_in_mid_row_loses_that_row_alone(tmp_path: Path) -> None:
    whole = clarity(
        [(f"2025-07-02T10:{m:02}:00", 50 + m, 9000 + m, "8AB") for m in range(0, 60, 5)]
    )
    lake = Lake(tmp_path / "lake")
    receipt = ingest(lake, put(tmp_path, {"a.csv": GOOD, "b.csv": whole[:-25]}), PERSON, BERLIN)
    manifest = receipt.files[1].manifest
    assert manifest is not None
    assert (manifest["record_count"], manifest["rejected_count"]) == (12, 1)
    assert not receipt.is_clean
    (reject,) = table(lake, "reject")
    assert reject["record"] == 13
    assert len(table(lake, "sample")) == 12 + 11


def test_a_line_without_end_loses_itself_and_takes_no_memory(tmp_path: Path) -> None:
    endless = "99,2025-07-01T11:00:00,EGV,,,," + "x" * 20_000_000 + ",100,,,,,1,8AB\n"
    lake = Lake(tmp_path / "lake")
    tracemalloc.start()
    receipt = ingest(lake, put(tmp_path, {"a.csv": GOOD + endless}), PERSON, BERLIN)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 5 * len(endless)  # without the bound 300 MB, and DuckDB a GB
    (manifest,) = (f.manifest for f in receipt.files)
    assert manifest is not None
    assert (manifest["record_count"], manifest["rejected"]) == (13, {"broken_row": 1})
    (reject,) = table(lake, "reject")
    assert len(reject["raw"]) == 1000
    assert len(table(lake, "sample")) == 12


def test_nul_bytes_are_letters_like_others(tmp_path: Path) -> None:
    text = GOOD.replace("iPhone G6", "iPh\0ne", 1) + "\0" * 5000
    lake = Lake(tmp_path / "lake")
    receipt = ingest(lake, put(tmp_path, {"a.csv": text}), PERSON, BERLIN)
    assert [f.status for f in receipt.files] == ["read"]
    assert len(table(lake, "sample")) == 12


def test_a_folder_without_exports_says_so(tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    put(tmp_path / "other", {"a.txt": "no export", "b/c.txt": "neither"})
    lake = Lake(tmp_path / "lake")
    receipt = ingest(lake, [tmp_path / "nothing"], PERSON, BERLIN)
    assert (receipt.files, receipt.is_clean) == ([], False)
    assert receipt.problems == ["nothing in what was given is an export that dawnlake reads"]
    receipt = ingest(lake, [tmp_path / "other"], PERSON, BERLIN)
    assert [f.status for f in receipt.files] == ["set aside"] * 2
    assert receipt.problems != []


def test_a_path_that_is_not_there_stops_before_anything_is_read(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    with pytest.raises(FileNotFoundError):
        ingest(lake, [*put(tmp_path, {"a.csv": GOOD}), tmp_path / "gone.csv"], PERSON, BERLIN)
    assert lake.part_folders(PERSON) == []


def test_the_same_export_twice_is_known(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    files = put(tmp_path / "in", {"a.csv": GOOD, "copy of a.csv": GOOD})
    receipt = ingest(lake, files, PERSON, BERLIN)
    assert [(f.status, f.new, f.already_known) for f in receipt.files] == [
        ("read", 12, 0),
        ("known", 0, 12),
    ]
    before = tree(lake.tables)
    receipt = ingest(lake, files[1:], PERSON)
    assert [(f.status, f.new, f.already_known) for f in receipt.files] == [("known", 0, 12)]
    assert receipt.is_clean
    assert tree(lake.tables) == before


def test_two_people_may_give_the_same_file(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    files = put(tmp_path / "in", {"a.csv": GOOD})
    for who in ("ada", "ben"):
        assert ingest(lake, files, who, BERLIN).files[0].status == "read"
    assert len(table(lake, "sample", "ada")) == len(table(lake, "sample", "ben")) == 12


# Apple: every export holds all that the earlier ones held, with the offset of the day it was made.
def later_apple(hours: int = 1) -> str:
    """The same records as an export made in another season writes them, and one more."""

    def moved(found: re.Match[str]) -> str:
        try:
            told = datetime.strptime(found[0], "%Y-%m-%d %H:%M:%S %z") + timedelta(hours=hours)
        except ValueError:
            return found[0]  # the record that is rejected for it
        return f"{told:%Y-%m-%d %H:%M:%S} +0300"

    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+0200", moved, apple())
    made = re.search(r'ExportDate value="([^"]*)"', text)
    assert made
    text = text.replace(made[0], 'ExportDate value="2024-12-01 08:10:05 +0300"')
    more = (
        '<Record type="HKQuantityTypeIdentifierHeartRate" sourceName="Watch" unit="count/min" '
        'startDate="2024-11-01 08:00:00 +0300" endDate="2024-11-01 08:00:00 +0300" value="61"/>'
    )
    return text.replace("</HealthData>", f" {more}\n</HealthData>")


def plain(lake: Lake, name: str) -> list[str]:
    skipped = ("file", "record", "occurrence")
    return sorted(repr({k: v for k, v in r.items() if k not in skipped}) for r in table(lake, name))


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_next_cumulative_export_adds_what_is_new(
    order: tuple[int, int], tmp_path: Path
) -> None:
    exports = put(tmp_path / "in", {"first.xml": apple(), "second.xml": later_apple()})
    lake, alone = tolerant(Lake(tmp_path / "lake")), tolerant(Lake(tmp_path / "alone"))
    for n in order:
        kept(lake, [exports[n]])
    kept(alone, exports[1:])
    for name in ("sample", "episode", "daily"):
        assert plain(lake, name) == plain(alone, name)
    assert len(plain(alone, "sample")) > 8


NAMES = ("export.xml", "exportar.xml", "exportación.xml", "导出.xml", "Экспорт.xml", "export 2.xml")


@pytest.mark.parametrize("name", [*NAMES, "data.bin"])
def test_an_export_is_known_by_its_content_not_its_name(name: str, tmp_path: Path) -> None:
    paths = put(tmp_path / "in", {f"apple_health_export/{name}": apple()})
    archive = tmp_path / "导出.zip"
    archive.write_bytes(zip_of({f"apple_health_export/{name}": apple(), "readme.txt": "hello"}))
    lake = tolerant(Lake(tmp_path / "lake"))
    receipt = kept(lake, [*paths, archive])
    assert [f.status for f in receipt.files] == ["read", "known", "not used"]


def test_files_of_several_vendors_in_one_zip_in_a_folder(tmp_path: Path) -> None:
    members: dict[str, str | bytes] = {
        "Takeout/sleep.json": golden("fitbit_takeout", "sleep_fall_back_night").data(),
        "Takeout/note.html": "<html></html>",
        "cgm/clarity.csv": GOOD,
        "cgm/broken.xml": apple()[:3000],
    }
    inner = zip_of({"deep.zip": zip_of(members)})
    receipt = kept(Lake(tmp_path / "lake"), put(tmp_path / "in", {"outer.zip": inner}))
    assert sorted(f.status for f in receipt.files) == ["not used", "read", "read", "set aside"]


# Killed: whoever comes next finds the lake as it was or as it will be, and completes it.
class Killed(BaseException):
    """No handler catches it, and no clean-up runs after it."""


@pytest.mark.parametrize("step", range(0, 12, 2))
def test_killed_at_any_rename_the_next_run_completes(
    step: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = put(tmp_path / "in", {"a.csv": GOOD, "s.json": sleeps()})
    whole = Lake(tmp_path / "whole")
    kept(whole, files)
    lake = Lake(tmp_path / "lake")
    with monkeypatch.context() as patch:
        left = iter(range(step))
        replace = Path.replace

        def dying(self: Path, target: Path) -> Path:
            if next(left, None) is None:
                patch.setattr(Path, "unlink", _killed)
                patch.setattr(shutil, "rmtree", _killed)
                raise Killed
            return replace(self, target)

        patch.setattr(Path, "replace", dying)
        with pytest.raises(Killed):
            kept(lake, files)
    receipt = kept(lake, files)
    assert {f.status for f in receipt.files} <= {"read", "known"}
    assert tables_of(lake) == tables_of(whole)


def tables_of(lake: Lake) -> dict[str, bytes]:
    """What a dead process left behind is beside the tables, and no part of them."""
    return {name: data for name, data in tree(lake.tables).items() if ".partial" not in name}


def _killed(*_: object, **__: object) -> None:
    raise Killed


def sleeps() -> bytes:
    return golden("fitbit_takeout", "sleep_fall_back_night").data()


@pytest.mark.parametrize("then", ["again", "withdrawn"])
def test_killed_while_aligning_the_tables_are_derived_again(
    then: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The note of what the tables were made from is gone before the first of them is changed:
    else they would be taken for those of before, once the second export is withdrawn."""
    lake, whole = Lake(tmp_path / "lake"), Lake(tmp_path / "whole")
    first, second = put(tmp_path / "in", {"a.csv": GOOD, "s.json": sleeps()})
    kept(lake, [first])
    kept(whole, [first, second] if then == "again" else [first])
    with monkeypatch.context() as patch:
        patch.setattr("flows.deriving.align.write_json", _killed)
        with pytest.raises(Killed):
            kept(lake, [second])
    if then == "withdrawn":
        (folder,) = lake.extracted.glob("*/connector=fitbit_takeout/*")
        shutil.rmtree(folder)
    align_participant(lake, PERSON, prepared(lake, PERSON, None))
    assert tables_of(lake) == tables_of(whole)


# Anything may come. Whatever is done to an export: a sentence, or its records to the last.
@functools.cache
def inputs() -> list[Case]:
    return [case for case in cases() if "error" not in case.about]


@st.composite
def spoilt(draw: st.DrawFn) -> bytes:
    """A golden input with something done to it."""
    data = draw(st.sampled_from(inputs())).data()
    for _ in range(draw(st.integers(1, 3))):
        a = draw(st.integers(0, len(data)))
        b = min(len(data), a + draw(st.integers(0, 200)))
        how = draw(st.sampled_from(["cut", "drop", "twice", "bytes", "digits", "move"]))
        if how == "cut":
            data = data[:a]
        elif how == "drop":
            data = data[:a] + data[b:]
        elif how == "twice":
            data = data[:b] + data[a:b] + data[b:]
        elif how == "bytes":
            data = data[:a] + draw(st.binary(max_size=4)) + data[b:][:]
        elif how == "digits":
            data = data[:a] + re.sub(rb"\d", b"9", data[a:b]) + data[b:]
        else:
            data = data[b:] + data[a:b] + data[:a]
    return data


@settings(max_examples=20)
@given(st.lists(spoilt(), min_size=3, max_size=3))
def test_whatever_is_done_to_an_export_nothing_breaks(files: list[bytes]) -> None:
    with TemporaryDirectory() as folder:
        lake = tolerant(Lake(Path(folder) / "lake"))
        paths = put(Path(folder) / "in", {f"{n}.x": data for n, data in enumerate(files)})
        receipt = kept(lake, paths)
        for each in receipt.files:
            assert each.status in ("read", "known", "set aside")
            assert (each.error is None) == (each.manifest is not None)
            assert each.error is None or isinstance(each.error, IngestError)
        read = {f.manifest["file"] for f in receipt.files if f.manifest}
        assert {row["file"] for row in table(lake, "source_file")} == read


@functools.cache
def at_the_ends_of_the_calendar() -> dict[str, bytes]:
    """Times that a calendar has and a computer may not, each beside an ordinary one."""
    files = {}
    for year in ("0001", "1601", "1899", "2262", "9999"):
        odd = (f"{year}-01-01T00:00:00", 100, 1, "8AB")
        files[f"{year}.csv"] = clarity([odd, ("2025-07-01T10:00:00", 101, 2, "8AB")]).encode()
    for date in (0, 253402300799000, 9007199254740993, -62135596800000, 1e300):
        entry = {"_id": str(date), "type": "sgv", "sgv": 100, "date": date, "device": "x"}
        files[f"{date}.json"] = json.dumps([entry, {**entry, "date": 1751364000000}]).encode()
    return files


@pytest.mark.long
def test_times_at_the_ends_of_the_calendar(tmp_path: Path) -> None:
    lake = tolerant(Lake(tmp_path / "lake"))
    paths = put(tmp_path / "in", at_the_ends_of_the_calendar())
    for path in paths:
        receipt = kept(lake, [path])  # alone with what came before: any mixture of centuries
        assert {f.status for f in receipt.files} <= {"read", "set aside"}
    ingest(lake, put(tmp_path / "in", {"good.csv": GOOD}), PERSON, BERLIN)
    assert len(table(lake, "sample")) > 12
    assert_checked(lake)
